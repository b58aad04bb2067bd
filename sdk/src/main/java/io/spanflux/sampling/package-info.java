/**
 * Which spans are worth exporting: rules for the head, where a span starts and little is known, and the tail, where a
 * trace is over and everything is. The standard samplers are {@link io.spanflux.trace.Sampler}'s.
 */
@NullMarked
package io.spanflux.sampling;

import org.jspecify.annotations.NullMarked;
