/**
 * Where batches of ended spans go. Hop 3 of 5 (trace, pipeline, export, encode, transport): an exporter joins an encoder
 * and a sender, and tells truthfully what became of each span. Collected metrics have an exporter of their own.
 */
@NullMarked
package io.spanflux.export;

import org.jspecify.annotations.NullMarked;
