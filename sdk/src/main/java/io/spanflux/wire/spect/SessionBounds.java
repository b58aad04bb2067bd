// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import java.time.Duration;

/**
 * What may be held of sessions that are not over.
 *
 * @param sessions how many
 * @param bytes the estimated bytes of all
 * @param sessionBytes the estimated bytes of one
 * @param time how long one, from its first ended span on
 */
record SessionBounds(int sessions, long bytes, long sessionBytes, Duration time) {
    /** Spans of one session, whatever their size. */
    static final int SESSION_SPANS = 10_000;

    /** How long spans that are still open when the root ends are waited for. */
    static final Duration AFTER_ROOT = Duration.ofSeconds(5);
}
