// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Attributes;
import java.util.List;

/**
 * A metric that counts, as it is exported.
 *
 * @param name the name
 * @param description what is counted
 * @param unit what is counted, in braces: {@code {span}}
 * @param monotonic whether it never falls
 * @param temporality what time the points are about; of what may fall always {@link Temporality#CUMULATIVE}
 * @param points one for each set of attributes
 */
public record Sum(
        String name, String description, String unit, boolean monotonic, Temporality temporality, List<Point> points)
        implements Metric {
    /** Copies the points. */
    public Sum {
        points = List.copyOf(points);
    }

    /**
     * A count at one time.
     *
     * @param attributes what it is about
     * @param startEpochNanos the begin of the time it is about, in nanoseconds since the epoch
     * @param epochNanos the end of that time
     * @param value the count
     */
    public record Point(Attributes attributes, long startEpochNanos, long epochNanos, long value) {}
}
