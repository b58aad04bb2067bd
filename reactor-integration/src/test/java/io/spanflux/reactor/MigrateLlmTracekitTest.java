// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.encode.AttributeDialect;
import io.spanflux.export.OtlpExporter;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.Message;
import io.spanflux.genai.ToolDefinition;
import io.spanflux.genai.Usage;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanLimits;
import io.spanflux.wire.coralogix.Coralogix;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/** Compiles and runs what docs/migrate/llm-tracekit.md shows. */
@Timeout(60)
class MigrateLlmTracekitTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private record Answer(String text, Usage usage) {}

    private final LoopbackServer server = LoopbackServer.start();
    private final String endpoint = server.url("");
    private final String collector = server.url("/v1/traces");
    private final String token = "cx-token";
    private final List<String> audited = new CopyOnWriteArrayList<>();
    private final SpanHandler audit = new SpanHandler() {
        @Override
        public void onEnd(Span span) {
            audited.add(span.name());
        }
    };
    private final Spanflux spanflux;
    private final ReactiveTracer trace;

    MigrateLlmTracekitTest() {
        Spanflux spanflux = Coralogix.builder()
                .token(token)
                .endpoint(endpoint)
                .applicationName("shop")
                .subsystemName("bot")
                .captureContent(true)
                .immediate(true)
                .olderNames(true)
                .build()
                .addTo(Spanflux.builder())
                .serviceName("support-bot")
                .tracer(tracer -> tracer.handler(audit)
                        .limits(SpanLimits.builder().attributeCount(512).build()))
                .build();
        ReactiveTracer trace = ReactiveTracer.of(spanflux);
        this.spanflux = spanflux;
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

    private static Flux<String> chunks() {
        return Flux.just("It ", "rains.");
    }

    private static Mono<List<Double>> vector() {
        return Mono.just(List.of(0.25, 0.5));
    }

    /** The spans that have arrived. */
    private String sent() {
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        return server.requests().stream()
                .filter(request -> request.path().equals("/v1/traces"))
                .map(LoopbackServer.Request::text)
                .collect(Collectors.joining());
    }

    @Test
    void everyBlock_isThisSource() throws IOException {
        GuideBlocks.assertStandIn(MigrateLlmTracekitTest.class, "migrate/llm-tracekit.md", 8);
    }

    /** Compiled only: its variables are not there. */
    private static Spanflux byVariables() {
        Spanflux spanflux = Coralogix.create()
                .addTo(Spanflux.builder())
                .serviceName("support-bot")
                .build();
        return spanflux;
    }

    @Test
    void setUp_withoutVariables_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(MigrateLlmTracekitTest::byVariables)
                .withMessageContaining("CX_TOKEN");
    }

    @Test
    void aCollectorOfOnesOwn() {
        Spanflux relayed = Spanflux.builder()
                .exporter(OtlpExporter.builder()
                        .endpoint(collector)
                        .dialect(AttributeDialect.llmTracekit())
                        .build())
                .build();
        ask("q").transform(ReactiveTracer.of(relayed).chat("openai", "gpt-4.1")).block(PATIENCE);
        assertThat(relayed.awaitClose(PATIENCE).isComplete()).isTrue();
        assertThat(server.requests().get(0).text()).contains("gen_ai.system").doesNotContain("gen_ai.provider.name");
    }

    @Test
    void chat() {
        Mono<Answer> answered = ask("Weather in Paris?")
                .transform(trace.chat(
                        call -> call.provider("openai")
                                .model("gpt-4.1")
                                .temperature(0.2)
                                .seed(7L)
                                .outputType("json")
                                .input(() -> List.of(Message.user("Weather in Paris?")))
                                .toolDefinitions(() -> List.of(ToolDefinition.function("get_weather"))),
                        (call, answer) -> call.usage(answer.usage())
                                .serviceTier("default")
                                .finishReason("stop")
                                .output(() -> List.of(Message.assistant(answer.text())))));
        Mono<Answer> ofTheUser = answered.contextWrite(Scope.named("ticket").user("u-7"));
        ofTheUser.block(PATIENCE);
        assertThat(sent())
                .contains("gen_ai.prompt.0.content", "gen_ai.completion.0.content", "gen_ai.openai.request.seed")
                .contains("gen_ai.request.tools.0.function.name", "gen_ai.openai.response.service_tier", "json_object")
                .contains("gen_ai.request.user", "gen_ai.openai.request.user");
        assertThat(audited).containsExactly("chat gpt-4.1");
        assertThat(server.requests().get(0).header("cx-application-name")).isEqualTo("shop");
    }

    @Test
    void aStream() {
        Flux<String> streamed =
                chunks().transform(trace.chat("openai", "gpt-4.1", (call, chunk) -> call.append(chunk)));
        streamed.blockLast(PATIENCE);
        assertThat(sent()).contains("It rains.");
    }

    @Test
    void embeddingsAndResponses() {
        Mono<List<Double>> embedded = vector().transform(trace.trace(
                () -> Embeddings.of("openai", "text-embedding-3-small")
                        .dimensions(256L)
                        .input(() -> List.of("rain")),
                (embeddings, numbers) -> embeddings.inputTokens(2L).vectors(() -> List.of(numbers))));
        Mono<Answer> continued = ask("And tomorrow?")
                .transform(trace.chat(
                        call -> call.provider("openai").model("gpt-4.1").previousResponseId("resp_6"),
                        (call, answer) -> call.responseId("resp_7").usage(answer.usage())));
        embedded.then(continued).block(PATIENCE);
        assertThat(sent())
                .contains("gen_ai.embeddings.0.vector", "gen_ai.embeddings.dimension.count")
                .contains("gen_ai.openai.request.previous_response_id");
    }

    @Test
    void bedrock() {
        Mono<Answer> conversed = ask("Weather?")
                .transform(trace.chat(
                        "aws.bedrock", "anthropic.claude-3-5-sonnet", (call, answer) -> call.usage(answer.usage())));
        Mono<Answer> invoked = ask("Weather?")
                .transform(trace.remoteAgent(
                        "aws.bedrock",
                        "support",
                        (agent, answer) -> agent.id("AGENT7").usage(answer.usage())));
        conversed.then(invoked).block(PATIENCE);
        assertThat(sent()).contains("anthropic.claude-3-5-sonnet", "gen_ai.agent.id", "AGENT7");
    }

    @Test
    void anAgentRun() {
        Mono<Answer> run = ask("Weather in Paris?")
                .transform(trace.chat("openai", "gpt-4.1", (call, answer) -> call.usage(answer.usage())))
                .then(ask("get_weather").transform(trace.tool("get_weather")))
                .then(ask("pii").transform(trace.guardrail("pii")))
                .then(ask("billing").transform(trace.handoff("triage", "billing")))
                .then(ask("cache").transform(trace.custom("cache", (custom, answer) -> custom.attribute("hit", true))))
                .then(ask("tools")
                        .transform(trace.mcp(() -> McpCall.client("tools/call").tool("search"))))
                .then(ask("speak").transform(trace.speech("reply", (speech, answer) -> speech.model("tts-1"))))
                .transform(trace.agent("triage"));
        run.block(PATIENCE);
        assertThat(sent())
                .contains("Agent - triage", "Tool - get_weather", "Guardrail - pii", "\"Handoff\"", "custom cache")
                .contains("tools/call search", "speech reply", "gen_ai.usage.input_tokens");
    }
}
