// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.TraceState;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** <a href="https://www.w3.org/TR/trace-context-2/">W3C Trace Context</a>, level 2. */
final class TraceContextPropagator implements Propagator {
    static final TraceContextPropagator INSTANCE = new TraceContextPropagator();

    private static final String TRACEPARENT = "traceparent";
    private static final String TRACESTATE = "tracestate";

    /** {@code 00-} + 32 + {@code -} + 16 + {@code -} + 2. */
    private static final int LENGTH = 55;

    private TraceContextPropagator() {}

    @Override
    public void inject(ContextView context, BiConsumer<String, String> header) {
        Span span = Span.from(context);
        if (span == null || !span.context().isValid()) {
            return;
        }
        SpanContext identity = span.context();
        // Flags that are not known must not be passed on.
        int flags = identity.traceFlags() & (SpanContext.SAMPLED | SpanContext.RANDOM);
        header.accept(TRACEPARENT, "00-" + identity.traceId() + '-' + identity.spanId() + "-0" + flags);
        if (!identity.traceState().isEmpty()) {
            header.accept(TRACESTATE, identity.traceState().header());
        }
    }

    @Override
    public Context extract(Context context, Function<String, @Nullable String> header) {
        SpanContext remote = parse(header.apply(TRACEPARENT), header.apply(TRACESTATE));
        return remote == null ? context : Span.of(remote).storeIn(context);
    }

    /** Null when {@code traceparent} is missing or not valid; then the trace state means nothing either. */
    static @Nullable SpanContext parse(@Nullable String traceparent, @Nullable String tracestate) {
        if (traceparent == null) {
            return null;
        }
        String text = traceparent.strip();
        if (text.length() < LENGTH || text.charAt(2) != '-' || text.charAt(35) != '-' || text.charAt(52) != '-') {
            return null;
        }
        int version = hexByte(text, 0);
        int flags = hexByte(text, 53);
        boolean tooLong = text.length() > LENGTH && (version == 0 || text.charAt(LENGTH) != '-');
        if (version < 0 || version == 0xFF || flags < 0 || tooLong) {
            return null;
        }
        try {
            return SpanContext.remote(
                    text.substring(3, 35), text.substring(36, 52), flags, TraceState.parse(tracestate));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Two lower-case hexadecimal digits as a number, -1 if they are anything else. */
    private static int hexByte(String text, int at) {
        char high = text.charAt(at);
        char low = text.charAt(at + 1);
        if (!HexFormat.isHexDigit(high) || !HexFormat.isHexDigit(low) || isUpper(high) || isUpper(low)) {
            return -1;
        }
        return HexFormat.fromHexDigits(text, at, at + 2);
    }

    private static boolean isUpper(char c) {
        return c >= 'A' && c <= 'F';
    }

    @Override
    public List<String> fields() {
        return List.of(TRACEPARENT, TRACESTATE);
    }

    @Override
    public String toString() {
        return "tracecontext";
    }
}
