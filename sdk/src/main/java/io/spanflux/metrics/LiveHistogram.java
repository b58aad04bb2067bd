// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.trace.Attributes;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Counts of the values with one set of attributes. Only ever grows; what is new since the last delivery is a difference of
 * two readings, so that no reset can lose a value that comes meanwhile, and a failed delivery nothing at all.
 *
 * <p>Threads: any records; one at a time reads and confirms.
 */
final class LiveHistogram {
    private final Attributes attributes;
    private final LongAdder[] buckets;
    private final LongAdder sum = new LongAdder();

    /** Where values go besides; null until the first one is recorded. */
    volatile @Nullable LongConsumer target;

    /** What was delivered last; of the reader. */
    private Reading delivered;

    LiveHistogram(Attributes attributes, int buckets) {
        this.attributes = attributes;
        this.buckets = new LongAdder[buckets];
        for (int i = 0; i < buckets; i++) {
            this.buckets[i] = new LongAdder();
        }
        this.delivered = new Reading(this, new long[buckets], 0);
    }

    Attributes attributes() {
        return attributes;
    }

    void record(int bucket, long value) {
        // The sum first, and read last: whatever is counted is in the sum, so that no delta leaves a rest without a
        // count.
        sum.add(value);
        buckets[bucket].increment();
    }

    long count() {
        long count = 0;
        for (LongAdder bucket : buckets) {
            count += bucket.sum();
        }
        return count;
    }

    Reading read() {
        long[] counts = new long[buckets.length];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = buckets[i].sum();
        }
        return new Reading(this, counts, sum.sum());
    }

    /** All that was recorded until one moment, or the difference of two such moments. A value that is just
     * being recorded may be in the sum before it is counted. */
    static final class Reading {
        private final LiveHistogram of;
        final long[] counts;
        final long sum;

        private Reading(LiveHistogram of, long[] counts, long sum) {
            this.of = of;
            this.counts = counts;
            this.sum = sum;
        }

        long count() {
            long all = 0;
            for (long count : counts) {
                all += count;
            }
            return all;
        }

        /** What is new in this reading since the one that was delivered last. */
        Reading sinceDelivered() {
            long[] difference = counts.clone();
            for (int i = 0; i < difference.length; i++) {
                difference[i] -= of.delivered.counts[i];
            }
            return new Reading(of, difference, sum - of.delivered.sum);
        }

        /** A reading without a new count was not told; what its sum is ahead of the counts is left for the next one. */
        void delivered() {
            if (count() > of.delivered.count()) {
                of.delivered = this;
            }
        }

        Attributes attributes() {
            return of.attributes;
        }
    }
}
