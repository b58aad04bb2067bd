// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.trace.Attributes;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A count that is kept elsewhere and leaves with the metrics: asked for at each export.
 *
 * @param name the name, for example {@code otel.sdk.exporter.span.exported}
 * @param unit what is counted, in braces: {@code {span}}
 * @param description what is counted
 * @param monotonic whether it never falls
 * @param readings what the counts are now, one for each set of attributes; called on the scheduler of the metrics, must
 *     not block
 */
public record Counter(
        String name, String unit, String description, boolean monotonic, Supplier<List<Reading>> readings) {
    /** Checks that nothing is null. */
    public Counter {
        Objects.requireNonNull(name, "name == null");
        Objects.requireNonNull(unit, "unit == null");
        Objects.requireNonNull(description, "description == null");
        Objects.requireNonNull(readings, "readings == null");
    }

    /** A count now. */
    public record Reading(Attributes attributes, long value) {}
}
