// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.trace.Span;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Leaves all but the export to another one, for those that stand before an exporter: one that does not forward a question
 * answers it in the other's place.
 */
public abstract class ForwardingExporter implements SpanExporter {
    /** The other one. */
    protected final SpanExporter exporter;

    /** Forwards to {@code exporter}. */
    protected ForwardingExporter(SpanExporter exporter) {
        this.exporter = exporter;
    }

    @Override
    public abstract Mono<ExportResult> export(List<Span> batch);

    @Override
    public @Nullable SpanGrouping grouping(Consumer<Span> pipeline) {
        return exporter.grouping(pipeline);
    }

    @Override
    public Mono<Void> warmUp() {
        return exporter.warmUp();
    }

    @Override
    public void retryNow() {
        exporter.retryNow();
    }

    @Override
    public void setAside() {
        exporter.setAside();
    }

    @Override
    public ExportResult afterSpool() {
        return exporter.afterSpool();
    }

    @Override
    public @Nullable String obstacle() {
        return exporter.obstacle();
    }

    @Override
    public Mono<Void> close() {
        return exporter.close();
    }

    @Override
    public String toString() {
        return exporter.toString();
    }
}
