// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.trace.Span;
import java.util.List;
import reactor.core.publisher.Mono;

/** A destination of spans. */
public interface SpanExporter extends RecordExporter<Span> {
    /** Delivers ended spans, as {@link RecordExporter#export} says. */
    @Override
    Mono<ExportResult> export(List<Span> batch);
}
