// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.micrometer.context.ContextRegistry;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.testing.InMemorySpanExporter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application that has turned automatic context propagation on finds its thread-locals around the traced call as it
 * would without tracing, and as it would around Reactor's own {@code tap}.
 */
@Timeout(30)
class AutomaticContextPropagationTest {
    private static final ThreadLocal<String> APPLICATION = new ThreadLocal<>();
    private static final String KEY = "application";

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final ReactiveTracer trace = ReactiveTracer.of(Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .tracer(tracer -> tracer.handler(spans))
            .build());

    @BeforeEach
    void turnOn() {
        ContextRegistry.getInstance().registerThreadLocalAccessor(KEY, APPLICATION);
        Hooks.enableAutomaticContextPropagation();
    }

    @AfterEach
    void turnOff() {
        Hooks.disableAutomaticContextPropagation();
        ContextRegistry.getInstance().removeThreadLocalAccessor(KEY);
        APPLICATION.remove();
    }

    @Test
    void threadLocals_areRestoredOnBothSidesOfTheOperator() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Flux.range(1, 2)
                .delayElements(Duration.ofMillis(1))
                .doOnNext(i -> seen.add("above " + APPLICATION.get()))
                .transform(trace.chat("p", "m", (generation, i) -> seen.add("callback " + APPLICATION.get())))
                .doOnNext(i -> seen.add("below " + APPLICATION.get()))
                .doOnComplete(() -> seen.add("complete " + APPLICATION.get()))
                .contextWrite(context -> context.put(KEY, "tenant"))
                .blockLast();
        assertThat(seen)
                .containsExactly(
                        "above tenant",
                        "callback tenant",
                        "below tenant",
                        "above tenant",
                        "callback tenant",
                        "below tenant",
                        "complete tenant");
        assertThat(spans.spans()).hasSize(1);
    }

    @Test
    void threadLocals_changedBelow_areSeenThereOnly() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Mono.fromRunnable(() -> seen.add("inside " + APPLICATION.get()))
                .subscribeOn(Schedulers.boundedElastic())
                .contextWrite(context -> context.put(KEY, "inner"))
                .transform(trace.span("x"))
                .doOnSuccess(value -> seen.add("outside " + APPLICATION.get()))
                .contextWrite(context -> context.put(KEY, "outer"))
                .block();
        assertThat(seen).containsExactly("inside inner", "outside outer");
    }

    @Test
    void parents_areFoundAsWithout() {
        Mono.just(1)
                .delayElement(Duration.ofMillis(1))
                .transform(trace.tool("child"))
                .transform(trace.agent("parent"))
                .block();
        assertThat(spans.spans().get(0).parentSpanIdBits())
                .isEqualTo(spans.spans().get(1).spanIdBits());
    }
}
