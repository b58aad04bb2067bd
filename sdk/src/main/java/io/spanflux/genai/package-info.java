/**
 * What GenAI spans are about, as typed data: a {@link io.spanflux.genai.Generation}, a {@link io.spanflux.genai.Tool}, an
 * {@link io.spanflux.genai.Agent}. Each knows the attributes that OpenTelemetry's GenAI conventions give it; names stand
 * in {@link io.spanflux.genai.GenAiAttributes} and nowhere else.
 */
@NullMarked
package io.spanflux.genai;

import org.jspecify.annotations.NullMarked;
