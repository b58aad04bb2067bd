// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.opentelemetry;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.instrumentation.reactor.v3_1.ContextPropagationOperator;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.testing.InMemorySpanExporter;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;

/** With OpenTelemetry's own instrumentation of Reactor, which alone knows its key. */
class OtelParentTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";

    private final InMemorySpanExporter ended = InMemorySpanExporter.create();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .tracer(tracer -> tracer.handler(ended)
                    .foreignParent(OtelParent.from(context ->
                            ContextPropagationOperator.getOpenTelemetryContextFromContextView(context, null))))
            .build();

    @AfterEach
    void close() {
        spanflux.awaitClose(Duration.ofSeconds(30));
    }

    private void trace(Context context) {
        ReactiveTracer trace = ReactiveTracer.of(spanflux);
        Mono.just(1)
                .transform(trace.span("inner"))
                .transform(trace.span("outer"))
                .contextWrite(context)
                .block();
    }

    private static Context holding(TraceFlags flags) {
        Span span = Span.wrap(SpanContext.create(
                TRACE,
                SPAN,
                flags,
                TraceState.builder().put("b", "2").put("a", "1").build()));
        return ContextPropagationOperator.storeOpenTelemetryContext(
                Context.empty(), io.opentelemetry.context.Context.root().with(span));
    }

    @Test
    void span_standsBelowTheOneOfOpenTelemetry_andOursBelowOurs() {
        trace(holding(TraceFlags.getSampled()));
        io.spanflux.trace.Span inner = ended.spans().get(0);
        io.spanflux.trace.Span outer = ended.spans().get(1);
        assertThat(outer.context().traceId()).isEqualTo(TRACE);
        assertThat(Long.toHexString(outer.parentSpanIdBits())).isEqualTo(SPAN);
        assertThat(outer.traceState().header()).isEqualTo("a=1,b=2");
        assertThat(inner.parentSpanIdBits()).isEqualTo(outer.spanIdBits());
    }

    @Test
    void decisionOfOpenTelemetry_isFollowed() {
        trace(holding(TraceFlags.getDefault()));
        assertThat(ended.spans()).isEmpty();
    }

    @Test
    void noSpan_isNoParent() {
        trace(Context.empty());
        trace(ContextPropagationOperator.storeOpenTelemetryContext(
                Context.empty(), io.opentelemetry.context.Context.root()));
        assertThat(ended.spans())
                .hasSize(4)
                .filteredOn(span -> span.name().equals("outer"))
                .allSatisfy(span -> assertThat(span.parentSpanIdBits()).isZero());
    }
}
