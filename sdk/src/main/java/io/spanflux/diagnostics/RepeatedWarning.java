// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.diagnostics;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * One kind of trouble that may happen a thousand times a second and must not fill a log: the first time is logged at
 * WARN with what to do about it, later times at WARN at most once a minute with how many there were, everything in
 * between at DEBUG.
 *
 * <p>Messages never hold content, headers or keys: callers pass names, numbers and exception classes.
 *
 * <p>Threads: any. Never blocks (beyond what the logging backend does) and never throws.
 */
public final class RepeatedWarning {
    private static final long INTERVAL_NANOS = 60_000_000_000L;

    private final Logger logger;
    private final LongSupplier nanoTime;
    private final AtomicLong total = new AtomicLong();
    private final AtomicLong reported = new AtomicLong();
    private final AtomicLong nextReport = new AtomicLong(Long.MIN_VALUE);

    /** Warns through {@code logger}. */
    public RepeatedWarning(Logger logger) {
        this(logger, System::nanoTime);
    }

    RepeatedWarning(Logger logger, LongSupplier nanoTime) {
        this.logger = Objects.requireNonNull(logger, "logger == null");
        this.nanoTime = nanoTime;
    }

    /** Reports one occurrence. */
    public void warn(String message) {
        warn(1, message, null);
    }

    /** Reports {@code count} occurrences at once; {@code message} says what was lost, why, and the remedy. */
    public void warn(long count, String message) {
        warn(count, message, null);
    }

    /** Reports one occurrence with its cause, whose stack trace is logged the first time and at DEBUG later. */
    public void warn(String message, @Nullable Throwable cause) {
        warn(1, message, cause);
    }

    /**
     * Reports what code that is not ours threw, so that it goes no further. An error of the JVM itself, after which
     * nothing can be relied on, is thrown on.
     */
    public void caught(String message, Throwable failure) {
        warn(1, message, failure);
        FatalErrors.propagate(failure);
    }

    private void warn(long count, String message, @Nullable Throwable cause) {
        try {
            report(count, message, cause);
        } catch (Throwable e) {
            // A logging backend that throws, or misses a class, must not reach the traced call; and there is nowhere
            // left to report it.
            FatalErrors.propagate(e);
        }
    }

    private void report(long count, String message, @Nullable Throwable cause) {
        long all = total.addAndGet(count);
        long now = nanoTime.getAsLong();
        long due = nextReport.get();
        boolean first = due == Long.MIN_VALUE;
        if ((first || now - due >= 0) && nextReport.compareAndSet(due, now + INTERVAL_NANOS)) {
            long before = reported.getAndSet(all);
            if (first) {
                logger.warn(message, cause);
            } else {
                logger.warn("{} ({} more times in the last minute or longer, {} in all)", message, all - before, all);
            }
        } else {
            logger.debug(message, cause);
        }
    }

    /** How many occurrences were reported since the start. */
    public long count() {
        return total.get();
    }
}
