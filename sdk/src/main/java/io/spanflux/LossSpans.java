// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.export.DropCause;
import io.spanflux.pipeline.Ledger;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.Tracer;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Says in the traces themselves that some are missing: a span {@code spanflux.loss} without length for what was lost since
 * the last one. Belongs to the thread of the sweep.
 */
final class LossSpans {
    private final Tracer tracer;
    private final Supplier<Ledger> ledger;
    private final Map<DropCause, Long> told = new EnumMap<>(DropCause.class);
    private long toldRejected;

    LossSpans(Tracer tracer, Supplier<Ledger> ledger) {
        this.tracer = tracer;
        this.ledger = ledger;
    }

    void tell() {
        Ledger now = ledger.get();
        Span span = null;
        for (Map.Entry<DropCause, Long> lost : now.dropped().entrySet()) {
            DropCause cause = lost.getKey();
            long since = lost.getValue() - told.getOrDefault(cause, 0L);
            // Left out on purpose, or after anyone could be told.
            if (since > 0 && cause != DropCause.SAMPLED_OUT && cause != DropCause.AFTER_CLOSE) {
                span = with(span, cause.name().toLowerCase(Locale.ROOT), since);
                told.put(cause, lost.getValue());
            }
        }
        if (now.rejected() > toldRejected) {
            span = with(span, "rejected", now.rejected() - toldRejected);
            toldRejected = now.rejected();
        }
        if (span != null) {
            span.status(SpanStatus.ERROR, "spans were lost on their way");
            span.end(Instant.ofEpochSecond(0, span.startEpochNanos()));
        }
    }

    private Span with(@Nullable Span span, String cause, long count) {
        Span known = span == null ? tracer.span("spanflux.loss").start() : span;
        return known.attribute("spanflux.loss." + cause, count);
    }
}
