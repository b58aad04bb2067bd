// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.examples.ChatMessage.ToolCall.Function;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.testing.SpanVerifier;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.web.reactive.function.client.WebClientResponseException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** What an application's own test of its traces looks like: run it, then say what the spans must be. */
@Timeout(30)
class SupportAgentTest {
    private static final String AGENT = "invoke_agent support";
    private static final String CHAT = "chat gpt-4o-mini";
    private static final String TOOL = "execute_tool get_order_status";
    private static final Ticket TICKET = new Ticket("conv-1", "acme", "ada", "Where are my orders 4711 and 4712?");

    private final LoopbackLlmServer server = LoopbackLlmServer.start();
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Spanflux spanflux = spanflux(false);
    private final SupportAgent agent = agent(spanflux);

    private Spanflux spanflux(boolean captureContent) {
        return Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
                .captureContent(captureContent)
                .tracer(tracer -> tracer.handler(spans))
                .build();
    }

    private SupportAgent agent(Spanflux spanflux) {
        OpenAiClient llm = new OpenAiClient(server.baseUrl(), "test-key");
        return new SupportAgent(llm, new OrderStatusTool(), ReactiveTracer.of(spanflux), "gpt-4o-mini");
    }

    @AfterEach
    void close() {
        server.close();
        spanflux.awaitClose(Duration.ofSeconds(20));
    }

    private List<Span> named(String name) {
        return spans.spans().stream().filter(span -> span.name().equals(name)).toList();
    }

    @Test
    void reply_twoOrders_isOneTreeBelowTheAgent() {
        List<String> tokens = agent.reply(TICKET).collectList().block();

        assertThat(String.join("", tokens))
                .isEqualTo("Thank you for asking. Order 4711 is shipped. Order 4712 is being packed."
                        + " Is there anything else that I can do for you?");
        SpanVerifier.create(spans.spans())
                // The decision.
                .expectSpan(CHAT)
                .isChildOf(AGENT)
                .hasKind(SpanKind.CLIENT)
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("gen_ai.operation.name", "chat")
                .hasAttribute("gen_ai.provider.name", "openai")
                .hasAttribute("gen_ai.request.model", "gpt-4o-mini")
                .hasAttribute("gen_ai.response.model", "gpt-4o-mini-2024-07-18")
                .hasAttribute("gen_ai.response.id")
                .hasAttribute("gen_ai.response.finish_reasons", List.of("tool_calls"))
                .hasAttribute("gen_ai.usage.input_tokens", 22)
                .hasAttribute("gen_ai.usage.output_tokens", 3)
                .hasAttribute("gen_ai.usage.cache_read.input_tokens", 0)
                .hasAttribute("gen_ai.usage.reasoning.output_tokens", 0)
                .hasAttribute("server.address", "127.0.0.1")
                .hasAttribute("server.port")
                .hasNoAttribute("gen_ai.request.stream")
                .hasNoAttribute("gen_ai.response.time_to_first_chunk")
                // The tool it asked for.
                .expectSpan(TOOL)
                .isChildOf(AGENT)
                .hasKind(SpanKind.INTERNAL)
                .hasAttribute("gen_ai.tool.name", "get_order_status")
                .hasAttribute("gen_ai.tool.call.id")
                // A stream that asks for another tool: the role, the call's head, two pieces, the end, the usage.
                .expectSpan(CHAT)
                .isChildOf(AGENT)
                .hasAttribute("gen_ai.request.stream", true)
                .hasAttribute("gen_ai.response.finish_reasons", List.of("tool_calls"))
                .hasAttribute("gen_ai.usage.cache_read.input_tokens", 22)
                .hasAttribute("spanflux.stream.chunks", 5)
                .expectSpan(TOOL)
                .isChildOf(AGENT)
                // A stream of text.
                .expectSpan(CHAT)
                .isChildOf(AGENT)
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("gen_ai.request.stream", true)
                .hasAttribute("gen_ai.response.model", "gpt-4o-mini-2024-07-18")
                .hasAttribute("gen_ai.response.finish_reasons", List.of("stop"))
                .hasAttribute("gen_ai.usage.input_tokens", 29)
                .hasAttribute("gen_ai.usage.output_tokens", 23)
                .matches("does not know its first chunk", SupportAgentTest::knowsFirstChunk)
                .hasAttribute("spanflux.stream.chunks", 23 + 3)
                .hasAttribute("spanflux.stream.gap.mean")
                .hasAttribute("spanflux.stream.gap.max")
                .expectSpan(AGENT)
                .isRoot()
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("gen_ai.agent.name", "support")
                .expectNoMoreSpans()
                .verify();
        assertThat(spanflux.tracer().liveSpans()).isZero();
        assertThat(spanflux.tracer().callbackFailures()).isZero();
    }

    private static boolean knowsFirstChunk(Span span) {
        double seconds = (double) span.attributes().get("gen_ai.response.time_to_first_chunk");
        return seconds > 0 && seconds <= (span.endEpochNanos() - span.startEpochNanos()) / 1e9;
    }

    @Test
    void reply_scope_isOnAllSpansAndTheInnerOneKeepsWhatTheOuterSays() {
        agent.reply(TICKET).blockLast();

        assertThat(spans.spans())
                .hasSize(6)
                .allSatisfy(span -> assertThat(span.attributes().asMap())
                        .containsEntry("tenant", "acme")
                        .containsEntry("gen_ai.conversation.id", "conv-1")
                        .containsEntry("user.id", "ada"));
        assertThat(spans.spans())
                .extracting(span -> span.attributes().get("spanflux.scope.name"))
                .containsExactly(
                        "handle-ticket",
                        "handle-ticket",
                        "draft-reply",
                        "handle-ticket",
                        "draft-reply",
                        "handle-ticket");
        assertThat(spans.spans())
                .extracting(span -> span.attributes().get("spanflux.scope.id"))
                .doesNotContainNull();
    }

    @Test
    void reply_captureOff_leavesNoContentOnAnySpan() {
        agent.reply(TICKET).blockLast();

        assertThat(spans.spans())
                .allSatisfy(span -> assertThat(span.attributes().asMap().toString())
                        .doesNotContain("my orders", "support of a shop", "order_id", "shipped", "Thank you"));
    }

    @Test
    void reply_captureOn_showsMessagesArgumentsAndResults() {
        Spanflux capturing = spanflux(true);
        agent(capturing).reply(TICKET).blockLast();
        capturing.awaitClose(Duration.ofSeconds(20));

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .matches(
                        "does not hold the question",
                        span -> text(span, "gen_ai.input.messages").contains("Where are my orders 4711 and 4712?"))
                .matches(
                        "does not hold the tool call",
                        span -> text(span, "gen_ai.output.messages").contains("\"type\":\"tool_call\""))
                .expectSpan(TOOL)
                .hasAttribute("gen_ai.tool.call.arguments", "{\"order_id\": \"4711\"}")
                .hasAttribute("gen_ai.tool.call.result", "{\"order_id\":\"4711\",\"status\":\"shipped\"}")
                .expectSpan(CHAT)
                .matches(
                        "does not hold the tool's answer",
                        span -> text(span, "gen_ai.input.messages").contains("\"type\":\"tool_call_response\""))
                .expectSpan(CHAT)
                .matches(
                        "does not hold the reply",
                        span -> text(span, "gen_ai.output.messages").contains("Thank you for asking. Order 4711 is"))
                .verify();
    }

    private static String text(Span span, String key) {
        return String.valueOf(span.attributes().get(key));
    }

    @Test
    void reply_cancelledHalfWay_endsStreamAndAgentAsCancelled() {
        Spanflux capturing = spanflux(true);
        List<String> tokens = agent(capturing)
                .reply(new Ticket("conv-1", "acme", "ada", "Where is order 4711?"))
                .take(5)
                .collectList()
                .block();
        capturing.awaitClose(Duration.ofSeconds(20));

        assertThat(tokens).containsExactly("", "Thank", " you", " for", " asking.");
        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .hasNoAttribute("spanflux.cancelled")
                .expectSpan(TOOL)
                .hasNoAttribute("spanflux.cancelled")
                .expectSpan(CHAT)
                .isChildOf(AGENT)
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("spanflux.cancelled", true)
                .hasAttribute("gen_ai.response.finish_reasons", List.of("error"))
                .matches("does not know its first chunk", SupportAgentTest::knowsFirstChunk)
                .hasAttribute("spanflux.stream.chunks", 5)
                .hasNoAttribute("error.type")
                .hasNoAttribute("gen_ai.usage.input_tokens")
                .hasNoAttribute("gen_ai.usage.output_tokens")
                .hasAttribute(
                        "gen_ai.output.messages",
                        "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Thank you for asking.\"}],"
                                + "\"finish_reason\":\"error\"}]")
                .expectSpan(AGENT)
                .isRoot()
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("spanflux.cancelled", true)
                .expectNoMoreSpans()
                .verify();
    }

    @Test
    void subjectTracingAttempts_refusedOnce_isASpanForEachAttempt() {
        server.refuseNext(1);

        assertThat(agent.subjectTracingAttempts(TICKET).block()).isEqualTo("Question about order 4711");

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .isChildOf(AGENT)
                .hasStatus(SpanStatus.ERROR)
                .hasAttribute("error.type", WebClientResponseException.TooManyRequests.class.getName())
                .hasNoAttribute("gen_ai.usage.input_tokens")
                .expectSpan(CHAT)
                .isChildOf(AGENT)
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("gen_ai.usage.input_tokens")
                .expectSpan(AGENT)
                .isRoot()
                .hasStatus(SpanStatus.UNSET)
                .expectNoMoreSpans()
                .verify();
    }

    @Test
    void subjectTracingCall_refusedOnce_isOneSpanWithoutError() {
        server.refuseNext(1);

        assertThat(agent.subjectTracingCall(TICKET).block()).isEqualTo("Question about order 4711");

        SpanVerifier.create(spans.spans())
                .expectSpan(CHAT)
                .isChildOf(AGENT)
                .hasStatus(SpanStatus.UNSET)
                .hasNoAttribute("error.type")
                .hasAttribute("gen_ai.usage.input_tokens")
                .expectSpan(AGENT)
                .isRoot()
                .expectNoMoreSpans()
                .verify();
    }

    @Test
    void subject_refusedForGood_givesUpAndShowsEveryAttempt() {
        server.refuseNext(1_000);

        assertThatThrownBy(() -> agent.subjectTracingAttempts(TICKET).block())
                .isInstanceOf(WebClientResponseException.TooManyRequests.class);
        assertThat(named(CHAT)).hasSize(4).allMatch(span -> span.status() == SpanStatus.ERROR);
        assertThat(named(AGENT)).singleElement().matches(span -> span.status() == SpanStatus.ERROR);
        spans.reset();

        assertThatThrownBy(() -> agent.subjectTracingCall(TICKET).block())
                .isInstanceOf(WebClientResponseException.TooManyRequests.class);
        assertThat(named(CHAT)).singleElement().matches(span -> span.status() == SpanStatus.ERROR);
    }

    @Test
    void tool_calledWrongly_tellsTheModelInsteadOfFailing() {
        OrderStatusTool tool = new OrderStatusTool();

        assertThat(tool.call(new Function("get_order_status", "{\"order\":")).block())
                .isEqualTo("{\"error\":\"order_id is missing\"}");
        assertThat(tool.call(new Function("get_order_status", "{}")).block())
                .isEqualTo("{\"error\":\"order_id is missing\"}");
        assertThat(tool.call(new Function("delete_order", "{}")).block()).isEqualTo("{\"error\":\"no such tool\"}");
    }
}
