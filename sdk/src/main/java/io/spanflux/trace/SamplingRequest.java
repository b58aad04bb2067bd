// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import org.jspecify.annotations.Nullable;

/**
 * What is known of a span before it starts.
 *
 * @param parent the parent, null for a span that begins a trace
 * @param traceIdHigh the first 64 bits of the trace id
 * @param traceIdLow the last 64 bits of the trace id
 * @param name the name of the span
 * @param kind the kind of the span
 * @param attributes attributes given at the start
 * @param data what the span is about, null for a plain span
 * @param scope the scope the span starts in
 */
public record SamplingRequest(
        @Nullable SpanContext parent,
        long traceIdHigh,
        long traceIdLow,
        String name,
        SpanKind kind,
        Attributes attributes,
        @Nullable SpanData data,
        Scope scope) {
    /**
     * The value that the span will have for {@code key}, as far as it is known: from {@link #attributes}, else the metadata
     * of {@link #data} (so that operation, provider and model of a GenAI span are seen), else {@link #scope}; null when
     * there is none. Content and global attributes are left out. Asks the data each time, and nobody else does.
     */
    public @Nullable Object metadata(String key) {
        Object value = attributes.get(key);
        if (value == null && data != null) {
            value = data.metadata(key);
        }
        return value == null ? scope.attributes().get(key) : value;
    }
}
