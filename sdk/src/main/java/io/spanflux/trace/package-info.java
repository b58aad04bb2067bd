/**
 * The span model: a {@link io.spanflux.trace.Tracer} starts a {@link io.spanflux.trace.Span}, which is written to until
 * it ends and read from afterwards. Hop 1 of 5 (trace, pipeline, export, encode, transport).
 *
 * <p>{@link io.spanflux.trace.Scope} and the current span travel in Reactor's {@code Context}; nothing here is bound to
 * a thread. Everything that exists once per application and can be replaced ({@link io.spanflux.trace.Clock},
 * {@link io.spanflux.trace.IdGenerator}, {@link io.spanflux.trace.Sampler}, {@link io.spanflux.trace.SpanHandler}) is an
 * interface; everything else is a value or {@code Span} itself.
 */
@NullMarked
package io.spanflux.trace;

import org.jspecify.annotations.NullMarked;
