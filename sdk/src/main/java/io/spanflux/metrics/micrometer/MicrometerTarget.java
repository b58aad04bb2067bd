// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics.micrometer;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.spanflux.metrics.GenAiMetric;
import io.spanflux.metrics.MetricTarget;
import io.spanflux.trace.Attributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Records GenAI metrics in a registry of Micrometer: times as a {@code Timer}, the rest as a {@code DistributionSummary},
 * under the conventions' names, with the conventions' buckets as service level objectives.
 *
 * <pre>{@code
 * Spanflux.builder().metrics(metrics -> metrics.target(MicrometerTarget.of(registry)))
 * }</pre>
 *
 * <p>Each meter of a metric has the same tags, as registries such as Prometheus ask for: one that is not known is
 * {@code none}, and all are {@code overflow} for what exceeds the bound of attribute sets.
 *
 * <p>Threads: any; what the registry does to record a value is its own.
 */
public final class MicrometerTarget implements MetricTarget {
    private final MeterRegistry registry;

    private MicrometerTarget(MeterRegistry registry) {
        this.registry = registry;
    }

    /** Records in {@code registry}. */
    public static MicrometerTarget of(MeterRegistry registry) {
        return new MicrometerTarget(Objects.requireNonNull(registry, "registry == null"));
    }

    @Override
    public LongConsumer open(GenAiMetric metric, Attributes attributes) {
        List<Tag> tags = tags(metric, attributes);
        if (metric.isTime()) {
            Duration[] bounds = metric.bounds().stream()
                    .map(seconds -> Duration.ofNanos(Math.round(seconds * 1e9)))
                    .toArray(Duration[]::new);
            Timer timer = Timer.builder(metric.metricName())
                    .description(metric.description())
                    .tags(tags)
                    .serviceLevelObjectives(bounds)
                    .register(registry);
            return nanos -> timer.record(nanos, TimeUnit.NANOSECONDS);
        }
        double[] bounds =
                metric.bounds().stream().mapToDouble(Double::doubleValue).toArray();
        DistributionSummary summary = DistributionSummary.builder(metric.metricName())
                .description(metric.description())
                .baseUnit(metric.unit().replaceAll("[{}]", ""))
                .tags(tags)
                .serviceLevelObjectives(bounds)
                .register(registry);
        return summary::record;
    }

    private static List<Tag> tags(GenAiMetric metric, Attributes attributes) {
        String missing = attributes.contains("otel.metric.overflow") ? "overflow" : "none";
        List<Tag> tags = new ArrayList<>();
        for (String key : metric.attributeKeys()) {
            Object value = attributes.get(key);
            tags.add(Tag.of(key, value == null ? missing : value.toString()));
        }
        return tags;
    }

    @Override
    public String toString() {
        return "MicrometerTarget{" + registry.getClass().getSimpleName() + '}';
    }
}
