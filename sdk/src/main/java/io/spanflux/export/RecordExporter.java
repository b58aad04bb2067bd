// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A destination of what a pipeline queues: {@link SpanExporter} for spans, {@link LogExporter} for events.
 *
 * <p>Threads: a pipeline subscribes to {@link #export} on its worker, one batch at a time, and takes the next batch when
 * the result is there. An exporter that blocks delays its own pipeline and nothing else; work that must block belongs on
 * {@code Schedulers.boundedElastic()}.
 */
public interface RecordExporter<T> {
    /**
     * Delivers records. The batch is immutable, never empty, and may be kept. The result accounts for each record; an
     * error, or a result that does not, is counted as {@link DropCause#EXPORTER_FAILED}. Cancelling means that the caller
     * has run out of time and keeps the batch; whether it arrived is then not known.
     */
    Mono<ExportResult> export(List<T> batch);

    /**
     * Does ahead what would make the first export of a process slow, such as loading classes. Sends nothing, opens nothing that
     * stays open, never fails. Subscribed to once for each exporter, when the SDK is built. Default: nothing.
     */
    default Mono<Void> warmUp() {
        return Mono.empty();
    }

    /** A flush waits: cut short a wait that this exporter chose by itself, not one that a server asked for. */
    default void retryNow() {}

    /**
     * Half of a stop's time is over: put what cannot be sent at once where it outlives this process, if there is such a
     * place, until {@link #close} or the next success. Default: there is none.
     */
    default void setAside() {}

    /** What has become, since the start, of the records that results named spooled. Never falls. Default: nothing. */
    default ExportResult afterSpool() {
        return ExportResult.sent(0);
    }

    /**
     * What the last attempt to reach the destination failed on, for people: {@code status 503}, an exception's class; never
     * content or credentials. Null when it succeeded, and by default.
     */
    default @Nullable String obstacle() {
        return null;
    }

    /** Releases connections and threads. An export after that opens them anew. */
    default Mono<Void> close() {
        return Mono.empty();
    }
}
