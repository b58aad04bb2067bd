// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.genai.Custom;
import io.spanflux.genai.Usage;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.SpanData;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What spans of this format are about that have no type of their own in {@code io.spanflux.genai}. */
public final class OpenAiSpans {
    static final String SDK_SPAN_TYPE = "sdk_span_type";

    private OpenAiSpans() {}

    /** A run of a workflow: a custom span {@code task}. */
    public static Custom task(String name, @Nullable Usage usage) {
        return Custom.named("task")
                .attribute(SDK_SPAN_TYPE, "task")
                .attribute("name", Objects.requireNonNull(name, "name == null"))
                .attribute("usage", counted(usage));
    }

    /** The {@code turn}th turn of an agent's loop, counted from 1: a custom span {@code turn}. */
    public static Custom turn(int turn, @Nullable String agentName, @Nullable Usage usage) {
        return Custom.named("turn")
                .attribute(SDK_SPAN_TYPE, "turn")
                .attribute("turn", turn)
                .attribute("agent_name", agentName)
                .attribute("usage", counted(usage));
    }

    private static @Nullable Map<String, Object> counted(@Nullable Usage usage) {
        if (usage == null) {
            return null;
        }
        Map<String, Object> counted = new LinkedHashMap<>();
        put(counted, "input_tokens", usage.inputTokens());
        put(counted, "output_tokens", usage.outputTokens());
        put(counted, "cached_input_tokens", usage.cacheReadTokens());
        return counted;
    }

    private static void put(Map<String, Object> counted, String name, @Nullable Long count) {
        if (count != null) {
            counted.put(name, count);
        }
    }

    /**
     * Makes a trace known before its first span ends, or although it has none:
     * {@code tracer.span(OpenAiSpans.traceStart()).parent(context).start().end()}. In this format it is the trace's own
     * item and nothing else; other formats show a span without duration.
     */
    public static SpanData traceStart() {
        return TraceStart.INSTANCE;
    }

    /** A trace begins. */
    enum TraceStart implements SpanData {
        INSTANCE;

        @Override
        public String spanName() {
            return "trace start";
        }

        @Override
        public void forEachAttribute(AttributeConsumer consumer) {}
    }
}
