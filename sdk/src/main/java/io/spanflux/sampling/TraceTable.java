// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.trace.Span;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The traces that are not decided yet, oldest first, and what became of those before.
 *
 * <p>Bounds: {@code maxDecisions} are remembered, and those that were not asked for longest are forgotten; the traces held
 * are bounded by whoever calls {@link #decideOldest}.
 *
 * <p>Threads: the stage's loop only.
 */
final class TraceTable {
    private final TailPolicy policy;
    private final int maxDecisions;
    private final Consumer<Span> kept;
    private final RepeatedWarning failures;

    private final Map<HeldTrace.Id, HeldTrace> held = new LinkedHashMap<>();
    private final Map<HeldTrace.Id, Boolean> decisions = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    private long sampledOut;
    private final Map<TailCounts.Reason, Long> traces = new EnumMap<>(TailCounts.Reason.class);
    private final Map<TailCounts.Moment, Long> decided = new EnumMap<>(TailCounts.Moment.class);
    private long lateKept;
    private long lateDropped;
    private long forgotten;

    /** A table that hands spans of traces that are kept to {@code kept}, in the order in which they came. */
    TraceTable(TailPolicy policy, int maxDecisions, Consumer<Span> kept, RepeatedWarning failures) {
        this.policy = policy;
        this.maxDecisions = maxDecisions;
        this.kept = kept;
        this.failures = failures;
    }

    /** The numbers at one moment, so that a reader on another thread sees numbers that fit together. */
    record Counts(
            long sampledOut,
            Map<TailCounts.Reason, Long> traces,
            Map<TailCounts.Moment, Long> decided,
            long lateKept,
            long lateDropped,
            long forgotten) {
        long decided(TailCounts.Moment moment) {
            return decided.getOrDefault(moment, 0L);
        }
    }

    /** Holds {@code span} with others of its trace, until {@code dueNanos} at most if it is the first; or decides. */
    void add(Span span, long dueNanos) {
        HeldTrace.Id id = HeldTrace.Id.of(span);
        HeldTrace trace = held.get(id);
        if (trace == null) {
            Boolean decision = decisions.get(id);
            if (decision != null) {
                follow(decision, span);
                return;
            }
            trace = new HeldTrace(id, dueNanos);
            held.put(id, trace);
        }
        trace.add(span);
        bytes += span.estimatedBytes();
        if (trace.isWholeWith(span)) {
            held.remove(id);
            decide(trace, TailCounts.Moment.WHOLE);
        }
    }

    private void follow(boolean keep, Span span) {
        if (keep) {
            lateKept++;
            kept.accept(span);
        } else {
            lateDropped++;
            sampledOut++;
        }
    }

    /** Decides on the traces that were due by {@code nowNanos}. */
    void decideOverdue(long nowNanos) {
        // Only the oldest can be: the others came later.
        while (!held.isEmpty() && held.values().iterator().next().dueNanos() - nowNanos <= 0) {
            decideOldest(TailCounts.Moment.TIME);
        }
    }

    void decideAll() {
        while (!held.isEmpty()) {
            decideOldest(TailCounts.Moment.FLUSH);
        }
    }

    void decideOldest(TailCounts.Moment moment) {
        Iterator<HeldTrace> all = held.values().iterator();
        HeldTrace oldest = all.next();
        all.remove();
        decide(oldest, moment);
    }

    private void decide(HeldTrace trace, TailCounts.Moment moment) {
        TailCounts.Reason reason = policy.reasonFor(trace.spans(), failures);
        boolean keep = reason != TailCounts.Reason.NONE;
        traces.merge(reason, 1L, Long::sum);
        decided.merge(moment, 1L, Long::sum);
        remember(trace.id(), keep);
        for (Span span : trace.spans()) {
            bytes -= span.estimatedBytes();
            if (keep) {
                kept.accept(span);
            } else {
                sampledOut++;
            }
        }
    }

    private void remember(HeldTrace.Id id, boolean keep) {
        decisions.put(id, keep);
        if (decisions.size() > maxDecisions) {
            Iterator<Boolean> longestUnused = decisions.values().iterator();
            longestUnused.next();
            longestUnused.remove();
            forgotten++;
        }
    }

    /** How many traces are held. */
    int size() {
        return held.size();
    }

    /** The estimated bytes of the spans held. */
    long bytes() {
        return bytes;
    }

    Counts counts() {
        return new Counts(sampledOut, Map.copyOf(traces), Map.copyOf(decided), lateKept, lateDropped, forgotten);
    }
}
