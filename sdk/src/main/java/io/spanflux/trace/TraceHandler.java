// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/**
 * Sees traces begin and end besides their spans. A trace here is the part of one that a tracer starts below one sampled
 * span whose parent is in another process, in another tracer, or nowhere: its local root. It ends with the last span of it
 * that is open, once the local root has ended; a span that starts later is seen as a span only. What is said of the trace as
 * a whole is {@code root.scope().trace()}.
 *
 * <p>Threads: as {@link SpanHandler}; the end is told by the thread that ended the last span, after all handlers have seen
 * that span and the root end. A handler that sees a trace begin sees it end, once, also when it has been replaced meanwhile.
 * Where such a handler is, a span costs an atomic increment and decrement more.
 */
public interface TraceHandler extends SpanHandler {
    /** A trace begins with {@code root}, which other handlers have not seen yet; attributes may be added. */
    default void onTraceStart(Span root) {}

    /** A trace is over; {@code root} has ended and can only be read. */
    default void onTraceEnd(Span root) {}
}
