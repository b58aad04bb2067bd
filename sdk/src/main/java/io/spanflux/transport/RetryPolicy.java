// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.time.Duration;

/**
 * How long to try again, and how often. Waits grow from {@code initialBackoff} by a factor of 1.5 up to
 * {@code maxBackoff}; each is shortened at random by up to a half, so that many clients do not come back together.
 *
 * @param initialBackoff the first wait; positive
 * @param maxBackoff the longest wait; not shorter than the first
 * @param maxAge how long after its first attempt a body is given up; 0 means that it is sent once
 */
public record RetryPolicy(Duration initialBackoff, Duration maxBackoff, Duration maxAge) {
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
    }

    /** The same with another age at which a body is given up. */
    public RetryPolicy withMaxAge(Duration maxAge) {
        return new RetryPolicy(initialBackoff, maxBackoff, maxAge);
    }

    /** The wait after the {@code attempt}th failure, counted from 0, before it is shortened at random. */
    Duration backoff(long attempt) {
        double millis = (double) initialBackoff.toMillis() * Math.pow(1.5, (double) Math.min(attempt, 100));
        return Duration.ofMillis((long) Math.min(millis, (double) maxBackoff.toMillis()));
    }
}
