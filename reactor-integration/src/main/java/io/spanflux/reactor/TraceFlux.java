// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;

/** A Flux within a span. */
final class TraceFlux<T> extends FluxOperator<T, T> {
    private final TraceOperator<T> operator;

    private TraceFlux(Flux<T> source, TraceOperator<T> operator) {
        super(source);
        this.operator = operator;
    }

    static <T> Flux<T> create(Flux<T> source, TraceOperator<T> operator) {
        return onAssembly(new TraceFlux<>(source, operator));
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        TraceOperator.subscribe(source, operator.begin(actual, false));
    }

    @Override
    @SuppressWarnings("rawtypes") // Reactor's signature.
    public @Nullable Object scanUnsafe(Attr key) {
        return key.equals(Attr.RUN_STYLE) ? Attr.RunStyle.SYNC : super.scanUnsafe(key);
    }
}
