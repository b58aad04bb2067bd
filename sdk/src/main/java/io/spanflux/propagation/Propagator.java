// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Writes what identifies the current trace into headers, and reads it back on the other side.
 *
 * <pre>{@code
 * Mono.deferContextual(context -> {
 *     propagator.inject(context, request::header);
 *     return send(request);
 * });
 * handle(request).contextWrite(context -> propagator.extract(context, request::header));
 * }</pre>
 *
 * <p>Never throws for what a header says. Threads: immutable.
 */
public interface Propagator {
    /** Hands each header of {@code context} to {@code header}, as name and value. */
    void inject(ContextView context, BiConsumer<String, String> header);

    /** {@code context} with what the headers say; unchanged when they say nothing that is valid. */
    Context extract(Context context, Function<String, @Nullable String> header);

    /** The names of the headers that are read and written. */
    List<String> fields();

    /** W3C {@code traceparent} and {@code tracestate}. */
    static Propagator traceContext() {
        return TraceContextPropagator.INSTANCE;
    }

    /** W3C {@code baggage}. */
    static Propagator baggage() {
        return BaggagePropagator.INSTANCE;
    }

    /**
     * W3C {@code baggage} that also carries those attributes of the scope, and on the other side makes them attributes of
     * the scope again: texts, numbers and truth values; nothing else of the scope ever leaves. Everyone on the way can read
     * them, and whoever calls this service can set them.
     *
     * @throws IllegalArgumentException for a key that is no HTTP token
     */
    static Propagator baggage(List<String> scopeAttributes) {
        return BaggagePropagator.allowing(Objects.requireNonNull(scopeAttributes, "scopeAttributes == null"));
    }

    /** All of {@code propagators}, in order; none for an empty list. */
    static Propagator all(List<Propagator> propagators) {
        return new CompositePropagator(List.copyOf(Objects.requireNonNull(propagators, "propagators == null")));
    }
}
