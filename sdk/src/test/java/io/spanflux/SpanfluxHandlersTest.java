// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

/** Handlers of the application in a whole Spanflux. */
@Timeout(30)
class SpanfluxHandlersTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final ConcurrentLinkedQueue<String> told = new ConcurrentLinkedQueue<>();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of()))
            .exporter(exporter)
            .build();

    @AfterEach
    void close() {
        spanflux.tracer().replaceHandlers(List.of());
        spanflux.awaitClose(PATIENCE);
    }

    private SpanHandler answering(Mono<Void> answer) {
        return new SpanHandler() {
            @Override
            public Mono<Void> onFlush() {
                return answer.doOnSuccess(done -> told.add("flushed"));
            }

            @Override
            public Mono<Void> onShutdown() {
                return answer.doOnSuccess(done -> told.add("shut down"));
            }
        };
    }

    @Test
    void flushAndShutdown_includeTheHandlers() {
        spanflux.tracer().addHandler(answering(Mono.delay(Duration.ofMillis(20)).then()));

        spanflux.awaitFlush(PATIENCE);
        assertThat(told).containsExactly("flushed");
        spanflux.awaitShutdown(PATIENCE);
        assertThat(told).containsExactly("flushed", "shut down");
        spanflux.awaitClose(PATIENCE);
        assertThat(told).containsExactly("flushed", "shut down", "shut down");
    }

    @Test
    void flush_aHandlerThatHangs_costsTheTimeAndNoSpan() {
        spanflux.tracer().addHandler(answering(Mono.never()));
        spanflux.tracer().span("s").start().end();

        DeliveryReport report = spanflux.awaitFlush(Duration.ofMillis(200));

        assertThat(report.ledger().sent()).isEqualTo(1);
        assertThat(told).isEmpty();
    }

    @Test
    void replaceHandlers_leavesExportAlone_andAddsWhatIsExported() {
        List<String> names = new ArrayList<>();
        spanflux.tracer().replaceHandlers(List.of(new SpanHandler() {
            @Override
            public void onStart(Span span) {
                span.attribute("added", true);
            }
        }));
        spanflux.tracer().span("with").start().end();
        spanflux.tracer().replaceHandlers(List.of());
        spanflux.tracer().span("without").start().end();
        spanflux.awaitFlush(PATIENCE);

        for (Span span : exporter.spans()) {
            names.add(span.name() + span.attributes().asMap());
        }
        assertThat(names).containsExactly("with{added=true}", "without{}");
    }
}
