// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Span;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** Remembers batches and finishes them when a test says so, or at once. Single-threaded, for virtual time. */
final class FakeExporter implements SpanExporter {
    final List<List<Span>> batches = new ArrayList<>();
    final Queue<MonoSink<ExportResult>> underWay = new ArrayDeque<>();
    int cancelled;
    int retries;
    int closes;
    Mono<Void> close = Mono.empty();
    Runnable onRetry = () -> {};

    private Function<List<Span>, Mono<ExportResult>> answer = this::stall;

    static FakeExporter stalled() {
        return new FakeExporter();
    }

    static FakeExporter immediate() {
        FakeExporter exporter = new FakeExporter();
        exporter.answer(batch -> Mono.just(ExportResult.sent(batch.size())));
        return exporter;
    }

    FakeExporter answer(Function<List<Span>, Mono<ExportResult>> answer) {
        this.answer = answer;
        return this;
    }

    FakeExporter recover() {
        return answer(batch -> Mono.just(ExportResult.sent(batch.size())));
    }

    private Mono<ExportResult> stall(List<Span> batch) {
        return Mono.create(sink -> {
            underWay.add(sink);
            sink.onCancel(() -> {
                cancelled++;
                underWay.remove(sink);
            });
        });
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        batches.add(batch);
        return answer.apply(batch);
    }

    /** Finishes the batch under way. */
    void succeed() {
        List<Span> batch = batches.get(batches.size() - 1);
        underWay.remove().success(ExportResult.sent(batch.size()));
    }

    List<Long> numbers(int batch) {
        return Numbered.numbers(batches.get(batch));
    }

    @Override
    public void retryNow() {
        retries++;
        onRetry.run();
    }

    @Override
    public Mono<Void> close() {
        return Mono.defer(() -> {
            closes++;
            return close;
        });
    }

    @Override
    public String toString() {
        return "FakeExporter";
    }
}
