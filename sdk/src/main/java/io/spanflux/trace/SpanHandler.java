// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/**
 * Sees spans start and end. Handlers run one after the other on the traced call's thread: they must be fast, must not
 * block and see metadata only. What a handler throws is counted, warned of and otherwise ignored.
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
     * tells them apart by {@link Span#isSampled}; other handlers and exporters never see them. Asked once. Default false.
     */
    default boolean seesSampledOut() {
        return false;
    }
}
