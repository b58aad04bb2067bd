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
        Scope scope) {}
