/**
 * Turns ended spans into the bytes of a wire format. Hop 4 of 5 (trace, pipeline, export, encode, transport). Encoders
 * write to a stream, span by span, so that no batch is ever held as one text or array. Histograms go the same way.
 */
@NullMarked
package io.spanflux.encode;

import org.jspecify.annotations.NullMarked;
