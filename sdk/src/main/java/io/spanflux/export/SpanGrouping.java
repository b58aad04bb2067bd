// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.trace.Span;
import reactor.core.publisher.Mono;

/**
 * Stands before the pipeline of one exporter whose unit is more than a span, and makes one record of the spans of each
 * unit: a span of its own that holds them. Here and not in the exporter, because a pipeline hands over one batch at a time
 * and counts each span of it when the exporter answers: an exporter that held some back would stop the pipeline or lie.
 * The ledger of such an exporter counts records.
 *
 * <p>Bounds are the implementation's; what it holds leaves when they are hit, never nothing.
 */
public interface SpanGrouping {
    /** Takes an ended, sampled span over. Any thread; never blocks, never throws. */
    void accept(Span span);

    /** Passes on what is held, complete or not; completes when that is in the pipeline. */
    Mono<Void> flush();

    /** From now on nothing is held any longer: what comes is passed on as it is. What is held needs a {@link #flush}. */
    void close();

    /** How many records were begun: those passed on and those that are held. */
    long accepted();
}
