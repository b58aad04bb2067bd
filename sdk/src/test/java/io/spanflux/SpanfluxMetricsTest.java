// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.encode.Temporality;
import io.spanflux.export.OtlpExporter;
import io.spanflux.export.OtlpMetricExporter;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Usage;
import io.spanflux.metrics.GenAiMetrics;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import java.io.File;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Metrics as users turn them on, beside spans that go to the same collector. */
@Timeout(30)
class SpanfluxMetricsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final LoopbackServer server = LoopbackServer.start();
    private final Map<String, String> variables = new HashMap<>();
    private final LogCapture logs = LogCapture.start();
    private Spanflux spanflux;

    @AfterEach
    void close() {
        if (spanflux != null) {
            spanflux.awaitClose(PATIENCE);
        }
        server.close();
    }

    private Spanflux.Builder builder() {
        Environment environment = Environment.of(variables);
        return Spanflux.builder()
                .environment(environment)
                .serviceName("test")
                .exporter(OtlpExporter.builder()
                        .environment(environment)
                        .endpoint(server.url(""))
                        .build());
    }

    private Spanflux measuring() {
        return builder().metrics(this::toServer).build();
    }

    private void toServer(GenAiMetrics.Builder metrics) {
        metrics.exporter(OtlpMetricExporter.builder()
                .environment(Environment.of(variables))
                .endpoint(server.url(""))
                .temporality(Temporality.DELTA)
                .build());
    }

    /** Does {@code behaviour} to metrics, and answers 200 to spans. */
    private void toMetrics(Behaviour behaviour) {
        server.otherwise(exchange -> {
            if (exchange.request().path().equals("/v1/metrics")) {
                behaviour.respond(exchange);
            } else {
                exchange.answer(200, "{}");
            }
        });
    }

    private void call() {
        Span span = spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4o").usage(Usage.of(10, 20)))
                .start();
        span.end();
    }

    private List<Request> requests(String path) {
        return server.requests().stream()
                .filter(request -> request.path().equals(path))
                .toList();
    }

    @Test
    void theSdksOwnNumbers_leaveWithTheMetrics() {
        spanflux = measuring();
        call();
        spanflux.awaitFlush(PATIENCE);
        call();
        spanflux.awaitFlush(PATIENCE);

        String last = requests("/v1/metrics").get(1).text();
        String exporter =
                "{\"key\":\"otel.component.name\",\"value\":" + "{\"stringValue\":\"otlp_http_json_span_exporter/0\"}}";
        assertThat(last)
                .contains("otel.sdk.span.live", "otel.sdk.processor.span.processed", "otel.sdk.exporter.span.inflight")
                .containsPattern("otel.sdk.exporter.span.exported.*" + Pattern.quote(exporter) + ".*\"asInt\":\"1\"")
                .containsPattern(
                        "otel.sdk.processor.span.queue.capacity.*batching_span_processor/0.*\"asInt\":\"2048\"");
    }

    @Test
    void theSdksOwnNumbers_sayWhatWasLost_byCause() {
        server.otherwise(
                exchange -> exchange.answer(exchange.request().path().equals("/v1/metrics") ? 200 : 401, "{}"));
        spanflux = builder()
                .metrics(this::toServer)
                .pipeline(pipeline -> pipeline.maxQueueSize(1))
                .build();
        for (int i = 0; i < 50; i++) {
            call();
        }
        spanflux.awaitFlush(PATIENCE);
        call();
        spanflux.awaitFlush(PATIENCE);

        List<Request> metrics = requests("/v1/metrics");
        assertThat(metrics.stream().map(Request::text))
                .anySatisfy(text ->
                        assertThat(text).contains("{\"key\":\"error.type\",\"value\":{\"stringValue\":\"refused\"}}"));
    }

    // ---- on and off ----------------------------------------------------------------------------------------------

    @Test
    void metrics_areOffByDefault() {
        spanflux =
                builder().tracer(tracer -> tracer.sampler(Sampler.alwaysOff())).build();

        assertThat(spanflux.metrics()).isNull();
        assertThat(spanflux.tracer().span("sampled out").start().isRecording()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"otlp", "none,otlp"})
    void environment_otlp_turnsThemOn(String value) {
        variables.put("OTEL_METRICS_EXPORTER", value);
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta");
        spanflux = builder().build();
        call();
        spanflux.awaitFlush(PATIENCE);

        assertThat(spanflux.metrics()).isNotNull();
        assertThat(requests("/v1/metrics"))
                .singleElement()
                .satisfies(request -> assertThat(request.text())
                        .contains("\"service.name\",\"value\":{\"stringValue\":\"test\"}")
                        .contains("gen_ai.client.operation.duration", "\"aggregationTemporality\":1"));
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void environment_none_leavesThemOff() {
        variables.put("OTEL_METRICS_EXPORTER", "none");
        spanflux = builder().build();

        assertThat(spanflux.metrics()).isNull();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void environment_anExporterThatIsNotKnown_isWarnedOfAndLeavesThemOff() {
        variables.put("OTEL_METRICS_EXPORTER", "prometheus");
        spanflux = builder().build();

        assertThat(spanflux.metrics()).isNull();
        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_METRICS_EXPORTER", "prometheus");
    }

    @Test
    void environment_none_turnsOffTheExportOfMetricsThatCodeTurnedOn() {
        variables.put("OTEL_METRICS_EXPORTER", "none");
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        spanflux = builder().metrics(metrics -> {}).build();
        call();
        spanflux.awaitFlush(PATIENCE);

        assertThat(spanflux.metrics().recorded()).isEqualTo(3);
        assertThat(requests("/v1/metrics")).isEmpty();
    }

    @Test
    void environment_disabled_leavesThemOff() {
        variables.put("OTEL_SDK_DISABLED", "true");
        spanflux = measuring();

        assertThat(spanflux.metrics()).isNull();
    }

    // ---- delivery ------------------------------------------------------------------------------------------------

    @Test
    void awaitShutdown_eachInvocation_deliversSpansAndMetrics() {
        spanflux = measuring();
        for (int i = 1; i <= 3; i++) {
            call();

            DeliveryReport report = spanflux.awaitShutdown(PATIENCE);

            assertThat(report).isEqualTo(new DeliveryReport(new Ledger(i, i, 0, Map.of(), 0, 0), false));
            assertThat(requests("/v1/traces")).hasSize(i);
            assertThat(requests("/v1/metrics")).hasSize(i);
            assertThat(spanflux.metrics().delivered()).isEqualTo(3L * i);
        }
    }

    @Test
    void sampledOut_isNotExported_andMeasuredAllTheSame() {
        InMemorySpanExporter seen = InMemorySpanExporter.create();
        spanflux = builder()
                .tracer(tracer -> tracer.sampler(Sampler.alwaysOff()).handler(seen))
                .metrics(this::toServer)
                .build();
        call();
        DeliveryReport report = spanflux.awaitFlush(PATIENCE);

        assertThat(report.ledger()).isEqualTo(Ledger.zero());
        assertThat(seen.spans()).isEmpty();
        assertThat(requests("/v1/traces")).isEmpty();
        assertThat(requests("/v1/metrics"))
                .singleElement()
                .satisfies(request -> assertThat(request.text())
                        .contains("gen_ai.client.operation.duration", "gen_ai.client.token.usage", "\"sum\":20"));
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 405})
    void collectorThatTakesNoMetrics_stopsThemWithOneWarning_andDisturbsNoSpan(int status) {
        toMetrics(Behaviour.status(status, "no"));
        spanflux = measuring();
        for (int i = 1; i <= 4; i++) {
            call();
            assertThat(spanflux.awaitFlush(PATIENCE))
                    .isEqualTo(new DeliveryReport(new Ledger(i, i, 0, Map.of(), 0, 0), false));
        }

        assertThat(requests("/v1/metrics")).hasSize(1);
        assertThat(requests("/v1/traces")).hasSize(4);
        assertThat(logs.warnings()).singleElement().asString().contains("/v1/metrics takes no metrics");
    }

    @Test
    void metricsEndpointThatHangs_delaysNoSpan_andTheReportIsTrueAndInTime() {
        toMetrics(Behaviour.hang());
        spanflux = measuring();
        call();
        long start = System.nanoTime();

        DeliveryReport report = spanflux.awaitShutdown(Duration.ofSeconds(2));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
        assertThat(report).isEqualTo(new DeliveryReport(new Ledger(1, 1, 0, Map.of(), 0, 0), false));
        assertThat(spanflux.metrics().delivered()).isZero();
        assertThat(logs.warnings()).anySatisfy(warning -> assertThat(warning).contains("were not delivered within"));

        server.otherwise(Behaviour.ok());
        call();
        spanflux.awaitShutdown(PATIENCE);

        assertThat(spanflux.metrics().delivered()).isEqualTo(6);
    }

    @Test
    void metricsEndpointThatHangs_spansGoOutMeanwhile() {
        toMetrics(Behaviour.hang());
        spanflux = builder()
                .pipeline(pipeline -> pipeline.scheduleDelay(Duration.ofMillis(10)))
                .metrics(metrics -> {
                    toServer(metrics);
                    metrics.exportInterval(Duration.ofMillis(1));
                })
                .build();
        call();
        server.awaitRequest(2);
        call();
        server.awaitRequest(3);

        assertThat(requests("/v1/metrics")).hasSize(1);
        assertThat(requests("/v1/traces")).hasSize(2);
        spanflux.awaitClose(Duration.ofSeconds(1));
        spanflux = null;
    }

    // ---- without Micrometer --------------------------------------------------------------------------------------

    /** All classes anew, from the same class path less Micrometer. */
    @Test
    void metrics_withoutMicrometer_work() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (!entry.contains("micrometer")) {
                urls.add(new File(entry).toURI().toURL());
            }
        }
        try (URLClassLoader bare = new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
            assertThat(bare.getResource("io/micrometer/core/instrument/MeterRegistry.class"))
                    .isNull();
            Method run = bare.loadClass(WithoutMicrometer.class.getName()).getMethod("run", String.class);

            assertThat(run.invoke(null, server.url(""))).isEqualTo(3L);
        }
        assertThat(requests("/v1/metrics")).hasSize(1);
    }

    /** Runs with classes of its own. */
    public static final class WithoutMicrometer {
        /** How many values were delivered to {@code endpoint}. */
        public static long run(String endpoint) {
            Spanflux spanflux = Spanflux.builder()
                    .environment(Environment.of(
                            Map.of("OTEL_METRICS_EXPORTER", "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)))
                    .build();
            spanflux.tracer()
                    .span(Generation.chat("openai", "gpt-4o").usage(Usage.of(1, 2)))
                    .start()
                    .end();
            spanflux.awaitClose(PATIENCE);
            return spanflux.metrics().delivered();
        }
    }
}
