/**
 * The ingest format of OpenAI's traces, as the OpenAI Agents SDK and CAI send it: an
 * {@link io.spanflux.wire.openai.OpenAiTracesExporter} beside or instead of OTLP's, what only this format can say of a span
 * ({@link io.spanflux.wire.openai.OpenAiAttributes}), and its ids. What a trace as a whole is about says
 * {@link io.spanflux.trace.TraceInfo}.
 */
@NullMarked
package io.spanflux.wire.openai;

import org.jspecify.annotations.NullMarked;
