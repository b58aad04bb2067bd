// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.genai.Agent;
import io.spanflux.genai.ContentPolicy;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Guardrail;
import io.spanflux.genai.Handoff;
import io.spanflux.genai.Message;
import io.spanflux.genai.Tool;
import io.spanflux.genai.ToolDefinition;
import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanLimits;
import io.spanflux.trace.Tracer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class LlmTracekitDialectTest {
    private final Tracer tracer = Tracer.builder()
            .handler(ContentPolicy.builder().capture(ContentCapture.SPANS).build())
            .build();

    private Span ended(SpanData data) {
        Span span = tracer.span(data)
                .scope(Scope.none().user("u-7").conversation("conv-1").attribute("tenant", "acme"))
                .start();
        span.end();
        return span;
    }

    private static Map<String, Object> attributes(AttributeDialect dialect, Span span) {
        AttributeRecorder recorder = new AttributeRecorder();
        dialect.forEachAttribute(span, recorder);
        return recorder.recorded();
    }

    private static Generation withTools(String provider) {
        return Generation.chat(provider, "m")
                .toolDefinitions(() -> List.of(ToolDefinition.function("f", "d", Map.of("type", "object"))));
    }

    @Test
    void olderNames_leaveBesideTheNew_onRequestOnly() {
        Span openai = ended(withTools("openai"));
        Span bedrock = ended(withTools("aws.bedrock"));

        assertThat(attributes(AttributeDialect.llmTracekit(), openai))
                .containsEntry("gen_ai.request.user", "u-7")
                .containsEntry("gen_ai.request.tools.0.function.parameters", "{\"type\": \"object\"}")
                .doesNotContainKeys("user.id", "gen_ai.openai.request.user", "gen_ai.openai.request.tools.0.type");
        assertThat(attributes(AttributeDialect.llmTracekitWithOlderNames(), openai))
                .containsEntry("gen_ai.request.user", "u-7")
                .containsEntry("gen_ai.openai.request.user", "u-7")
                .containsEntry("gen_ai.request.tools.0.type", "function")
                .containsEntry("gen_ai.openai.request.tools.0.type", "function")
                .containsEntry("gen_ai.openai.request.tools.0.function.parameters", "{\"type\": \"object\"}");
        assertThat(attributes(AttributeDialect.llmTracekitWithOlderNames(), bedrock))
                .containsEntry("gen_ai.bedrock.request.tools.0.function.name", "f")
                .containsEntry("gen_ai.request.user", "u-7")
                .doesNotContainKeys(
                        "gen_ai.bedrock.request.tools.0.type",
                        "gen_ai.openai.request.user",
                        "gen_ai.openai.request.tools.0.type");
    }

    @Test
    void requestOfOpenAi_hasItsOwnNames_andNoOtherProviderHas() {
        Map<String, Object> openai = attributes(
                AttributeDialect.llmTracekit(),
                ended(Generation.chat("openai", "m").seed(1L).outputType("text").conversation("conv_o")));
        Map<String, Object> other = attributes(
                AttributeDialect.llmTracekit(),
                ended(Generation.chat("anthropic", "m")
                        .seed(1L)
                        .outputType("text")
                        .conversation("conv_o")));

        assertThat(openai)
                .containsEntry("gen_ai.openai.request.seed", 1L)
                .containsEntry("gen_ai.openai.request.response_format", "text")
                .containsEntry("gen_ai.openai.request.conversation_id", "conv_o")
                .containsEntry("tenant", "acme")
                .doesNotContainKeys("gen_ai.request.seed", "gen_ai.output.type");
        assertThat(other)
                .containsEntry("gen_ai.system", "anthropic")
                .containsEntry("gen_ai.request.seed", 1L)
                .containsEntry("gen_ai.output.type", "text")
                .containsEntry("gen_ai.conversation.id", "conv_o");
    }

    @Test
    void conversationOfTheScope_isNotOpenAis() {
        assertThat(attributes(AttributeDialect.llmTracekit(), ended(Generation.chat("openai", "m"))))
                .containsEntry("gen_ai.conversation.id", "conv-1")
                .doesNotContainKey("gen_ai.openai.request.conversation_id");
    }

    @Test
    void responseFormat_thatTheApplicationSays_wins() {
        Span span =
                tracer.span(Generation.chat("openai", "m").outputType("json")).start();
        span.attribute("gen_ai.openai.request.response_format", "json_schema").end();

        assertThat(attributes(AttributeDialect.llmTracekit(), span))
                .containsEntry("gen_ai.openai.request.response_format", "json_schema")
                .doesNotContainKey("gen_ai.output.type");
    }

    @Test
    void port443_isNotSaid() {
        assertThat(attributes(
                        AttributeDialect.llmTracekit(),
                        ended(Generation.chat("openai", "m").server("api.openai.com", 443))))
                .containsEntry("server.address", "api.openai.com")
                .doesNotContainKey("server.port");
    }

    @Test
    void withoutContent_reasonsAreStillNumbered() {
        Tracer silent = Tracer.builder().build();
        Span span = silent.span(Generation.chat("openai", "m")
                        .finishReasons(List.of("stop", "length"))
                        .input(() -> List.of(Message.user("SECRET")))
                        .output(() -> List.of(Message.assistant("SECRET"))))
                .start();
        span.end();

        assertThat(attributes(AttributeDialect.llmTracekit(), span))
                .containsEntry("gen_ai.completion.0.finish_reason", "stop")
                .containsEntry("gen_ai.completion.1.finish_reason", "length")
                .doesNotContainKeys("gen_ai.prompt.0.role", "gen_ai.completion.0.role")
                .doesNotContainValue("SECRET");
    }

    @Test
    void promptsBeyondTheBound_loseTheOldestAndNothingElse() {
        Generation generation = Generation.chat("openai", "m")
                .usage(7, 8)
                .finishReason("stop")
                .output(() -> List.of(Message.assistant("answer")))
                .input(() -> {
                    List<Message> messages = new ArrayList<>();
                    for (int i = 0; i < 600; i++) {
                        messages.add(Message.user("m" + i));
                    }
                    return messages;
                });
        Span span = ended(generation);
        AttributeRecorder recorder = new AttributeRecorder();

        int dropped = AttributeDialect.llmTracekit().forEachAttribute(span, recorder);

        Map<String, Object> said = recorder.recorded();
        assertThat(said)
                .containsEntry("gen_ai.operation.name", "chat")
                .containsEntry("gen_ai.system", "openai")
                .containsEntry("gen_ai.request.model", "m")
                .containsEntry("gen_ai.usage.output_tokens", 8L)
                .containsEntry("gen_ai.completion.0.content", "answer")
                .containsEntry("gen_ai.prompt.599.content", "m599")
                .containsEntry("tenant", "acme")
                .doesNotContainKey("gen_ai.prompt.0.role");
        assertThat(said).hasSizeBetween(1_000, 1_024);
        long prompts = said.keySet().stream()
                .filter(key -> key.startsWith("gen_ai.prompt."))
                .count();
        assertThat(dropped).isEqualTo((int) (1_200 - prompts));
    }

    @Test
    void brokenJson_staysAsItIs_andBreaksNothing() {
        Span span = tracer.span("s").start();
        span.attribute("gen_ai.input.messages", "[{\"role\":");
        span.attribute("gen_ai.output.messages", "[1,null,{\"parts\":7},{\"parts\":[null,{\"type\":9}]}]");
        span.attribute("spanflux.embeddings.vectors", "[[1,\"x\",null],7]");
        span.attribute("gen_ai.tool.definitions", "[3]").end();

        assertThat(attributes(AttributeDialect.llmTracekit(), span))
                .containsEntry("gen_ai.input.messages", "[{\"role\":")
                .containsEntry("gen_ai.embeddings.0.vector", List.of(1.0, 0.0, 0.0));
    }

    @Test
    void vectorsBeyondTheLimit_stayTheBeginningOfAText_andAreMarked() {
        Tracer limited = Tracer.builder()
                .limits(SpanLimits.builder().contentLength(64).build())
                .handler(ContentPolicy.builder().capture(ContentCapture.SPANS).build())
                .build();
        Span span = limited.span(Embeddings.of("openai", "m").vectors(() -> List.of(new double[100])))
                .start();
        span.end();

        assertThat(attributes(AttributeDialect.llmTracekit(), span))
                .containsKey("spanflux.embeddings.vectors")
                .containsEntry("spanflux.truncated_values", 1L)
                .doesNotContainKey("gen_ai.embeddings.0.vector");
    }

    @Test
    void names_areTheirs_unlessTheApplicationGaveOne() {
        AttributeDialect dialect = AttributeDialect.llmTracekit();
        Span renamed = tracer.span(Tool.named("f")).name("mine").start();
        renamed.end();

        assertThat(dialect.spanName(ended(Agent.named("Triage")))).isEqualTo("Agent - Triage");
        assertThat(dialect.spanName(ended(Tool.named("f")))).isEqualTo("Tool - f");
        assertThat(dialect.spanName(ended(Guardrail.named("pii")))).isEqualTo("Guardrail - pii");
        assertThat(dialect.spanName(ended(Guardrail.named(null)))).isEqualTo("Guardrail");
        assertThat(dialect.spanName(ended(Handoff.named("x")))).isEqualTo("Handoff");
        assertThat(dialect.spanName(ended(Generation.chat("openai", "m")))).isEqualTo("chat m");
        assertThat(dialect.spanName(renamed)).isEqualTo("mine");
        assertThat(AttributeDialect.genAi().spanName(ended(Tool.named("f")))).isEqualTo("execute_tool f");
    }

    @Test
    void pythonJson_isWhatPythonWrites() {
        String json =
                "{\"a\":[1,2.5,1e22,true,null,[],{}],\"\u00e9\\u007f\":\"\\ud83d\\ude00 \\\"q\\\" \\\\ \\n\\u0001\"}";

        assertThat(PythonJson.json(Rewriting.parse(json)))
                .isEqualTo("{\"a\": [1, 2.5, 1e+22, true, null, [], {}], \"\\u00e9\u007f\":"
                        + " \"\\ud83d\\ude00 \\\"q\\\" \\\\ \\n\\u0001\"}");
    }
}
