// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.Generation;
import io.spanflux.pricing.ModelPrice;
import io.spanflux.pricing.PriceBook;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/** What Tracentic's own client sent, byte for byte, said with Spanflux and received by a server. */
@Timeout(30)
class TracenticFixturesTest {
    private static final Instant START = Instant.parse("2023-11-14T22:13:20.123456Z");
    private static final String HEX_ID = "[0-9a-f]{32}";

    private final LoopbackServer server = LoopbackServer.start();
    private Spanflux spanflux;

    @AfterEach
    void close() {
        spanflux.awaitClose(Duration.ofSeconds(5));
        server.close();
    }

    private Spanflux spanflux(Attributes globals) {
        spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .serviceName("my-service")
                .tracer(tracer -> tracer.globals(globals))
                .priceBook(PriceBook.builder()
                        .price("anthropic", "claude-sonnet-4-20250514", ModelPrice.of("3", "15"))
                        .price("openai", "gpt-4o", ModelPrice.of("2.5", "10"))
                        .build())
                .exporter(TracenticExporter.builder()
                        .apiKey("tr-test-key")
                        .endpoint(server.url("/"))
                        .build())
                .build();
        return spanflux;
    }

    private Request received() {
        assertThat(spanflux.awaitFlush(Duration.ofSeconds(10)).timedOut()).isFalse();
        assertThat(server.requests()).hasSize(1);
        return server.requests().get(0);
    }

    private static String fixture(String name) {
        try (InputStream in = TracenticFixturesTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Without what is random, what names the SDK, and what theirs never has. */
    private static String masked(String body) {
        return body.replaceAll("\"parentSpanId\":\"[A-Za-z0-9+/]{11}=\",", "")
                .replaceAll("\"traceId\":\"[A-Za-z0-9+/]{22}==\"", "\"traceId\":\"T\"")
                .replaceAll("\"spanId\":\"[A-Za-z0-9+/]{11}=\"", "\"spanId\":\"S\"")
                .replaceAll("(tracentic\\.scope\\.(?:parent_)?id\",\"value\":\\{\"stringValue\":\")" + HEX_ID, "$1ID")
                .replaceAll("20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}\\+00:00", "TIME")
                .replaceAll("(service\\.version\",\"value\":\\{\"stringValue\":\")[^\"]+", "$1V")
                .replaceAll("\"scope\":\\{\"name\":\"[^\"]+\",\"version\":\"[^\"]+\"}", "\"scope\":SDK");
    }

    private static void assertEqualAsBytes(String actual, String expected) {
        String ours = masked(actual);
        String theirs = masked(expected);
        int at = Arrays.mismatch(ours.getBytes(StandardCharsets.UTF_8), theirs.getBytes(StandardCharsets.UTF_8));
        assertThat(at)
                .as(() -> "differ: " + around(ours, at) + "\ntheirs: " + around(theirs, at))
                .isEqualTo(-1);
    }

    private static String around(String text, int at) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int from = Math.max(0, at - 200);
        return new String(bytes, from, Math.min(400, bytes.length - from), StandardCharsets.UTF_8);
    }

    private static Instant after(long micros) {
        return START.plusNanos(micros * 1000);
    }

    @Test
    void fixture01_scopesCostsGlobalsAndALinkFromAHeader() {
        Spanflux own = spanflux(
                Attributes.of("region", "us-east-1").with("version", "2.1.0").with("k", "global"));
        Scope pipeline = Scope.named("rag-pipeline")
                .attribute("user_id", "user-123")
                .attribute(TracenticScope.CORRELATION_ID, "order-42")
                .enteredIn(Scope.none());
        // Ours would inherit the user; theirs links and no more, as a remote scope does.
        Scope synthesis =
                Scope.named("synthesis").attribute("strategy", "hybrid").enteredIn(Scope.remote(pipeline.id()));
        Scope linked = Scope.named("linked").enteredIn(Scope.remote("abc-from-header"));

        Span chat = own.tracer()
                .span(Generation.chat("anthropic", "claude-sonnet-4-20250514").usage(1200, 300))
                .scope(pipeline)
                .startTime(START)
                .start();
        chat.end(after(1_500_000));
        Span embedding = own.tracer()
                .span(Embeddings.of("openai", "gpt-4o").inputTokens(10L))
                .parent(chat)
                .scope(synthesis)
                .attribute("k", "span")
                .startTime(START)
                .start();
        embedding.end(after(1_500));
        Span other = own.tracer()
                .span("google")
                .kind(SpanKind.CLIENT)
                .attribute("gen_ai.provider.name", "google")
                .scope(linked)
                .startTime(START)
                .start();
        other.end(START);

        Request request = received();
        // Theirs went through doubles and is 96 ns early.
        assertEqualAsBytes(
                request.text(),
                fixture("01-scoped-child-linked.json").replace("1700000000124955904", "1700000000124956000"));
        Matcher ids = Pattern.compile("tracentic\\.scope\\.(?:parent_)?id\",\"value\":\\{\"stringValue\":\"([^\"]+)")
                .matcher(request.text());
        assertThat(ids.results().map(id -> id.group(1)))
                .containsExactly(pipeline.id(), synthesis.id(), pipeline.id(), linked.id(), "abc-from-header");
    }

    @Test
    void fixture03_errors() {
        Spanflux own = spanflux(Attributes.empty());
        Span scoped = own.tracer()
                .span(Generation.chat("openai", "gpt-4o").usage(5, 5))
                .scope(Scope.named("s").enteredIn(Scope.none()))
                .startTime(START)
                .start();
        scoped.error(new RuntimeError("rate limited ✗\nline2")).end(after(1_000_000));
        Span scopeless = own.tracer()
                .span(Generation.chat("openai", "gpt-4o").usage(5, 5))
                .startTime(START)
                .start();
        scopeless.error(new ValueError("")).end(after(1_000_000));

        assertEqualAsBytes(received().text(), fixture("03-record-error.json"));
    }

    @Test
    void fixture05_limits() {
        Attributes fifty = Attributes.empty();
        Scope scope = Scope.named("s");
        for (int i = 0; i < 100; i++) {
            scope = scope.attribute("scope" + i, i);
            fifty = i < 50 ? fifty.with("global" + i, i) : fifty;
        }
        Spanflux own = spanflux(fifty);
        Span span = own.tracer()
                .span(Generation.chat("p", "m".repeat(5_000)))
                // Else it would be named by the model, be too long and say so in an attribute that theirs has not.
                .name("chat")
                .scope(scope.enteredIn(Scope.none()))
                .startTime(START)
                .start();
        for (int i = 0; i < 100; i++) {
            span.attribute("span" + i, "v");
        }
        span.attribute("k".repeat(300), "v".repeat(5_000)).attribute("emoji", "😀".repeat(5_000));
        span.end(START);

        assertEqualAsBytes(received().text(), fixture("05-limits.json"));
    }

    @Test
    void headers_areTheirs_butForTheUserAgent() {
        Spanflux own = spanflux(Attributes.empty());
        own.tracer().span(Generation.chat("openai", "gpt-4o")).start().end();
        Request request = received();

        List<String> theirs =
                fixture("01-scoped-child-linked.headers.txt").lines().toList();
        assertThat(request.method() + ' ' + request.path() + " HTTP/1.1").isEqualTo(theirs.get(0));
        for (String line : theirs) {
            if (line.startsWith("Accept: ") || line.startsWith("content-type: ") || line.startsWith("x-tracentic-")) {
                int colon = line.indexOf(':');
                assertThat(request.header(line.substring(0, colon))).isEqualTo(line.substring(colon + 2));
            }
        }
        assertThat(request.header("content-length")).isEqualTo(Integer.toString(request.body().length));
        assertThat(request.header("user-agent")).isEqualTo("Spanflux-Tracentic-Exporter-Java/" + SdkVersion.get());
        assertThat(request.header("connection")).isNotEqualTo("close");
    }

    private static final class RuntimeError extends RuntimeException {
        RuntimeError(String message) {
            super(message);
        }
    }

    private static final class ValueError extends RuntimeException {
        ValueError(String message) {
            super(message);
        }
    }
}
