// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.export.SpanExporter;
import io.spanflux.export.SpanGrouping;
import io.spanflux.pipeline.Health;
import io.spanflux.pipeline.Ledger;
import io.spanflux.pipeline.RecordPipeline;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** An exporter's pipeline and, where the exporter's unit is more than a span, what makes records of spans before it. */
record Destination(
        RecordPipeline<Span> pipeline,
        @Nullable SpanGrouping grouping,
        @Nullable IntConsumer debug) {
    /** Tells {@code debug}, where there is one, how many records wait after each. */
    static Destination of(SpanExporter exporter, RecordPipeline<Span> pipeline, @Nullable IntConsumer debug) {
        return new Destination(pipeline, exporter.grouping(pipeline::accept), debug);
    }

    /** Never blocks, never throws. */
    void accept(Span span) {
        if (grouping == null) {
            pipeline.accept(span);
        } else {
            grouping.accept(span);
        }
        if (debug != null) {
            debug.accept(pipeline.queued());
        }
    }

    boolean countsRecords() {
        return grouping != null;
    }

    Mono<Void> flush() {
        return afterGrouping(pipeline::flush);
    }

    Mono<Boolean> shutdown(Duration timeout) {
        return afterGrouping(() -> pipeline.shutdown(timeout));
    }

    Mono<Boolean> close(Duration timeout) {
        return Mono.defer(() -> {
            if (grouping != null) {
                grouping.close();
            }
            return afterGrouping(() -> pipeline.close(timeout));
        });
    }

    /** Grouping takes no time worth a word: it hands over references. */
    private <T> Mono<T> afterGrouping(Supplier<Mono<T>> next) {
        return grouping == null ? next.get() : grouping.flush().then(Mono.defer(next));
    }

    int room() {
        return pipeline.room();
    }

    /** The pipeline's, with what is held before it as pending. */
    Ledger ledger() {
        Ledger ledger = pipeline.ledger();
        return grouping == null ? ledger : ledger.behind(grouping.accepted(), Map.of());
    }

    int queued() {
        return pipeline.queued();
    }

    int capacity() {
        return pipeline.capacity();
    }

    Health health() {
        return pipeline.health();
    }

    @Override
    public String toString() {
        return grouping == null ? pipeline.toString() : grouping + " before " + pipeline;
    }
}
