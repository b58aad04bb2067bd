// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.encode.AttributeDialect;
import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.export.OtlpExporter;
import io.spanflux.genai.ContentRedactor;
import io.spanflux.genai.Custom;
import io.spanflux.genai.Generation;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.MemoryOperation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Message.Part;
import io.spanflux.genai.ToolDefinition;
import io.spanflux.genai.Usage;
import io.spanflux.pricing.ModelPrice;
import io.spanflux.pricing.PriceBook;
import io.spanflux.redaction.SecretRedactor;
import io.spanflux.sampling.Rule;
import io.spanflux.sampling.RuleSampler;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** Holds the guide's snippets against this source, and the JSON below each against what it sends. */
class GenAiGuideTest {
    private static final Path GUIDE = Path.of("../docs/GENAI.md");
    private static final Path SOURCE = Path.of("src/test/java/io/spanflux/reactor/GenAiGuideTest.java");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final PriceBook OUR_PRICES = PriceBook.builder()
            .price("openai", "gpt-4o-mini", ModelPrice.of("0.15", "0.60"))
            .build();

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .captureContent(true)
            .priceBook(OUR_PRICES)
            .tracer(tracer -> tracer.handler(spans))
            .build();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);

    // ---- what the snippets talk to -------------------------------------------------------------------------------

    private record Completion(String id, String text, String finishReason, Usage usage) {}

    private record Vectors(String model, long tokens) {}

    private record Chunk(String text, String finishReason, Usage usage) {}

    private final Mono<Completion> completion =
            Mono.just(new Completion("chatcmpl-7", "It rains.", "stop", Usage.of(21, 4)));
    private final Flux<Chunk> stream = Flux.just(
            new Chunk("It ", null, null), new Chunk("rains.", "stop", null), new Chunk(null, null, Usage.of(21, 4)));
    private final Mono<Vectors> vectors = Mono.just(new Vectors("text-embedding-3-small", 9));
    private final List<Message> messages = List.of(Message.user("Weather in Paris?"));
    private final List<Map<String, Object>> found = List.of(new TreeMap<>(Map.of("id", "doc-3", "score", 0.92)));
    private final String resourceUri = "file:///notes.md";

    // ---- the snippets, as they stand in the guide ----------------------------------------------------------------

    private Publishers snippet(String name) {
        return switch (name) {
            case "chat" ->
                () ->
                        // [chat]
                        completion.transform(trace.chat(
                                call -> call.provider("openai")
                                        .model("gpt-4o-mini")
                                        .temperature(0.2)
                                        .input(() -> messages),
                                (call, answer) -> call.responseId(answer.id())
                                        .finishReason(answer.finishReason())
                                        .usage(answer.usage())
                                        .output(() -> List.of(Message.assistant(answer.text())))))
            // [end]
            ;
            case "a stream" ->
                () ->
                        // [a stream]
                        stream.transform(trace.chunkTiming(false)
                                .chat(
                                        "openai",
                                        "gpt-4o-mini",
                                        (call, chunk) -> call.append(chunk.text())
                                                .finishReason(chunk.finishReason())
                                                .usage(chunk.usage())))
            // [end]
            ;
            case "tools and instructions" ->
                () ->
                        // [tools and instructions]
                        completion.transform(trace.chat(
                                call -> call.provider("anthropic")
                                        .model("claude-sonnet-4-5")
                                        .systemInstructions(() -> List.of(new Part.Text("Be brief.")))
                                        .toolDefinitions(() -> List.of(ToolDefinition.function("get_weather"))),
                                (call, answer) -> call.output(() -> List.of(Message.of(
                                        "assistant",
                                        new Part.ToolCall("call_1", "get_weather", "{\"city\":\"Paris\"}"))))))
            // [end]
            ;
            case "text completion" ->
                () ->
                        // [text completion]
                        completion.transform(trace.trace(
                                () -> Generation.textCompletion("openai", "gpt-3.5-turbo-instruct")
                                        .maxTokens(16L),
                                (call, answer) -> call.finishReason(answer.finishReason())))
            // [end]
            ;
            case "generate content" ->
                () ->
                        // [generate content]
                        completion.transform(trace.trace(
                                () -> Generation.generateContent("gcp.gemini", "gemini-2.5-flash")
                                        .topK(40L),
                                (call, answer) -> call.usage(answer.usage())))
            // [end]
            ;
            case "embeddings" ->
                () ->
                        // [embeddings]
                        vectors.transform(trace.embeddings(
                                "openai",
                                "text-embedding-3-small",
                                (embeddings, answer) ->
                                        embeddings.responseModel(answer.model()).inputTokens(answer.tokens())))
            // [end]
            ;
            case "retrieval" ->
                () ->
                        // [retrieval]
                        Mono.just(found)
                                .transform(trace.retrieval(
                                        "product-docs",
                                        (retrieval, documents) -> retrieval
                                                .topK(3L)
                                                .query(() -> "rain boots")
                                                .documents(() -> documents)))
            // [end]
            ;
            case "fetch response" ->
                () ->
                        // [fetch response]
                        completion.transform(trace.fetchResponse(
                                "openai",
                                "resp_7",
                                (fetched, answer) ->
                                        fetched.status("completed").finishReasons(List.of(answer.finishReason()))))
            // [end]
            ;
            case "memory" ->
                () ->
                        // [memory]
                        Mono.just(found)
                                .transform(trace.memory(
                                        () -> MemoryOperation.search()
                                                .store("preferences")
                                                .query(() -> "colour"),
                                        (memory, records) -> memory.recordCount((long) records.size())))
            // [end]
            ;
            case "create agent" ->
                () ->
                        // [create agent]
                        Mono.just("agent_7")
                                .transform(trace.createAgent("openai", "support", (agent, id) -> agent.id(id)))
            // [end]
            ;
            case "invoke agent" ->
                () ->
                        // [invoke agent]
                        completion.transform(trace.agent("support", (agent, answer) -> agent.usage(answer.usage())))
            // [end]
            ;
            case "invoke a remote agent" ->
                () ->
                        // [invoke a remote agent]
                        completion.transform(trace.remoteAgent(
                                "aws.bedrock",
                                "support",
                                (agent, answer) -> agent.id("AGENT7").usage(answer.usage())))
            // [end]
            ;
            case "execute tool" ->
                () ->
                        // [execute tool]
                        Mono.just("rainy, 57F")
                                .transform(trace.tool(
                                        "get_weather",
                                        tool -> tool.callId("call_1").arguments(() -> Map.of("city", "Paris")),
                                        (tool, result) -> tool.result(() -> result)))
            // [end]
            ;
            case "workflow" ->
                () ->
                        // [workflow]
                        completion.transform(trace.workflow("triage"))
            // [end]
            ;
            case "plan" ->
                () ->
                        // [plan]
                        completion.transform(trace.plan("support"))
            // [end]
            ;
            case "MCP client" ->
                () ->
                        // [MCP client]
                        Mono.just("rainy")
                                .transform(trace.mcp(() -> McpCall.client("tools/call")
                                        .tool("get_weather")
                                        .session("s-1")
                                        .transport("pipe")))
            // [end]
            ;
            case "MCP server" ->
                () ->
                        // [MCP server]
                        Mono.just("# Notes")
                                .transform(trace.mcp(() -> McpCall.server("resources/read")
                                        .resource(resourceUri)
                                        .requestId("7")))
            // [end]
            ;
            case "guardrail" ->
                () ->
                        // [guardrail]
                        Mono.just(true)
                                .transform(trace.guardrail(
                                        "pii",
                                        (guardrail, triggered) -> guardrail
                                                .triggered(triggered)
                                                .action("mask")
                                                .reason(() -> "an address")))
            // [end]
            ;
            case "handoff" ->
                () ->
                        // [handoff]
                        completion.transform(trace.handoff("support", "billing"))
            // [end]
            ;
            case "speech" ->
                () ->
                        // [speech]
                        Mono.just("audio")
                                .transform(trace.speech(
                                        "reply",
                                        (speech, audio) -> speech.provider("openai")
                                                .model("gpt-4o-mini-tts")
                                                .voice("alloy")
                                                .format("pcm")))
            // [end]
            ;
            case "speech group" ->
                () ->
                        // [speech group]
                        Mono.just("audio").transform(trace.speechGroup("reply"))
            // [end]
            ;
            case "transcription" ->
                () ->
                        // [transcription]
                        Mono.just("Hello")
                                .transform(trace.transcription(
                                        "question",
                                        (transcription, text) -> transcription
                                                .model("whisper-1")
                                                .language("en")
                                                .output(() -> text)))
            // [end]
            ;
            case "custom" ->
                () ->
                        // [custom]
                        Mono.just(3L).transform(trace.custom("cache", (custom, hits) -> custom.attribute("hits", hits)))
            // [end]
            ;
            case "what is already over" ->
                () -> {
                    // [what is already over]
                    Instant end = Instant.parse("2026-11-21T12:00:01Z");
                    Custom data = Custom.named("import").attribute("rows", 250);
                    Span span = spanflux.tracer().record(Context.empty(), data, end.minus(Duration.ofSeconds(1)), end);
                    // [end]
                    return Mono.just(span);
                };
            default -> throw new AssertionError("the guide shows what is not here: " + name);
        };
    }

    private interface Publishers {
        org.reactivestreams.Publisher<?> make();
    }

    // ---- the comparison ------------------------------------------------------------------------------------------

    private static final Pattern SECTION = Pattern.compile(
            "^### (.+?)\n.*?```java\n(.*?)```\n.*?```json\n(.*?)```", Pattern.MULTILINE | Pattern.DOTALL);

    private static Map<String, String> sources() throws IOException {
        Map<String, String> snippets = new LinkedHashMap<>();
        Matcher matcher = Pattern.compile("\\R *// \\[((?!end)[^\\]]+)]\\R(.*?)\\R *// \\[end]", Pattern.DOTALL)
                .matcher(Files.readString(SOURCE));
        while (matcher.find()) {
            snippets.put(matcher.group(1), matcher.group(2).stripIndent().strip());
        }
        return snippets;
    }

    static Stream<String> sections() throws IOException {
        return SECTION.matcher(Files.readString(GUIDE)).results().map(section -> section.group(1));
    }

    @ParameterizedTest
    @MethodSource("sections")
    void snippet_isThisSource_andSendsWhatTheGuideShows(String name) throws IOException {
        String[] shown = SECTION.matcher(Files.readString(GUIDE))
                .results()
                .filter(section -> section.group(1).equals(name))
                .map(section ->
                        new String[] {section.group(2).strip(), section.group(3).strip()})
                .findFirst()
                .orElseThrow();

        Flux.from(snippet(name).make()).blockLast();

        assertThat(packed(shown[0])).isEqualTo(packed(sources().get(name)));
        assertThat(sent(spans.spans().get(0))).isEqualTo(shown[1]);
    }

    @ParameterizedTest
    @MethodSource("names")
    void source_isInTheGuide(String name) throws IOException {
        assertThat(sections()).contains(name);
    }

    static Stream<String> names() throws IOException {
        return sources().keySet().stream();
    }

    /** The formatter has its own idea of lines. */
    private static String packed(String code) {
        return code.replaceAll("[\\s;]+", "");
    }

    @Test
    void configuration_isThisSource_andBuilds() throws IOException {
        configured().awaitClose(Duration.ofSeconds(5));
        evaluated();

        List<String> blocks = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(GUIDE))
                .results()
                .map(block -> packed(block.group(1)))
                .toList();
        assertThat(blocks).hasSizeGreaterThan(20);
        assertThat(packed(Files.readString(SOURCE))).contains(blocks);
    }

    private Spanflux configured() {
        Spanflux.Builder builder = Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")));
        String tenant = "acme";
        // Content: see the guide.
        builder.content(content -> content.capture(ContentCapture.SPANS)
                .redactor(ContentRedactor.of(SecretRedactor.standard(), "password", "**.token")));
        // Inherited.
        Scope scope = Scope.named("handle-ticket")
                .conversation("conv-7")
                .user("u-7")
                .session("s-1")
                .tenant(tenant)
                .tags("beta")
                .prompt("greeting", "3")
                .captureContent(ContentCapture.NONE);
        builder.baggage("gen_ai.conversation.id");
        assertThat(scope.name()).isEqualTo("handle-ticket");
        // Prices.
        PriceBook ours = PriceBook.builder()
                .price("openai", "our-finetune", ModelPrice.of("0.30", "1.20"))
                .build();
        builder.priceBook(ours.orElse(PriceBook.builtIn()));
        // Sampling.
        builder.tracer(tracer -> tracer.sampler(RuleSampler.builder()
                .when(Rule.operation("embeddings"), Sampler.traceIdRatio(0.01))
                .otherwise(Sampler.parentBased(Sampler.alwaysOn()))));
        builder.tailSampling(tail -> tail.keepErrors()
                .keepSlowerThan(Duration.ofSeconds(10))
                .keepCostAbove(0.05)
                .keepRatio(0.1));
        // Metrics.
        builder.metrics(metrics -> metrics.exportInterval(Duration.ofSeconds(30)));
        // Events.
        builder.events(events -> events.details(true));
        // Dialects.
        builder.exporter(OtlpExporter.create());
        builder.exporter(OtlpExporter.builder()
                .endpoint("https://cloud.langfuse.com/api/public/otel/v1/traces")
                .header("Authorization", "Basic " + "...")
                .dialect(AttributeDialect.langfuse())
                .build());
        return builder.build();
    }

    private static void evaluated() {
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
                .build();
        Span span = spanflux.tracer().span("ended").start();
        span.end();
        String responseId = "chatcmpl-1";
        String why = "It names the city.";
        String comment = "Too long.";
        spanflux.events()
                .evaluation(span.context(), "relevance")
                .score(0.9)
                .label("pass")
                .explanation(why)
                .record();
        spanflux.events()
                .evaluation(responseId, "user_feedback")
                .label("thumbs_down")
                .explanation(comment)
                .record();
        assertThat(spanflux.events().discarded()).isEqualTo(2);
        spanflux.awaitClose(Duration.ofSeconds(5));
    }

    /** Name, kind and attributes of {@code span} as they are sent, an attribute a line; what was measured is rounded off. */
    private static String sent(Span span) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        SpanEncoder.Encoding encoding = new OtlpJsonEncoder().begin(body);
        try {
            encoding.write(span);
            encoding.end();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        JsonNode sent =
                JSON.readTree(body.toString(StandardCharsets.UTF_8)).at("/resourceSpans/0/scopeSpans/0/spans/0");
        StringBuilder text = new StringBuilder(
                "{\"name\":" + sent.get("name") + ",\"kind\":" + sent.get("kind") + ",\"attributes\":[");
        String separator = "\n  ";
        for (JsonNode attribute : sent.get("attributes")) {
            text.append(separator)
                    .append(attribute.toString().replaceAll("(time_to_first_chunk.*doubleValue\":)[^}]*", "$10.123"));
            separator = ",\n  ";
        }
        return text.append("]}").toString();
    }
}
