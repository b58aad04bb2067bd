// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.genai.Agent;
import io.spanflux.genai.Custom;
import io.spanflux.genai.Message;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Usage;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.wire.spect.SpectAttributes;
import io.spanflux.wire.spect.SpectDeliveryException;
import io.spanflux.wire.spect.SpectExporter;
import io.spanflux.wire.spect.SpectObserver;
import io.spanflux.wire.spect.SpectSession;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/** Compiles and runs what docs/migrate/spect.md shows. */
@Timeout(60)
class MigrateSpectTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private record Answer(String text, Usage usage) {}

    private final LoopbackServer server = LoopbackServer.start();
    private final String collector = server.url("");
    private final String key = "sk-spect";
    private final Spanflux spanflux;
    private final SpectObserver observer;
    private final ReactiveTracer trace;

    MigrateSpectTest() {
        SpectExporter spect = SpectExporter.builder()
                .organizationId("org_123")
                .apiKey(key)
                .provider("openai")
                .collectorUrl(collector)
                .header("X-Team", "search")
                .transport(http -> http.maxIdleTime(Duration.ofSeconds(30)))
                .build();
        Spanflux spanflux = Spanflux.builder()
                .captureContent(true)
                .exporter(spect, pipeline -> pipeline.scheduleDelay(Duration.ofMillis(100)))
                .build();
        SpectObserver observer = spect.observer(spanflux.tracer());
        ReactiveTracer trace = ReactiveTracer.of(spanflux);
        this.spanflux = spanflux;
        this.observer = observer;
        this.trace = trace;
    }

    @AfterEach
    void close() {
        spanflux.awaitClose(PATIENCE);
        server.close();
    }

    private static Mono<Answer> ask(String question) {
        return Mono.fromSupplier(() -> new Answer("Answer to: " + question, Usage.of(12, 3)));
    }

    private static Mono<Answer> refused() {
        return Mono.error(new IllegalStateException("rate limited"));
    }

    @Test
    void everyBlock_isThisSource() throws IOException {
        GuideBlocks.assertStandIn(MigrateSpectTest.class, "migrate/spect.md", 8);
    }

    @Test
    void aSession() {
        SpectSession session = observer.startSession(
                "answer",
                about -> about.model("gpt-4.1")
                        .input(() -> List.of(Message.system("Be brief."), Message.user("Explain tracing."))));
        session.metadata("tenant", "acme").metadata("spect", Map.of("version", "7"));
        Mono<Answer> asked = ask("Explain tracing.")
                .transform(trace.chat(
                        "openai",
                        "gpt-4.1",
                        (call, answer) -> call.usage(answer.usage())
                                .finishReason("stop")
                                .output(() -> List.of(Message.assistant(answer.text())))))
                .contextWrite(session::storeIn);
        Instant end = Instant.now().plusSeconds(1);
        Mono<Answer> delivered = asked.flatMap(answer -> {
            session.about()
                    .output(() -> List.of(Message.assistant(answer.text())))
                    .usage(answer.usage())
                    .finishReason("stop");
            session.root().attribute("gen_ai.response.id", "resp_7").attribute("gen_ai.response.model", "gpt-4.1-2025");
            session.resultMetadata(Attributes.of("grade", "good")).endTime(end);
            return session.send().thenReturn(answer);
        });
        assertThat(delivered.block(PATIENCE).text()).startsWith("Answer to");

        LoopbackServer.Request request = server.requests().get(0);
        assertThat(request.path()).isEqualTo("/traces?name=org_123");
        assertThat(request.header("x-team")).isEqualTo("search");
        assertThat(request.text())
                .contains("\"kind\": \"system\"", "\"kind\": \"user\"", "\"kind\": \"generate\"")
                .contains("\"spect\": {\"version\": \"7\"}", "\"grade\": \"good\"", "\"finishReasons\": [\"stop\"]")
                .contains("\"text\": \"Answer to: Explain tracing.\"", "\"inputTokens\": 12")
                .contains("\"model\": \"gpt-4.1-2025\"", "\"id\": \"resp_7\"");
    }

    @Test
    void kindsAndOverlays() {
        SpectSession session = observer.startSession("answer");
        Span thinking = session.span("reasoning", Custom.named("think")).start();
        thinking.end();
        Span search = session.span(Tool.named("search").callId("call_1").arguments(() -> Map.of("q", "rain")))
                .start();
        search.end();
        Span writer = session.span(Agent.named("writer").input(() -> List.of(Message.user("draft"))))
                .attribute(SpectAttributes.SUBAGENT_SOURCE, "team")
                .start();
        writer.end();
        session.send().block(PATIENCE);
        assertThat(server.requests().get(0).text())
                .contains("\"kind\": \"reasoning\"", "\"kind\": \"tool-call\"", "\"kind\": \"subagent\"")
                .contains("\"toolCallId\": \"call_1\"", "\"parameters\": {\"q\": \"rain\"}")
                .contains("\"subagentType\": \"writer\"", "\"source\": \"team\"");
    }

    @Test
    void anError() {
        SpectSession another = observer.startSession("answer");
        Mono<Answer> failed = refused()
                .contextWrite(another::storeIn)
                .onErrorResume(error -> another.sendError(error).then(Mono.error(error)));
        StepVerifier.create(failed).expectErrorMessage("rate limited").verify(PATIENCE);
        assertThat(server.requests().get(0).text()).contains("\"error\": {\"message\": \"rate limited\"");
    }

    @Test
    void failures() {
        server.otherwise(Behaviour.status(401, "no"));
        SpectExporter strict = SpectExporter.builder()
                .organizationId("org_123")
                .apiKey(key)
                .collectorUrl(collector)
                .logFailures(false)
                .raiseSendErrors(true)
                .sendTimeout(Duration.ofSeconds(3))
                .build();
        Spanflux own = Spanflux.builder()
                .exporter(strict, pipeline -> pipeline.scheduleDelay(Duration.ofMillis(100)))
                .build();
        StepVerifier.create(strict.observer(own.tracer()).startSession("answer").send())
                .expectError(SpectDeliveryException.class)
                .verify(PATIENCE);
        own.awaitClose(PATIENCE);
    }

    @Test
    void localMode() {
        List<String> payloads = new CopyOnWriteArrayList<>();
        SpectExporter local = SpectExporter.builder()
                .organizationId("org_123")
                .local(true)
                .onTrace(payloads::add)
                .build();
        Spanflux own = Spanflux.builder().exporter(local).build();
        own.tracer().span("here").start().end();
        assertThat(own.awaitClose(PATIENCE).isComplete()).isTrue();
        assertThat(payloads).singleElement().asString().contains("\"name\": \"here\"");
        assertThat(server.requests()).isEmpty();
    }
}
