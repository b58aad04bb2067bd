// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.trace.Span;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.IntSupplier;

/**
 * Spans of kept traces that wait for room in the queues behind: many traces may be decided at once, and a queue that got
 * them all at once would lose what exceeds it. Waits for the fullest queue, but for none longer than
 * {@value #MAX_LOOKS} looks: then its destination is slow or down, it drops its oldest, and delays only itself.
 *
 * <p>Bound: that of whoever sums up {@link #bytes} and removes. Threads: the stage's loop only.
 */
final class Outbox {
    /** At one look every 5 ms, a second. */
    private static final int MAX_LOOKS = 200;

    private final List<IntSupplier> rooms;
    private final int[] looks;
    private final RepeatedWarning failures;
    private final Queue<Span> spans = new ArrayDeque<>();
    private long bytes;
    private long added;

    Outbox(List<IntSupplier> rooms, RepeatedWarning failures) {
        this.rooms = rooms;
        this.looks = new int[rooms.size()];
        this.failures = failures;
    }

    void add(Span span) {
        spans.add(span);
        bytes += span.estimatedBytes();
        added++;
    }

    Span remove() {
        Span span = spans.remove();
        bytes -= span.estimatedBytes();
        return span;
    }

    /** How many spans each queue can take that is still waited for. */
    int room() {
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < looks.length; i++) {
            if (looks[i] <= MAX_LOOKS) {
                least = Math.min(least, room(i));
            }
        }
        return least;
    }

    /** Has looked for room once more. A queue that has any again is waited for again once nothing waits here. */
    void looked() {
        for (int i = 0; i < looks.length; i++) {
            if (room(i) <= 0) {
                looks[i]++;
            } else if (isEmpty()) {
                looks[i] = 0;
            }
        }
    }

    private int room(int queue) {
        try {
            return rooms.get(queue).getAsInt();
        } catch (Throwable e) {
            failures.caught("What stands behind a tail sampler does not know its room.", e);
            return Integer.MAX_VALUE;
        }
    }

    boolean isEmpty() {
        return spans.isEmpty();
    }

    /** The estimated bytes of the spans that wait. */
    long bytes() {
        return bytes;
    }

    /** How many spans have come here since the start. */
    long added() {
        return added;
    }
}
