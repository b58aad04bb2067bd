// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.genai.Agent;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.SpeechGroup;
import io.spanflux.genai.Usage;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceHandler;
import io.spanflux.trace.TraceInfo;
import io.spanflux.trace.Tracer;
import io.spanflux.wire.openai.OpenAiAttributes;
import io.spanflux.wire.openai.OpenAiIds;
import io.spanflux.wire.openai.OpenAiJson;
import io.spanflux.wire.openai.OpenAiSpans;
import io.spanflux.wire.openai.OpenAiTracesExporter;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

/** Compiles and runs what docs/migrate/openai-agents.md shows. */
@Timeout(60)
class MigrateOpenAiAgentsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private record Answer(String text, Usage usage) {}

    private final LoopbackServer server = LoopbackServer.start();
    private final String endpoint = server.url("/v1/traces/ingest");
    private final String key = "sk-key";
    private final String customersKey = "sk-customer";
    private final String rotated = "sk-rotated";
    private final String question = "Weather in Paris?";
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final OpenAiTracesExporter openAi;
    private final Spanflux spanflux;
    private final ReactiveTracer trace;
    private final Tracer tracer;

    MigrateOpenAiAgentsTest() {
        OpenAiTracesExporter openAi = OpenAiTracesExporter.builder()
                .apiKey(key)
                .organization("org-1")
                .project("proj-1")
                .endpoint(endpoint)
                .build();
        Spanflux spanflux = Spanflux.builder()
                .exporter(openAi)
                .captureContent(true)
                .tracer(tracer -> tracer.endUnfinished(true))
                .build();
        ReactiveTracer trace = ReactiveTracer.of(spanflux);
        Tracer tracer = spanflux.tracer();
        this.openAi = openAi;
        this.spanflux = spanflux;
        this.trace = trace;
        this.tracer = tracer;
    }

    @AfterEach
    void close() {
        Spanflux.replaceGlobal(null);
        spanflux.awaitClose(PATIENCE);
        server.close();
    }

    private Mono<Answer> run(String question) {
        return Mono.fromSupplier(() -> new Answer("It rains: " + question, Usage.of(21, 4)));
    }

    /** All that has arrived. */
    private String sent() {
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        return server.requests().stream().map(LoopbackServer.Request::text).collect(Collectors.joining());
    }

    @Test
    void everyBlock_isThisSource() throws IOException {
        GuideBlocks.assertStandIn(MigrateOpenAiAgentsTest.class, "migrate/openai-agents.md", 14);
    }

    @Test
    void setUp_forCai() {
        OpenAiTracesExporter cai = OpenAiTracesExporter.builder()
                .endpoint(endpoint)
                .apiKey(key)
                .cai()
                .build();
        Span group = tracer.span(SpeechGroup.named("g")).start();
        group.end();
        assertThat(cai.export(List.of(group)).block(PATIENCE).sent()).isEqualTo(1);
        cai.close().block(PATIENCE);
        assertThat(server.requests().get(0).text()).contains("\"speech-group\"");
    }

    @Test
    void oneProvider() {
        Spanflux another = spanflux;
        Spanflux.setGlobal(spanflux);
        Spanflux before = Spanflux.replaceGlobal(another);
        Tracer current = Spanflux.global().tracer();
        assertThat(before).isSameAs(spanflux);
        assertThat(current).isSameAs(tracer);
    }

    @Test
    void aTrace() {
        Mono<Answer> answered = run(question)
                .transform(trace.agent("triage"))
                .contextWrite(Scope.named("support")
                        .trace(TraceInfo.named("Customer service")
                                .group("chat_42")
                                .metadata("customer", "c-7")
                                .id(OpenAiIds.traceId())));
        answered.block(PATIENCE);
        assertThat(sent())
                .contains(
                        "\"workflow_name\":\"Customer service\",\"group_id\":\"chat_42\",\"metadata\":{\"customer\":\"c-7\"}");
        assertThat(server.requests().get(0).header("openai-organization")).isEqualTo("org-1");
    }

    @Test
    void spansOfEachType() {
        Flux<Answer> spans = Flux.concat(
                run(question).transform(trace.agent("triage")),
                run(question)
                        .transform(trace.chat("openai", "gpt-4o-mini", (call, answer) -> call.usage(answer.usage()))),
                run(question).transform(trace.tool("get_weather", (tool, answer) -> tool.result(() -> answer.text()))),
                run(question).transform(trace.guardrail("pii", (guardrail, answer) -> guardrail.triggered(false))),
                run(question).transform(trace.handoff("triage", "billing")),
                run(question).transform(trace.custom("cache", (custom, answer) -> custom.attribute("hits", 3))),
                run(question).transform(trace.fetchResponse("openai", "resp_7")),
                run(question).transform(trace.speech("reply", (speech, answer) -> speech.model("gpt-4o-mini-tts"))),
                run(question).transform(trace.speechGroup("reply")),
                run(question).transform(trace.transcription("question", (heard, answer) -> heard.model("whisper-1"))),
                run(question).transform(trace.mcp(() -> McpCall.client("tools/list"))),
                run(question).transform(trace.trace(() -> OpenAiSpans.task("answer", Usage.of(21, 4)))),
                run(question).transform(trace.trace(() -> OpenAiSpans.turn(1, "triage", Usage.of(21, 4)))));
        assertThat(spans.count().block(PATIENCE)).isEqualTo(13);
        assertThat(sent())
                .contains(List.of(
                        "\"type\":\"agent\"",
                        "\"type\":\"generation\"",
                        "\"type\":\"function\"",
                        "\"type\":\"guardrail\"",
                        "\"type\":\"handoff\"",
                        "\"type\":\"custom\"",
                        "\"type\":\"response\"",
                        "\"type\":\"speech\"",
                        "\"type\":\"speech_group\"",
                        "\"type\":\"transcription\"",
                        "\"type\":\"mcp_tools\"",
                        "\"sdk_span_type\":\"task\"",
                        "\"sdk_span_type\":\"turn\""));
    }

    @Test
    void aSpanByHand() {
        Span span = tracer.span(Agent.named("triage"))
                .attribute(OpenAiAttributes.HANDOFFS, List.of("billing"))
                .id(OpenAiIds.spanId())
                .start();
        span.status(SpanStatus.ERROR, "too many turns").attribute(OpenAiAttributes.ERROR_DATA, Map.of("turns", 10));
        span.end();
        assertThat(sent())
                .contains("\"handoffs\":[\"billing\"]")
                .contains("\"error\":{\"message\":\"too many turns\",\"data\":{\"turns\":10}}");
    }

    @Test
    void currentTraceAndSpan() {
        Mono<Answer> aware = Mono.zip(trace.current(), trace.currentTrace())
                .flatMap(around ->
                        run(around.getT2().name() + " " + around.getT1().name()));
        Answer answer = Mono.from(aware.transform(trace.agent("triage")))
                .contextWrite(Scope.named("s").trace(TraceInfo.named("Customer service")))
                .block(PATIENCE);
        assertThat(answer.text()).endsWith("Customer service invoke_agent triage");
    }

    @Test
    void explicitParents() {
        Scope scopeOfTheTrace = Scope.named("s").trace(TraceInfo.named("w")).enteredIn(Scope.none());
        Span span = tracer.span("parent").parent(scopeOfTheTrace).start();
        Span child = tracer.span("child").parent(span).start();
        Span top = tracer.span("top").parent(scopeOfTheTrace).start();
        assertThat(child.parentSpanIdBits()).isEqualTo(span.spanIdBits());
        assertThat(top.parentSpanIdBits()).isZero();
        assertThat(top.context().traceId()).isEqualTo(child.context().traceId());
        List.of(top, child, span).forEach(Span::end);
    }

    @Test
    void processors() {
        final class Audit implements TraceHandler {
            @Override
            public void onTraceStart(Span root) {
                seen.add("trace start");
            }

            @Override
            public void onTraceEnd(Span root) {
                seen.add("trace end");
            }

            @Override
            public void onStart(Span span) {
                seen.add("start " + span.name());
            }

            @Override
            public void onEnd(Span span) {
                seen.add("end " + span.name());
            }

            @Override
            public Mono<Void> onFlush() {
                return Mono.fromRunnable(() -> seen.add("flush"));
            }

            @Override
            public Mono<Void> onShutdown() {
                return Mono.fromRunnable(() -> seen.add("shutdown"));
            }
        }
        tracer.addHandler(new Audit());
        List<SpanHandler> replaced = tracer.replaceHandlers(List.of(new Audit()));
        assertThat(replaced).hasSize(1);
        tracer.span("s").start().end();
        spanflux.awaitShutdown(PATIENCE);
        assertThat(seen)
                .startsWith("trace start", "start s", "end s", "trace end")
                .contains("shutdown");
    }

    @Test
    void switchingItOff() {
        tracer.enabled(false);
        openAi.disabled(true);
        Scope quiet = Scope.named("quiet").trace(TraceInfo.named("quiet").disabled());
        Span nothing = tracer.span("quiet").disabled().start();
        assertThat(nothing.isRecording()).isFalse();
        tracer.enabled(true);
        assertThat(tracer.span("s").scope(quiet.enteredIn(Scope.none())).start().isRecording())
                .isFalse();
        tracer.span("given up").start().end();
        spanflux.awaitFlush(PATIENCE);
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void keys() {
        Scope customers =
                Scope.named("support").trace(TraceInfo.named("Customer service").exportKey(customersKey));
        openAi.apiKey(rotated);
        tracer.span("theirs").scope(customers.enteredIn(Scope.none())).start().end();
        tracer.span("ours").start().end();
        sent();
        assertThat(server.requests().stream().map(request -> request.header("authorization")))
                .containsExactlyInAnyOrder("Bearer " + customersKey, "Bearer " + rotated);
    }

    @Test
    void asJson() {
        Span span = tracer.span(Agent.named("triage")).start();
        Map<String, Object> spanTree = OpenAiJson.of(span);
        Map<String, Object> traceTree = OpenAiJson.traceOf(span);
        assertThat(spanTree).containsEntry("object", "trace.span");
        assertThat(traceTree).containsEntry("object", "trace");
        assertThat(OpenAiJson.of(tracer.span("quiet").disabled().start())).isNull();
        span.end();
    }

    @Test
    void ids() {
        List<String> made = List.of(OpenAiIds.traceId(), OpenAiIds.spanId(), OpenAiIds.groupId(), OpenAiIds.time());
        assertThat(made.get(0)).matches("trace_[0-9a-f]{32}");
    }

    @Test
    void anUnfinishedSpan_isSentWithItsTrace() {
        Span root = tracer.span("root").start();
        tracer.span("forgotten").parent(root).start();
        root.end();
        assertThat(sent()).contains("forgotten");
    }

    @Test
    void theEnd() {
        tracer.span("s").start().end();
        Mono<DeliveryReport> ended = spanflux.flush().then(spanflux.shutdown(Duration.ofSeconds(5)));
        assertThat(ended.block(PATIENCE).isComplete()).isTrue();
        assertThat(server.requests()).hasSize(1);
    }
}
