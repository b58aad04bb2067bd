// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.export.ExportResult;
import io.spanflux.export.ForwardingExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.transport.SendingWatch;
import java.util.List;
import reactor.core.publisher.Mono;

/** Tells what is exported and what came of it, and lets the sender below tell of its attempts. */
final class DebuggedExporter extends ForwardingExporter {
    private final String name;
    private final DebugOutput output;

    DebuggedExporter(SpanExporter exporter, String name, DebugOutput output) {
        super(exporter);
        this.name = name;
        this.output = output;
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return Mono.defer(() -> {
                    output.line(name + ": flush " + batch.size());
                    return exporter.export(batch);
                })
                .doOnNext(result -> output.line(name + ": settled " + batch.size() + ", " + result.sent() + " sent, "
                        + result.rejected() + " rejected, dropped " + result.dropped()))
                .contextWrite(context -> context.put(SendingWatch.class, output.watch(batch.size())));
    }
}
