// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.trace.Attributes;
import java.util.function.LongConsumer;

/**
 * Where each measurement goes at once, besides the export: a registry of the application's.
 *
 * <p>Threads: any, those of the traced calls. Must be fast and must not block. What it throws is counted and warned of,
 * and the export goes on without it.
 */
public interface MetricTarget {
    /**
     * What takes the values of {@code metric} with these attributes: nanoseconds where it {@linkplain GenAiMetric#isTime()
     * is a time}, else whole numbers. Called once for each set of attributes, more often where several threads meet a new
     * one; each answer must lead to the same place. The set beyond the bound is {@code otel.metric.overflow=true} alone.
     */
    LongConsumer open(GenAiMetric metric, Attributes attributes);
}
