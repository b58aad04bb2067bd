// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.concurrent.TimeUnit;
import reactor.core.scheduler.Scheduler;

/**
 * The time of spans. A span reads {@link #nanoTime()} when it starts and when it ends; its duration is the difference,
 * so that a step of the wall clock never makes it negative. A root span also asks when that was.
 *
 * <p>Threads: called on the traced call's thread, twice a span and at most once a chunk; must be fast. One that
 * throws is warned of and counted with the tracer's callbacks; the span takes the last time there was.
 */
public interface Clock {
    /** A monotonic time in nanoseconds from an arbitrary origin. */
    long nanoTime();

    /** The wall-clock time at which {@link #nanoTime()} was {@code nanoTime}, in nanoseconds since the epoch. */
    long epochNanos(long nanoTime);

    /** The clock of this process. */
    static Clock system() {
        return SystemClock.INSTANCE;
    }

    /** The clock of a scheduler: with Reactor's {@code VirtualTimeScheduler} tests decide what time it is. */
    static Clock of(Scheduler scheduler) {
        return new Clock() {
            @Override
            public long nanoTime() {
                return scheduler.now(TimeUnit.NANOSECONDS);
            }

            @Override
            public long epochNanos(long nanoTime) {
                return nanoTime;
            }
        };
    }
}
