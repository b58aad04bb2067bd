/**
 * The way in: {@link io.spanflux.Spanflux} wires tracer, pipelines and exporters together, and is what an application
 * holds, flushes and shuts down.
 *
 * <p>Read the packages in the order of a span: {@code trace} (what it is), {@code genai} (what it is about),
 * {@code pipeline} (where it waits), {@code export}, {@code encode} and {@code transport} (how it leaves).
 */
@NullMarked
package io.spanflux;

import org.jspecify.annotations.NullMarked;
