// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

/** Why a session left before it was over. What ends of it later leaves as another part, with the same ids. */
public enum SpectCut {
    /** A flush, a shutdown or a close asked for what there was. */
    FLUSH,
    /** It was held as long as {@link SpectExporter.Builder#maxHoldTime} allows. */
    TIME,
    /** More than {@link SpectExporter.Builder#maxSessions} were held, and this was the oldest. */
    SESSIONS_FULL,
    /** More than {@link SpectExporter.Builder#maxBytes} were held, and this was the oldest. */
    BYTES_FULL,
    /** It had grown to {@link SpectExporter.Builder#maxSessionBytes}, or to 10,000 spans. */
    SESSION_FULL,
    /** Its span ended faster than spans could be put together, and left alone. */
    OVERRUN,
    /** Its span ended after the close. */
    CLOSED
}
