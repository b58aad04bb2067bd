// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.testing.SpanVerifier;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.web.reactive.function.client.WebClientResponseException;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/** What a span says of answers that are not as they should be. */
@Timeout(30)
class TracedStreamTest {
    private static final String CHAT = "chat llama-3";
    private static final String SSE = "Content-Type: text/event-stream";
    private static final ChatRequest REQUEST = ChatRequest.of("llama-3", List.of(ChatMessage.user("Hello")), null);
    private static final String HELLO = chunk("{\"role\":\"assistant\",\"content\":\"Hel\"}", null);
    private static final String LO = chunk("{\"content\":\"lo\"}", null);
    private static final String STOP = chunk("{}", "stop");
    private static final String DONE = "data: [DONE]\n\n";

    private final CountDownLatch seen = new CountDownLatch(1);
    private final LoopbackServer server = LoopbackServer.start();
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .captureContent(true)
            .tracer(tracer -> tracer.handler(spans))
            .build();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);
    private final OpenAiClient llm = new OpenAiClient(server.url("/v1"), "secret-key");

    private static String chunk(String delta, String finishReason) {
        return "data: {\"id\":\"c1\",\"model\":\"llama-3\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + ",\"finish_reason\":" + (finishReason == null ? "null" : '"' + finishReason + '"') + "}]}\n\n";
    }

    @AfterEach
    void close() {
        server.close();
        spanflux.awaitClose(Duration.ofSeconds(20));
    }

    private Flux<String> tokens() {
        return llm.stream(REQUEST)
                .transform(trace.chat(
                        generation -> OpenAiGeneration.request(generation, REQUEST), OpenAiGeneration::chunk))
                .mapNotNull(ChatChunk::text);
    }

    private static String output(String text, String finishReason) {
        return "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"" + text
                + "\"}],\"finish_reason\":\"" + finishReason + "\"}]";
    }

    @Test
    void stream_withoutUsageChunk_hasNoTokenAttributes() {
        server.otherwise(Behaviour.status(200, HELLO + LO + STOP + DONE, SSE));

        StepVerifier.create(tokens()).expectNext("Hel", "lo").verifyComplete();

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("gen_ai.response.finish_reasons", List.of("stop"))
                .hasAttribute("gen_ai.output.messages", output("Hello", "stop"))
                .hasAttribute("spanflux.stream.chunks", 3)
                .matches("has token attributes", span -> keys(span).noneMatch(key -> key.startsWith("gen_ai.usage.")))
                .expectNoMoreSpans()
                .verify();
        assertThat(server.requests().get(0).text()).contains("\"stream_options\":{\"include_usage\":true}");
    }

    private static Stream<String> keys(Span span) {
        return span.attributes().asMap().keySet().stream();
    }

    @Test
    void stream_usageAfterTheFinishChunk_isOnTheSpan() {
        String usage = "data: {\"id\":\"c1\",\"model\":\"llama-3\",\"choices\":[],\"usage\":{\"prompt_tokens\":120,"
                + "\"completion_tokens\":7,\"total_tokens\":127,\"prompt_tokens_details\":{\"cached_tokens\":100}}}\n\n";
        server.otherwise(Behaviour.status(200, HELLO + STOP + usage + DONE, SSE));

        StepVerifier.create(tokens()).expectNext("Hel").verifyComplete();

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasAttribute("gen_ai.usage.input_tokens", 120)
                .hasAttribute("gen_ai.usage.output_tokens", 7)
                .hasAttribute("gen_ai.usage.cache_read.input_tokens", 100)
                .hasNoAttribute("gen_ai.usage.reasoning.output_tokens")
                .verify();
    }

    @Test
    void stream_brokenEvent_isTheErrorOfStreamAndSpanAfterTheTextSoFar() {
        server.otherwise(Behaviour.status(200, HELLO + LO + "data: {\"private words\n\n" + STOP + DONE, SSE));

        StepVerifier.create(tokens()).expectNext("Hel", "lo").verifyError(OpenAiException.class);

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.ERROR)
                .hasEvent("exception")
                .hasAttribute("error.type", OpenAiException.class.getName())
                .hasAttribute("gen_ai.response.finish_reasons", List.of("error"))
                .hasAttribute("gen_ai.output.messages", output("Hello", "error"))
                .hasAttribute("spanflux.stream.chunks", 2)
                .matches(
                        "knows no first chunk",
                        span -> span.attributes().contains("gen_ai.response.time_to_first_chunk"))
                .hasNoAttribute("spanflux.cancelled")
                .expectNoMoreSpans()
                .verify();
        Span span = spans.spans().get(0);
        assertThat(span.statusDescription()).doesNotContain("private");
        assertThat(span.events().get(0).attributes().asMap().toString()).doesNotContain("private");
    }

    @Test
    void stream_errorOfTheProviderInTheMiddle_isTheErrorOfTheSpan() {
        String error = "data: {\"error\":{\"message\":\"private words\",\"type\":\"server_error\",\"code\":null}}\n\n";
        server.otherwise(Behaviour.status(200, HELLO + error, SSE));

        StepVerifier.create(tokens())
                .expectNext("Hel")
                .verifyErrorMessage("The server broke the answer off: server_error");

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.ERROR)
                .hasAttribute("error.type", OpenAiException.class.getName())
                .hasAttribute("gen_ai.output.messages", output("Hel", "error"))
                .verify();
    }

    @Test
    void stream_connectionResetInTheMiddle_isTheErrorOfTheSpan() {
        server.otherwise(exchange -> {
            String first = Integer.toHexString(HELLO.length()) + "\r\n" + HELLO + "\r\n";
            exchange.out()
                    .write(("HTTP/1.1 200 OK\r\n" + SSE + "\r\nTransfer-Encoding: chunked\r\n\r\n" + first)
                            .getBytes(StandardCharsets.UTF_8));
            exchange.out().flush();
            // The first event has to be through before the reset overtakes it.
            seen.await();
            exchange.reset();
        });

        StepVerifier.create(tokens().doOnNext(token -> seen.countDown()))
                .expectNext("Hel")
                .verifyError();

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.ERROR)
                .hasAttribute("error.type")
                .hasAttribute("gen_ai.response.finish_reasons", List.of("error"))
                .hasAttribute("gen_ai.output.messages", output("Hel", "error"))
                .verify();
    }

    @Test
    void stream_cancelledByDispose_isCancelledWithTheTextSoFar() {
        server.otherwise(exchange -> {
            exchange.out()
                    .write(("HTTP/1.1 200 OK\r\n" + SSE + "\r\nTransfer-Encoding: chunked\r\n\r\n"
                                    + Integer.toHexString(HELLO.length()) + "\r\n" + HELLO + "\r\n")
                            .getBytes(StandardCharsets.UTF_8));
            exchange.out().flush();
            exchange.pause(20_000);
        });

        StepVerifier.create(tokens()).expectNext("Hel").thenCancel().verify();

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("spanflux.cancelled", true)
                .hasAttribute("gen_ai.output.messages", output("Hel", "error"))
                .verify();
    }

    @Test
    void stream_refusedKey_isAnErrorSpanThatDoesNotHoldTheKey() {
        server.otherwise(Behaviour.status(401, "{\"error\":{\"message\":\"wrong key secret-key\"}}"));

        StepVerifier.create(tokens()).verifyError(WebClientResponseException.Unauthorized.class);

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.ERROR)
                .hasAttribute("error.type", WebClientResponseException.Unauthorized.class.getName())
                .hasAttribute("spanflux.stream.chunks", 0)
                .hasNoAttribute("gen_ai.response.finish_reasons")
                .hasNoAttribute("gen_ai.response.time_to_first_chunk")
                .expectNoMoreSpans()
                .verify();
        Span span = spans.spans().get(0);
        assertThat(span.attributes().asMap() + "" + span.statusDescription() + span.events())
                .doesNotContain("secret-key");
    }

    @Test
    void stream_serverThatDoesNotStream_isAnErrorSpan() {
        server.otherwise(Behaviour.status(200, "{\"choices\":[]}", "Content-Type: application/json"));

        StepVerifier.create(tokens()).verifyError();

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.ERROR)
                .verify();
    }

    @Test
    void complete_answerThatIsNotACompletion_isAnErrorThatDoesNotQuoteIt() {
        server.otherwise(Behaviour.status(200, "private words", "Content-Type: application/json"));

        StepVerifier.create(
                        llm.complete(REQUEST).transform(trace.chat("openai", "llama-3", OpenAiGeneration::completion)))
                .verifyErrorMessage("The answer is not a chat completion");

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasStatus(SpanStatus.ERROR)
                .hasAttribute("error.type", OpenAiException.class.getName())
                .verify();
    }
}
