// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.diagnostics.FatalErrors;
import org.jspecify.annotations.Nullable;

/** Something that happened at one moment of a span. Immutable. */
public final class SpanEvent {
    /** Longer stack traces are cut: the first frames tell, and a cycle of causes must not fill a span. */
    private static final int MAX_STACK_TRACE = 16 * 1024;

    private final String name;
    private final long epochNanos;
    private final Attributes attributes;
    private final int droppedAttributes;
    private final @Nullable Throwable exception;
    private final int estimatedBytes;

    SpanEvent(
            String name, long epochNanos, Attributes attributes, int droppedAttributes, @Nullable Throwable exception) {
        this.name = name;
        this.epochNanos = epochNanos;
        this.attributes = attributes;
        this.droppedAttributes = droppedAttributes;
        this.exception = exception;
        int stackTrace = exception == null ? 0 : 4 * 1024;
        this.estimatedBytes =
                AttributeValue.saturated(96L + 2L * name.length() + attributes.estimatedBytes() + stackTrace);
    }

    /** An event {@code exception} by OpenTelemetry's conventions; its stack trace is rendered when it is encoded. */
    static SpanEvent exception(Throwable exception, long epochNanos) {
        Attributes attributes =
                Attributes.of("exception.type", exception.getClass().getName());
        String message = messageOf(exception);
        if (message != null) {
            attributes = attributes.with("exception.message", message);
        }
        return new SpanEvent("exception", epochNanos, attributes, 0, exception);
    }

    /** The message, cut to 4,096 code points; null when there is none or {@code getMessage} fails. */
    static @Nullable String messageOf(Throwable exception) {
        try {
            String message = exception.getMessage();
            return message == null ? null : AttributeValue.truncate(message, SpanLimits.DESCRIPTION_LENGTH);
        } catch (Throwable e) {
            FatalErrors.propagate(e);
            return null;
        }
    }

    /** The name. */
    public String name() {
        return name;
    }

    /** When it happened, in nanoseconds since the epoch. */
    public long epochNanos() {
        return epochNanos;
    }

    /** Hands each attribute to {@code consumer}. */
    public void forEachAttribute(AttributeConsumer consumer) {
        attributes.forEach(consumer);
        if (exception != null) {
            consumer.accept("exception.stacktrace", StackTraceText.of(exception, MAX_STACK_TRACE));
        }
    }

    /** The attributes, except the stack trace of an exception. */
    public Attributes attributes() {
        return attributes;
    }

    /** How many attributes exceeded the limit. */
    public int droppedAttributes() {
        return droppedAttributes;
    }

    /** Roughly how many bytes this holds alive. */
    public int estimatedBytes() {
        return estimatedBytes;
    }

    @Override
    public String toString() {
        return "SpanEvent{name=" + name + ", " + attributes + '}';
    }
}
