// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.events;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.LogRecord;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Severity;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanEvent;

/**
 * {@code gen_ai.client.operation.exception}: what a span event {@code exception} would say. Holds no span, which may run
 * for an hour yet.
 */
record OperationException(SpanEvent exception, SpanContext context, Resource resource) implements LogRecord {
    @Override
    public String eventName() {
        return "gen_ai.client.operation.exception";
    }

    @Override
    public long epochNanos() {
        return exception.epochNanos();
    }

    @Override
    public Severity severity() {
        return Severity.WARN;
    }

    @Override
    public int forEachAttribute(AttributeConsumer consumer) {
        exception.forEachAttribute(consumer);
        return exception.droppedAttributes();
    }

    @Override
    public int estimatedBytes() {
        return 128 + exception.estimatedBytes();
    }
}
