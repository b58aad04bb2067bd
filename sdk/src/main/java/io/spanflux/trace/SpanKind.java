// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/** The role of a span in its trace, as OpenTelemetry defines it. */
public enum SpanKind {
    /** Work inside this process. */
    INTERNAL(1),
    /** Serves a remote request. */
    SERVER(2),
    /** Waits for a remote service, for example a model. */
    CLIENT(3),
    /** Hands a message to a broker. */
    PRODUCER(4),
    /** Takes a message from a broker. */
    CONSUMER(5);

    private final int code;

    SpanKind(int code) {
        this.code = code;
    }

    /** The number of this kind in OTLP, which forbids names in its JSON form. */
    public int code() {
        return code;
    }
}
