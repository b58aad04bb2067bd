// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.genai.GenAiAttributes;
import io.spanflux.genai.Generation;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Span;
import org.jspecify.annotations.Nullable;

/**
 * Counts and times the chunks of a stream: for the operator, and for bindings that see a stream where no operator can stand.
 *
 * <p>Threads: those of the chunks, one at a time; an end on another thread may read one chunk behind.
 */
public final class ChunkTimes {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Clock clock;
    private final boolean gaps;
    private long chunks;
    private long first;
    private long last;
    private long maxGap;

    /** Reads {@code clock} for the first chunk and, with {@code gaps}, for each. */
    public ChunkTimes(Clock clock, boolean gaps) {
        this.clock = clock;
        this.gaps = gaps;
    }

    /** A chunk has come; {@code generation} is told the time since the one before. */
    public void chunk(@Nullable Generation generation) {
        if (chunks++ == 0) {
            first = clock.nanoTime();
            last = first;
        } else if (gaps) {
            long now = clock.nanoTime();
            long gap = now - last;
            maxGap = Math.max(maxGap, gap);
            last = now;
            if (generation != null) {
                generation.chunkGap(gap);
            }
        }
    }

    /** Whether any chunk has come. */
    public boolean hasAny() {
        return chunks > 0;
    }

    /** Says what was measured: about the stream to {@code span}, about the model to {@code generation}. */
    public void describe(Span span, @Nullable Generation generation) {
        span.attribute(GenAiAttributes.STREAM_CHUNKS, chunks);
        if (gaps && chunks > 1) {
            double total = (last - first) / NANOS_PER_SECOND;
            span.attribute(GenAiAttributes.STREAM_MEAN_GAP, total / (chunks - 1));
            span.attribute(GenAiAttributes.STREAM_MAX_GAP, maxGap / NANOS_PER_SECOND);
        }
        if (generation != null && chunks > 0) {
            generation.timeToFirstChunk((first - span.startNanoTime()) / NANOS_PER_SECOND);
        }
    }
}
