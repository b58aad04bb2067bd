// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.netty.util.LeakPresenceDetector;
import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.encode.Histogram;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.Temporality;
import io.spanflux.export.MetricExporter.Outcome;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import io.spanflux.transport.Compression;
import io.spanflux.transport.RetryPolicy;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The exporter of metrics as users configure it, against a real server. */
@Timeout(30)
class OtlpMetricExporterTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final RetryPolicy QUICK =
            new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(50), Duration.ofSeconds(5));

    private final LoopbackServer server = LoopbackServer.start();
    private final Map<String, String> variables = new HashMap<>();
    private final LogCapture logs = LogCapture.start();
    private OtlpMetricExporter exporter;

    @AfterEach
    void close() {
        if (exporter != null) {
            exporter.close().block(LONG);
        }
        server.close();
    }

    @AfterAll
    static void noBufferIsLeftBehind() {
        LeakPresenceDetector.check();
    }

    private OtlpMetricExporter.Builder builder() {
        return OtlpMetricExporter.builder().environment(Environment.of(variables));
    }

    private Outcome export(OtlpMetricExporter.Builder builder) {
        exporter = builder.build();
        HistogramPoint point = new HistogramPoint(Attributes.of("k", "v"), 1, 2, 3, 4, List.of(1L, 2L));
        return exporter.export(
                        Resource.of(Attributes.of("service.name", "test")),
                        List.of(new Histogram(
                                "m", "d", "s", List.of(1.0), exporter.temporality(), List.of(point, point))))
                .block(LONG);
    }

    private Request exported(OtlpMetricExporter.Builder builder) {
        assertThat(export(builder)).isEqualTo(Outcome.DELIVERED);
        return server.requests().get(0);
    }

    // ---- the request ---------------------------------------------------------------------------------------------

    @Test
    void export_isOtlpJsonByPost() {
        Request request = exported(builder().endpoint(server.url("")).header("x-api-key", "k"));
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.path()).isEqualTo("/v1/metrics");
        assertThat(request.header("content-type")).isEqualTo("application/json");
        assertThat(request.header("x-api-key")).isEqualTo("k");
        assertThat(request.header("user-agent")).isEqualTo("Spanflux-OTLP-Exporter-Java/" + SdkVersion.get());
        assertThat(request.text())
                .startsWith("{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\"")
                .contains("\"aggregationTemporality\":2")
                .contains("\"bucketCounts\":[\"1\",\"2\"]");
    }

    @Test
    void endpoint_withAPath_isUsedAsItIs() {
        assertThat(exported(builder().endpoint(server.url("/custom"))).path()).isEqualTo("/custom");
    }

    // ---- the environment -----------------------------------------------------------------------------------------

    @Test
    void environment_theVariablesForMetricsGoBeforeThoseForAll() {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1/nowhere");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", server.url("/mine"));
        variables.put("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:1/traces");
        variables.put("OTEL_EXPORTER_OTLP_HEADERS", "a=all");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=of%20metrics");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "zstd");
        Request request = exported(builder());
        assertThat(request.path()).isEqualTo("/mine");
        assertThat(request.header("a")).isEqualTo("of metrics");
        assertThat(request.header("content-encoding")).isEqualTo("zstd");
    }

    @Test
    void environment_theVariableForAll_getsThePathOfMetrics() {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url("/base"));
        variables.put("OTEL_EXPORTER_OTLP_HEADERS", "a=all");
        Request request = exported(builder());
        assertThat(request.path()).isEqualTo("/base/v1/metrics");
        assertThat(request.header("a")).isEqualTo("all");
        assertThat(request.header("content-encoding")).isNull();
    }

    @Test
    void environment_codeGoesBeforeIt() {
        variables.put("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://localhost:1/nowhere");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta");
        Request request = exported(
                builder().endpoint(server.url("")).compression(Compression.NONE).temporality(Temporality.CUMULATIVE));
        assertThat(request.header("content-encoding")).isNull();
        assertThat(request.text()).contains("\"aggregationTemporality\":2");
    }

    @ParameterizedTest
    @CsvSource({"cumulative, CUMULATIVE", "DELTA, DELTA", "lowmemory, DELTA", "'', CUMULATIVE"})
    void environment_temporalityPreference(String preference, Temporality expected) {
        variables.put("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference);
        exporter = builder().build();
        assertThat(exporter.temporality()).isEqualTo(expected);
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void environment_whatItMayNotSay_isWarnedOfAndIgnored() {
        variables.put("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "sometimes");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc");
        exporter = builder().build();
        assertThat(exporter.temporality()).isEqualTo(Temporality.CUMULATIVE);
        assertThat(logs.warnings())
                .hasSize(3)
                .anySatisfy(warning -> assertThat(warning).contains("TEMPORALITY_PREFERENCE", "sometimes"))
                .anySatisfy(warning -> assertThat(warning).contains("HISTOGRAM_AGGREGATION"))
                .anySatisfy(warning -> assertThat(warning).contains("METRICS_PROTOCOL", "grpc"));
    }

    @Test
    void environment_timeout_isThatOfAnAttempt() {
        variables.put("OTEL_EXPORTER_OTLP_TIMEOUT", "60000");
        variables.put("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "100");
        variables.put("OTEL_METRIC_EXPORT_TIMEOUT", "300");
        server.otherwise(Behaviour.hang());
        long start = System.nanoTime();
        assertThat(export(builder().endpoint(server.url("")))).isEqualTo(Outcome.FAILED);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
    }

    // ---- the answer ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {404, 405})
    void answer_nobodyTakesMetrics_isUnsupported(int status) {
        server.otherwise(Behaviour.status(status, "no"));
        assertThat(export(builder().endpoint(server.url("")))).isEqualTo(Outcome.UNSUPPORTED);
        assertThat(server.requests()).hasSize(1);
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 400, 401, 403, 413, 500})
    void answer_anyOtherRefusal_isAFailureAndNotTriedAgain(int status) {
        server.otherwise(Behaviour.status(status, "because"));
        assertThat(export(builder().endpoint(server.url("")).retryPolicy(QUICK)))
                .isEqualTo(Outcome.FAILED);
        assertThat(server.requests()).hasSize(1);
        assertThat(logs.warnings()).singleElement().asString().contains("answered " + status, "because");
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 502, 503, 504})
    void answer_overloaded_isTriedAgain(int status) {
        server.then(Behaviour.status(status, "later"));
        assertThat(export(builder().endpoint(server.url("")).retryPolicy(QUICK)))
                .isEqualTo(Outcome.DELIVERED);
        assertThat(server.requests()).hasSize(2);
        assertThat(server.requests().get(1).text())
                .isEqualTo(server.requests().get(0).text());
    }

    @Test
    void answer_partialSuccess_isDeliveredAndWarnedOf() {
        server.then(Behaviour.status(
                200, "{\"partialSuccess\":{\"rejectedDataPoints\":\"1\",\"errorMessage\":\"too old\"}}"));
        assertThat(export(builder().endpoint(server.url("")))).isEqualTo(Outcome.DELIVERED);
        assertThat(logs.warnings()).singleElement().asString().contains("rejected 1 of their points: too old");
    }

    @Test
    void answer_none_isAFailure() {
        int port = LoopbackServer.unusedPort();
        RetryPolicy once = new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(50), Duration.ZERO);
        assertThat(export(builder().endpoint("http://localhost:" + port).retryPolicy(once)))
                .isEqualTo(Outcome.FAILED);
    }

    // ---- mistakes ------------------------------------------------------------------------------------------------

    @Test
    void builder_badValues_areRefusedByName() {
        assertThatThrownBy(() -> builder().endpoint("ftp://x").build()).hasMessageContaining("ftp");
        assertThatThrownBy(() -> builder().endpoint(null)).hasMessage("endpoint == null");
        assertThatThrownBy(() -> builder().header("a", null)).hasMessage("header value == null");
        assertThatThrownBy(() -> builder().timeout(null)).hasMessage("timeout == null");
        assertThatThrownBy(() -> builder().timeout(Duration.ZERO).build()).hasMessageContaining("timeout");
        assertThatThrownBy(() -> builder().compression(null)).hasMessage("compression == null");
        assertThatThrownBy(() -> builder().retryPolicy(null)).hasMessage("retryPolicy == null");
        assertThatThrownBy(() -> builder().transport(null)).hasMessage("transport == null");
        assertThatThrownBy(() -> builder().temporality(null)).hasMessage("temporality == null");
    }

    @Test
    void toString_hasNoSecrets() {
        exporter = builder()
                .endpoint("http://localhost:4318/v1/metrics?key=1")
                .header("x-api-key", "secret")
                .build();
        assertThat(exporter + exporter.target()).doesNotContain("key=1", "secret");
    }
}
