// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.time.Duration;

/**
 * How long to try again, and how often. Waits grow from {@code initialBackoff} by a factor of 1.5 up to
 * {@code maxBackoff}; each is shortened at random by up to a half, so that many clients do not come back together. A time
 * above 292 years, which is what nanoseconds can count, is taken as that.
 *
 * @param initialBackoff the first wait; positive
 * @param maxBackoff the longest wait; not shorter than the first
 * @param maxAge how long after its first attempt a body is given up; 0 means that it is not tried again
 */
public record RetryPolicy(Duration initialBackoff, Duration maxBackoff, Duration maxAge) {
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    /** 1 second, 30 seconds, 5 minutes. */
    public static final RetryPolicy DEFAULT =
            new RetryPolicy(Duration.ofSeconds(1), Duration.ofSeconds(30), Duration.ofMinutes(5));

    /** Refuses times that make no sense. */
    public RetryPolicy {
        if (initialBackoff.isNegative() || initialBackoff.isZero()) {
            throw new IllegalArgumentException("initialBackoff is not positive: " + initialBackoff);
        }
        if (maxBackoff.compareTo(initialBackoff) < 0) {
            throw new IllegalArgumentException("maxBackoff < initialBackoff: " + maxBackoff + " < " + initialBackoff);
        }
        if (maxAge.isNegative()) {
            throw new IllegalArgumentException("maxAge is negative: " + maxAge);
        }
        initialBackoff = capped(initialBackoff);
        maxBackoff = capped(maxBackoff);
        maxAge = capped(maxAge);
    }

    private static Duration capped(Duration duration) {
        return duration.compareTo(LONGEST) > 0 ? LONGEST : duration;
    }

    /** The same with another age at which a body is given up. */
    public RetryPolicy withMaxAge(Duration maxAge) {
        return new RetryPolicy(initialBackoff, maxBackoff, maxAge);
    }

    /** The wait after the {@code attempt}th failure, counted from 0, before it is shortened at random. */
    Duration backoff(long attempt) {
        double nanos = (double) initialBackoff.toNanos() * Math.pow(1.5, (double) Math.min(attempt, 100));
        return Duration.ofNanos((long) Math.min(nanos, (double) maxBackoff.toNanos()));
    }
}
