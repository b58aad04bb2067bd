// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.encode.Sum;
import io.spanflux.encode.Temporality;
import io.spanflux.trace.Attributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counters as they are exported, and what of them has been. Belongs to the loop of {@link PeriodicExport}. */
final class CounterExport {
    private final List<Counter> counters;
    private final RepeatedWarning failures;
    private Map<Key, Long> delivered = Map.of();

    CounterExport(List<Counter> counters, RepeatedWarning failures) {
        this.counters = List.copyOf(counters);
        this.failures = failures;
    }

    private record Key(Counter counter, Attributes attributes) {}

    /** What all counters say at one moment. */
    final class Readings {
        private final Map<Counter, List<Counter.Reading>> values = new HashMap<>();
        private final Map<Key, Long> all = new HashMap<>();

        private Readings() {
            for (Counter counter : counters) {
                try {
                    List<Counter.Reading> read = List.copyOf(counter.readings().get());
                    values.put(counter, read);
                    read.forEach(reading -> all.put(new Key(counter, reading.attributes()), reading.value()));
                } catch (Throwable failure) {
                    failures.caught("A counter could not be read: " + counter.name(), failure);
                }
            }
        }

        /** Whether they say something else than what was delivered last. */
        boolean isNew() {
            return !all.equals(delivered);
        }

        /** With {@code delta}, those that never fall say what has come since the last delivery. */
        List<Sum> sums(boolean delta, long start, long lastDelivery, long now) {
            List<Sum> sums = new ArrayList<>();
            for (Counter counter : counters) {
                boolean difference = delta && counter.monotonic();
                List<Sum.Point> points = new ArrayList<>();
                for (Counter.Reading reading : values.getOrDefault(counter, List.of())) {
                    long before = difference ? delivered.getOrDefault(new Key(counter, reading.attributes()), 0L) : 0;
                    points.add(new Sum.Point(
                            reading.attributes(), difference ? lastDelivery : start, now, reading.value() - before));
                }
                if (!points.isEmpty()) {
                    sums.add(new Sum(
                            counter.name(),
                            counter.description(),
                            counter.unit(),
                            counter.monotonic(),
                            difference ? Temporality.DELTA : Temporality.CUMULATIVE,
                            points));
                }
            }
            return sums;
        }

        void delivered() {
            delivered = all;
        }
    }

    Readings read() {
        return new Readings();
    }

    boolean isEmpty() {
        return counters.isEmpty();
    }
}
