// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.config.Environment;
import io.spanflux.encode.Metric;
import io.spanflux.encode.Sum;
import io.spanflux.encode.Temporality;
import io.spanflux.export.MetricExporter.Outcome;
import io.spanflux.genai.Generation;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** Counters that others keep, in virtual time. */
class CounterExportTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private long count;
    private long level;
    private boolean broken;

    private FakeMetricExporter exporter(Temporality temporality) {
        FakeMetricExporter exporter = new FakeMetricExporter(temporality);
        GenAiMetrics metrics = GenAiMetrics.builder(Resource.of(Attributes.empty()), Clock.of(time))
                .environment(Environment.of(Map.of()))
                .exporter(exporter)
                .scheduler(time)
                .exportInterval(Duration.ofSeconds(10))
                .counter(new Counter("c", "{c}", "counts", true, () -> {
                    if (broken) {
                        throw new IllegalStateException("broken");
                    }
                    return List.of(new Counter.Reading(Attributes.of("k", "v"), count));
                }))
                .counter(new Counter(
                        "l", "{l}", "level", false, () -> List.of(new Counter.Reading(Attributes.empty(), level))))
                .build();
        this.tracer = Tracer.builder().clock(Clock.of(time)).handler(metrics).build();
        return exporter;
    }

    private Tracer tracer;

    private static List<Long> values(List<Metric> metrics, String name) {
        return metrics.stream()
                .filter(metric -> metric.name().equals(name))
                .flatMap(metric -> ((Sum) metric).points().stream())
                .map(Sum.Point::value)
                .toList();
    }

    private void pass(int seconds) {
        time.advanceTimeBy(Duration.ofSeconds(seconds));
    }

    @Test
    void counters_leaveAtEachIntervalInWhichTheyMoved_alsoWithoutACallOfAModel() {
        FakeMetricExporter exporter = exporter(Temporality.CUMULATIVE);
        count = 5;
        level = 2;
        tracer.span("plain").start().end();
        pass(10);
        assertThat(exporter.exports).hasSize(1);
        assertThat(values(exporter.lastMetrics(), "c")).containsExactly(5L);
        assertThat(values(exporter.lastMetrics(), "l")).containsExactly(2L);
        pass(30);
        assertThat(exporter.exports).as("nothing moved").hasSize(1);
        count = 7;
        level = 0;
        pass(10);

        assertThat(values(exporter.lastMetrics(), "c")).containsExactly(7L);
        assertThat(values(exporter.lastMetrics(), "l")).containsExactly(0L);
    }

    @Test
    void delta_isWhatCameSinceTheLastDelivery_butOfLevelsTheLevel() {
        FakeMetricExporter exporter = exporter(Temporality.DELTA);
        count = 5;
        level = 9;
        tracer.span(Generation.chat("p", "m")).start().end();
        pass(10);
        count = 7;
        exporter.answer = Mono.just(Outcome.FAILED);
        pass(10);
        count = 8;
        exporter.answer = Mono.just(Outcome.DELIVERED);
        pass(10);

        assertThat(exporter.exports).hasSize(3);
        assertThat(exporter.exports.stream().map(metrics -> values(metrics, "c").get(0)))
                .containsExactly(5L, 2L, 3L);
        assertThat(exporter.exports.stream().map(metrics -> values(metrics, "l").get(0)))
                .containsExactly(9L, 9L, 9L);
        Sum counter = (Sum) exporter.lastMetrics().stream()
                .filter(metric -> metric.name().equals("c"))
                .findFirst()
                .orElseThrow();
        assertThat(counter.temporality()).isEqualTo(Temporality.DELTA);
        assertThat(counter.points().get(0).startEpochNanos())
                .isEqualTo(counter.points().get(0).epochNanos()
                        - Duration.ofSeconds(20).toNanos());
    }

    @Test
    void aCounterThatThrows_isLeftOut() {
        FakeMetricExporter exporter = exporter(Temporality.CUMULATIVE);
        broken = true;
        level = 1;
        tracer.span("plain").start().end();
        pass(10);

        assertThat(values(exporter.lastMetrics(), "c")).isEmpty();
        assertThat(values(exporter.lastMetrics(), "l")).containsExactly(1L);
    }
}
