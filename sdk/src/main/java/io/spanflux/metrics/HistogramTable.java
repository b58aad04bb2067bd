// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.trace.Attributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The histograms of one metric, one for each set of attributes.
 *
 * <p>Bound: {@code maxAttributeSets}, held for as long as the process lives. What comes with a further set is counted in
 * one more, {@code otel.metric.overflow=true}, so that totals stay right; how often is counted and warned of.
 *
 * <p>Threads: any. A known set costs a look-up and two adders; a new one locks its bin of the map once.
 */
final class HistogramTable {
    private static final Logger log = LoggerFactory.getLogger(HistogramTable.class);

    private final GenAiMetric metric;
    private final int maxAttributeSets;
    private final @Nullable MetricTarget target;
    private final RepeatedWarning targetFailures;
    private final ConcurrentHashMap<Labels, LiveHistogram> sets = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final LiveHistogram overflow;
    private final LongAdder overflowed = new LongAdder();
    private final RepeatedWarning overflows = new RepeatedWarning(log);
    private final String overflowMessage;

    HistogramTable(
            GenAiMetric metric, int maxAttributeSets, @Nullable MetricTarget target, RepeatedWarning targetFailures) {
        this.metric = metric;
        this.maxAttributeSets = maxAttributeSets;
        this.target = target;
        this.targetFailures = targetFailures;
        this.overflow = newHistogram(Attributes.of("otel.metric.overflow", true));
        this.overflowMessage = "The metric " + metric.metricName() + " has more than " + maxAttributeSets
                + " sets of attributes; further ones are counted together as otel.metric.overflow. Is a name made up for"
                + " each call? Else raise maxAttributeSets.";
    }

    GenAiMetric metric() {
        return metric;
    }

    void record(Labels labels, long value) {
        LiveHistogram histogram = sets.get(labels);
        // Once all places are taken nobody locks a bin any more; a value may then miss the set that is just being
        // added.
        if (histogram == null && count.get() < maxAttributeSets) {
            histogram = sets.computeIfAbsent(
                    labels, unknown -> reserve() ? newHistogram(unknown.attributes(metric.attributeKeys())) : null);
        }
        if (histogram == null) {
            histogram = overflow;
            overflowed.increment();
            overflows.warn(overflowMessage);
        }
        histogram.record(metric.bucketOf(value), value);
        if (target != null) {
            hand(target, histogram, value);
        }
    }

    private LiveHistogram newHistogram(Attributes attributes) {
        return new LiveHistogram(attributes, metric.bounds().size() + 1);
    }

    /** Inside the map's bin, so that two threads with the same new set never take two places. */
    private boolean reserve() {
        int taken;
        do {
            taken = count.get();
            if (taken >= maxAttributeSets) {
                return false;
            }
        } while (!count.compareAndSet(taken, taken + 1));
        return true;
    }

    /** Outside the map's bin: an application's registry may lock and log. */
    private void hand(MetricTarget target, LiveHistogram histogram, long value) {
        try {
            LongConsumer known = histogram.target;
            if (known == null) {
                known = target.open(metric, histogram.attributes());
                histogram.target = known;
            }
            known.accept(value);
        } catch (Throwable e) {
            if (histogram.target == null) {
                // It could not be opened, and is not asked again and again.
                histogram.target = HistogramTable::discard;
            }
            targetFailures.caught("A MetricTarget failed; the export of metrics goes on: " + metric.metricName(), e);
        }
    }

    private static void discard(long value) {}

    /** What was recorded so far, one reading for each set that has a value. */
    List<LiveHistogram.Reading> read() {
        List<LiveHistogram.Reading> readings = new ArrayList<>();
        for (LiveHistogram histogram : sets.values()) {
            addIfAny(histogram, readings);
        }
        addIfAny(overflow, readings);
        return readings;
    }

    private static void addIfAny(LiveHistogram histogram, List<LiveHistogram.Reading> readings) {
        LiveHistogram.Reading reading = histogram.read();
        if (reading.count() > 0) {
            readings.add(reading);
        }
    }

    long recorded() {
        long recorded = overflow.count();
        for (LiveHistogram histogram : sets.values()) {
            recorded += histogram.count();
        }
        return recorded;
    }

    long overflowed() {
        return overflowed.sum();
    }
}
