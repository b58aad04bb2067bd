// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.genai.GenAiAttributes;
import io.spanflux.genai.Generation;
import io.spanflux.reactor.TraceOperator.ValueCallback;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;

/**
 * Counts and times chunks. The counters belong to the thread of the signals; a cancellation on another thread may read
 * them one chunk behind.
 */
final class FluxTraceSubscriber<T> extends TraceSubscriber<T> {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Clock clock;
    private final boolean timesChunks;
    private long chunks;
    private long firstChunk;
    private long lastChunk;
    private long maxGap;

    FluxTraceSubscriber(
            CoreSubscriber<? super T> actual,
            ReactiveTracer tracer,
            Span span,
            SpanData data,
            @Nullable ValueCallback<T> callback) {
        super(actual, tracer, span, data, callback);
        this.clock = tracer.tracer().clock();
        this.timesChunks = tracer.timesChunks() && span.isRecording();
        if (data instanceof Generation generation) {
            generation.stream(true);
        }
    }

    @Override
    void beforeNext(T value) {
        if (chunks++ == 0) {
            firstChunk = clock.nanoTime();
            lastChunk = firstChunk;
        } else if (timesChunks) {
            long now = clock.nanoTime();
            long gap = now - lastChunk;
            maxGap = Math.max(maxGap, gap);
            lastChunk = now;
            if (data instanceof Generation generation) {
                generation.chunkGap(gap);
            }
        }
        observe(value);
    }

    @Override
    void describeEnd(boolean cancelled, @Nullable Throwable failure) {
        span.attribute(GenAiAttributes.STREAM_CHUNKS, chunks);
        if (timesChunks && chunks > 1) {
            double total = (lastChunk - firstChunk) / NANOS_PER_SECOND;
            span.attribute(GenAiAttributes.STREAM_MEAN_GAP, total / (chunks - 1));
            span.attribute(GenAiAttributes.STREAM_MAX_GAP, maxGap / NANOS_PER_SECOND);
        }
        if (data instanceof Generation generation) {
            if (chunks > 0) {
                generation.timeToFirstChunk((firstChunk - span.startNanoTime()) / NANOS_PER_SECOND);
            }
            if (cancelled || (failure != null && chunks > 0)) {
                generation.cutOff();
            }
        }
    }
}
