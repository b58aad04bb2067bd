// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.ArrayList;
import java.util.List;

/**
 * Who sees the spans that start now: a tracer replaces it as a whole, and a span keeps the one it started with, so that
 * whoever saw it start sees it end.
 *
 * <p>Threads: immutable.
 */
final class Handlers {
    /** Of spans that nobody sees. */
    static final Handlers NONE = new Handlers(List.of(), List.of(), List.of());

    private final List<SpanHandler> first;
    private final List<SpanHandler> own;
    private final List<SpanHandler> last;

    // Arrays: these loops run for each span, and an iterator would be garbage each time.
    private final SpanHandler[] all;

    /** Those that see sampled-out spans too; where there are none, such spans cost nothing. */
    private final SpanHandler[] seeingAll;

    /** Those that see traces; where there are none, nobody counts the spans of a trace that are open. */
    private final TraceHandler[] ofTraces;

    private Handlers(List<SpanHandler> first, List<SpanHandler> own, List<SpanHandler> last) {
        this.first = List.copyOf(first);
        this.own = List.copyOf(own);
        this.last = List.copyOf(last);
        List<SpanHandler> everybody = new ArrayList<>(first);
        everybody.addAll(own);
        everybody.addAll(last);
        this.all = everybody.toArray(new SpanHandler[0]);
        this.seeingAll = everybody.stream().filter(SpanHandler::seesSampledOut).toArray(SpanHandler[]::new);
        this.ofTraces = everybody.stream()
                .filter(TraceHandler.class::isInstance)
                .map(TraceHandler.class::cast)
                .toArray(TraceHandler[]::new);
    }

    /** Those of {@code own}, which may be replaced, between others, which may not. */
    static Handlers of(List<SpanHandler> first, List<SpanHandler> own, List<SpanHandler> last) {
        return new Handlers(first, own, last);
    }

    /** With {@code own} in the place of those that may be replaced. */
    Handlers with(List<SpanHandler> replacements) {
        return new Handlers(first, replacements, last);
    }

    /** Those that may be replaced, in their order. */
    List<SpanHandler> own() {
        return own;
    }

    SpanHandler[] of(boolean sampledOut) {
        return sampledOut ? seeingAll : all;
    }

    boolean seeSampledOut() {
        return seeingAll.length > 0;
    }

    TraceHandler[] ofTraces() {
        return ofTraces;
    }

    int count() {
        return all.length;
    }
}
