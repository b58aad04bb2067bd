// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import reactor.core.publisher.Mono;

/**
 * Sees spans start and end. Handlers run one after the other on the traced call's thread: they must be fast, must not
 * block and see metadata only. What a handler throws is counted, warned of and otherwise ignored.
 *
 * <p>Handlers may be added, removed and replaced while spans run, see {@link Tracer#replaceHandlers}: whoever saw a span
 * start sees it end, and nobody else does. {@link TraceHandler} sees whole traces besides.
 */
public interface SpanHandler {
    /** A recorded span has started; attributes may be added. Not called for spans that are sampled out. */
    default void onStart(Span span) {}

    /** A recorded span has ended and can only be read. */
    default void onEnd(Span span) {}

    /**
     * An exception is said of a recorded span that runs. Returns whether this tells of it elsewhere, so that the span needs
     * no event of its own. Default false.
     */
    default boolean onException(Span span, SpanEvent exception) {
        return false;
    }

    /**
     * Whether this counts all spans: those that are sampled out are then recorded as well and shown to this handler, which
     * tells them apart by {@link Span#isSampled}; other handlers and exporters never see them. Asked whenever the list of
     * handlers is made. Default false.
     */
    default boolean seesSampledOut() {
        return false;
    }

    /**
     * Does what is left to do for the spans that have ended, and completes then; part of {@code Spanflux.flush}, which waits
     * for its own time at most. An error is counted and warned of. Default nothing is left.
     */
    default Mono<Void> onFlush() {
        return Mono.empty();
    }

    /**
     * As {@link #onFlush}, then gives up what it holds; part of {@code Spanflux.shutdown} and {@code close}. Not final: after
     * a shutdown, spans may start again. Default nothing.
     */
    default Mono<Void> onShutdown() {
        return Mono.empty();
    }
}
