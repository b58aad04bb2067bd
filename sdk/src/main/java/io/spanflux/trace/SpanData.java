// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import org.jspecify.annotations.Nullable;

/**
 * What a span is about, as a typed object that is rendered late: the traced call pays for references, the export thread
 * for attributes. The GenAI types are in {@code io.spanflux.genai}; an application may bring its own.
 *
 * <p>Threads: {@link #spanName()} and {@link #kind()} are called where the span starts, {@link #end()} and
 * {@link #estimatedBytes()} where it ends, {@link #forEachAttribute} on export threads after that, and
 * {@link #forEachMetadata} and {@link #metadata} by samplers: where the span starts, or on their thread after it ended. An exception from any
 * of them is counted and costs no more than what that method would have said.
 */
public interface SpanData {
    /** The name of the span. */
    String spanName();

    /** The kind of the span. */
    default SpanKind kind() {
        return SpanKind.INTERNAL;
    }

    /**
     * The attributes, in the order in which they are to be exported, each key once; what is said of a key again is dropped
     * and counted. May be called more than once, also at a time.
     */
    void forEachAttribute(AttributeConsumer consumer);

    /**
     * The attributes as the event about this operation has them, content in structured form: where events are exported.
     * Default {@link #forEachAttribute}.
     */
    default void forEachEventAttribute(AttributeConsumer consumer) {
        forEachAttribute(consumer);
    }

    /**
     * Those attributes that are cheap to say and not content, so far as they are known: what head samplers ask for before
     * the span starts and tail samplers after it ended, and only when a rule needs it. Default all attributes; override it
     * where some are content or take time to render.
     */
    default void forEachMetadata(AttributeConsumer consumer) {
        forEachAttribute(consumer);
    }

    /**
     * The value of one of those attributes, null where it is not known or not cheap to say. Default what
     * {@link #forEachMetadata} says; override it where a key can be looked up faster.
     */
    default @Nullable Object metadata(String key) {
        AttributeFinder finder = new AttributeFinder(key);
        forEachMetadata(finder);
        return finder.value();
    }

    /**
     * The {@code error.type} of an operation that failed though nothing was thrown, a word of few values; null where it did
     * not fail. Asked once, where the span ends: its status is then ERROR unless something else was said of it. Default null.
     */
    default @Nullable String errorType() {
        return null;
    }

    /** The span has ended: what is said from now on is ignored. Called once, before anyone else sees the ended span. */
    default void end() {}

    /**
     * Whether the spans below, at any depth in this process, are to know this as their {@link Span#owner()}: true for what
     * counts or names the calls inside it, as an agent does. Must always answer the same.
     */
    default boolean ownsSpansBelow() {
        return false;
    }

    /** Roughly how many bytes this holds alive, for the byte bound of the pipeline. */
    default int estimatedBytes() {
        return 256;
    }
}
