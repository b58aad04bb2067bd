// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.trace.Span;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** A destination of spans. */
public interface SpanExporter extends RecordExporter<Span> {
    /** Delivers ended spans, as {@link RecordExporter#export} says. */
    @Override
    Mono<ExportResult> export(List<Span> batch);

    /**
     * What makes records of spans before the pipeline, for a destination whose unit is more than a span; it hands them to
     * {@code pipeline}. Asked once for each pipeline. Default null: each span is a unit.
     */
    default @Nullable SpanGrouping grouping(Consumer<Span> pipeline) {
        return null;
    }
}
