// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.events;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.LogRecord;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Severity;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;

/** {@code gen_ai.client.inference.operation.details}: all that the span of a model's call says, and its content. */
record InferenceDetails(Span span) implements LogRecord {
    @Override
    public String eventName() {
        return "gen_ai.client.inference.operation.details";
    }

    @Override
    public long epochNanos() {
        return span.endEpochNanos();
    }

    @Override
    public Severity severity() {
        return Severity.INFO;
    }

    @Override
    public SpanContext context() {
        return span.context();
    }

    @Override
    public Resource resource() {
        return span.resource();
    }

    @Override
    public int forEachAttribute(AttributeConsumer consumer) {
        return span.forEachEventAttribute(consumer);
    }

    @Override
    public int estimatedBytes() {
        return span.estimatedBytes();
    }
}
