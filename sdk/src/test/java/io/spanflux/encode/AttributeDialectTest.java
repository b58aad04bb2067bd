// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.genai.Agent;
import io.spanflux.genai.ContentPolicy;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Guardrail;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.Message;
import io.spanflux.genai.Message.Part;
import io.spanflux.genai.Retrieval;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Usage;
import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.Clock;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.IdGenerator;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import static org.assertj.core.api.Assertions.assertThat;

/** Each dialect against its golden files: what a receiver of that dialect gets, whole. */
class AttributeDialectTest {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private static final Map<String, AttributeDialect> DIALECTS = Map.of(
            "gen-ai", AttributeDialect.genAi(),
            "gen-ai-cache-creation", AttributeDialect.genAiWithCacheCreation(),
            "legacy", AttributeDialect.legacyGenAi(),
            "openinference", AttributeDialect.openInference(),
            "langfuse", AttributeDialect.langfuse());

    /** What is a word of one dialect and of no other. */
    private static final Map<String, String> OWN_WORDS = Map.of(
            "gen-ai",
                    "gen_ai\\.(provider\\.name|usage\\.(in|out)put_tokens|usage\\.cache_write\\.input_tokens|(in|out)put\\.messages|tool\\.definitions|system_instructions)",
            "legacy",
                    "gen_ai\\.(system|prompt\\.\\d.*|completion\\.\\d.*|usage\\.(prompt|completion)_tokens|usage\\.cache_(read|creation)_input_tokens)|llm\\.request\\.functions.*",
            "openinference",
                    "openinference\\..*|llm\\.(?!request\\.functions).*|input\\..*|output\\..*|tool\\..*|embedding\\..*",
            "langfuse", "langfuse\\..*");

    private final Clock clock = new FixedClock();
    private long nextId = 1;
    private final Tracer tracer = Tracer.builder()
            .clock(clock)
            .idGenerator(new CountingIds())
            .handler(ContentPolicy.builder().capture(ContentCapture.SPANS).build())
            .build();
    private final Scope scope = Scope.none()
            .conversation("conv-1")
            .user("u-7")
            .tags("beta", "vip")
            .prompt("greeting", "3")
            .attribute("tenant", "acme");

    private final class CountingIds implements IdGenerator {
        @Override
        public long traceIdHigh() {
            return 1;
        }

        @Override
        public long traceIdLow() {
            return nextId++;
        }

        @Override
        public long spanId() {
            return nextId++;
        }
    }

    private static final class FixedClock implements Clock {
        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public long epochNanos(long nanoTime) {
            return 1_800_000_000_000_000_000L + nanoTime;
        }
    }

    private Span ended(SpanData data) {
        Span span = tracer.span(data).scope(scope).start();
        span.end(Instant.ofEpochSecond(1_800_000_001));
        return span;
    }

    private Span chatWithTools() {
        Generation generation =
                Generation.chat("openai", "gpt-4o")
                        .temperature(0.2)
                        .maxTokens(100L)
                        .server("api.openai.com", 443)
                        .stream(true)
                        .responseId("resp-1")
                        .responseModel("gpt-4o-2024-08-06")
                        .finishReason("tool_calls")
                        .timeToFirstChunk(0.25)
                        .usage(Usage.of(120, 30).withCache(100L, 8L).withReasoning(10L))
                        .cost(new BigDecimal("0.0125"), "USD")
                        .input(() -> List.of(
                                Message.system("Be brief."),
                                Message.user("Weather in Paris?"),
                                new Message(
                                        "assistant",
                                        List.of(new Part.ToolCall("call_1", "get_weather", Map.of("city", "Paris"))),
                                        null),
                                Message.toolResponse("call_1", "rainy, 57F")))
                        .output(() -> List.of(new Message(
                                "assistant",
                                List.of(
                                        new Part.Text("Rain."),
                                        new Part.ToolCall("call_2", "get_umbrella", "{\"size\":2}")),
                                "tool_calls")));
        return ended(generation);
    }

    private Span embeddings() {
        return ended(Embeddings.of("openai", "text-embedding-3-small")
                .dimensions(256L)
                .encodingFormats(List.of("float"))
                .responseModel("text-embedding-3-small")
                .inputTokens(12L));
    }

    private Span agent() {
        return ended(Agent.named("support").description("Answers questions").usage(Usage.of(240, 60)));
    }

    private Span error() {
        Generation generation = Generation.chat("azure.ai.openai", "gpt-4o")
                .input(() -> List.of(Message.user("Hi")))
                .finishReason("error");
        Span span = tracer.span(generation).scope(scope).start();
        span.error(new IllegalStateException("quota exceeded"));
        span.end(Instant.ofEpochSecond(1_800_000_001));
        return span;
    }

    private Span span(String name) {
        return switch (name) {
            case "chat-with-tools" -> chatWithTools();
            case "embeddings" -> embeddings();
            case "agent" -> agent();
            default -> error();
        };
    }

    static Stream<Arguments> goldenFiles() {
        List<Arguments> files = new ArrayList<>();
        for (String dialect : DIALECTS.keySet().stream().sorted().toList()) {
            for (String span : List.of("chat-with-tools", "embeddings", "agent", "error")) {
                files.add(Arguments.of(dialect, span));
            }
        }
        return files.stream();
    }

    private static JsonNode encoded(AttributeDialect dialect, Span span) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        SpanEncoder.Encoding encoding = new OtlpJsonEncoder(dialect).begin(body);
        encoding.write(span);
        encoding.end();
        JsonNode written =
                JSON.readTree(body.toString(StandardCharsets.UTF_8)).at("/resourceSpans/0/scopeSpans/0/spans/0");
        // The stack of an exception is not the dialect's.
        return ((ObjectNode) written).remove(List.of("events"));
    }

    @ParameterizedTest
    @MethodSource("goldenFiles")
    void span_inADialect_isItsGoldenFile(String dialect, String name) throws IOException {
        String actual = JSON.writeValueAsString(encoded(DIALECTS.get(dialect), span(name)));
        try (InputStream golden =
                AttributeDialectTest.class.getResourceAsStream("dialects/" + dialect + "-" + name + ".json")) {
            assertThat(actual + "\n")
                    .isEqualTo(new String(Objects.requireNonNull(golden).readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @ParameterizedTest
    @MethodSource("goldenFiles")
    void span_inADialect_hasNoWordOfAnother(String dialect, String name) {
        AttributeRecorder recorder = new AttributeRecorder();
        DIALECTS.get(dialect).forEachAttribute(span(name), recorder);

        OWN_WORDS.forEach((other, words) -> {
            if (!dialect.startsWith(other)) {
                assertThat(recorder.recorded().keySet()).as(other).noneMatch(key -> key.matches(words));
            } else {
                assertThat(recorder.recorded().keySet()).as(other).anyMatch(key -> key.matches(words));
            }
        });
        assertThat(recorder.recorded()).containsEntry("tenant", "acme");
    }

    @Test
    void openInference_knowsKindsThatHaveNoOperation() {
        assertThat(attributes(AttributeDialect.openInference(), Guardrail.named("pii")))
                .containsEntry("openinference.span.kind", "GUARDRAIL");
        assertThat(attributes(AttributeDialect.openInference(), McpCall.client("tools/list")))
                .containsEntry("openinference.span.kind", "TOOL");
        assertThat(attributes(AttributeDialect.langfuse(), Guardrail.named("pii")))
                .containsEntry("langfuse.observation.type", "guardrail");
    }

    @Test
    void openInference_numbersDocuments_andToolValues() {
        Retrieval retrieval = Retrieval.from("docs")
                .query(() -> "rain")
                .documents(() -> List.of(Map.of("id", "d1", "score", 0.5, "content", "wet"), Map.of("id", 2)));

        assertThat(attributes(AttributeDialect.openInference(), retrieval))
                .containsEntry("input.value", "rain")
                .containsEntry("input.mime_type", "text/plain")
                .containsEntry("retrieval.documents.0.document.id", "d1")
                .containsEntry("retrieval.documents.0.document.score", 0.5)
                .containsEntry("retrieval.documents.0.document.content", "wet")
                .containsEntry("retrieval.documents.1.document.id", "2");
        assertThat(attributes(
                        AttributeDialect.openInference(),
                        Tool.named("t").arguments(() -> Map.of("a", 1)).result(() -> "done")))
                .containsEntry("tool.name", "t")
                .containsEntry("input.value", "{\"a\":1}")
                .containsEntry("input.mime_type", "application/json")
                .containsEntry("output.value", "done");
    }

    @Test
    void messages_thatAreBrokenJson_stayAsTheyAre_andBreakNothing() {
        for (AttributeDialect dialect : DIALECTS.values()) {
            Span span = tracer.span("s").start();
            span.attribute("gen_ai.input.messages", "[{\"role\":");
            span.attribute(
                    "gen_ai.output.messages", "[1,null,{\"parts\":7},{\"role\":null,\"parts\":[null,{\"type\":9}]}]");
            span.attribute("gen_ai.usage.input_tokens", "many");
            span.end();

            AttributeRecorder recorder = new AttributeRecorder();
            assertThat(dialect.forEachAttribute(span, recorder)).isZero();
            assertThat(recorder.recorded().toString()).contains("many");
        }
    }

    @Test
    void messages_beyondTheBound_areCounted() {
        Generation generation = Generation.chat("openai", "m").input(() -> {
            List<Message> messages = new ArrayList<>();
            for (int i = 0; i < 600; i++) {
                messages.add(Message.user("m" + i));
            }
            return messages;
        });
        AttributeRecorder recorder = new AttributeRecorder();

        int dropped = AttributeDialect.legacyGenAi().forEachAttribute(ended(generation), recorder);

        assertThat(recorder.recorded()).hasSize(1024);
        assertThat(dropped).isBetween(170, 200);
    }

    private Map<String, Object> attributes(AttributeDialect dialect, SpanData data) {
        AttributeRecorder recorder = new AttributeRecorder();
        dialect.forEachAttribute(ended(data), recorder);
        return recorder.recorded();
    }
}
