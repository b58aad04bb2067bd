// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.TraceInfo;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Spans and traces as the JSON trees that this format has, at any time: for tests, and for tools that show what runs. They
 * are what {@link OpenAiTracesExporter} would send to a back end that is not OpenAI's own, if it ended now.
 *
 * <p>A tree is made of maps, lists, texts, numbers, truth values and null, and is the caller's.
 *
 * <p>Threads: any. Renders, and redacts where content is captured, on the calling thread; what another thread says of the
 * span meanwhile is in it or not.
 */
public final class OpenAiJson {
    private static final OpenAiTraceEncoder ENCODER = new OpenAiTraceEncoder(false, false, () -> null);

    private OpenAiJson() {}

    /** The item of {@code span}, {@code ended_at} null while it runs; null where it records nothing, or is not exported. */
    public static @Nullable Map<String, @Nullable Object> of(Span span) {
        return leaves(span) ? tree(ENCODER.spanItem(span)) : null;
    }

    /** The item of the trace that {@code span} is in; null where {@link #of(Span)} is. */
    public static @Nullable Map<String, @Nullable Object> traceOf(Span span) {
        return leaves(span) ? trace(OpenAiIds.traceId(span), span.scope()) : null;
    }

    /**
     * The item of the trace that {@code scope} has begun, also before its first span; null where nothing is said of a trace,
     * or it is disabled or has not begun.
     */
    public static @Nullable Map<String, @Nullable Object> traceOf(Scope scope) {
        TraceInfo trace = scope.trace();
        String id = trace == null || trace.isDisabled() || trace.traceId() == null ? null : OpenAiIds.traceId(trace);
        return id == null ? null : trace(id, scope);
    }

    /** The compact JSON of a tree. */
    public static String text(Map<String, ? extends @Nullable Object> tree) {
        return PlainJson.text(PlainJson.of(tree, Integer.MAX_VALUE));
    }

    private static boolean leaves(Span span) {
        return span.isRecording() && span.isSampled();
    }

    private static @Nullable Map<String, @Nullable Object> trace(String id, Scope scope) {
        return tree(PlainJson.of(OpenAiTraceEncoder.traceItem(id, scope), Integer.MAX_VALUE));
    }

    private static @Nullable Map<String, @Nullable Object> tree(@Nullable Object plain) {
        if (!(plain instanceof Map<?, ?> item)) {
            return null;
        }
        Map<String, @Nullable Object> tree = new LinkedHashMap<>();
        item.forEach((name, value) -> tree.put(String.valueOf(name), value));
        return tree;
    }
}
