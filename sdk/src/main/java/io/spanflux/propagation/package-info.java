/**
 * Carries a trace across process borders: W3C {@code traceparent} and {@code tracestate}, W3C {@code baggage}. What comes
 * in is untrusted: what breaks a grammar or a bound is dropped, never repaired.
 */
@NullMarked
package io.spanflux.propagation;

import org.jspecify.annotations.NullMarked;
