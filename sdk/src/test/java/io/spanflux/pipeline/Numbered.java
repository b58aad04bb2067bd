// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.Tracer;
import java.util.List;

/** Ended spans that know who made them and in which order. */
record Numbered(int producer, long number, int estimatedBytes) implements SpanData {
    private static final Tracer TRACER = Tracer.builder().build();

    static Span span(long number) {
        return span(0, number, 0);
    }

    static Span span(int producer, long number, int bytes) {
        Span span = TRACER.span(new Numbered(producer, number, bytes)).start();
        span.end();
        return span;
    }

    static Numbered of(Span span) {
        return (Numbered) span.data();
    }

    static List<Long> numbers(List<Span> spans) {
        return spans.stream().map(span -> of(span).number()).toList();
    }

    @Override
    public String spanName() {
        return "numbered";
    }

    @Override
    public void forEachAttribute(AttributeConsumer consumer) {}
}
