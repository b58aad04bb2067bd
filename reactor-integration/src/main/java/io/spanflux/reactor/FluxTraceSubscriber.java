// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.genai.Generation;
import io.spanflux.reactor.TraceOperator.ValueCallback;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;

/** Measures the stream with {@link ChunkTimes}. */
final class FluxTraceSubscriber<T> extends TraceSubscriber<T> {
    private final @Nullable Generation generation;
    private final ChunkTimes times;

    FluxTraceSubscriber(
            CoreSubscriber<? super T> actual,
            ReactiveTracer tracer,
            Span span,
            SpanData data,
            @Nullable ValueCallback<T> callback) {
        super(actual, tracer, span, data, callback);
        this.generation = data instanceof Generation made ? made.stream(true) : null;
        this.times = new ChunkTimes(tracer.tracer().clock(), tracer.timesChunks() && span.isRecording());
    }

    @Override
    void beforeNext(T value) {
        times.chunk(generation);
        observe(value);
    }

    @Override
    void describeEnd(boolean cancelled, @Nullable Throwable failure) {
        times.describe(span, generation);
        if (generation != null && (cancelled || (failure != null && times.hasAny()))) {
            generation.cutOff();
        }
    }
}
