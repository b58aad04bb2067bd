// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.util.List;

/**
 * A metric of explicit buckets, as it is exported.
 *
 * @param name the name
 * @param description what is measured
 * @param unit the unit, in UCUM: {@code s}, {@code {token}}
 * @param bounds the upper bounds of all buckets but the last, each belonging to its bucket; rising
 * @param temporality what time the points are about
 * @param points one for each set of attributes
 */
public record Histogram(
        String name,
        String description,
        String unit,
        List<Double> bounds,
        Temporality temporality,
        List<HistogramPoint> points)
        implements Metric {
    /** Copies the lists. */
    public Histogram {
        bounds = List.copyOf(bounds);
        points = List.copyOf(points);
    }
}
