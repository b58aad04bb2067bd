/**
 * GenAI client metrics: what every call took and used, sampled or not. {@link io.spanflux.metrics.GenAiMetrics} sees spans
 * start and end, counts them into histograms of the conventions' buckets, and exports these every now and then.
 */
@NullMarked
package io.spanflux.metrics;

import org.jspecify.annotations.NullMarked;
