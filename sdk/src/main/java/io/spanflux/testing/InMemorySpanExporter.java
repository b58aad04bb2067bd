// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.testing;

import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;

/**
 * Keeps spans in memory. As an exporter it sees what arrives, after {@code awaitFlush}; as a handler it sees a span the
 * moment it ends, which is what most tests want. Register it as one of the two, or each span is kept twice.
 *
 * <pre>{@code
 * InMemorySpanExporter spans = InMemorySpanExporter.create();
 * Spanflux spanflux = Spanflux.builder().exporter(spans).build();                           // or
 * Spanflux spanflux = Spanflux.builder().tracer(tracer -> tracer.handler(spans)).build();
 * }</pre>
 *
 * <p>Bound: {@value #MAX_SPANS} spans; as an exporter it rejects more, as a handler it leaves them out.
 *
 * <p>Threads: any.
 */
public final class InMemorySpanExporter implements SpanExporter, SpanHandler {
    private static final int MAX_SPANS = 1_000_000;

    private final Queue<Span> spans = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();

    private InMemorySpanExporter() {}

    /** An exporter that has seen nothing yet. */
    public static InMemorySpanExporter create() {
        return new InMemorySpanExporter();
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return Mono.fromSupplier(() -> {
            int kept = 0;
            for (Span span : batch) {
                kept += keep(span) ? 1 : 0;
            }
            return ExportResult.sent(kept).plus(new ExportResult(0, batch.size() - kept, Map.of()));
        });
    }

    @Override
    public void onEnd(Span span) {
        keep(span);
    }

    private boolean keep(Span span) {
        if (count.getAndIncrement() >= MAX_SPANS) {
            count.decrementAndGet();
            return false;
        }
        return spans.add(span);
    }

    /** The spans so far, in the order in which they ended or arrived. */
    public List<Span> spans() {
        return new ArrayList<>(spans);
    }

    /** Forgets all spans. */
    public void reset() {
        spans.clear();
        count.set(0);
    }

    @Override
    public String toString() {
        return "InMemorySpanExporter{spans=" + count + '}';
    }
}
