// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

/** What time a metric's numbers are about, as OpenTelemetry defines it. */
public enum Temporality {
    /** The time since the collection before. */
    DELTA(1),
    /** All the time since the start. */
    CUMULATIVE(2);

    private final int code;

    Temporality(int code) {
        this.code = code;
    }

    /** The number of this temporality in OTLP, which forbids names in its JSON form. */
    public int code() {
        return code;
    }
}
