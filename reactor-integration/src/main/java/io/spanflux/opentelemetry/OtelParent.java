// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.opentelemetry;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.TraceState;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * The span of OpenTelemetry in Reactor's {@code Context}, as the parent of ours. Where it is kept is known to OpenTelemetry's
 * instrumentation of Reactor alone, whose method is named here; with the Java agent it is the same method.
 *
 * <pre>{@code
 * Spanflux.builder().tracer(tracer -> tracer.foreignParent(
 *         OtelParent.from(context -> ContextPropagationOperator.getOpenTelemetryContextFromContextView(context, null))))
 * }</pre>
 *
 * <p>Threads: immutable; called on the thread that starts a span.
 */
public final class OtelParent implements Function<ContextView, @Nullable SpanContext> {
    private final Function<? super ContextView, @Nullable Context> found;

    private OtelParent(Function<? super ContextView, @Nullable Context> found) {
        this.found = found;
    }

    /** Looks where {@code found} does; its null, and a {@code Context} without a span, mean that there is no parent. */
    public static OtelParent from(Function<? super ContextView, @Nullable Context> found) {
        return new OtelParent(Objects.requireNonNull(found, "found == null"));
    }

    @Override
    public @Nullable SpanContext apply(ContextView context) {
        Context otel = found.apply(context);
        io.opentelemetry.api.trace.SpanContext parent =
                otel == null ? null : Span.fromContext(otel).getSpanContext();
        return parent == null || !parent.isValid()
                ? null
                : SpanContext.remote(
                        parent.getTraceId(),
                        parent.getSpanId(),
                        parent.getTraceFlags().asByte() & 0xFF,
                        TraceState.parse(parent.getTraceState().asMap().entrySet().stream()
                                .map(member -> member.getKey() + '=' + member.getValue())
                                .collect(Collectors.joining(","))));
    }
}
