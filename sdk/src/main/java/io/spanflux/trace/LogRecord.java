// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import org.jspecify.annotations.Nullable;

/**
 * An event that is exported by itself, as a log record of OTLP: unlike a {@link SpanEvent} it needs no span that is
 * exported, or none that still runs. Immutable to its readers, and rendered late, as spans are.
 *
 * <p>Threads: any may read; encoders do on export threads, for each attempt to send it, and must be told the same.
 */
public interface LogRecord extends Measured {
    /** The name of the event, for example {@code gen_ai.evaluation.result}. */
    String eventName();

    /** When it happened, in nanoseconds since the epoch. */
    long epochNanos();

    /** How serious it is. */
    Severity severity();

    /** The span it belongs to, null where that is not known. */
    @Nullable
    SpanContext context();

    /** What produced it. */
    Resource resource();

    /** Hands over all attributes, each key once. Returns how many were left out because of a limit. */
    int forEachAttribute(AttributeConsumer consumer);
}
