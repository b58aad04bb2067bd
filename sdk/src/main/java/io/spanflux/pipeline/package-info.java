/**
 * Between the end of a span and its export: bounded, drop-oldest, batched. Hop 2 of 5 (trace, pipeline, export, encode,
 * transport). The only package that uses Reactor's {@code Sinks}, and the only place where spans cross threads.
 */
@NullMarked
package io.spanflux.pipeline;

import org.jspecify.annotations.NullMarked;
