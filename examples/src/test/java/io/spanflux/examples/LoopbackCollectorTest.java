// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.trace.Scope;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.util.context.Context;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(30)
class LoopbackCollectorTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String SPAN = """
            {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174",
             "parentSpanId":"eee19b7ec3c1b173","name":"chat m","kind":3,"unknown":{"x":[1]},
             "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,
             "attributes":[
               {"key":"s","value":{"stringValue":"text"}},{"key":"b","value":{"boolValue":true}},
               {"key":"i","value":{"intValue":"9007199254740993"}},{"key":"n","value":{"intValue":7}},
               {"key":"d","value":{"doubleValue":0.25}},
               {"key":"a","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"},{}]}}},
               {"key":"k","value":{"kvlistValue":{"values":[]}}}],
             "status":{"code":2}}""";

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final LoopbackCollector collector = LoopbackCollector.start();

    @AfterEach
    void close() {
        collector.close();
    }

    private static String envelope(String spans) {
        return "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{},\"spans\":[" + spans + "]}]}]}";
    }

    private HttpResponse<String> post(BodyPublisher body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(collector.endpoint() + "/v1/traces"))
                .POST(body);
        request.headers(headers);
        return http.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> postJson(String body) throws Exception {
        return post(BodyPublishers.ofString(body), "Content-Type", "application/json");
    }

    private static byte[] gzip(byte[] bytes) throws Exception {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(bytes);
        }
        return compressed.toByteArray();
    }

    @Test
    void post_isReadIntoSpans() throws Exception {
        HttpResponse<String> response = postJson(envelope(SPAN));

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        assertThat(response.body()).isEqualTo("{\"partialSuccess\":{}}");
        assertThat(collector.spans())
                .containsExactly(new ReceivedSpan(
                        "5b8efff798038103d269b633813fc60c",
                        "eee19b7ec3c1b174",
                        "eee19b7ec3c1b173",
                        "chat m",
                        1544712660000000000L,
                        1544712661000000000L,
                        true,
                        Map.of(
                                "s",
                                "text",
                                "b",
                                true,
                                "i",
                                9007199254740993L,
                                "n",
                                7L,
                                "d",
                                0.25,
                                "a",
                                List.of("x", 1L))));
    }

    @Test
    void post_gzipAndChunked_areRead() throws Exception {
        byte[] body = envelope(SPAN).getBytes(StandardCharsets.UTF_8);
        byte[] compressed = gzip(body);

        assertThat(post(
                                BodyPublishers.ofByteArray(compressed),
                                "Content-Type",
                                "application/json",
                                "Content-Encoding",
                                "gzip")
                        .statusCode())
                .isEqualTo(200);
        // Of unknown length, so that the client sends it in chunks.
        assertThat(post(
                                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)),
                                "Content-Type",
                                "application/json; charset=utf-8")
                        .statusCode())
                .isEqualTo(200);
        assertThat(post(
                                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(compressed)),
                                "Content-Type",
                                "application/json",
                                "Content-Encoding",
                                "GZIP")
                        .statusCode())
                .isEqualTo(200);
        assertThat(collector.spans()).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{}",
                "{\"resourceSpans\":7}",
                "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"W47/95gDgQPSabYzgT/GDA==\"}]}]}]}"
            })
    void post_malformed_is400WithAStatus(String body) throws Exception {
        HttpResponse<String> response = postJson(body);

        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode status = JSON.readTree(response.body());
        assertThat(status.path("code").asInt()).isEqualTo(3);
        assertThat(status.path("message").asString()).isNotEmpty();
        assertThat(collector.spans()).isEmpty();
    }

    @Test
    void post_spanWithABadField_is400AndNamesIt() throws Exception {
        assertThat(postJson(envelope(SPAN.replace("eee19b7ec3c1b174", "short"))).body())
                .contains("spanId is not 16 hexadecimal digits");
        assertThat(postJson(envelope(SPAN.replace("\"1544712660000000000\"", "\"soon\"")))
                        .body())
                .contains("startTimeUnixNano is not a whole number");
        assertThat(postJson(envelope(SPAN.replace("\"9007199254740993\"", "\"many\"")))
                        .body())
                .contains("intValue is not a whole number");
        assertThat(collector.spans()).isEmpty();
    }

    @Test
    void post_otherThanJsonOrGzip_isRefused() throws Exception {
        assertThat(post(BodyPublishers.ofString("x"), "Content-Type", "application/x-protobuf")
                        .statusCode())
                .isEqualTo(415);
        assertThat(post(BodyPublishers.ofString("x"), "Content-Type", "application/json", "Content-Encoding", "br")
                        .statusCode())
                .isEqualTo(400);
        assertThat(post(BodyPublishers.ofString("x"), "Content-Type", "application/json", "Content-Encoding", "gzip")
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void post_bodyThatIsOrBecomesTooLarge_is413() throws Exception {
        byte[] large = new byte[9 * 1024 * 1024];

        assertThat(post(
                                BodyPublishers.ofByteArray(gzip(large)),
                                "Content-Type",
                                "application/json",
                                "Content-Encoding",
                                "gzip")
                        .statusCode())
                .isEqualTo(413);
        assertThat(postJson(envelope(SPAN)).statusCode()).isEqualTo(200);
    }

    @Test
    void full_rejectsTheRestAndTheSenderCountsIt() throws Exception {
        StringBuilder spans = new StringBuilder(SPAN);
        for (int i = 1; i < 1_000; i++) {
            spans.append(',').append(SPAN);
        }
        for (int i = 0; i < 9; i++) {
            assertThat(postJson(envelope(spans.toString())).body()).isEqualTo("{\"partialSuccess\":{}}");
        }
        Spanflux spanflux = spanflux();
        for (int i = 0; i < 1_003; i++) {
            spanflux.tracer().span("span").start().end();
        }

        DeliveryReport report = spanflux.awaitClose(Duration.ofSeconds(20));

        assertThat(collector.spans()).hasSize(10_000);
        assertThat(report.ledger().sent()).isEqualTo(1_000);
        assertThat(report.ledger().rejected()).isEqualTo(3);
        assertThat(report.ledger().dropped(DropCause.REFUSED)).isZero();
        assertThat(report.ledger().isBalanced()).isTrue();
    }

    private Spanflux spanflux() {
        return Spanflux.builder()
                .environment(Environment.of(Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint(), "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")))
                .build();
    }

    @Test
    void exporter_roundTrip_keepsWhatASpanSays() {
        Spanflux spanflux = spanflux();
        Context context = Scope.named("outer").attribute("tenant", "acme").apply(Context.empty());
        spanflux.tracer()
                .span("work")
                .parent(context)
                .start()
                .attribute("text", "\u00e9\ud83d\ude00 \"quoted\"\n")
                .attribute("number", Long.MAX_VALUE)
                .error(new IllegalStateException("broken"))
                .end();

        assertThat(spanflux.awaitClose(Duration.ofSeconds(20)).isComplete()).isTrue();

        ReceivedSpan span = collector.spans().get(0);
        assertThat(span.name()).isEqualTo("work");
        assertThat(span.failed()).isTrue();
        assertThat(span.attributes())
                .containsEntry("text", "\u00e9\ud83d\ude00 \"quoted\"\n")
                .containsEntry("number", Long.MAX_VALUE)
                .containsEntry("error.type", "java.lang.IllegalStateException")
                .containsEntry("tenant", "acme")
                .containsEntry("spanflux.scope.name", "outer");
        assertThat(span.endNanos()).isGreaterThanOrEqualTo(span.startNanos());
    }
}
