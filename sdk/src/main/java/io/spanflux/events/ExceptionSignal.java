// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.events;

/** By what an exception of a call is told. The modes are those of {@code OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN}. */
public enum ExceptionSignal {
    /** By an event {@code exception} on the span. The default. */
    SPAN_EVENTS,
    /** By an event {@code gen_ai.client.operation.exception} of its own: {@code logs}. */
    LOGS,
    /** By both: {@code logs/dup}. */
    BOTH
}
