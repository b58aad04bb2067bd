// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.config.Environment;
import io.spanflux.encode.Histogram;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.Metric;
import io.spanflux.encode.Temporality;
import io.spanflux.export.MetricExporter;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Usage;
import io.spanflux.test.Race;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

/** Many threads measure while others collect: every value is told exactly once. */
@Timeout(60)
class GenAiMetricsRaceTest {
    private static final int THREADS = 4;
    private static final int CALLS = 40;
    private static final int ROUNDS = 300;

    /** Adds up deltas, and loses every third export. */
    private static final class AddingExporter implements MetricExporter {
        final LongAdder calls = new LongAdder();
        final LongAdder tokens = new LongAdder();
        private final AtomicInteger exports = new AtomicInteger();
        private final AtomicInteger under = new AtomicInteger();
        volatile boolean overlapped;

        @Override
        public Temporality temporality() {
            return Temporality.DELTA;
        }

        @Override
        public Mono<Outcome> export(Resource resource, List<Metric> metrics) {
            if (under.incrementAndGet() > 1) {
                overlapped = true;
            }
            Outcome outcome = exports.incrementAndGet() % 3 == 0 ? Outcome.FAILED : Outcome.DELIVERED;
            if (outcome == Outcome.DELIVERED) {
                metrics.forEach(metric -> add((Histogram) metric));
            }
            under.decrementAndGet();
            return Mono.just(outcome);
        }

        private void add(Histogram metric) {
            for (HistogramPoint point : metric.points()) {
                if (metric.name().equals(GenAiMetric.OPERATION_DURATION.metricName())) {
                    calls.add(point.count());
                } else {
                    tokens.add((long) point.sum());
                }
            }
        }
    }

    @Test
    void delta_measuredWhileOthersFlush_addsUpToEverything() {
        AddingExporter exporter = new AddingExporter();
        GenAiMetrics metrics = GenAiMetrics.builder(Resource.of(Attributes.empty()), Clock.system())
                .environment(Environment.of(Map.of()))
                .exporter(exporter)
                .exportInterval(Duration.ofMillis(1))
                .maxAttributeSets(7)
                .build();
        Tracer tracer = Tracer.builder().handler(metrics).build();
        Race.of(THREADS + 1)
                .run(
                        ROUNDS,
                        round -> Race.round(
                                thread -> {
                                    if (thread == THREADS) {
                                        metrics.flush(Duration.ofSeconds(5)).block();
                                        return;
                                    }
                                    for (int i = 0; i < CALLS; i++) {
                                        Generation call = Generation.chat("p", "model" + (i + round) % 10);
                                        tracer.span(call.usage(Usage.of(3, 4)))
                                                .start()
                                                .end();
                                    }
                                },
                                () -> {}));
        // The third of three in a row is lost.
        for (int i = 0; i < 3; i++) {
            metrics.flush(Duration.ofSeconds(5)).block();
        }
        metrics.close(Duration.ofSeconds(5)).block();

        long calls = (long) THREADS * CALLS * ROUNDS;
        assertThat(exporter.overlapped).isFalse();
        assertThat(exporter.calls.sum()).isEqualTo(calls);
        assertThat(exporter.tokens.sum()).isEqualTo(7 * calls);
        assertThat(metrics.recorded()).isEqualTo(3 * calls);
        assertThat(metrics.delivered()).isEqualTo(3 * calls);
        assertThat(metrics.overflowed()).isPositive();
    }

    @Test
    void maxAttributeSets_aRaceForTheLastPlaces_neverExceedsThem() {
        AtomicInteger opened = new AtomicInteger();
        Race.of(THREADS).run(500, round -> {
            HistogramTable table = new HistogramTable(
                    GenAiMetric.TOKEN_USAGE,
                    3,
                    null,
                    new io.spanflux.diagnostics.RepeatedWarning(
                            org.slf4j.LoggerFactory.getLogger(GenAiMetricsRaceTest.class)));
            return Race.round(
                    thread -> {
                        for (int i = 0; i < 6; i++) {
                            table.record(new Labels("set" + (thread + i) % 6), 1);
                        }
                    },
                    () -> {
                        List<LiveHistogram.Reading> readings = table.read();
                        assertThat(readings).hasSize(4);
                        assertThat(readings.stream()
                                        .mapToLong(LiveHistogram.Reading::count)
                                        .sum())
                                .isEqualTo(6L * THREADS);
                        opened.incrementAndGet();
                    });
        });
        assertThat(opened).hasValue(500);
    }
}
