// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.events.ExceptionSignal;
import io.spanflux.export.DropCause;
import io.spanflux.export.OtlpExporter;
import io.spanflux.export.OtlpLogExporter;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Usage;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Events as users turn them on, beside spans that go to the same collector. */
@Timeout(30)
class SpanfluxEventsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final DeliveryReport ONE_SPAN = new DeliveryReport(new Ledger(1, 1, 0, Map.of(), 0, 0), false);

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

    /** Events with content to the server. */
    private Spanflux.Builder telling() {
        return builder()
                .content(content -> content.capture(ContentCapture.EVENTS))
                .events(events -> events.exporter(OtlpLogExporter.builder()
                        .environment(Environment.of(variables))
                        .endpoint(server.url(""))
                        .build()));
    }

    /** Does {@code behaviour} to events, and answers 200 to spans. */
    private void toEvents(Behaviour behaviour) {
        server.otherwise(exchange -> {
            if (exchange.request().path().equals("/v1/logs")) {
                behaviour.respond(exchange);
            } else {
                exchange.answer(200, "{}");
            }
        });
    }

    private Span call() {
        Span span = spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4o")
                        .input(() -> List.of(Message.user("Paris?")))
                        .usage(Usage.of(10, 20)))
                .start();
        span.end();
        return span;
    }

    private List<Request> requests(String path) {
        return server.requests().stream()
                .filter(request -> request.path().equals(path))
                .toList();
    }

    // ---- on and off ----------------------------------------------------------------------------------------------

    @Test
    void events_areOffByDefault_andCostNothing() {
        variables.put("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "EVENT_ONLY");
        variables.put("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT", "true");
        variables.put("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "logs");
        spanflux = builder().build();
        AtomicInteger asked = new AtomicInteger();
        Span span = spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4o").input(() -> {
                    asked.incrementAndGet();
                    return List.of();
                }))
                .start()
                .error(new IllegalStateException());
        span.end();
        spanflux.events().evaluation(span.context(), "n").score(1).record();
        spanflux.awaitFlush(PATIENCE);

        assertThat(spanflux.events().isOn()).isFalse();
        assertThat(spanflux.events().discarded()).isEqualTo(1);
        assertThat(requests("/v1/logs")).isEmpty();
        assertThat(asked).hasValue(0);
        // Nobody else would tell of the exception.
        assertThat(span.events()).hasSize(1);
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void withoutExporter_winsOverTheEnvironment_untilOneIsSet() {
        variables.put("OTEL_LOGS_EXPORTER", "otlp");
        spanflux = telling().events(events -> events.withoutExporter()).build();
        assertThat(spanflux.events().isOn()).isFalse();
        spanflux.awaitClose(PATIENCE);
        spanflux = builder()
                .events(events -> events.withoutExporter().exporter(OtlpLogExporter.create()))
                .build();
        assertThat(spanflux.events().isOn()).isTrue();
    }

    @Test
    void eventsOff_spansThatAreSampledOut_recordNothing() {
        variables.put("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_AND_EVENT");
        spanflux =
                builder().tracer(tracer -> tracer.sampler(Sampler.alwaysOff())).build();

        assertThat(call().isRecording()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"otlp", "none,otlp"})
    void environment_otlp_turnsThemOn(String value) {
        variables.put("OTEL_LOGS_EXPORTER", value);
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-signal=logs");
        variables.put("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "event_only");
        spanflux = builder().build();
        call();

        assertThat(spanflux.awaitFlush(PATIENCE)).isEqualTo(ONE_SPAN);

        assertThat(requests("/v1/logs")).singleElement().satisfies(request -> {
            assertThat(request.text())
                    .contains("\"service.name\",\"value\":{\"stringValue\":\"test\"}")
                    .contains("\"eventName\":\"gen_ai.client.inference.operation.details\"")
                    .contains("\"key\":\"content\",\"value\":{\"stringValue\":\"Paris?\"}")
                    .contains("spanflux.cost.total");
            assertThat(request.header("x-signal")).isEqualTo("logs");
            assertThat(request.header("content-type")).isEqualTo("application/json");
        });
        assertThat(requests("/v1/traces").get(0).text()).doesNotContain("Paris?");
        assertThat(spanflux.events().ledger()).isEqualTo(new Ledger(1, 1, 0, Map.of(), 0, 0));
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void environment_endpointOfLogs_isUsedAsItIs() {
        variables.put("OTEL_LOGS_EXPORTER", "otlp");
        variables.put("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", server.url("/custom/logs"));
        spanflux = builder().build();
        spanflux.events().evaluation("id", "n").score(1).record();
        spanflux.awaitFlush(PATIENCE);

        assertThat(requests("/custom/logs")).hasSize(1);
    }

    @Test
    void environment_blrp_boundsTheQueue_andNotThatOfSpans() {
        variables.put("OTEL_LOGS_EXPORTER", "otlp");
        variables.put("OTEL_BLRP_MAX_QUEUE_SIZE", "7");
        variables.put("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "3");
        variables.put("OTEL_BLRP_SCHEDULE_DELAY", "250");
        variables.put("OTEL_BLRP_EXPORT_TIMEOUT", "1234");
        spanflux = builder().build();

        assertThat(spanflux.events().toString())
                .contains("maxQueueSize=7", "maxBatchSize=3", "scheduleDelay=PT0.25S", "PT1.234S");
        assertThat(spanflux.toString()).contains("maxQueueSize=2048");
    }

    @Test
    void environment_none_leavesThemOff_evenWhereCodeTurnsThemOn() {
        variables.put("OTEL_LOGS_EXPORTER", "none");
        spanflux = builder().events(events -> {}).build();

        assertThat(spanflux.events().isOn()).isFalse();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void environment_anExporterThatIsNotKnown_isWarnedOfAndLeavesThemOff() {
        variables.put("OTEL_LOGS_EXPORTER", "console");
        spanflux = builder().build();

        assertThat(spanflux.events().isOn()).isFalse();
        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_LOGS_EXPORTER", "console");
    }

    @Test
    void environment_disabled_leavesThemOff() {
        variables.put("OTEL_SDK_DISABLED", "true");
        spanflux = telling().build();

        assertThat(spanflux.events().isOn()).isFalse();
    }

    // ---- delivery ------------------------------------------------------------------------------------------------

    @Test
    void awaitShutdown_eachInvocation_deliversSpansAndEvents() {
        spanflux = telling().build();
        for (int i = 1; i <= 3; i++) {
            call();

            DeliveryReport report = spanflux.awaitShutdown(PATIENCE);

            assertThat(report).isEqualTo(new DeliveryReport(new Ledger(i, i, 0, Map.of(), 0, 0), false));
            assertThat(requests("/v1/logs")).hasSize(i);
            assertThat(spanflux.events().ledger().sent()).isEqualTo(i);
        }
    }

    @Test
    void events_leaveByThemselvesWithinASecond() {
        spanflux = telling().build();
        spanflux.events().evaluation("id", "n").score(1).record();

        assertThat(server.awaitRequest(1).path()).isEqualTo("/v1/logs");
    }

    @Test
    void sampledOut_spansStay_andEventsLeave() {
        InMemorySpanExporter seen = InMemorySpanExporter.create();
        spanflux = telling()
                .tracer(tracer -> tracer.sampler(Sampler.alwaysOff()).handler(seen))
                .events(events -> events.exceptions(ExceptionSignal.LOGS))
                .build();
        Span span = spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4o").input(() -> List.of(Message.user("Paris?"))))
                .start()
                .error(new IllegalStateException("boom"));
        span.end();

        assertThat(spanflux.awaitFlush(PATIENCE).ledger()).isEqualTo(Ledger.zero());
        assertThat(seen.spans()).isEmpty();
        assertThat(requests("/v1/traces")).isEmpty();
        assertThat(requests("/v1/logs"))
                .singleElement()
                .satisfies(request -> assertThat(request.text())
                        .contains(
                                "Paris?",
                                "gen_ai.client.operation.exception",
                                "boom",
                                span.context().traceId()));
    }

    @Test
    void partialSuccess_isCounted_andNotSentAgain() {
        toEvents(Behaviour.status(
                200, "{\"partialSuccess\":{\"rejectedLogRecords\":\"1\",\"errorMessage\":\"too old\"}}"));
        spanflux = telling().build();
        spanflux.events().evaluation("id", "a").score(1).record();
        spanflux.events().evaluation("id", "b").score(1).record();
        spanflux.awaitFlush(PATIENCE);

        assertThat(spanflux.events().ledger()).isEqualTo(new Ledger(2, 1, 1, Map.of(), 0, 0));
        assertThat(logs.warnings()).singleElement().asString().contains("rejected 1 of its events: too old");
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 405})
    void collectorThatTakesNoLogs_stopsThemWithOneWarning_andDisturbsNoSpan(int status) {
        toEvents(Behaviour.status(status, "no"));
        spanflux = telling().build();
        for (int i = 1; i <= 4; i++) {
            call();
            assertThat(spanflux.awaitFlush(PATIENCE))
                    .isEqualTo(new DeliveryReport(new Ledger(i, i, 0, Map.of(), 0, 0), false));
        }

        assertThat(requests("/v1/logs")).hasSize(1);
        assertThat(requests("/v1/traces")).hasSize(4);
        assertThat(spanflux.events().ledger()).isEqualTo(new Ledger(1, 0, 0, Map.of(DropCause.REFUSED, 1L), 0, 0));
        assertThat(spanflux.events().discarded()).isEqualTo(3);
        assertThat(logs.warnings()).singleElement().asString().contains("/v1/logs takes no logs");
    }

    @Test
    void otherRefusals_areWarnedOf_andDoNotStopEvents() {
        toEvents(Behaviour.status(401, "no"));
        spanflux = telling().build();
        for (int i = 0; i < 2; i++) {
            spanflux.events().evaluation("id", "n").score(1).record();
            spanflux.awaitFlush(PATIENCE);
        }

        assertThat(requests("/v1/logs")).hasSize(2);
        assertThat(spanflux.events().ledger().dropped(DropCause.REFUSED)).isEqualTo(2);
        assertThat(logs.warnings()).singleElement().asString().contains("401 to 1 event(s)", "credentials");
    }

    @Test
    void endpointOfEventsThatHangs_delaysNoSpan_andTheReportIsTrueAndInTime() {
        toEvents(Behaviour.hang());
        spanflux = telling().build();
        call();
        long start = System.nanoTime();

        DeliveryReport flushed = spanflux.awaitFlush(Duration.ofSeconds(2));
        DeliveryReport report = spanflux.awaitShutdown(Duration.ofSeconds(2));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
        assertThat(flushed).isEqualTo(ONE_SPAN);
        assertThat(report).isEqualTo(ONE_SPAN);
        assertThat(spanflux.events().ledger()).isEqualTo(new Ledger(1, 0, 0, Map.of(), 0, 1));

        // What was left goes out with the next event.
        server.otherwise(Behaviour.ok());
        call();
        spanflux.awaitShutdown(PATIENCE);

        assertThat(spanflux.events().ledger()).isEqualTo(new Ledger(2, 2, 0, Map.of(), 0, 0));
    }

    @Test
    void close_withAnEndpointThatHangs_keepsToItsTime() {
        toEvents(Behaviour.hang());
        spanflux = telling().build();
        call();
        call();
        long start = System.nanoTime();

        DeliveryReport report = spanflux.awaitClose(Duration.ofSeconds(3));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
        assertThat(report).isEqualTo(new DeliveryReport(new Ledger(2, 2, 0, Map.of(), 0, 0), false));
        assertThat(spanflux.events().ledger().isBalanced()).isTrue();
        assertThat(spanflux.events().ledger().sent()).isZero();
        call();
        assertThat(spanflux.events().ledger().dropped(DropCause.AFTER_CLOSE)).isEqualTo(1);
    }

    @Test
    void metricsAndEvents_areBothDelivered() {
        variables.put("OTEL_METRICS_EXPORTER", "otlp");
        variables.put("OTEL_LOGS_EXPORTER", "otlp");
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT", "true");
        spanflux = builder().build();
        call();

        assertThat(spanflux.awaitClose(PATIENCE)).isEqualTo(ONE_SPAN);
        assertThat(requests("/v1/metrics")).hasSize(1);
        assertThat(requests("/v1/logs")).hasSize(1);
        spanflux = null;
    }
}
