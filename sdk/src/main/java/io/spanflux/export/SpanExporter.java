// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.trace.Span;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * A destination of spans.
 *
 * <p>Threads: a pipeline subscribes to {@link #export} on its worker, one batch at a time, and takes the next batch when
 * the result is there. An exporter that blocks delays its own pipeline and nothing else; work that must block belongs on
 * {@code Schedulers.boundedElastic()}.
 */
public interface SpanExporter {
    /**
     * Delivers ended spans. The batch is immutable, never empty, and may be kept. The result accounts for each span; an
     * error, or a result that does not, is counted as {@link DropCause#EXPORTER_FAILED}. Cancelling means that the caller
     * has run out of time and keeps the batch; whether it arrived is then not known.
     */
    Mono<ExportResult> export(List<Span> batch);

    /** A flush waits: cut short a wait that this exporter chose by itself, not one that a server asked for. */
    default void retryNow() {}

    /** Releases connections and threads. An export after that opens them anew. */
    default Mono<Void> close() {
        return Mono.empty();
    }
}
