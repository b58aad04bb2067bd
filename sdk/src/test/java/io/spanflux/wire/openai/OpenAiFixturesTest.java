// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.export.ExportResult;
import io.spanflux.genai.Agent;
import io.spanflux.genai.Custom;
import io.spanflux.genai.FetchedResponse;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Guardrail;
import io.spanflux.genai.Handoff;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.Speech;
import io.spanflux.genai.SpeechGroup;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Transcription;
import io.spanflux.genai.Usage;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanBuilder;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceInfo;
import io.spanflux.trace.Tracer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/** What the OpenAI Agents SDK put on the wire, reproduced byte for byte but for ids and times. */
@Timeout(30)
class OpenAiFixturesTest {
    private static final Pattern MASKED = Pattern.compile("(trace_[0-9a-f]{32}|span_[0-9a-f]{24})"
            + "|(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{6})?\\+00:00)");

    private final LoopbackServer server = LoopbackServer.start();
    private final Tracer tracer = Tracer.builder().build();
    private final List<Span> batch = new ArrayList<>();
    private final OpenAiTracesExporter exporter = OpenAiTracesExporter.builder()
            .environment(Environment.of(Map.of()))
            .endpoint(server.url("/v1/traces/ingest"))
            .apiKey("sk-test-key")
            .build();

    @AfterEach
    void close() {
        exporter.close().block(Duration.ofSeconds(10));
        server.close();
    }

    private static Scope entered(TraceInfo trace) {
        return Scope.named("scope").trace(trace).enteredIn(Scope.none());
    }

    private void ended(Span span) {
        span.end();
        batch.add(span);
    }

    private void ended(SpanData data, Span parent) {
        ended(tracer.span(data).parent(parent).start());
    }

    private void ended(SpanBuilder span) {
        ended(span.start());
    }

    private static Map<String, Object> map(Object... entries) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            map.put((String) entries[i], entries[i + 1]);
        }
        return map;
    }

    private List<Request> exported() {
        assertThat(exporter.export(List.copyOf(batch)).block(Duration.ofSeconds(10)))
                .isEqualTo(ExportResult.sent(batch.size()));
        return server.requests();
    }

    static String fixture(String name) throws IOException {
        try (InputStream in = OpenAiFixturesTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        }
    }

    /** Ids numbered in the order in which they come, so that who belongs to whom is compared too. */
    static String masked(String body) {
        Map<String, String> ids = new LinkedHashMap<>();
        return MASKED.matcher(body)
                .replaceAll(match -> match.group(1) == null
                        ? "TIME"
                        : ids.computeIfAbsent(
                                match.group(1), id -> id.substring(0, id.indexOf('_')) + "#" + ids.size()));
    }

    private void assertHeaders(Request request, String name) throws IOException {
        List<String> lines = Arrays.asList(fixture(name).split("\r?\n"));
        assertThat(request.method() + ' ' + request.path() + " HTTP/1.1").isEqualTo(lines.get(0));
        for (String header : List.of("Accept", "Authorization", "Content-Type", "OpenAI-Beta", "OpenAI-Organization")) {
            String theirs = lines.stream()
                    .filter(line -> line.startsWith(header + ": "))
                    .map(line -> line.substring(header.length() + 2))
                    .findFirst()
                    .orElse(null);
            assertThat(request.header(header)).as(header).isEqualTo(theirs);
        }
        assertThat(request.header("Content-Length")).isEqualTo(Integer.toString(request.body().length));
        assertThat(request.header("User-Agent")).isEqualTo("Spanflux-OpenAI-Exporter-Java/" + SdkVersion.get());
    }

    // ---- fixtures ------------------------------------------------------------------------------------------------

    @Test
    void allSpanTypes() throws IOException {
        Scope scope = entered(TraceInfo.named("Customer Service ✓")
                .group("chat_123")
                .metadata("customer", "user_456")
                .metadata("agent_harness_id", "h1")
                .metadata("n", 1));
        Span agent = tracer.span(Agent.named("Triage").outputType("str"))
                .scope(scope)
                .attribute(OpenAiAttributes.HANDOFFS, List.of("Billing"))
                .attribute(OpenAiAttributes.TOOLS, List.of("lookup"))
                .attribute(OpenAiAttributes.METADATA, Map.of("team", "x"))
                .start();
        ended(
                tracer.span(Generation.chat("openai", "gpt-4.1")
                                .captureContent(true)
                                .input(() -> OpenAiMessages.of(List.of(map("role", "user", "content", "hi ✓"))))
                                .output(() -> OpenAiMessages.of(List.of(
                                        map(
                                                "role",
                                                "assistant",
                                                "content",
                                                "hello",
                                                "reasoning_content",
                                                "secret",
                                                "thinking_blocks",
                                                List.of(1)),
                                        map("type", "reasoning", "summary", List.of())))))
                        .parent(agent)
                        .attribute(OpenAiAttributes.MODEL_CONFIG, map("temperature", 0.5, "base_url", "x"))
                        .attribute(
                                OpenAiAttributes.USAGE,
                                "{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15,\"cached\":null,\"details\":{\"d\":1}}"));
        ended(tracer.span(Tool.named("lookup")
                        .captureContent(true)
                        .arguments(() -> "{\"q\":1}")
                        .result(() -> 42))
                .parent(agent)
                .attribute(OpenAiAttributes.MCP_DATA, Map.of("server", "fs")));
        ended(Tool.named("lookup"), agent);
        ended(
                Tool.named("structured").captureContent(true).result(() -> map("a", Arrays.asList(1, true, null, "é"))),
                agent);
        ended(Guardrail.named("pii").triggered(true), agent);
        ended(Handoff.named(null).from("Triage").to("Billing"), agent);
        ended(
                McpCall.client("tools/list").captureContent(true).peer("fs", 0).result(() -> List.of("read", "write")),
                agent);
        Span failed = tracer.span(Custom.named("db"))
                .parent(agent)
                .attribute(OpenAiAttributes.DATA, "{\"rows\":3,\"nested\":{\"x\":null}}")
                .start();
        failed.status(SpanStatus.ERROR, "boom").attribute(OpenAiAttributes.ERROR_DATA, Map.of("code", 7));
        ended(failed);
        ended(tracer.span(FetchedResponse.of("openai", "resp_1"))
                .parent(agent)
                .attribute(OpenAiAttributes.USAGE, Map.of("input_tokens", 1)));
        Span group = tracer.span(SpeechGroup.named(null).captureContent(true).input(() -> "say it"))
                .parent(agent)
                .start();
        ended(
                Speech.named(null)
                        .captureContent(true)
                        .model("tts-1")
                        .voice("alloy")
                        .timeToFirstAudio(0.25)
                        .input(() -> "say it")
                        .output(() -> "AAAA"),
                group);
        ended(group);
        ended(tracer.span(Transcription.named(null)
                        .captureContent(true)
                        .model("whisper-1")
                        .input(() -> "BBBB")
                        .output(() -> "text"))
                .parent(agent)
                .attribute(OpenAiAttributes.MODEL_CONFIG, Map.of("lang", "en")));
        ended(tracer.span(OpenAiSpans.task("run", Usage.of(1, 2)))
                .parent(agent)
                .attribute(OpenAiAttributes.METADATA, Map.of("m", 1, "agent_harness_id", "not theirs")));
        ended(OpenAiSpans.turn(1, "Triage", Usage.of(1, 2)), agent);
        agent.status(SpanStatus.ERROR, "agent failed");
        ended(agent);
        ended(tracer.span(Agent.named("defaults")).scope(scope));
        ended(tracer.span(Generation.chat(null, null)).scope(scope));
        ended(tracer.span(Speech.named(null)).scope(scope));
        ended(tracer.span(Transcription.named(null)).scope(scope));
        ended(tracer.span(Custom.named("nodata")).scope(scope));
        ended(tracer.span(McpCall.client("tools/list")).scope(scope));
        ended(tracer.span(Handoff.named(null)).scope(scope));

        Request request = exported().get(0);

        // Theirs is the repr of a Python value there, which is no JSON.
        String expected = fixture("01-all-span-types.json")
                .replace("{'a': [1, True, None, 'é']}", "{\\\"a\\\":[1,true,null,\\\"é\\\"]}");
        assertThat(masked(request.text())).isEqualTo(masked(expected));
        assertHeaders(request, "01-all-span-types.headers.txt");
    }

    @Test
    void aTraceWithoutSpans() throws IOException {
        ended(tracer.span(OpenAiSpans.traceStart()).scope(entered(TraceInfo.named("min"))));
        Request request = exported().get(0);
        assertThat(masked(request.text())).isEqualTo(masked(fixture("03-trace-only.json")));
        assertHeaders(request, "03-trace-only.headers.txt");
    }

    @Test
    void oneRequestAKey() throws IOException {
        for (String key : Arrays.asList("key-a", "key-b", null, "key-a")) {
            TraceInfo trace = TraceInfo.named(key == null ? "t-None" : "t-" + key);
            ended(tracer.span(Custom.named("s")).scope(entered(key == null ? trace : trace.exportKey(key))));
        }
        List<Request> requests = exported();
        assertThat(requests).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(masked(requests.get(i).text())).isEqualTo(masked(fixture("06-per-trace-key-" + i + ".json")));
            assertHeaders(requests.get(i), "06-per-trace-key-" + i + ".headers.txt");
        }
        assertThat(server.connectionCount()).isOne();
    }

    @Test
    void idsOfTheApplication() throws IOException {
        Scope scope = entered(TraceInfo.named("x").id("not valid!"));
        ended(tracer.span(Custom.named("s")).scope(scope).id("also not"));
        Request request = exported().get(0);
        assertThat(masked(request.text())).isEqualTo(masked(fixture("07-custom-ids-not-validated.json")));
        assertHeaders(request, "07-custom-ids-not-validated.headers.txt");
        // SHA-256, computed elsewhere.
        assertThat(batch.get(0).context().traceId()).isEqualTo("7ea9fd996547e83f4db7d50893e7b159");
        assertThat(batch.get(0).context().spanId()).isEqualTo("29f12c35929c4f24");
    }

    @Test
    void mask_keepsWhoBelongsToWhom() {
        Matcher matcher = MASKED.matcher("span_0123456789abcdef01234567");
        assertThat(matcher.matches()).isTrue();
        assertThat(masked("span_0123456789abcdef01234567 span_0123456789abcdef01234568 span_0123456789abcdef01234567"))
                .isEqualTo("span#0 span#1 span#0");
    }
}
