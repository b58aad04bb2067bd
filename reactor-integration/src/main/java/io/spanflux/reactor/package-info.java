/**
 * The operator. A {@link io.spanflux.reactor.ReactiveTracer} makes {@link io.spanflux.reactor.TraceOperator}s, which wrap
 * a {@code Mono} or {@code Flux} into a span for each subscription. Scope and parent travel in Reactor's {@code Context},
 * the state of a call in its subscriber; no hook is installed and no thread-local is read or written.
 */
@NullMarked
package io.spanflux.reactor;

import org.jspecify.annotations.NullMarked;
