// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.config.Environment;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.Temporality;
import io.spanflux.export.MetricExporter;
import io.spanflux.export.MetricExporter.Outcome;
import io.spanflux.genai.Tool;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** When metrics leave and what they say then, in virtual time. */
class PeriodicExportTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final LogCapture logs = LogCapture.start();
    private VirtualTimeScheduler time;
    private long start;
    private FakeMetricExporter exporter;
    private GenAiMetrics metrics;
    private Tracer tracer;

    @BeforeEach
    void virtualTime() {
        time = VirtualTimeScheduler.getOrSet();
        time.advanceTimeBy(Duration.ofHours(1));
        start = time.now(TimeUnit.NANOSECONDS);
    }

    @AfterEach
    void realTime() {
        VirtualTimeScheduler.reset();
    }

    private void exporting(Temporality temporality) {
        exporter = new FakeMetricExporter(temporality);
        exportingTo(exporter);
    }

    private void exportingTo(MetricExporter to) {
        metrics = GenAiMetrics.builder(Resource.of(Attributes.empty()), Clock.of(time))
                .environment(Environment.of(Map.of()))
                .exporter(to)
                .scheduler(time)
                .build();
        tracer = Tracer.builder().clock(Clock.of(time)).handler(metrics).build();
    }

    private void call(String tool, int times) {
        for (int i = 0; i < times; i++) {
            tracer.span(Tool.named(tool)).start().end();
        }
    }

    private void pass(Duration duration) {
        time.advanceTimeBy(duration);
    }

    private HistogramPoint point() {
        return exporter.point(GenAiMetric.EXECUTE_TOOL_DURATION);
    }

    private void assertPoint(HistogramPoint point, long count, long fromSecond, long toSecond) {
        assertThat(point.count()).isEqualTo(count);
        assertThat(point.bucketCounts().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(count);
        assertThat(point.startEpochNanos() - start).isEqualTo(TimeUnit.SECONDS.toNanos(fromSecond));
        assertThat(point.epochNanos() - start).isEqualTo(TimeUnit.SECONDS.toNanos(toSecond));
    }

    // ---- temporality ---------------------------------------------------------------------------------------------

    @Test
    void cumulative_eachExportIsAboutAllTheTime() {
        exporting(Temporality.CUMULATIVE);
        call("a", 2);
        pass(MINUTE);
        assertPoint(point(), 2, 0, 60);
        call("a", 3);
        pass(MINUTE);
        assertPoint(point(), 5, 0, 120);
        pass(MINUTE);

        assertThat(exporter.exports).hasSize(3);
        assertPoint(point(), 5, 0, 180);
        assertThat(metrics.delivered()).isEqualTo(5);
    }

    @Test
    void delta_eachExportIsAboutTheTimeSinceTheOneBefore() {
        exporting(Temporality.DELTA);
        call("a", 2);
        pass(MINUTE);
        assertPoint(point(), 2, 0, 60);
        pass(MINUTE);
        assertThat(exporter.exports).as("nothing is new").hasSize(1);
        call("a", 3);
        pass(MINUTE);

        assertThat(exporter.exports).hasSize(2);
        assertPoint(point(), 3, 60, 180);
        call("b", 1);
        pass(MINUTE);
        assertThat(exporter.last())
                .singleElement()
                .satisfies(histogram -> assertThat(histogram.temporality()).isEqualTo(Temporality.DELTA));
        assertThat(point().attributes().get("gen_ai.tool.name")).isEqualTo("b");
        assertPoint(point(), 1, 180, 240);
        assertThat(metrics.delivered()).isEqualTo(6);
    }

    @Test
    void delta_whatWasNotDelivered_isPartOfTheNextExport() {
        exporting(Temporality.DELTA);
        exporter.answer = Mono.just(Outcome.FAILED);
        call("a", 2);
        pass(MINUTE);
        assertThat(metrics.delivered()).isZero();
        exporter.answer = Mono.just(Outcome.DELIVERED);
        call("a", 1);
        pass(MINUTE);

        assertPoint(point(), 3, 0, 120);
        assertThat(metrics.delivered()).isEqualTo(3);
    }

    @Test
    void export_thatThrowsOrSaysNothing_isTriedAgain() {
        exporting(Temporality.DELTA);
        call("a", 1);
        exporter.answer = Mono.error(new IllegalStateException("no"));
        pass(MINUTE);
        exporter.answer = Mono.empty();
        pass(MINUTE);
        exporter.answer = Mono.just(Outcome.DELIVERED);
        pass(MINUTE);

        assertThat(exporter.exports).hasSize(3);
        assertPoint(point(), 1, 0, 180);
        assertThat(logs.warnings()).singleElement().asString().contains("An export of metrics failed");
    }

    @Test
    void export_thatIsMissingAClass_doesNotEndTheLoop() {
        exportingTo((resource, histograms) -> {
            throw new NoClassDefFoundError("gone");
        });
        call("a", 1);
        pass(MINUTE);
        StepVerifier.create(metrics.flush(SECOND)).then(() -> pass(SECOND)).verifyComplete();

        assertThat(logs.warnings()).singleElement().asString().contains("An export of metrics failed");
    }

    // ---- when ----------------------------------------------------------------------------------------------------

    @Test
    void nothingMeasured_nothingIsScheduled() {
        exporting(Temporality.CUMULATIVE);

        assertThat(time.getScheduledTaskCount()).isZero();
        pass(Duration.ofHours(1));
        assertThat(exporter.exports).isEmpty();
    }

    @Test
    void exportInterval_andTimeout_comeFromTheEnvironment() {
        exporter = new FakeMetricExporter(Temporality.DELTA);
        exporter.answer = Mono.never();
        metrics = GenAiMetrics.builder(Resource.of(Attributes.empty()), Clock.of(time))
                .environment(Environment.of(
                        Map.of("OTEL_METRIC_EXPORT_INTERVAL", "1500", "OTEL_METRIC_EXPORT_TIMEOUT", "400")))
                .exporter(exporter)
                .scheduler(time)
                .build();
        tracer = Tracer.builder().clock(Clock.of(time)).handler(metrics).build();
        call("a", 1);
        pass(Duration.ofMillis(1_499));
        assertThat(exporter.exports).isEmpty();
        pass(Duration.ofMillis(1));
        assertThat(exporter.exports).hasSize(1);
        pass(Duration.ofMillis(399));
        assertThat(exporter.cancellations).isZero();
        pass(Duration.ofMillis(1));
        assertThat(exporter.cancellations).isEqualTo(1);
    }

    @Test
    void exportInterval_whileAnExportHangs_doesNotStartAnother() {
        exporting(Temporality.DELTA);
        exporter.answer = Mono.never();
        metrics = GenAiMetrics.builder(Resource.of(Attributes.empty()), Clock.of(time))
                .exporter(exporter)
                .exportInterval(SECOND)
                .exportTimeout(Duration.ofSeconds(30))
                .scheduler(time)
                .build();
        tracer = Tracer.builder().clock(Clock.of(time)).handler(metrics).build();
        call("a", 1);
        pass(Duration.ofSeconds(30));

        assertThat(exporter.exports).hasSize(1);
        exporter.answer = Mono.just(Outcome.DELIVERED);
        pass(Duration.ofSeconds(2));
        assertThat(metrics.delivered()).isEqualTo(1);
    }

    // ---- flush, shutdown, close ----------------------------------------------------------------------------------

    @Test
    void flush_exportsWhatIsNew_andOnlyThat() {
        exporting(Temporality.CUMULATIVE);
        call("a", 1);
        StepVerifier.create(metrics.flush(SECOND)).then(time::advanceTime).verifyComplete();
        StepVerifier.create(metrics.flush(SECOND)).then(time::advanceTime).verifyComplete();

        assertThat(exporter.exports).hasSize(1);
    }

    @Test
    void flush_behindAnExportThatHangs_hurriesIt_andCollectsAnewAfterIt() {
        exporting(Temporality.DELTA);
        Sinks.One<Outcome> answer = Sinks.one();
        exporter.answer = answer.asMono();
        call("a", 1);
        pass(MINUTE);
        call("a", 1);
        exporter.answer = Mono.just(Outcome.DELIVERED);

        StepVerifier.create(metrics.flush(SECOND))
                .then(time::advanceTime)
                .then(() -> assertThat(exporter.hurries).isEqualTo(1))
                .then(() -> answer.tryEmitValue(Outcome.DELIVERED))
                .then(time::advanceTime)
                .verifyComplete();

        assertThat(exporter.exports).hasSize(2);
        assertThat(point().count()).isEqualTo(1);
        assertThat(metrics.delivered()).isEqualTo(2);
    }

    @Test
    void flush_hungExporter_returnsInTimeAndSaysSo() {
        exporting(Temporality.DELTA);
        exporter.answer = Mono.never();
        call("a", 1);
        StepVerifier.create(metrics.flush(SECOND))
                .then(() -> pass(Duration.ofMillis(999)))
                .then(() -> pass(Duration.ofMillis(1)))
                .verifyComplete();

        assertThat(metrics.delivered()).isZero();
        assertThat(exporter.cancellations).as("still under way").isZero();
        assertThat(logs.warnings()).singleElement().asString().contains("not delivered within the PT1S of a flush");
    }

    @Test
    void shutdown_sleeps_untilTheNextMeasurement() {
        exporting(Temporality.CUMULATIVE);
        call("a", 1);
        StepVerifier.create(metrics.shutdown(SECOND)).then(time::advanceTime).verifyComplete();
        assertThat(exporter.exports).hasSize(1);
        assertThat(exporter.closes).isEqualTo(1);
        pass(Duration.ofHours(1));
        assertThat(exporter.exports).hasSize(1);

        call("a", 1);
        pass(MINUTE);

        assertThat(exporter.exports).hasSize(2);
        assertThat(point().count()).isEqualTo(2);
    }

    @Test
    void shutdown_whatIsMeasuredMeanwhile_keepsItAwake() {
        exporting(Temporality.DELTA);
        Sinks.One<Outcome> answer = Sinks.one();
        exporter.answer = answer.asMono();
        call("a", 1);
        StepVerifier.create(metrics.shutdown(SECOND))
                .then(time::advanceTime)
                .then(() -> call("a", 1))
                .then(() -> answer.tryEmitValue(Outcome.DELIVERED))
                .then(time::advanceTime)
                .verifyComplete();
        exporter.answer = Mono.just(Outcome.DELIVERED);
        pass(MINUTE);

        assertThat(exporter.exports).hasSize(2);
        assertThat(metrics.delivered()).isEqualTo(2);
    }

    @Test
    void shutdown_hungExporter_letsGoOfItInTime_andDeliversLater() {
        exporting(Temporality.DELTA);
        exporter.answer = Mono.never();
        call("a", 1);
        StepVerifier.create(metrics.shutdown(SECOND)).then(() -> pass(SECOND)).verifyComplete();
        assertThat(exporter.cancellations).isEqualTo(1);
        assertThat(exporter.closes).isEqualTo(1);

        exporter.answer = Mono.just(Outcome.DELIVERED);
        StepVerifier.create(metrics.flush(SECOND)).then(time::advanceTime).verifyComplete();

        assertThat(metrics.delivered()).isEqualTo(1);
    }

    @Test
    void shutdown_behindAnExportThatHangs_startsNoOtherAfterIt() {
        exporting(Temporality.DELTA);
        exporter.answer = Mono.never();
        call("a", 1);
        pass(MINUTE);
        pass(SECOND);
        StepVerifier.create(metrics.shutdown(SECOND)).then(() -> pass(SECOND)).verifyComplete();
        pass(Duration.ofHours(1));

        assertThat(exporter.exports).hasSize(1);
        assertThat(exporter.cancellations).isEqualTo(1);
        assertThat(exporter.closes).isEqualTo(1);
    }

    @Test
    void close_behindAnExportThatHangs_startsNoOtherAfterIt() {
        exporting(Temporality.DELTA);
        exporter.answer = Mono.never();
        call("a", 1);
        pass(MINUTE);
        StepVerifier.create(metrics.close(SECOND)).then(() -> pass(SECOND)).verifyComplete();
        pass(Duration.ofHours(1));

        assertThat(exporter.exports).hasSize(1);
        assertThat(exporter.cancellations).isEqualTo(1);
    }

    @Test
    void close_isFinal() {
        exporting(Temporality.DELTA);
        call("a", 1);
        StepVerifier.create(metrics.close(SECOND)).then(time::advanceTime).verifyComplete();
        call("a", 1);
        pass(Duration.ofHours(1));
        StepVerifier.create(metrics.flush(SECOND)).verifyComplete();
        StepVerifier.create(metrics.close(SECOND)).then(time::advanceTime).verifyComplete();

        assertThat(exporter.exports).hasSize(1);
        assertThat(metrics.recorded()).isEqualTo(2);
        assertThat(logs.warnings()).isEmpty();
    }

    // ---- nobody there takes metrics ------------------------------------------------------------------------------

    @Test
    void unsupported_stopsTheExportWithOneWarning() {
        exporting(Temporality.CUMULATIVE);
        exporter.answer = Mono.just(Outcome.UNSUPPORTED);
        call("a", 1);
        pass(MINUTE);
        call("a", 1);
        pass(Duration.ofHours(1));
        StepVerifier.create(metrics.flush(SECOND)).verifyComplete();
        StepVerifier.create(metrics.shutdown(SECOND)).then(time::advanceTime).verifyComplete();
        call("a", 1);
        pass(Duration.ofHours(1));

        assertThat(exporter.exports).hasSize(1);
        assertThat(logs.warnings()).singleElement().asString().contains("takes no metrics (404 or 405)");
        assertThat(metrics.recorded()).isEqualTo(3);
    }
}
