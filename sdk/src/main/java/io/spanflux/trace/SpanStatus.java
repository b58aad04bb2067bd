// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/** Whether the work of a span succeeded. */
public enum SpanStatus {
    /** Nobody said: what a successful GenAI span leaves, by its conventions. */
    UNSET(0),
    /** The application declared it a success; final. */
    OK(1),
    /** It failed. */
    ERROR(2);

    private final int code;

    SpanStatus(int code) {
        this.code = code;
    }

    /** The number of this status in OTLP. */
    public int code() {
        return code;
    }
}
