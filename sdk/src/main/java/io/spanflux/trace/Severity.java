// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/** How serious a {@link LogRecord} is, in OpenTelemetry's numbers. */
public enum Severity {
    /** Something happened. */
    INFO(9),
    /** Something went wrong, and the application may have dealt with it. */
    WARN(13);

    private final int number;

    Severity(int number) {
        this.number = number;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }
}
