// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Attributes;
import java.util.List;

/**
 * The distribution of the values that were measured with one set of attributes. Minimum and maximum are left out: OTLP
 * has them optional, and a difference of two readings does not know them.
 *
 * @param attributes the set
 * @param startEpochNanos the begin of the time it is about, in nanoseconds since the epoch
 * @param epochNanos the end of that time
 * @param count how many values; the sum of the buckets' counts
 * @param sum the sum of the values, in the unit of the metric
 * @param bucketCounts how many values fell into each bucket: one more than there are bounds
 */
public record HistogramPoint(
        Attributes attributes, long startEpochNanos, long epochNanos, long count, double sum, List<Long> bucketCounts) {
    /** Copies the counts. */
    public HistogramPoint {
        bucketCounts = List.copyOf(bucketCounts);
    }
}
