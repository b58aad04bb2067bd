// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.micrometer.observation.Observation;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import io.micrometer.tracing.TraceContext;
import io.micrometer.tracing.handler.TracingObservationHandler.TracingContext;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.TraceState;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * The span that Micrometer Tracing made for the observation in Reactor's {@code Context}, as Spring's own observations put it there.
 *
 * <p>Threads: immutable.
 */
final class ObservationParent implements Function<ContextView, @Nullable SpanContext> {
    @Override
    public @Nullable SpanContext apply(ContextView context) {
        Object observation = context.getOrDefault(ObservationThreadLocalAccessor.KEY, null);
        if (!(observation instanceof Observation observed)) {
            return null;
        }
        TracingContext tracing = observed.getContextView().get(TracingContext.class);
        io.micrometer.tracing.Span span = tracing == null ? null : tracing.getSpan();
        return span == null || span.isNoop() ? null : of(span.context());
    }

    private static @Nullable SpanContext of(TraceContext context) {
        String traceId = context.traceId();
        if (context.spanId().isEmpty() || traceId.isEmpty()) {
            return null;
        }
        // Brave may be set to ids of 64 bits.
        String wide = "0".repeat(Math.max(0, 32 - traceId.length())) + traceId;
        // Null is a decision that is still to be made; until then it may turn out to be sampled.
        int flags = Boolean.FALSE.equals(context.sampled()) ? 0 : SpanContext.SAMPLED;
        return SpanContext.remote(wide, context.spanId(), flags, TraceState.empty());
    }
}
