// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** What Spect's own SDK sent, reproduced from this API byte for byte; ids differ in each run of either. */
@Timeout(30)
class SpectFixtureTest {
    private static final Instant START = Instant.ofEpochSecond(1_700_000_000);
    private static final Pattern ID = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private final LoopbackServer server = LoopbackServer.start();
    private final SpectExporter spect = SpectExporter.builder()
            .organizationId("org_123")
            .apiKey("sk-test-key")
            .provider("openai")
            .collectorUrl(server.url("/"))
            .build();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of()))
            .captureContent(true)
            .exporter(spect)
            .build();
    private final SpectObserver observer = spect.observer(spanflux.tracer());

    @AfterEach
    void close() {
        spanflux.awaitClose(Duration.ofSeconds(5));
        server.close();
    }

    private static String fixture(String name) {
        try (InputStream in = SpectFixtureTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Each id replaced by its number in the order of appearance, so that equal ids stay equal. */
    private static String masked(String body) {
        Map<String, String> numbers = new LinkedHashMap<>();
        Matcher ids = ID.matcher(body);
        return ids.replaceAll(id -> numbers.computeIfAbsent(id.group(), each -> "id-" + numbers.size()));
    }

    private LoopbackServer.Request send(SpectSession session, Instant end) {
        session.endTime(end).send().subscribe();
        assertThat(spanflux.awaitFlush(Duration.ofSeconds(5)).isComplete()).isTrue();
        return server.awaitRequest(1);
    }

    private static JsonNode json(LoopbackServer.Request request) {
        return JsonMapper.builder().build().readTree(request.text());
    }

    @Test
    void minimal() {
        SpectSession session = observer.startSession("minimal", about -> about.model("gpt-4.1"), START);

        LoopbackServer.Request request = send(session, Instant.parse("2026-11-21T07:36:55.889Z"));

        assertThat(masked(request.text())).isEqualTo(masked(fixture("01-minimal.json")));
        assertThat(request.body()).hasSize(625);
    }

    @Test
    void headers_areTheirs_butForTheUserAgentAndTheConnection() {
        LoopbackServer.Request request =
                send(observer.startSession("minimal", about -> about.model("gpt-4.1"), START), START);

        List<String> theirs = fixture("01-minimal.headers.txt").lines().toList();
        assertThat(request.method() + ' ' + request.path() + " HTTP/1.1").isEqualTo(theirs.get(0));
        assertThat(request.header("content-type")).isEqualTo("application/json");
        assertThat(request.header("authorization")).isEqualTo("Bearer sk-test-key");
        assertThat(request.header("content-length")).isEqualTo(Integer.toString(request.body().length));
        assertThat(request.header("host")).endsWith(":" + server.port());
        assertThat(request.header("user-agent")).startsWith("Spanflux-Spect-Exporter-Java/");
        assertThat(request.header("connection")).isNotEqualTo("close");
        assertThat(request.header("content-encoding")).isNull();
    }

    @Test
    void readme() {
        SpectSession session = observer.startSession(
                "openai.responses.create",
                about -> about.model("gpt-4.1")
                        .input(() -> List.of(
                                Message.system("You are a helpful assistant."), Message.user("Explain tracing."))),
                START);
        session.span(Generation.chat("openai", "gpt-4.1")
                        .output(() -> List.of(Message.assistant("Tracing records.")))
                        .finishReason("stop"))
                .name("openai.responses.create")
                .startTime(START.plusMillis(10))
                .start()
                .end(START.plusMillis(1510));

        LoopbackServer.Request request = send(session, START.plusMillis(1510));

        assertThat(masked(request.text())).isEqualTo(masked(fixture("02-readme.json")));
    }

    @Test
    void sendError() {
        SpectSession session = failedSession();

        LoopbackServer.Request request = send(session, START.plusMillis(777));

        assertThat(masked(request.text())).isEqualTo(masked(fixture("04-send-error.json")));
    }

    private SpectSession failedSession() {
        SpectSession session = observer.startSession("err", about -> about.model("gpt-4.1"), START);
        Span failed = spanflux.tracer()
                .span("gen")
                .parent(session.root())
                .attribute(SpectAttributes.KIND, "generate")
                .startTime(START)
                .start();
        failed.status(SpanStatus.ERROR, "rate limited")
                .attribute("error.type", "RateLimitError")
                .attribute(SpectAttributes.ERROR_CODE, "429")
                .end(START.plusMillis(5));
        // As an exception does, but with another language's words.
        session.root()
                .status(SpanStatus.ERROR, "rate limited: \u2717")
                .attribute("error.type", "ValueError")
                .event(
                        "exception",
                        Attributes.of(
                                "exception.stacktrace",
                                "Traceback (most recent call last):\n  File \"app.py\", line 2, in <module>\n"
                                        + "ValueError: rate limited: \u2717"));
        return session;
    }

    @Test
    void sendError_keepsTextAndUsage_whichTheirsDrops() {
        SpectSession session = failedSession();
        session.about().usage(12, 3).output(() -> List.of(Message.assistant("It was going so")));

        JsonNode response = json(send(session, START.plusMillis(777))).get("response");

        assertThat(response.get("text").asString()).isEqualTo("It was going so");
        assertThat(response.get("usage").toString())
                .isEqualTo("{\"inputTokens\":12,\"outputTokens\":3,\"totalTokens\":15}");
    }

    @Test
    void nanAndInfinity_areLeftOutAndMarked_whereTheirsIsNoJson() {
        SpectSession session = observer.startSession("nan", about -> about.model("m"), START);
        Span span = spanflux.tracer()
                .span("x")
                .parent(session.root())
                .startTime(START)
                .start();
        span.attribute("f", Double.NaN).attribute("i", Double.POSITIVE_INFINITY).end(START);

        LoopbackServer.Request request = send(session, START);

        String theirs = fixture("06-nan-invalid-json.json");
        assertThat(masked(request.text()))
                .isEqualTo(masked(theirs.replace("{\"f\": NaN, \"i\": Infinity}", "{\"spanflux.invalid_values\": 2}")));
        assertThat(json(request).get("name").asString()).isEqualTo("nan");
    }
}
