// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Span;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A wire format for spans.
 *
 * <p>Threads: an encoder is immutable and shared; an {@link Encoding} belongs to one thread at a time. A body may be
 * encoded more than once, for each attempt to send it, and must come out the same.
 */
public interface SpanEncoder {
    /** The media type of the body, without parameters, which some receivers refuse. */
    String contentType();

    /** Begins a body on {@code out}. */
    Encoding begin(OutputStream out) throws IOException;

    /** A body under way. */
    interface Encoding {
        /** Writes one ended span. What of it cannot be said is left out; only {@code out} makes this fail. */
        void write(Span span) throws IOException;

        /** Writes what closes the body, and flushes. */
        void end() throws IOException;
    }
}
