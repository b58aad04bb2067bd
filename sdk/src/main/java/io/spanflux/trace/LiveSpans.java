// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The spans that have started and not ended, so that one that never ends can be ended for it.
 *
 * <p>A table of slots: a starting span takes a free one near the place its random id points at, an ending span clears
 * it. One compare-and-set and one store, no allocation, no lock, and no two threads near one another.
 *
 * <p>Bound: the table doubles when a starting span finds no free slot among {@value #PROBES}, up to {@value #MAX_SLOTS}
 * slots. Beyond that a span is not tracked, which is counted; it then ends only when the application ends it.
 */
final class LiveSpans {
    static final int UNTRACKED = -1;

    private static final int PROBES = 16;
    private static final int INITIAL_SLOTS = 1 << 10;
    private static final int MAX_SLOTS = 1 << 20;

    private final AtomicReference<Table> newest = new AtomicReference<>(new Table(INITIAL_SLOTS, null));
    private final LongAdder untracked = new LongAdder();

    /** Spans stay where they are when the table grows, so older tables stay too: together smaller than the newest. */
    private record Table(
            AtomicReferenceArray<@Nullable Span> slots,
            @Nullable Table older) {
        Table(int size, @Nullable Table older) {
            this(new AtomicReferenceArray<>(size), older);
        }
    }

    void add(Span span) {
        Table table = newest.get();
        while (!tryAdd(span, table)) {
            int size = table.slots.length();
            if (size >= MAX_SLOTS) {
                untracked.increment();
                return;
            }
            newest.compareAndSet(table, new Table(2 * size, table));
            table = newest.get();
        }
    }

    private static boolean tryAdd(Span span, Table table) {
        int mask = table.slots.length() - 1;
        int start = (int) span.spanIdBits();
        for (int i = 0; i < PROBES; i++) {
            int slot = (start + i) & mask;
            if (table.slots.getPlain(slot) == null) {
                // Before anyone can find the span here and end it.
                span.liveSlot = slot;
                if (table.slots.compareAndSet(slot, null, span)) {
                    return true;
                }
            }
        }
        span.liveSlot = UNTRACKED;
        return false;
    }

    void remove(Span span) {
        int slot = span.liveSlot;
        if (slot == UNTRACKED) {
            return;
        }
        for (Table table = newest.get(); table != null; table = table.older) {
            if (slot < table.slots.length() && table.slots.getPlain(slot) == span) {
                table.slots.setRelease(slot, null);
                return;
            }
        }
    }

    /**
     * Ends the spans that started more than {@code maxNanos} before {@code now}, after {@code before} has seen each; returns
     * how many.
     */
    int expire(long now, long maxNanos, Consumer<Span> before) {
        int expired = 0;
        for (Table table = newest.get(); table != null; table = table.older) {
            for (int i = 0; i < table.slots.length(); i++) {
                Span span = table.slots.getAcquire(i);
                if (span != null && now - span.startNanoTime() > maxNanos) {
                    before.accept(span);
                    expired += span.expire() ? 1 : 0;
                }
            }
        }
        return expired;
    }

    /** Ends the spans of {@code trace}, or all where it is null, at this time; returns how many. */
    int endUnfinished(@Nullable LocalTrace trace, long endEpochNanos) {
        int unfinished = 0;
        for (Table table = newest.get(); table != null; table = table.older) {
            for (int i = 0; i < table.slots.length(); i++) {
                Span span = table.slots.getAcquire(i);
                if (span != null
                        && (trace == null || span.localTrace() == trace)
                        && span.endUnfinished(endEpochNanos)) {
                    unfinished++;
                }
            }
        }
        return unfinished;
    }

    /** How many spans are in the table now. */
    int count() {
        int count = 0;
        for (Table table = newest.get(); table != null; table = table.older) {
            for (int i = 0; i < table.slots.length(); i++) {
                count += table.slots.getPlain(i) == null ? 0 : 1;
            }
        }
        return count;
    }

    long untracked() {
        return untracked.sum();
    }
}
