// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A session, or a part of one, as one thing in the pipeline's queue, where it weighs as much as its spans do.
 *
 * @param spans its ended spans, in the order in which they ended
 * @param cut why it left before it was over; null when it was
 * @param part 1 for the whole of it and for the first part
 */
record SessionRecord(List<Span> spans, @Nullable SpectCut cut, int part) implements SpanData {
    SessionRecord {
        spans = List.copyOf(spans);
    }

    @Override
    public String spanName() {
        return "spect session";
    }

    @Override
    public void forEachAttribute(AttributeConsumer consumer) {
        // Its spans have theirs.
    }

    @Override
    public int estimatedBytes() {
        long bytes = 0;
        for (Span span : spans) {
            bytes += span.estimatedBytes();
        }
        return (int) Math.min(bytes, Integer.MAX_VALUE / 2);
    }

    /** The number of spans; never what they hold. */
    @Override
    public String toString() {
        return "SessionRecord{spans=" + spans.size() + ", cut=" + cut + ", part=" + part + '}';
    }
}
