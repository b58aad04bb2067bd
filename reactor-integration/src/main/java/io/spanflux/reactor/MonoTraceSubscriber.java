// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.genai.Generation;
import io.spanflux.reactor.TraceOperator.ValueCallback;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;

/** Ends the span before the value goes down: {@code block()} returns with the value, and finds the span ended. */
final class MonoTraceSubscriber<T> extends TraceSubscriber<T> {
    MonoTraceSubscriber(
            CoreSubscriber<? super T> actual,
            ReactiveTracer tracer,
            Span span,
            SpanData data,
            @Nullable ValueCallback<T> callback) {
        super(actual, tracer, span, data, callback);
    }

    @Override
    void beforeNext(T value) {
        observe(value);
        end(null);
    }

    @Override
    void describeEnd(boolean cancelled, @Nullable Throwable failure) {
        if (cancelled && data instanceof Generation generation) {
            generation.cutOff();
        }
    }
}
