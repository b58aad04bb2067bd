// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;

/** A Mono within a span. */
final class TraceMono<T> extends MonoOperator<T, T> {
    private final TraceOperator<T> operator;

    private TraceMono(Mono<T> source, TraceOperator<T> operator) {
        super(source);
        this.operator = operator;
    }

    static <T> Mono<T> create(Mono<T> source, TraceOperator<T> operator) {
        return onAssembly(new TraceMono<>(source, operator));
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        TraceOperator.subscribe(source, operator.begin(actual, true));
    }

    @Override
    @SuppressWarnings("rawtypes") // Reactor's signature.
    public @Nullable Object scanUnsafe(Attr key) {
        return key.equals(Attr.RUN_STYLE) ? Attr.RunStyle.SYNC : super.scanUnsafe(key);
    }
}
