// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Span;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/**
 * A wire format for spans.
 *
 * <p>Threads: an encoder is shared and changes, if at all, by {@link #delivered} only; an {@link Encoding} belongs to one
 * thread at a time. A body may be encoded more than once, for each attempt to send it, and must come out the same.
 */
public interface SpanEncoder {
    /** The media type of the body, without parameters, which some receivers refuse. */
    String contentType();

    /** Begins a body on {@code out}. */
    Encoding begin(OutputStream out) throws IOException;

    /** Headers that a body with these spans needs besides those of its sender. Default none. */
    default Map<String, String> headers(List<Span> spans) {
        return Map.of();
    }

    /**
     * A body with these spans has arrived, for a format that says something once only. Called before the next body of the
     * same exporter begins. Default nothing.
     */
    default void delivered(List<Span> spans) {}

    /** A body under way. */
    interface Encoding {
        /** Writes one ended span. What of it cannot be said is left out; only {@code out} makes this fail. */
        void write(Span span) throws IOException;

        /** Writes what closes the body, and flushes. */
        void end() throws IOException;
    }
}
