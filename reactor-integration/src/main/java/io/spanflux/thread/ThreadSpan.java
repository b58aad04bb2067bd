// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.thread;

import io.spanflux.trace.Span;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The span of the running thread, while Micrometer's context-propagation has put one there: {@code traceId} and
 * {@code spanId} of SLF4J's MDC are its own.
 *
 * <p>Threads: each sees its own, virtual ones too.
 */
public final class ThreadSpan {
    private static final String TRACE_ID = "traceId";
    private static final String SPAN_ID = "spanId";
    private static final ThreadLocal<Span> CURRENT = new ThreadLocal<>();

    private ThreadSpan() {}

    /** The span of this thread, null where none was put. */
    public static @Nullable Span current() {
        return CURRENT.get();
    }

    static void set(Span span) {
        CURRENT.set(span);
        if (span.context().isValid()) {
            MDC.put(TRACE_ID, span.context().traceId());
            MDC.put(SPAN_ID, span.context().spanId());
        } else {
            forgetIds();
        }
    }

    static void clear() {
        CURRENT.remove();
        forgetIds();
    }

    private static void forgetIds() {
        MDC.remove(TRACE_ID);
        MDC.remove(SPAN_ID);
    }
}
