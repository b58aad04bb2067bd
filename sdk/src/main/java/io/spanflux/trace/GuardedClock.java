// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.diagnostics.RepeatedWarning;

/** A clock of the application's, whose failure must not reach the traced call: the last time holds. */
final class GuardedClock implements Clock {
    private final Clock clock;
    private final RepeatedWarning failures;

    // Racing threads may leave either's time; both have just been.
    private long lastNanoTime;

    GuardedClock(Clock clock, RepeatedWarning failures) {
        this.clock = clock;
        this.failures = failures;
    }

    @Override
    public long nanoTime() {
        try {
            long now = clock.nanoTime();
            lastNanoTime = now;
            return now;
        } catch (Throwable e) {
            failures.caught("A Clock failed; spans take the last time that it told.", e);
            return lastNanoTime;
        }
    }

    @Override
    public long epochNanos(long nanoTime) {
        try {
            return clock.epochNanos(nanoTime);
        } catch (Throwable e) {
            failures.caught("A Clock failed; spans take the time of the system.", e);
            return Clock.system().epochNanos(System.nanoTime());
        }
    }
}
