// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.diagnostics.FatalErrors;
import io.spanflux.export.ExportResult;
import io.spanflux.export.ForwardingExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.genai.BilledData;
import io.spanflux.pricing.Pricing;
import io.spanflux.trace.Span;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * Calculates what the calls of a batch cost before an exporter sees them: here, on the pipeline's worker, rather than
 * where they are encoded, which may be an event loop. The first batch waits until the price book is read.
 */
final class PricedExporter extends ForwardingExporter {
    private final Pricing pricing;

    PricedExporter(SpanExporter exporter, Pricing pricing) {
        super(exporter);
        this.pricing = pricing;
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return pricing.ready().then(Mono.defer(() -> exportPriced(batch)));
    }

    private Mono<ExportResult> exportPriced(List<Span> batch) {
        try {
            batch.forEach(PricedExporter::price);
            return exporter.export(batch);
        } catch (Throwable failure) {
            // Reactor would let a LinkageError through, and the pipeline's loop would end for good.
            FatalErrors.propagate(failure);
            return Mono.error(new IllegalStateException(
                    "export threw " + failure.getClass().getName(), failure));
        }
    }

    private static void price(Span span) {
        try {
            if (span.data() instanceof BilledData call) {
                // Kept by the call.
                call.cost();
            }
        } catch (Throwable failure) {
            // Whoever renders the span asks again, fails alike, and counts it.
            FatalErrors.propagate(failure);
        }
    }
}
