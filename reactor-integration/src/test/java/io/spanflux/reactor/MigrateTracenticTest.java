// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Usage;
import io.spanflux.pricing.ModelPrice;
import io.spanflux.pricing.PriceBook;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Tracer;
import io.spanflux.wire.tracentic.TracenticExporter;
import io.spanflux.wire.tracentic.TracenticScope;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;

/** Compiles and runs what docs/migrate/tracentic.md shows. */
@Timeout(60)
class MigrateTracenticTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private record Answer(String text, Usage usage) {}

    private record Request(String path) {}

    private interface Model {
        Mono<Answer> ask(String text);
    }

    private final LoopbackServer server = LoopbackServer.start();
    private final String endpoint = server.url("");
    private final String key = "tr-key";
    private final String text = "What is a span?";
    private final Model model = text -> Mono.just(new Answer("A time with a name.", Usage.of(1_000, 100)));
    private final Request request = new Request("/answers");
    private final Map<String, String> outgoing = new HashMap<>();
    private final Instant start = Instant.parse("2026-11-21T12:00:00Z");
    private final Instant end = start.plusMillis(250);
    private final Spanflux spanflux = created();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);

    private Spanflux created() {
        Spanflux spanflux = Spanflux.builder()
                .serviceName("my-service")
                .priceBook(PriceBook.builder()
                        .price("openai", "gpt-4o", ModelPrice.of("2.5", "10.0"))
                        .build()
                        .orElse(PriceBook.builtIn()))
                .exporter(TracenticExporter.builder()
                        .apiKey(key)
                        .endpoint(endpoint)
                        .deploymentEnvironment("production")
                        .globals(Attributes.of("region", "us-east-1"))
                        .maxAttributes(64)
                        .timeout(Duration.ofSeconds(60))
                        .transport(http -> http.maxIdleTime(Duration.ofSeconds(30)))
                        .build())
                .addPropagator(TracenticScope.propagator())
                .build();
        ReactiveTracer trace = ReactiveTracer.of(spanflux);
        assertThat(trace).isNotNull();
        return spanflux;
    }

    @AfterEach
    void close() {
        Spanflux.replaceGlobal(null);
        spanflux.awaitClose(PATIENCE);
        server.close();
    }

    private Mono<Answer> handle(Request request) {
        return model.ask(request.path())
                .transform(trace.chat("openai", "gpt-4o", (call, reply) -> call.usage(reply.usage())));
    }

    private Mono<Answer> post(Map<String, String> headers) {
        return Mono.just(new Answer(headers.toString(), Usage.of(0, 0)));
    }

    /** All that has arrived. */
    private String sent() {
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        return server.requests().stream().map(LoopbackServer.Request::text).collect(Collectors.joining());
    }

    @Test
    void everyBlock_isThisSource() throws IOException {
        GuideBlocks.assertStandIn(MigrateTracenticTest.class, "migrate/tracentic.md", 13);
    }

    @Test
    void global_isTheOneThatWasSet() {
        Spanflux.setGlobal(spanflux);
        Spanflux known = Spanflux.global();
        assertThat(known).isSameAs(spanflux);
    }

    @Test
    void aCallInAScope() {
        Mono<Answer> summary = model.ask(text)
                .transform(trace.chat("openai", "gpt-4o", (call, reply) -> call.usage(reply.usage())))
                .contextWrite(Scope.named("summarize").attribute("user_id", "user-123"));
        summary.block(PATIENCE);
        assertThat(sent())
                .contains("\"llm.openai.chat\"", "user-123", "us-east-1", "\"summarize\"", "llm.cost.total_usd")
                .contains("{\"doubleValue\":0.0035}");
        assertThat(server.requests().get(0).path()).isEqualTo("/v1/ingest");
        assertThat(server.requests().get(0).header("x-tracentic-api-key")).isEqualTo(key);
    }

    @Test
    void childScopes() {
        Mono<Answer> synthesis = model.ask(text)
                .transform(trace.chat("openai", "gpt-4o", (call, reply) -> call.usage(reply.usage())))
                .contextWrite(Scope.named("synthesis").attribute("strategy", "hybrid"))
                .contextWrite(Scope.named("rag-pipeline").attribute(TracenticScope.CORRELATION_ID, "order-42"));
        synthesis.block(PATIENCE);
        assertThat(sent()).contains("\"synthesis\"", "hybrid", "tracentic.scope.parent_id", "order-42");
    }

    @Test
    void whatIsAlreadyOver() {
        Scope scope = Scope.named("import").enteredIn(Scope.none());
        Tracer tracer = spanflux.tracer();
        tracer.record(scope, Generation.chat("openai", "gpt-4o").usage(1_200, 80), start, end);
        tracer.record(
                scope, Generation.chat("openai", "gpt-4o"), start, end, new IllegalStateException("rate limited"));
        tracer.record(Generation.chat("openai", "gpt-4o").usage(200, 50), start, end);

        assertThat(sent())
                .contains("\"1795262400000000000\"", "{\"intValue\":\"250\"}", "rate limited", "IllegalStateException");
        assertThat(sent().split("\"tracentic.scope.id\"", -1))
                .as("scoped spans")
                .hasSize(3);
    }

    @Test
    void globalAttributes() {
        spanflux.tracer().global("deploy_id", "deploy-abc");
        Attributes snapshot = spanflux.tracer().globals();
        spanflux.tracer().removeGlobal("deploy_id");
        assertThat(snapshot.asMap()).containsEntry("deploy_id", "deploy-abc");
        assertThat(spanflux.tracer().globals().isEmpty()).isTrue();
    }

    @Test
    void attributesOfARequest() {
        Mono<Answer> handled =
                handle(request).contextWrite(Scope.named("request").attribute("path", request.path()));
        handled.block(PATIENCE);
        assertThat(sent()).contains("/answers");
    }

    @Test
    void fromServiceToService() {
        Mono<Answer> called = Mono.deferContextual(context -> {
                    spanflux.propagator().inject(context, outgoing::put);
                    return post(outgoing);
                })
                .contextWrite(Scope.named("gateway-handler"));
        called.block(PATIENCE);
        assertThat(outgoing).containsKey(TracenticScope.HEADER);

        Map<String, String> incoming = outgoing;
        Mono<Answer> served = handle(request)
                .contextWrite(Scope.named("worker"))
                .contextWrite(context -> spanflux.propagator().extract(context, incoming::get));
        served.block(PATIENCE);
        assertThat(sent())
                .contains("{\"key\":\"tracentic.scope.parent_id\",\"value\":{\"stringValue\":\""
                        + outgoing.get(TracenticScope.HEADER));
    }

    @Test
    void fromServiceToService_byHand() {
        Context context = Scope.named("order-processor").apply(Context.empty());
        Map<String, String> properties = new HashMap<>();
        properties.put(TracenticScope.HEADER, Scope.from(context).id());
        Scope linked = Scope.named("worker").enteredIn(Scope.remote(properties.get(TracenticScope.HEADER)));
        assertThat(linked.parent().id()).isEqualTo(Scope.from(context).id());
    }

    @Test
    void withoutAKey() {
        PrintStream usual = System.err;
        System.setErr(new PrintStream(PrintStream.nullOutputStream()));
        try {
            Spanflux local = Spanflux.builder()
                    .exporter(TracenticExporter.builder().local(true).build())
                    .debug(true)
                    .build();
            local.tracer().span("s").start().end();
            assertThat(local.awaitClose(PATIENCE).isComplete()).isTrue();
        } finally {
            System.setErr(usual);
        }
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void theEnd() {
        spanflux.tracer().span("s").start().end();
        Mono<DeliveryReport> ended = spanflux.shutdown(Duration.ofSeconds(5));
        ended.block(PATIENCE);
        DeliveryReport report = spanflux.awaitShutdown(Duration.ofSeconds(5));
        assertThat(report.isComplete()).isTrue();
        assertThat(report.ledger().sent()).isEqualTo(1);
    }
}
