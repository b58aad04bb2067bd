// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import java.time.Instant;

/**
 * How the delivery to a destination fares.
 *
 * @param status in a word
 * @param since when that began, to the millisecond
 * @param reason why, in a sentence that holds neither content nor credentials; empty while it is up
 */
public record Health(Status status, Instant since, String reason) {
    /** In the order of how bad they are. */
    public enum Status {
        /** Records arrive, or there was none to send yet. */
        UP,

        /** Records arrive, and in the last minute some were lost. */
        DEGRADED,

        /** The last batch did not arrive, or has been under way for more than 10 seconds. */
        DOWN
    }

    /** The worse of two; of two that are equally bad the older. */
    public Health worse(Health other) {
        int order = status.compareTo(other.status);
        boolean otherIsWorse = order == 0 ? other.since.isBefore(since) : order < 0;
        return otherIsWorse ? other : this;
    }
}
