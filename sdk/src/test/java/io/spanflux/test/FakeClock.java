// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import io.spanflux.trace.Clock;
import java.time.Duration;

/** A clock that stands still until a test moves it; its wall clock can be corrected without time passing. */
public final class FakeClock implements Clock {
    private static final long START = 1_800_000_000_000_000_000L;

    private volatile long nanoTime = 1_000;
    private volatile long wallClockOffset = START;

    @Override
    public long nanoTime() {
        return nanoTime;
    }

    @Override
    public long epochNanos(long nanoTime) {
        return wallClockOffset + nanoTime;
    }

    /** The wall clock's time now. */
    public long epochNanos() {
        return epochNanos(nanoTime);
    }

    /** Lets time pass. */
    public void advance(Duration time) {
        nanoTime += time.toNanos();
    }

    /** Corrects the wall clock, forwards or backwards, as a time server does. */
    public void stepWallClock(Duration correction) {
        wallClockOffset += correction.toNanos();
    }
}
