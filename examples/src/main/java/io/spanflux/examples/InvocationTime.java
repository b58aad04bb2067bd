// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.time.Duration;

/**
 * How an invocation of a function divides the time it has left: most for its work, the end for a flush, and a little for
 * the way back.
 *
 * @param left what is left; negative where it is over
 */
record InvocationTime(Duration left) {
    /** However much is left, a function pays for the time in which a collector hangs. */
    private static final Duration MAX_FLUSH = Duration.ofSeconds(2);

    private static final Duration WAY_BACK = Duration.ofMillis(200);

    /** How long the work may take. */
    Duration forWork() {
        return notNegative(left.minus(MAX_FLUSH).minus(WAY_BACK));
    }

    /** How long the flush at the end may take. */
    Duration forFlush() {
        Duration flush = notNegative(left.minus(WAY_BACK));
        return flush.compareTo(MAX_FLUSH) < 0 ? flush : MAX_FLUSH;
    }

    private static Duration notNegative(Duration duration) {
        return duration.isNegative() ? Duration.ZERO : duration;
    }
}
