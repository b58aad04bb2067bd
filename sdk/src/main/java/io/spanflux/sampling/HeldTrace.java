// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.trace.LocalTrace;
import io.spanflux.trace.Span;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/** The ended spans of a trace that is not decided yet. Threads: the stage's loop only. */
final class HeldTrace {
    /** A trace id. */
    record Id(long high, long low) {
        static Id of(Span span) {
            return new Id(span.traceIdHigh(), span.traceIdLow());
        }
    }

    private final Id id;
    private final long dueNanos;
    private final List<Span> spans = new ArrayList<>();

    /** How many have ended of each part; usually one: a second when this process is called twice in a trace. */
    private final IdentityHashMap<LocalTrace, Integer> ended = new IdentityHashMap<>(2);

    HeldTrace(Id id, long dueNanos) {
        this.id = id;
        this.dueNanos = dueNanos;
    }

    void add(Span span) {
        spans.add(span);
        ended.merge(span.localTrace(), 1, Integer::sum);
    }

    /** Whether, now that {@code last} has come, all spans that started in this process have. */
    boolean isWholeWith(Span last) {
        // The one that changed first: it is the one that is not whole, nearly always.
        return isWhole(last.localTrace()) && ended.keySet().stream().allMatch(this::isWhole);
    }

    private boolean isWhole(LocalTrace part) {
        return part.isWholeWith(ended.getOrDefault(part, 0));
    }

    Id id() {
        return id;
    }

    /** When it is decided at the latest, in nanoseconds of the stage's scheduler. */
    long dueNanos() {
        return dueNanos;
    }

    List<Span> spans() {
        return spans;
    }
}
