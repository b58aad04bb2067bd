// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.thread;

import io.micrometer.context.ContextSnapshotFactory;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.MDC;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(30)
class ThreadSpanAccessorTest {
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .tracer(tracer -> tracer.handler(spans))
            .build();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);

    @BeforeEach
    void register() {
        ThreadSpanAccessor.register();
        Hooks.enableAutomaticContextPropagation();
    }

    @AfterEach
    void unregister() {
        Hooks.disableAutomaticContextPropagation();
        ThreadSpanAccessor.unregister();
        MDC.clear();
        spanflux.awaitClose(Duration.ofSeconds(1));
    }

    @Test
    void logLines_nameTheSpanAroundThem_onEveryThread() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Flux.range(0, 50)
                .flatMap(i -> Mono.just(i)
                        .publishOn(Schedulers.parallel())
                        .doOnNext(n -> seen.add(MDC.get("traceId") + MDC.get("spanId") + " " + n))
                        .transform(trace.span("work-" + i)))
                .doOnNext(n -> seen.add("outside " + MDC.get("traceId")))
                .blockLast();
        assertThat(seen)
                .hasSize(100)
                .filteredOn(line -> line.startsWith("outside"))
                .hasSize(50)
                .containsOnly("outside null");
        assertThat(spans.spans())
                .allSatisfy(span -> assertThat(seen)
                        .contains(span.context().traceId() + span.context().spanId() + " "
                                + span.name().substring("work-".length())));
    }

    @Test
    void scope_thatEnds_leavesTheOneAround() {
        Span outer = spanflux.tracer().span("outer").start();
        Span inner = spanflux.tracer().span("inner").start();
        ContextSnapshotFactory snapshots = ContextSnapshotFactory.builder().build();
        try (var first = snapshots.setThreadLocalsFrom(outer.storeIn(Context.empty()))) {
            try (var second = snapshots.setThreadLocalsFrom(inner.storeIn(Context.empty()))) {
                assertThat(MDC.get("spanId")).isEqualTo(inner.context().spanId());
            }
            assertThat(MDC.get("spanId")).isEqualTo(outer.context().spanId());
            assertThat(ThreadSpan.current()).isSameAs(outer);
        }
        assertThat(ThreadSpan.current()).isNull();
        assertThat(MDC.get("spanId")).isNull();
        outer.end();
        inner.end();
    }

    @Test
    void parent_isTakenFromTheThread_whereABlockingCallBegins() {
        Span outer = spanflux.tracer().span("outer").start();
        ThreadSpan.set(outer);
        try {
            Mono.just(1).transform(trace.span("inner")).block();
        } finally {
            ThreadSpan.clear();
            outer.end();
        }
        assertThat(spans.spans().get(0).parentSpanIdBits()).isEqualTo(outer.spanIdBits());
    }

    @Test
    void stage_withinTheOperator_keepsTheParent() {
        Mono.deferContextual(context -> Mono.fromFuture(CompletableFuture.supplyAsync(() -> context))
                        .doOnNext(carried -> spanflux.tracer()
                                .span("inner")
                                .parent(carried)
                                .start()
                                .end()))
                .transform(trace.span("outer"))
                .block();
        assertThat(spans.spans().get(0).parentSpanIdBits())
                .isEqualTo(spans.spans().get(1).spanIdBits());
    }
}
