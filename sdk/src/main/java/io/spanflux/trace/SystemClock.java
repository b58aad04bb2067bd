// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.time.Instant;

/**
 * The wall clock is read once a second at most; in between its time is the monotonic clock plus a known offset. That
 * saves one of two clock reads for each root span, and follows a wall clock that is corrected, or a sandbox that was
 * frozen, within a second.
 */
final class SystemClock implements Clock {
    static final SystemClock INSTANCE = new SystemClock();

    private static final long RESYNC_NANOS = 1_000_000_000L;

    // Two threads may store different anchors at once; both are right, and one immutable object cannot be torn.
    private volatile Anchor anchor = Anchor.now();

    private SystemClock() {}

    /** Reads the wall clock now: in a process that was restored, the monotonic one may go on as if no time had passed. */
    void resync() {
        anchor = Anchor.now();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long epochNanos(long nanoTime) {
        Anchor current = anchor;
        long elapsed = nanoTime - current.nanoTime;
        if (elapsed > RESYNC_NANOS) {
            current = Anchor.now();
            anchor = current;
            elapsed = nanoTime - current.nanoTime;
        }
        return current.epochNanos + elapsed;
    }

    private record Anchor(long nanoTime, long epochNanos) {
        static Anchor now() {
            long before = System.nanoTime();
            Instant instant = Instant.now();
            long after = System.nanoTime();
            long epochNanos = instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
            return new Anchor(before + (after - before) / 2, epochNanos);
        }
    }
}
