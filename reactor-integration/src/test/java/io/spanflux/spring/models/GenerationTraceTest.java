// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.genai.BilledData;
import io.spanflux.genai.Usage;
import io.spanflux.pricing.ModelPrice;
import io.spanflux.pricing.PriceBook;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.spring.TracePropagation;
import io.spanflux.test.LogCapture;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanStatus;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.WebClientResponseException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/** Calls over sockets: WebClient and a server, both on reactor-netty. */
@Timeout(60)
class GenerationTraceTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String CHAT = "/v1/chat/completions";

    private static final String CHAT_REQUEST = """
            {"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},\
            {"role":"user","content":[{"type":"text","text":"Grüße?"},\
            {"type":"image_url","image_url":{"url":"https://a.example/x.png"}},\
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},\
            {"role":"tool","tool_call_id":"c0","content":"rainy"}],\
            "tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}],\
            "temperature":0.2,"top_p":0.9,"max_completion_tokens":100,"n":2,"seed":7,"stop":["END"],\
            "frequency_penalty":0.5,"presence_penalty":-0.5,"reasoning_effort":"low","service_tier":"flex",\
            "response_format":{"type":"json_schema","json_schema":{"name":"x"}},"stream":%s}""";

    private static final String CHAT_STREAM = events("""
            {"id":"chatcmpl-1","model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_1",\
            "choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}""", """
            {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Grüße 😀"},"finish_reason":null}]}""", """
            {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1",\
            "type":"function","function":{"name":"weather","arguments":"{\\"ci"}}]}}]}""", """
            {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,\
            "function":{"arguments":"ty\\":1}"}}]}}]}""", """
            {"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""", """
            {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,\
            "prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0},\
            "completion_tokens_details":{"reasoning_tokens":3}}}""", "[DONE]");

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Queue<String> received = new ConcurrentLinkedQueue<>();
    private final ConnectionProvider connections = ConnectionProvider.create("generation-trace-test", 100);
    private LoopResources loops;
    private DisposableServer server;
    private volatile BiFunction<HttpServerRequest, HttpServerResponse, Publisher<Void>> behaviour;
    private Spanflux spanflux = spanflux(builder -> {});

    @BeforeEach
    void start() {
        loops = LoopResources.create("generation-trace-test", 2, true);
        server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .runOn(loops)
                .handle((request, response) -> request.receive()
                        .aggregate()
                        .asString()
                        .defaultIfEmpty("")
                        .doOnNext(received::add)
                        .flatMap(body -> Mono.from(behaviour.apply(request, response))))
                .bindNow(SOON);
    }

    @AfterEach
    void stop() {
        server.disposeNow(SOON);
        connections.disposeLater().block(SOON);
        loops.disposeLater(Duration.ZERO, SOON).block(SOON);
        spanflux.awaitClose(SOON);
    }

    private Spanflux spanflux(Consumer<Spanflux.Builder> options) {
        Spanflux.Builder builder = Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
                .tracer(tracer -> tracer.handler(spans));
        options.accept(builder);
        return builder.build();
    }

    private void capture() {
        spanflux.awaitClose(SOON);
        spanflux = spanflux(builder -> builder.captureContent(true));
    }

    private WebClient.Builder plainClient() {
        return WebClient.builder()
                .baseUrl("http://127.0.0.1:" + server.port())
                .clientConnector(new ReactorClientHttpConnector(
                        HttpClient.create(connections).runOn(loops).compress(false)));
    }

    private WebClient client() {
        return plainClient().filter(GenerationTrace.of(spanflux)).build();
    }

    private static String events(String... data) {
        StringBuilder events = new StringBuilder();
        for (String each : data) {
            events.append("data: ").append(each).append("\n\n");
        }
        return events.toString();
    }

    private void answer(int status, String type, String... headers) {
        answer(status, type, Flux.just(headers[0].getBytes(StandardCharsets.UTF_8)));
    }

    private void answer(int status, String type, Flux<byte[]> body, String... headers) {
        behaviour = (request, response) -> {
            response.status(status).header("Content-Type", type);
            for (int i = 0; i < headers.length; i += 2) {
                response.header(headers[i], headers[i + 1]);
            }
            Flux<ByteBuf> buffers = body.map(Unpooled::wrappedBuffer);
            return response.send(buffers, buffer -> true);
        };
    }

    private static Flux<byte[]> oneByOne(byte[] bytes) {
        return Flux.range(0, bytes.length).map(i -> new byte[] {bytes[i]});
    }

    private static Flux<byte[]> oneByOne(String text) {
        return oneByOne(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Flux<byte[]> text(String text) {
        return Flux.just(text.getBytes(StandardCharsets.UTF_8));
    }

    private static WebClient.RequestHeadersSpec<?> post(WebClient client, String path, String body) {
        return client.post().uri(path).contentType(MediaType.APPLICATION_JSON).bodyValue(body);
    }

    private String call(WebClient client, String path, String body) {
        return post(client, path, body).retrieve().bodyToMono(String.class).block(SOON);
    }

    /** The bytes of the body, and the sizes of the buffers in which they came. */
    private static byte[] bytes(WebClient client, String path, String body) {
        return post(client, path, body)
                .header("Accept-Encoding", "gzip")
                .retrieve()
                .bodyToFlux(DataBuffer.class)
                .map(buffer -> {
                    byte[] bytes = new byte[buffer.readableByteCount()];
                    buffer.read(bytes);
                    DataBufferUtils.release(buffer);
                    return bytes;
                })
                .reduceWith(ByteArrayOutputStream::new, (all, bytes) -> {
                    all.writeBytes(bytes);
                    return all;
                })
                .map(ByteArrayOutputStream::toByteArray)
                .block(SOON);
    }

    private static void await(BooleanSupplier condition) {
        Flux.interval(Duration.ofMillis(5))
                .onBackpressureDrop()
                .takeUntil(tick -> condition.getAsBoolean())
                .blockLast(SOON);
    }

    private Span span() {
        await(() -> !spans.spans().isEmpty());
        assertThat(spans.spans()).hasSize(1);
        assertThat(spanflux.tracer().liveSpans()).isZero();
        return spans.spans().get(0);
    }

    private Map<String, Object> attributes() {
        return span().attributes().asMap();
    }

    // ---- OpenAI --------------------------------------------------------------------------------------------------

    @Test
    void chat_saysWhatRequestAndAnswerSay() {
        answer(200, "application/json", """
                {"id":"chatcmpl-9","object":"chat.completion","model":"gpt-4o-mini-2024-07-18","choices":[\
                {"index":1,"message":{"role":"assistant","content":"b"},"finish_reason":"length"},\
                {"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop",\
                "logprobs":{"content":[{"token":"a"}]}}],\
                "usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}""");
        call(client(), CHAT + "?key=s3cret", CHAT_REQUEST.formatted(false));
        Span span = span();
        assertThat(span.name()).isEqualTo("chat gpt-4o-mini");
        assertThat(span.kind()).isEqualTo(SpanKind.CLIENT);
        assertThat(span.status()).isEqualTo(SpanStatus.UNSET);
        Map<String, Object> attributes = attributes();
        assertThat(attributes)
                .containsEntry("gen_ai.operation.name", "chat")
                .containsEntry("gen_ai.provider.name", "openai")
                .containsEntry("gen_ai.request.model", "gpt-4o-mini")
                .containsEntry("gen_ai.request.temperature", 0.2)
                .containsEntry("gen_ai.request.top_p", 0.9)
                .containsEntry("gen_ai.request.max_tokens", 100L)
                .containsEntry("gen_ai.request.choice.count", 2L)
                .containsEntry("gen_ai.request.seed", 7L)
                .containsEntry("gen_ai.request.stop_sequences", List.of("END"))
                .containsEntry("gen_ai.request.frequency_penalty", 0.5)
                .containsEntry("gen_ai.request.presence_penalty", -0.5)
                .containsEntry("gen_ai.request.reasoning.level", "low")
                .containsEntry("gen_ai.output.type", "json")
                .containsEntry("openai.api.type", "chat_completions")
                .containsEntry("openai.request.service_tier", "flex")
                .containsEntry("server.address", "127.0.0.1")
                .containsEntry("server.port", (long) server.port())
                .containsEntry("gen_ai.response.id", "chatcmpl-9")
                .containsEntry("gen_ai.response.model", "gpt-4o-mini-2024-07-18")
                .containsEntry("gen_ai.response.finish_reasons", List.of("stop", "length"))
                .containsEntry("gen_ai.usage.input_tokens", 12L)
                .containsEntry("gen_ai.usage.output_tokens", 3L)
                .doesNotContainKeys("gen_ai.request.stream", "spanflux.stream.chunks", "spanflux.cancelled");
        assertThat(attributes.toString()).doesNotContain("s3cret", "Grüße", "brief");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stream_isReadAsItFlowsBy_byteByByte(boolean content) {
        if (content) {
            capture();
        }
        answer(200, "text/event-stream;charset=utf-8", oneByOne(CHAT_STREAM));
        byte[] untraced = bytes(plainClient().build(), CHAT, CHAT_REQUEST.formatted(true));
        byte[] traced = bytes(client(), CHAT, CHAT_REQUEST.formatted(true));
        assertThat(traced).isEqualTo(untraced).isEqualTo(CHAT_STREAM.getBytes(StandardCharsets.UTF_8));
        assertThat(received.poll()).isEqualTo(received.poll()).isEqualTo(CHAT_REQUEST.formatted(true));
        Map<String, Object> attributes = attributes();
        assertThat(attributes)
                .containsEntry("gen_ai.request.stream", true)
                .containsEntry("gen_ai.response.id", "chatcmpl-1")
                .containsEntry("gen_ai.response.model", "gpt-4o-mini-2024-07-18")
                .containsEntry("openai.response.service_tier", "default")
                .containsEntry("openai.response.system_fingerprint", "fp_1")
                .containsEntry("gen_ai.response.finish_reasons", List.of("tool_calls"))
                .containsEntry("gen_ai.usage.input_tokens", 20L)
                .containsEntry("gen_ai.usage.output_tokens", 9L)
                .containsEntry("gen_ai.usage.cache_read.input_tokens", 5L)
                .containsEntry("gen_ai.usage.reasoning.output_tokens", 3L)
                .containsEntry("spanflux.stream.chunks", 6L)
                .containsKeys("gen_ai.response.time_to_first_chunk", "spanflux.stream.gap.max");
        if (content) {
            assertThat(attributes.get("gen_ai.output.messages").toString())
                    .contains("Grüße 😀", "call_1", "weather", "city");
            assertThat(attributes.get("gen_ai.input.messages").toString())
                    .contains("Be brief.", "Grüße?", "https://a.example/x.png", "rainy", "c0")
                    .doesNotContain("base64");
            assertThat(attributes.get("gen_ai.tool.definitions").toString())
                    .contains("weather")
                    .doesNotContain("object");
        } else {
            assertThat(attributes).doesNotContainKeys("gen_ai.output.messages", "gen_ai.input.messages");
        }
    }

    /** As a cache answers, or a stub: by SYNC fusion, whose end nobody has to ask for. */
    @Test
    void stream_ofACollection_endsTheSpan() {
        List<DataBuffer> buffers = CHAT_STREAM
                .lines()
                .map(line ->
                        DefaultDataBufferFactory.sharedInstance.wrap((line + '\n').getBytes(StandardCharsets.UTF_8)))
                .map(DataBuffer.class::cast)
                .toList();
        WebClient cached = WebClient.builder()
                .filter(GenerationTrace.of(spanflux))
                .exchangeFunction(request -> Mono.just(ClientResponse.create(HttpStatus.OK)
                        .header("Content-Type", "text/event-stream")
                        .body(Flux.fromIterable(buffers))
                        .build()))
                .build();
        assertThat(post(cached, "http://127.0.0.1:1" + CHAT, CHAT_REQUEST.formatted(true))
                        .retrieve()
                        .bodyToFlux(String.class)
                        .collectList()
                        .block(SOON))
                .hasSize(7);
        assertThat(attributes()).containsEntry("spanflux.stream.chunks", 6L);
    }

    @Test
    void packedStream_isReadAndPassedOnAsItIs() {
        byte[] packed = GzipReaderTest.gzip(CHAT_STREAM.getBytes(StandardCharsets.UTF_8));
        answer(200, "text/event-stream", oneByOne(packed), "Content-Encoding", "gzip");
        byte[] traced = bytes(client(), CHAT, CHAT_REQUEST.formatted(true));
        assertThat(traced).isEqualTo(packed);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.output_tokens", 9L)
                .containsEntry("spanflux.stream.chunks", 6L);
    }

    @Test
    void packedAnswer_thatTheClientUnpacks_isReadUnpacked() {
        byte[] packed = GzipReaderTest.gzip(CHAT_STREAM.getBytes(StandardCharsets.UTF_8));
        answer(200, "text/event-stream", Flux.just(packed), "Content-Encoding", "gzip");
        WebClient unpacking = plainClient()
                .clientConnector(new ReactorClientHttpConnector(
                        HttpClient.create(connections).runOn(loops).compress(true)))
                .filter(GenerationTrace.of(spanflux))
                .build();
        assertThat(call(unpacking, CHAT, CHAT_REQUEST.formatted(true))).isEqualTo(CHAT_STREAM);
        assertThat(attributes()).containsEntry("gen_ai.usage.output_tokens", 9L);
    }

    @Test
    void responses_areReadWhole() {
        answer(200, "application/json", """
                {"id":"resp_1","object":"response","model":"gpt-5-2025","status":"incomplete",\
                "incomplete_details":{"reason":"max_output_tokens"},"error":null,"text":{"format":{"type":"text"}},\
                "output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]}],\
                "usage":{"input_tokens":8,"input_tokens_details":{"cached_tokens":2},"output_tokens":4,\
                "output_tokens_details":{"reasoning_tokens":1}}}""");
        call(client(), "/v1/responses", """
                {"model":"gpt-5","input":"hello","instructions":"short","max_output_tokens":4,\
                "reasoning":{"effort":"high"},"previous_response_id":"resp_0","conversation":{"id":"conv_1"},\
                "text":{"format":{"type":"json_object"}}}""");
        assertThat(span().name()).isEqualTo("chat gpt-5");
        assertThat(attributes())
                .containsEntry("openai.api.type", "responses")
                .containsEntry("gen_ai.request.max_tokens", 4L)
                .containsEntry("gen_ai.request.reasoning.level", "high")
                .containsEntry("gen_ai.request.previous_response.id", "resp_0")
                .containsEntry("gen_ai.conversation.id", "conv_1")
                .containsEntry("gen_ai.output.type", "json")
                .containsEntry("gen_ai.response.id", "resp_1")
                .containsEntry("gen_ai.response.finish_reasons", List.of("length"))
                .containsEntry("gen_ai.usage.input_tokens", 8L)
                .containsEntry("gen_ai.usage.cache_read.input_tokens", 2L)
                .containsEntry("gen_ai.usage.reasoning.output_tokens", 1L);
    }

    @Test
    void responses_areReadAsEvents_andTheWholeAtTheEndIsNotToldTwice() {
        capture();
        String whole = """
                {"id":"resp_1","model":"gpt-5-2025","status":"%s","output":[%s],"usage":%s}""";
        String item = """
                {"type":"function_call","call_id":"c1","name":"weather","arguments":"{}"}""";
        answer(
                200,
                "text/event-stream",
                oneByOne(events(
                        "{\"type\":\"response.created\",\"response\":" + whole.formatted("in_progress", "", "null")
                                + "}",
                        "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"one \"}",
                        "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"two\"}",
                        "{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":" + item + "}",
                        "{\"type\":\"response.completed\",\"response\":"
                                + whole.formatted(
                                        "completed",
                                        "{\"type\":\"message\",\"content\":[{\"text\":\"one two\"}]}," + item,
                                        "{\"input_tokens\":8,\"output_tokens\":4}")
                                + "}")));
        call(client(), "/v1/responses", "{\"model\":\"gpt-5\",\"input\":\"hello\",\"stream\":true}");
        Map<String, Object> attributes = attributes();
        assertThat(attributes)
                .containsEntry("gen_ai.response.finish_reasons", List.of("tool_call"))
                .containsEntry("gen_ai.usage.output_tokens", 4L);
        assertThat(attributes.get("gen_ai.output.messages").toString())
                .containsOnlyOnce("two")
                .containsOnlyOnce("c1");
        assertThat(attributes.get("gen_ai.input.messages").toString()).contains("hello");
    }

    // ---- Anthropic -----------------------------------------------------------------------------------------------

    private static final String ANTHROPIC_REQUEST = """
            {"model":"claude-sonnet-4-5","max_tokens":50,"system":[{"type":"text","text":"Be kind."}],"messages":[\
            {"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t0","name":"f",\
            "input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t0","content":"ok"}]}],\
            "top_k":5,"stop_sequences":["X"],"stream":%s}""";

    private String anthropic(String body) {
        return client().post()
                .uri("/v1/messages")
                .header("anthropic-version", "2023-06-01")
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(body)
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
    }

    @Test
    void anthropicStream_isRead_andCachedTokensAreInput() {
        capture();
        answer(200, "text/event-stream", oneByOne("""
                        event: message_start
                        data: {"type":"message_start","message":{"id":"msg_1","model":"claude-sonnet-4-5-x","content":[],\
                        "stop_reason":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":3,\
                        "cache_read_input_tokens":4,"output_tokens":1}}}

                        event: ping
                        data: {"type":"ping"}

                        data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

                        data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

                        data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hello"}}

                        data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1",\
                        "name":"weather","input":{}}}

                        data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta",\
                        "partial_json":"{\\"city\\":2}"}}

                        data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":25}}

                        data: {"type":"message_stop"}

                        """));
        anthropic(ANTHROPIC_REQUEST.formatted(true));
        Map<String, Object> attributes = attributes();
        assertThat(span().name()).isEqualTo("chat claude-sonnet-4-5");
        assertThat(attributes)
                .containsEntry("gen_ai.provider.name", "anthropic")
                .containsEntry("gen_ai.request.max_tokens", 50L)
                .containsEntry("gen_ai.request.top_k", 5L)
                .containsEntry("gen_ai.request.stop_sequences", List.of("X"))
                .containsEntry("gen_ai.response.id", "msg_1")
                .containsEntry("gen_ai.response.model", "claude-sonnet-4-5-x")
                .containsEntry("gen_ai.response.finish_reasons", List.of("tool_use"))
                .containsEntry("gen_ai.usage.input_tokens", 17L)
                .containsEntry("gen_ai.usage.cache_read.input_tokens", 4L)
                .containsEntry("gen_ai.usage.cache_write.input_tokens", 3L)
                .containsEntry("gen_ai.usage.output_tokens", 25L);
        assertThat(attributes.get("gen_ai.output.messages").toString())
                .contains("hm", "Hello", "t1", "weather", "city");
        assertThat(attributes.get("gen_ai.input.messages").toString()).contains("hi", "t0", "ok");
        assertThat(attributes.get("gen_ai.system_instructions").toString()).contains("Be kind.");
    }

    @Test
    void anthropicMessage_isReadWhole() {
        capture();
        answer(200, "application/json", """
                {"id":"msg_2","type":"message","model":"claude-x","content":[{"type":"text","text":"Hello"},\
                {"type":"tool_use","id":"t1","name":"weather","input":{"city":"Rome"}}],"stop_reason":"end_turn",\
                "usage":{"input_tokens":10,"output_tokens":2}}""");
        anthropic(ANTHROPIC_REQUEST.formatted(false));
        assertThat(attributes())
                .containsEntry("gen_ai.response.finish_reasons", List.of("end_turn"))
                .containsEntry("gen_ai.usage.input_tokens", 10L);
        assertThat(attributes().get("gen_ai.output.messages").toString()).contains("Hello", "Rome");
    }

    // ---- Gemini --------------------------------------------------------------------------------------------------

    private static final String GEMINI = "/v1beta/models/gemini-2.0-flash:";
    private static final String GEMINI_REQUEST = """
            {"systemInstruction":{"parts":[{"text":"Be kind."}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}],\
            "generationConfig":{"temperature":1,"topK":40,"maxOutputTokens":9,"responseMimeType":"application/json"}}""";

    private static final String[] GEMINI_PARTS = {"""
        {"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Hel"}]}}],\
        "responseId":"r1","modelVersion":"gemini-2.0-flash-001"}""", """
        {"candidates":[{"content":{"parts":[{"text":"lo"},{"functionCall":{"name":"weather",\
        "args":{"city":"Rome"}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":6,\
        "candidatesTokenCount":4,"thoughtsTokenCount":2,"cachedContentTokenCount":1}}"""};

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void geminiStream_isRead_asEventsAndAsAnArray(boolean events) {
        capture();
        if (events) {
            answer(200, "text/event-stream", oneByOne(events(GEMINI_PARTS)));
        } else {
            answer(200, "application/json", oneByOne("[" + String.join("\n,\r\n", GEMINI_PARTS) + "\n]\n"));
        }
        call(client(), GEMINI + "streamGenerateContent?key=s3cret", GEMINI_REQUEST);
        Map<String, Object> attributes = attributes();
        assertThat(span().name()).isEqualTo("generate_content gemini-2.0-flash");
        assertThat(attributes)
                .containsEntry("gen_ai.provider.name", "gcp.gen_ai")
                .containsEntry("gen_ai.request.stream", true)
                .containsEntry("gen_ai.request.temperature", 1.0)
                .containsEntry("gen_ai.request.top_k", 40L)
                .containsEntry("gen_ai.request.max_tokens", 9L)
                .containsEntry("gen_ai.output.type", "json")
                .containsEntry("gen_ai.response.id", "r1")
                .containsEntry("gen_ai.response.model", "gemini-2.0-flash-001")
                .containsEntry("gen_ai.response.finish_reasons", List.of("STOP"))
                .containsEntry("gen_ai.usage.input_tokens", 6L)
                .containsEntry("gen_ai.usage.output_tokens", 6L)
                .containsEntry("gen_ai.usage.reasoning.output_tokens", 2L)
                .containsEntry("gen_ai.usage.cache_read.input_tokens", 1L)
                .containsEntry("spanflux.stream.chunks", 2L);
        assertThat(attributes.get("gen_ai.output.messages").toString()).contains("hm", "Hello", "weather", "Rome");
        assertThat(attributes.get("gen_ai.input.messages").toString()).contains("hi");
        assertThat(attributes.toString()).doesNotContain("s3cret");
    }

    // ---- what tools are given and answer -------------------------------------------------------------------------

    private static final String NAMED_AS_ELSEWHERE = """
            {"data":"d1","metadata":{"tools":["t1"]},"instructions":"i1","signature":"s1","schema":{"parameters":"p1"},\
            "input":[{"json_schema":"j1"}]}""";
    private static final String[] VALUES = {"d1", "t1", "i1", "s1", "p1", "j1"};

    private void assertKept(String attribute) {
        assertThat(attributes().get(attribute).toString()).contains(VALUES).doesNotContain("AAAA");
    }

    @Test
    void argumentsOfGemini_areWhole_whateverTheirNames() {
        capture();
        String call = "{\"functionCall\":{\"name\":\"save\",\"args\":" + NAMED_AS_ELSEWHERE + "}}";
        answer(
                200,
                "application/json",
                "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[" + call
                        + ",{\"inlineData\":{\"data\":\"AAAA\"}}]}}]}");
        call(client(), "/v1beta/models/g:generateContent", """
                {"contents":[{"parts":[{"inlineData":{"data":"AAAA"}},{"functionResponse":{"name":"save","response":%s}}]}]}""".formatted(NAMED_AS_ELSEWHERE));
        assertKept("gen_ai.output.messages");
        assertKept("gen_ai.input.messages");
    }

    @Test
    void argumentsOfAnthropic_areWhole_whateverTheirNames() {
        capture();
        String call = "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"save\",\"input\":" + NAMED_AS_ELSEWHERE + "}";
        answer(200, "application/json", "{\"type\":\"message\",\"content\":[" + call + "]}");
        post(client(), "/v1/messages", """
                {"model":"c","messages":[{"role":"assistant","content":[%s,\
                {"type":"image","source":{"type":"base64","data":"AAAA"}}]}]}""".formatted(call))
                .header("anthropic-version", "2023-06-01")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        assertKept("gen_ai.output.messages");
        assertKept("gen_ai.input.messages");
    }

    @ParameterizedTest
    @ValueSource(strings = {CHAT, "/v1/responses", "/v1/messages", "/v1beta/models/g:generateContent"})
    void whatWasNotSent_isNoAttribute(String path) {
        capture();
        answer(200, "application/json", "{}");
        post(client(), path, "{\"model\":\"m\"}")
                .header("anthropic-version", "2023-06-01")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        assertThat(attributes())
                .doesNotContainKeys("gen_ai.tool.definitions", "gen_ai.system_instructions", "gen_ai.input.messages");
    }

    // ---- embeddings ----------------------------------------------------------------------------------------------

    private static final String EMBEDDINGS = "/v1/embeddings";
    private static final String EMBEDDINGS_REQUEST = """
            {"input":["Grüße 😀","two"],"model":"text-embedding-3-small","encoding_format":"float","dimensions":3,\
            "user":"s3cret"}""";
    private static final String EMBEDDINGS_ANSWER = """
            {"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-0.2,3e-1]},\
            {"object":"embedding","index":1,"embedding":[0.4,0.5,0.6]}],"model":"text-embedding-3-small-x",\
            "usage":{"prompt_tokens":7,"total_tokens":7}}""";

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void embeddings_areReadAsTheyFlowBy_byteByByte(boolean content) {
        if (content) {
            capture();
        }
        answer(200, "application/json", oneByOne(EMBEDDINGS_ANSWER));
        byte[] untraced = bytes(plainClient().build(), EMBEDDINGS, EMBEDDINGS_REQUEST);
        byte[] traced = bytes(client(), EMBEDDINGS, EMBEDDINGS_REQUEST);
        assertThat(traced).isEqualTo(untraced).isEqualTo(EMBEDDINGS_ANSWER.getBytes(StandardCharsets.UTF_8));
        assertThat(received.poll()).isEqualTo(received.poll()).isEqualTo(EMBEDDINGS_REQUEST);
        assertThat(span().name()).isEqualTo("embeddings text-embedding-3-small");
        assertThat(span().kind()).isEqualTo(SpanKind.CLIENT);
        assertThat(span().status()).isEqualTo(SpanStatus.UNSET);
        Map<String, Object> attributes = attributes();
        assertThat(attributes)
                .containsEntry("gen_ai.operation.name", "embeddings")
                .containsEntry("gen_ai.provider.name", "openai")
                .containsEntry("gen_ai.request.model", "text-embedding-3-small")
                .containsEntry("gen_ai.request.encoding_formats", List.of("float"))
                .containsEntry("gen_ai.embeddings.dimension.count", 3L)
                .containsEntry("server.address", "127.0.0.1")
                .containsEntry("server.port", (long) server.port())
                .containsEntry("gen_ai.response.model", "text-embedding-3-small-x")
                .containsEntry("gen_ai.usage.input_tokens", 7L)
                .doesNotContainKeys(
                        "gen_ai.response.finish_reasons", "gen_ai.usage.output_tokens", "spanflux.embeddings.vectors");
        if (content) {
            assertThat(attributes.get("gen_ai.input.messages").toString()).contains("Grüße 😀", "two");
        } else {
            assertThat(attributes.toString()).doesNotContain("Grüße", "two");
        }
        assertThat(attributes.toString()).doesNotContain("s3cret", "-0.2");
    }

    @Test
    void packedEmbeddings_areRead_andTheTotalCountsWhereNothingElseDoes() {
        String answer = EMBEDDINGS_ANSWER.replace("\"prompt_tokens\":7,", "");
        byte[] packed = GzipReaderTest.gzip(answer.getBytes(StandardCharsets.UTF_8));
        answer(200, "application/json", oneByOne(packed), "Content-Encoding", "gzip");
        assertThat(bytes(client(), EMBEDDINGS, "{\"model\":\"voyage\",\"output_dimension\":256,\"input\":[[1,2]]}"))
                .isEqualTo(packed);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 7L)
                .containsEntry("gen_ai.embeddings.dimension.count", 256L);
    }

    @Test
    void tokensAsInput_areNoText() {
        capture();
        answer(200, "application/json", EMBEDDINGS_ANSWER);
        call(client(), EMBEDDINGS, "{\"input\":[[1,2],[3]],\"model\":\"m\"}");
        assertThat(span().name()).isEqualTo("embeddings m");
        assertThat(attributes()).doesNotContainKey("gen_ai.input.messages");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void geminiEmbeddings_areRead_oneAndManyAtOnce(boolean content) {
        if (content) {
            capture();
        }
        answer(200, "application/json", oneByOne("""
                {"embedding":{"values":[0.123,1]},"usageMetadata":{"promptTokenCount":4}}"""));
        call(client(), "/v1beta/models/gemini-embedding-001:embedContent?key=s3cret", """
                {"model":"models/gemini-embedding-001","content":{"parts":[{"text":"Grüße"}]},\
                "embedContentConfig":{"outputDimensionality":2}}""");
        answer(200, "application/json", oneByOne("{\"embeddings\":[{\"values\":[0.123]},{\"values\":[2]}]}"));
        call(client(), "/v1beta/models/gemini-embedding-001:batchEmbedContents", """
                {"requests":[{"content":{"parts":[{"text":"Grüße"}]},"outputDimensionality":1},\
                {"content":{"parts":[{"text":"two"}]},"outputDimensionality":1}]}""");
        await(() -> spans.spans().size() == 2);
        assertThat(spans.spans()).allSatisfy(span -> {
            assertThat(span.name()).isEqualTo("embeddings gemini-embedding-001");
            Map<String, Object> attributes = span.attributes().asMap();
            assertThat(attributes)
                    .containsEntry("gen_ai.provider.name", "gcp.gen_ai")
                    .containsEntry("gen_ai.request.model", "gemini-embedding-001");
            assertThat(attributes.toString().contains("Grüße")).isEqualTo(content);
            assertThat(attributes.toString()).doesNotContain("s3cret", "0.123");
        });
        assertThat(spans.spans().get(0).attributes().asMap())
                .containsEntry("gen_ai.embeddings.dimension.count", 2L)
                .containsEntry("gen_ai.usage.input_tokens", 4L);
        assertThat(spans.spans().get(1).attributes().asMap())
                .containsEntry("gen_ai.embeddings.dimension.count", 1L)
                .doesNotContainKey("gen_ai.usage.input_tokens");
    }

    @Test
    void embeddingsThatAreRefused_failTheSpan_withTheStatus() {
        answer(400, "application/json", "{\"error\":{\"type\":\"invalid\",\"message\":\"s3cret\"}}");
        StepVerifier.create(post(client(), EMBEDDINGS, EMBEDDINGS_REQUEST)
                        .retrieve()
                        .bodyToMono(String.class))
                .expectError(WebClientResponseException.BadRequest.class)
                .verify(SOON);
        assertThat(span().status()).isEqualTo(SpanStatus.ERROR);
        assertThat(attributes())
                .containsEntry("error.type", "400")
                .containsEntry("gen_ai.request.model", "text-embedding-3-small");
        assertThat(attributes().toString()).doesNotContain("s3cret");
    }

    @Test
    void embeddingsThatTheCallerLeaves_endTheSpan() {
        answer(200, "application/json", text("{\"object\":").concatWith(Flux.never()));
        StepVerifier.create(post(client(), EMBEDDINGS, EMBEDDINGS_REQUEST)
                        .retrieve()
                        .bodyToMono(String.class)
                        .timeout(Duration.ofMillis(300)))
                .expectError(java.util.concurrent.TimeoutException.class)
                .verify(SOON);
        assertThat(attributes())
                .containsEntry("spanflux.cancelled", true)
                .doesNotContainKey("gen_ai.response.finish_reasons");
    }

    @Test
    void embeddingsInsideEmbeddings_tellThose_andMakeNoSecondSpan() {
        capture();
        answer(200, "application/json", EMBEDDINGS_ANSWER);
        post(client(), EMBEDDINGS, EMBEDDINGS_REQUEST)
                .retrieve()
                .bodyToMono(String.class)
                .transform(ReactiveTracer.of(spanflux).embeddings("my-provider", "my-model"))
                .block(SOON);
        assertThat(span().name()).isEqualTo("embeddings my-model");
        assertThat(attributes())
                .containsEntry("gen_ai.provider.name", "my-provider")
                .containsEntry("gen_ai.response.model", "text-embedding-3-small-x")
                .containsEntry("gen_ai.embeddings.dimension.count", 3L)
                .containsEntry("gen_ai.usage.input_tokens", 7L)
                .doesNotContainKey("gen_ai.input.messages");
    }

    @Test
    void embeddingsInsideAGeneration_areASpanOfTheirOwn_andTheOtherWayRound() {
        answer(200, "application/json", EMBEDDINGS_ANSWER);
        ReactiveTracer operator = ReactiveTracer.of(spanflux);
        post(client(), EMBEDDINGS, EMBEDDINGS_REQUEST)
                .retrieve()
                .bodyToMono(String.class)
                .transform(operator.chat("p", "m"))
                .block(SOON);
        await(() -> spans.spans().size() == 2);
        post(client(), CHAT, CHAT_REQUEST.formatted(false))
                .retrieve()
                .bodyToMono(String.class)
                .transform(operator.embeddings("p", "m"))
                .block(SOON);
        await(() -> spans.spans().size() == 4);
        assertThat(spans.spans())
                .extracting(Span::name)
                .containsExactly("embeddings text-embedding-3-small", "chat m", "chat gpt-4o-mini", "embeddings m");
        assertThat(spans.spans().get(0).parentSpanIdBits())
                .isEqualTo(spans.spans().get(1).spanIdBits());
        assertThat(spans.spans().get(2).parentSpanIdBits())
                .isEqualTo(spans.spans().get(3).spanIdBits());
    }

    @Test
    void largeEmbeddings_arePassedOver_andWhatFollowsIsRead() {
        capture();
        String vector = "0.0123456,".repeat(3071) + "1";
        String data = ("{\"index\":0,\"embedding\":[" + vector + "]},").repeat(100);
        String answer = "{\"data\":[" + data + "{}],\"model\":\"late\",\"usage\":{\"prompt_tokens\":9}}";
        answer(200, "application/json", answer);
        assertThat(bytes(client(), EMBEDDINGS, EMBEDDINGS_REQUEST)).hasSize(answer.length());
        assertThat(attributes())
                .containsEntry("gen_ai.response.model", "late")
                .containsEntry("gen_ai.usage.input_tokens", 9L);
    }

    // ---- what goes wrong -----------------------------------------------------------------------------------------

    @Test
    void refusal_failsTheSpan_withTheStatus() {
        answer(429, "application/json", "{\"error\":{\"type\":\"requests\",\"message\":\"s3cret\"}}");
        StepVerifier.create(post(client(), CHAT, CHAT_REQUEST.formatted(true))
                        .retrieve()
                        .bodyToMono(String.class))
                .expectError(WebClientResponseException.TooManyRequests.class)
                .verify(SOON);
        assertThat(span().status()).isEqualTo(SpanStatus.ERROR);
        assertThat(attributes())
                .containsEntry("error.type", "429")
                .containsEntry("http.response.status_code", 429L)
                .containsEntry("gen_ai.request.model", "gpt-4o-mini")
                .doesNotContainKey("gen_ai.response.finish_reasons");
        assertThat(attributes().toString()).doesNotContain("s3cret");
    }

    @Test
    void retry_isASpanForEachAttempt() {
        Queue<Integer> statuses = new ConcurrentLinkedQueue<>(List.of(503, 200));
        behaviour = (request, response) -> response.status(statuses.remove())
                .header("Content-Type", "application/json")
                .sendString(Mono.just("{\"id\":\"x\"}"));
        post(client(), CHAT, CHAT_REQUEST.formatted(false))
                .retrieve()
                .bodyToMono(String.class)
                .retry(1)
                .block(SOON);
        assertThat(spans.spans())
                .extracting(span -> span.attributes().get("error.type"))
                .containsExactly("503", null);
    }

    @Test
    void serverThatIsNotThere_failsTheSpan() {
        int port = server.port();
        server.disposeNow(SOON);
        StepVerifier.create(post(client(), "http://127.0.0.1:" + port + CHAT, CHAT_REQUEST.formatted(false))
                        .retrieve()
                        .bodyToMono(String.class))
                .expectError()
                .verify(SOON);
        assertThat(span().status()).isEqualTo(SpanStatus.ERROR);
        assertThat(attributes()).containsKey("error.type").doesNotContainKey("gen_ai.response.finish_reasons");
    }

    @Test
    void connectionThatBreaks_keepsWhatCameBefore() {
        capture();
        String begun = CHAT_STREAM.substring(0, CHAT_STREAM.indexOf("tool_calls"));
        behaviour = (request, response) -> response.header("Content-Type", "text/event-stream")
                .send(
                        text(begun)
                                .map(Unpooled::wrappedBuffer)
                                .concatWith(Mono.delay(Duration.ofMillis(50))
                                        .then(Mono.fromRunnable(() -> response.withConnection(connection ->
                                                connection.channel().close())))),
                        buffer -> true);
        StepVerifier.create(post(client(), CHAT + "?key=s3cret", CHAT_REQUEST.formatted(true))
                        .retrieve()
                        .bodyToFlux(DataBuffer.class)
                        .doOnNext(DataBufferUtils::release)
                        .then())
                .expectError()
                .verify(SOON);
        Span span = span();
        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(attributes())
                .containsEntry("gen_ai.response.id", "chatcmpl-1")
                .containsEntry("gen_ai.response.finish_reasons", List.of("error"));
        assertThat(attributes().get("gen_ai.output.messages").toString()).contains("Grüße 😀");
        assertThat(span.attributes() + " " + span.statusDescription() + span.events())
                .doesNotContain("s3cret");
    }

    @Test
    void timeout_beforeTheAnswer_andCancellation_endTheSpan() {
        behaviour = (request, response) -> Mono.never();
        StepVerifier.create(post(client(), CHAT, CHAT_REQUEST.formatted(false))
                        .retrieve()
                        .bodyToMono(String.class)
                        .timeout(Duration.ofMillis(300)))
                .expectError(java.util.concurrent.TimeoutException.class)
                .verify(SOON);
        assertThat(span().status()).isEqualTo(SpanStatus.UNSET);
        assertThat(attributes())
                .containsEntry("spanflux.cancelled", true)
                .containsEntry("gen_ai.request.model", "gpt-4o-mini")
                .containsEntry("gen_ai.response.finish_reasons", List.of("error"));
    }

    @Test
    void timeoutOfTheClient_isAnError() {
        behaviour = (request, response) -> Mono.never();
        WebClient impatient = plainClient()
                .clientConnector(new ReactorClientHttpConnector(
                        HttpClient.create(connections).runOn(loops).responseTimeout(Duration.ofMillis(300))))
                .filter(GenerationTrace.of(spanflux))
                .build();
        StepVerifier.create(post(impatient, CHAT, CHAT_REQUEST.formatted(false))
                        .retrieve()
                        .bodyToMono(String.class))
                .expectError()
                .verify(SOON);
        assertThat(span().status()).isEqualTo(SpanStatus.ERROR);
    }

    @Test
    void callerThatLeavesAStream_endsTheSpan_whichKeepsWhatCame() {
        capture();
        answer(
                200,
                "text/event-stream",
                text(CHAT_STREAM.substring(
                                0,
                                CHAT_STREAM.indexOf(
                                        "{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"tool")))
                        .concatWith(Flux.never()));
        List<String> seen = post(client(), CHAT, CHAT_REQUEST.formatted(true))
                .retrieve()
                .bodyToFlux(String.class)
                .take(2)
                .collectList()
                .block(SOON);
        assertThat(seen).hasSize(2);
        assertThat(span().status()).isEqualTo(SpanStatus.UNSET);
        assertThat(attributes())
                .containsEntry("spanflux.cancelled", true)
                .containsEntry("gen_ai.response.finish_reasons", List.of("error"));
        assertThat(attributes().get("gen_ai.output.messages").toString()).contains("Grüße 😀");
    }

    @Test
    void callerThatLeavesAfterTheLastEvent_hasCancelledNothing() {
        answer(200, "text/event-stream", text(CHAT_STREAM).concatWith(Flux.never()));
        post(client(), CHAT, CHAT_REQUEST.formatted(true))
                .retrieve()
                .bodyToFlux(String.class)
                .takeUntil("[DONE]"::equals)
                .blockLast(SOON);
        assertThat(attributes())
                .containsEntry("gen_ai.response.finish_reasons", List.of("tool_calls"))
                .doesNotContainKey("spanflux.cancelled");
    }

    @Test
    void callerThatIgnoresTheBody_endsTheSpan() {
        answer(200, "application/json", "{\"id\":\"x\"}");
        post(client(), CHAT, CHAT_REQUEST.formatted(false))
                .exchangeToMono(response -> Mono.just(response.statusCode()))
                .block(SOON);
        assertThat(span().hasEnded()).isTrue();
    }

    @Test
    void brokenEvents_andErrorsInTheStream_areSeenThrough() {
        String broken = "data: {\"id\":\"chatcmpl-1\",\"cho\n\n: ping\n\ndata: <html>\n\n"
                + "data: {\"id\":\"chatcmpl-2\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
                + "data: {\"error\":{\"code\":\"server_error\",\"message\":\"s3cret\"}}\n\n";
        answer(200, "text/event-stream", oneByOne(broken));
        assertThat(new String(bytes(client(), CHAT, CHAT_REQUEST.formatted(true)), StandardCharsets.UTF_8))
                .isEqualTo(broken);
        assertThat(span().status()).isEqualTo(SpanStatus.ERROR);
        assertThat(attributes())
                .containsEntry("error.type", "server_error")
                .containsEntry("gen_ai.response.id", "chatcmpl-2")
                .containsEntry("gen_ai.response.finish_reasons", List.of("error"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "application/json", "text/event-stream", "nonsense;;"})
    void garbage_passesUnchanged_andIsCounted(String type) {
        byte[] garbage = new byte[100_000];
        new java.util.Random(3).nextBytes(garbage);
        GenerationTrace trace = GenerationTrace.of(spanflux);
        behaviour = (request, response) -> response.header("Content-Type", type).sendByteArray(Mono.just(garbage));
        WebClient client = plainClient().filter(trace).build();
        byte[] seen = client.post()
                .uri(CHAT)
                .bodyValue("no json either")
                .exchangeToFlux(response -> response.bodyToFlux(DataBuffer.class))
                .map(buffer -> {
                    byte[] bytes = new byte[buffer.readableByteCount()];
                    buffer.read(bytes);
                    DataBufferUtils.release(buffer);
                    return bytes;
                })
                .reduceWith(ByteArrayOutputStream::new, (all, bytes) -> {
                    all.writeBytes(bytes);
                    return all;
                })
                .map(ByteArrayOutputStream::toByteArray)
                .onErrorResume(e -> Mono.empty())
                .block(SOON);
        if (!type.startsWith("nonsense")) {
            assertThat(seen).isEqualTo(garbage);
        }
        assertThat(span().name()).isEqualTo("chat");
        assertThat(trace.failures()).isZero();
        assertThat(trace.unreadableAnswers()).isEqualTo(1);
    }

    // ---- where it stands -----------------------------------------------------------------------------------------

    @Test
    void callInsideAGeneration_tellsThatOne_andMakesNoSecond() {
        capture();
        answer(200, "text/event-stream", oneByOne(CHAT_STREAM));
        ReactiveTracer operator = ReactiveTracer.of(spanflux);
        post(client(), CHAT, CHAT_REQUEST.formatted(true))
                .retrieve()
                .bodyToFlux(String.class)
                .transform(operator.chat(
                        "my-provider", "my-model", (generation, chunk) -> generation.append(chunk.length() + " ")))
                .blockLast(SOON);
        assertThat(span().name()).isEqualTo("chat my-model");
        assertThat(attributes())
                .containsEntry("gen_ai.provider.name", "my-provider")
                .containsEntry("gen_ai.response.id", "chatcmpl-1")
                .containsEntry("gen_ai.response.finish_reasons", List.of("tool_calls"))
                .containsEntry("gen_ai.usage.output_tokens", 9L)
                .containsEntry("gen_ai.request.temperature", 0.2)
                .containsEntry("spanflux.stream.chunks", 7L);
        assertThat(attributes().get("gen_ai.output.messages").toString()).doesNotContain("Grüße");
    }

    @Test
    void retriedAttempts_insideAGeneration_doNotFailIt() {
        Queue<Integer> statuses = new ConcurrentLinkedQueue<>(List.of(503, 200));
        behaviour = (request, response) -> response.status(statuses.remove())
                .header("Content-Type", "application/json")
                .sendString(Mono.just("{\"id\":\"x\",\"choices\":[{\"finish_reason\":\"stop\"}]}"));
        post(client(), CHAT, CHAT_REQUEST.formatted(false))
                .retrieve()
                .bodyToMono(String.class)
                .retry(1)
                .transform(ReactiveTracer.of(spanflux).chat(call -> {}))
                .block(SOON);
        assertThat(span().name()).isEqualTo("chat gpt-4o-mini");
        assertThat(span().status()).isEqualTo(SpanStatus.UNSET);
        assertThat(attributes())
                .containsEntry("gen_ai.response.id", "x")
                .containsEntry("gen_ai.response.finish_reasons", List.of("stop"))
                .doesNotContainKey("error.type");
    }

    /** Answers whole: the model that answered, and its tokens. */
    private static String counted(String model, int input, int output) {
        return """
                {"id":"x","model":"%s","choices":[{"index":0,"finish_reason":"stop"}],\
                "usage":{"prompt_tokens":%d,"completion_tokens":%d}}""".formatted(model, input, output);
    }

    private void answerOneByOne(String type, String... bodies) {
        Queue<String> left = new ConcurrentLinkedQueue<>(List.of(bodies));
        behaviour = (request, response) ->
                response.header("Content-Type", type).sendString(Mono.fromSupplier(left::remove));
    }

    private Mono<String> asked(WebClient client) {
        return post(client, CHAT, CHAT_REQUEST.formatted(false)).retrieve().bodyToMono(String.class);
    }

    @Test
    void callsInsideAGeneration_addUp_andAreEachPricedAsTheirModel() {
        spanflux.awaitClose(SOON);
        spanflux = spanflux(builder -> builder.priceBook(PriceBook.builder()
                .price("openai", "large", ModelPrice.of("10", "20").above(120, ModelPrice.of("1000", "1000")))
                .price("openai", "small", ModelPrice.of("1", "2"))
                .build()));
        answerOneByOne("application/json", counted("large", 100, 7), counted("small", 5, 1), counted("large", 100, 0));
        WebClient client = client();
        asked(client)
                .then(asked(client))
                .then(asked(client))
                .transform(ReactiveTracer.of(spanflux).chat("openai", "large"))
                .block(SOON);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 205L)
                .containsEntry("gen_ai.usage.output_tokens", 8L)
                .containsEntry("spanflux.cost.input", 0.002005)
                .containsEntry("spanflux.cost.output", 0.000142)
                .containsEntry("spanflux.cost.total", 0.002147);
    }

    @Test
    void streamsInsideAGeneration_countWithTheirLastTotal() {
        String stream = events("""
                {"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":10,"output_tokens":1}}}""", """
                {"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":4}}""", """
                {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}""", """
                {"type":"message_stop"}""");
        answer(200, "text/event-stream", oneByOne(stream));
        WebClient client = client();
        Mono<String> call = post(client, "/v1/messages", "{\"model\":\"c\",\"stream\":true}")
                .header("anthropic-version", "2023-06-01")
                .retrieve()
                .bodyToFlux(String.class)
                .last();
        call.repeat(2).transform(ReactiveTracer.of(spanflux).chat("p", "m")).blockLast(SOON);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 30L)
                .containsEntry("gen_ai.usage.output_tokens", 27L);
    }

    @Test
    void streamThatIsLeftInsideAGeneration_countsWithWhatItSaid() {
        answer(
                200,
                "text/event-stream",
                text(events("{\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}"))
                        .concatWith(Flux.never()));
        WebClient client = client();
        post(client, CHAT, CHAT_REQUEST.formatted(true))
                .retrieve()
                .bodyToFlux(String.class)
                .next()
                .repeat(1)
                .transform(ReactiveTracer.of(spanflux).chat("p", "m"))
                .blockLast(SOON);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 6L)
                .containsEntry("gen_ai.usage.output_tokens", 2L);
    }

    @Test
    void attemptsInsideAGeneration_wereEachBilled() {
        answerOneByOne("application/json", counted("m", 20, 2), counted("m", 20, 3));
        List<String> refused = new ArrayList<>();
        asked(client())
                .flatMap(answer -> refused.isEmpty() && refused.add(answer)
                        ? Mono.error(new IllegalStateException("not what was asked for"))
                        : Mono.just(answer))
                .retry(1)
                .transform(ReactiveTracer.of(spanflux).chat("p", "m"))
                .block(SOON);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 40L)
                .containsEntry("gen_ai.usage.output_tokens", 5L);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void usageThatTheApplicationSays_isNotAddedTo(boolean before) {
        answer(200, "application/json", counted("m", 20, 2));
        ReactiveTracer trace = ReactiveTracer.of(spanflux);
        asked(client())
                .repeat(1)
                .transform(trace.chat(
                        call -> {
                            if (before) {
                                call.usage(7, 8);
                            }
                        },
                        (call, answer) -> {
                            if (!before) {
                                call.usage(7, 8);
                            }
                        }))
                .blockLast(SOON);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 7L)
                .containsEntry("gen_ai.usage.output_tokens", 8L);
    }

    @Test
    void concurrentCallsInsideAGeneration_addUp() {
        answer(200, "application/json", counted("m", 20, 2));
        WebClient client = client();
        Flux.range(0, 64)
                .flatMap(i -> asked(client), 32)
                .transform(ReactiveTracer.of(spanflux).chat("p", "m"))
                .blockLast(SOON);
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 64 * 20L)
                .containsEntry("gen_ai.usage.output_tokens", 64 * 2L);
    }

    @Test
    void callsInsideAGeneration_beyondTheBound_areWarnedOf() {
        answer(200, "application/json", counted("m", 20, 2));
        LogCapture logs = LogCapture.start();
        asked(client())
                .transform(ReactiveTracer.of(spanflux).chat(call -> {
                    for (int i = 0; i < BilledData.MAX_INNER_CALLS; i++) {
                        call.innerCall().usage(Usage.of(1, 1));
                    }
                }))
                .block(SOON);
        assertThat(attributes()).containsEntry("gen_ai.usage.input_tokens", (long) BilledData.MAX_INNER_CALLS);
        assertThat(logs.warnings())
                .filteredOn(warning -> warning.contains("more than 1024 calls"))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void embeddingsInsideEmbeddings_addUp_unlessTheApplicationSays(boolean said) {
        answer(200, "application/json", EMBEDDINGS_ANSWER);
        ReactiveTracer trace = ReactiveTracer.of(spanflux);
        post(client(), EMBEDDINGS, EMBEDDINGS_REQUEST)
                .retrieve()
                .bodyToMono(String.class)
                .repeat(2)
                .transform(trace.embeddings("p", "m", (embeddings, answer) -> {
                    if (said) {
                        embeddings.inputTokens(100L);
                    }
                }))
                .blockLast(SOON);
        assertThat(attributes()).containsEntry("gen_ai.usage.input_tokens", said ? 100L : 21L);
    }

    @Test
    void span_standsBelowTheCallersAndAboveTheServers() {
        List<String> parents = new ArrayList<>();
        behaviour = (request, response) -> {
            parents.add(request.requestHeaders().get("traceparent"));
            return response.header("Content-Type", "application/json").sendString(Mono.just("{}"));
        };
        WebClient client = plainClient()
                .filter(GenerationTrace.of(spanflux))
                .filter(TracePropagation.of(spanflux.propagator(), "127.0.0.1"))
                .build();
        post(client, CHAT, CHAT_REQUEST.formatted(false))
                .retrieve()
                .bodyToMono(String.class)
                .transform(ReactiveTracer.of(spanflux).agent("support"))
                .contextWrite(Scope.none().user("ann"))
                .block(SOON);
        await(() -> spans.spans().size() == 2);
        Span call = spans.spans().get(0);
        Span agent = spans.spans().get(1);
        assertThat(call.parentSpanIdBits()).isEqualTo(agent.spanIdBits());
        assertThat(call.attributes().get("user.id")).isEqualTo("ann");
        assertThat(parents).singleElement().asString().contains(call.context().spanId());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/messages", "/api/responses", "/embeddings/x", "/completion"})
    void otherRequests_areNotTouched(String path) {
        answer(200, "application/json", "{}");
        call(client(), path, "{}");
        client().get().uri(CHAT).retrieve().toBodilessEntity().block(SOON);
        assertThat(spans.spans()).isEmpty();
        assertThat(spanflux.tracer().liveSpans()).isZero();
    }

    @Test
    void sampledOutCall_isNotLookedAt() {
        spanflux.awaitClose(SOON);
        spanflux = spanflux(builder -> builder.tracer(tracer -> tracer.sampler(Sampler.alwaysOff())));
        answer(200, "text/event-stream", text(CHAT_STREAM));
        assertThat(call(client(), CHAT, CHAT_REQUEST.formatted(true))).isEqualTo(CHAT_STREAM);
        assertThat(spans.spans()).isEmpty();
    }

    @Test
    void deploymentOfAzure_isTheModel() {
        answer(200, "application/json", "{}");
        call(client(), "/openai/deployments/my-gpt/chat/completions?api-version=1", "{\"messages\":[]}");
        assertThat(span().name()).isEqualTo("chat my-gpt");
    }

    @Test
    void request_isSentWithTheSameHeaders() {
        Queue<String> headers = new ConcurrentLinkedQueue<>();
        behaviour = (request, response) -> {
            headers.add(request.requestHeaders().entries().toString());
            return response.header("Content-Type", "application/json").sendString(Mono.just("{}"));
        };
        call(plainClient().build(), CHAT, "{}");
        call(client(), CHAT, "{}");
        assertThat(headers.remove()).isEqualTo(headers.remove()).containsIgnoringCase("content-length=2");
    }

    @Test
    void errorOfTheProvider_isTakenOnlyAsAnIdentifier() {
        answer(200, "text/event-stream", text(events("{\"error\":{\"code\":\"no key s3cret\"}}")));
        call(client(), CHAT, "{}");
        assertThat(attributes()).containsEntry("error.type", "_OTHER");
    }

    @Test
    void hugeRequest_isSentAsItIs_andReadToItsEnd() {
        answer(200, "application/json", "{}");
        String image = "A".repeat(5_000_000);
        String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"" + image + "\"}],\"model\":\"late\"}";
        call(client(), CHAT, body);
        assertThat(received.remove()).isEqualTo(body);
        assertThat(span().name()).isEqualTo("chat late");
    }

    @Test
    void manyCallsAtOnce_areEachDescribedByTheirOwn() {
        behaviour = (request, response) -> {
            String id = request.requestHeaders().get("x-id");
            return response.header("Content-Type", "text/event-stream")
                    .send(
                            oneByOne(events(
                                            "{\"id\":\"r" + id + "\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
                                            "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
                                                    + "\"usage\":{\"prompt_tokens\":" + id
                                                    + ",\"completion_tokens\":1}}",
                                            "[DONE]"))
                                    .map(Unpooled::wrappedBuffer),
                            buffer -> true);
        };
        WebClient client = client();
        Flux.range(1, 100)
                .flatMap(
                        i -> {
                            Flux<String> call = client.post()
                                    .uri(CHAT)
                                    .header("x-id", "" + i)
                                    .contentType(MediaType.APPLICATION_JSON)
                                    .bodyValue("{\"model\":\"m" + i + "\"}")
                                    .retrieve()
                                    .bodyToFlux(String.class);
                            return i % 2 == 0 ? call : call.take(1);
                        },
                        100)
                .blockLast(SOON);
        await(() -> spans.spans().size() == 100 && spanflux.tracer().liveSpans() == 0);
        assertThat(spans.spans()).hasSize(100).allSatisfy(span -> {
            String id = span.name().substring("chat m".length());
            assertThat(span.attributes().get("gen_ai.response.id")).isEqualTo("r" + id);
            if (Integer.parseInt(id) % 2 == 0) {
                assertThat(span.attributes().get("gen_ai.usage.input_tokens")).isEqualTo(Long.parseLong(id));
            }
        });
    }
}
