// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

class SpanfluxLifecycleTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    /** What the exporter saw. */
    private final Queue<String> seen = new ConcurrentLinkedQueue<>();

    private final CountDownLatch closed = new CountDownLatch(1);

    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of()))
            .exporter(new SpanExporter() {
                @Override
                public Mono<ExportResult> export(List<Span> batch) {
                    return Mono.fromSupplier(() -> {
                        batch.forEach(span -> seen.add(span.name()));
                        return ExportResult.sent(batch.size());
                    });
                }

                @Override
                public Mono<Void> close() {
                    return Mono.fromRunnable(() -> {
                        seen.add("closed");
                        closed.countDown();
                    });
                }
            })
            .build();

    @Test
    void destroy_onAThreadThatMustNotBlock_closesWithoutWaiting_andSaysSo() throws Exception {
        SpanfluxLifecycle lifecycle = new SpanfluxLifecycle(() -> spanflux, SOON);
        lifecycle.owning(spanflux);
        spanflux.tracer().span("last").start().end();
        LogCapture logs = LogCapture.start();
        Mono.fromRunnable(lifecycle::destroy).subscribeOn(Schedulers.parallel()).block(SOON);
        assertThat(closed.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(logs.warnings())
                .filteredOn(warning -> warning.contains("is not waited for"))
                .hasSize(1);
        assertThat(seen).containsExactly("last", "closed");
    }

    @Test
    void destroy_waitsWhereItMay() {
        SpanfluxLifecycle lifecycle = new SpanfluxLifecycle(() -> spanflux, SOON);
        lifecycle.owning(spanflux);
        spanflux.tracer().span("last").start().end();
        lifecycle.destroy();
        assertThat(seen).containsExactly("last", "closed");
    }
}
