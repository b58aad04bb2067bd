// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.encode.SpanEncoder;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceInfo;
import io.spanflux.wire.openai.AnnouncedTraces.Announced;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

import static io.spanflux.genai.GenAiAttributes.CONVERSATION_ID;
import static io.spanflux.genai.GenAiAttributes.ERROR_TYPE;

/**
 * {@code {"data":[item,...]}}: an item a span, and before the first span of a trace one for the trace, unless the server
 * has it already.
 */
final class OpenAiTraceEncoder implements SpanEncoder {
    private static final String DEFAULT_WORKFLOW = "Agent workflow";
    private static final String HARNESS_ID = "agent_harness_id";

    /** Metadata of a trace, for which the service states no limit. */
    private static final int MAX_METADATA_BYTES = 1 << 20;

    private final boolean hosted;
    private final boolean cai;
    private final Supplier<@Nullable String> defaultKey;
    private final AnnouncedTraces announced = new AnnouncedTraces();

    /**
     * Encodes for one server.
     *
     * @param hosted whether it is OpenAI's own service
     * @param cai whether it knows CAI's form only
     * @param defaultKey the key of spans whose trace has none
     */
    OpenAiTraceEncoder(boolean hosted, boolean cai, Supplier<@Nullable String> defaultKey) {
        this.hosted = hosted;
        this.cai = cai;
        this.defaultKey = defaultKey;
    }

    @Override
    public String contentType() {
        return "application/json";
    }

    /** The key of the trace that {@code span} is in, null for the exporter's own. */
    static @Nullable String keyOf(Span span) {
        TraceInfo trace = span.scope().trace();
        return trace == null ? null : trace.exportKey();
    }

    /** Spans of different keys never travel together. */
    @Override
    public Map<String, String> headers(List<Span> spans) {
        String key = effectiveKeyOf(spans.get(0));
        return key == null ? Map.of() : Map.of("Authorization", "Bearer " + key);
    }

    @Override
    public void delivered(List<Span> spans) {
        for (Span span : spans) {
            announced.add(traceOf(span));
        }
    }

    private @Nullable String effectiveKeyOf(Span span) {
        String own = keyOf(span);
        return own == null ? defaultKey.get() : own;
    }

    /** Another key may be another account's, which does not know the trace. */
    private Announced traceOf(Span span) {
        return new Announced(OpenAiIds.traceId(span), effectiveKeyOf(span));
    }

    @Override
    public Encoding begin(OutputStream out) {
        return new Body(PlainJson.FACTORY.createGenerator(ObjectWriteContext.empty(), out));
    }

    @Override
    public String toString() {
        return "OpenAiTraceEncoder{hosted=" + hosted + ", cai=" + cai + '}';
    }

    private final class Body implements Encoding {
        private final JsonGenerator json;
        private final Set<Announced> here = new HashSet<>();

        Body(JsonGenerator json) {
            this.json = json;
            json.writeStartObject();
            json.writeName("data");
            json.writeStartArray();
        }

        @Override
        public void write(Span span) {
            boolean isStart = span.data() == OpenAiSpans.TraceStart.INSTANCE;
            Announced trace = traceOf(span);
            // What says nothing else is written although it may be known, or else a body could be empty.
            if ((isStart || !announced.contains(trace)) && here.add(trace)) {
                PlainJson.write(PlainJson.of(traceItem(span), Integer.MAX_VALUE), json);
            }
            if (!isStart) {
                PlainJson.write(spanItem(span), json);
            }
        }

        @Override
        public void end() {
            json.writeEndArray();
            json.writeEndObject();
            json.close();
        }
    }

    // ---- items ---------------------------------------------------------------------------------------------------

    private static Map<String, @Nullable Object> traceItem(Span span) {
        return traceItem(OpenAiIds.traceId(span), span.scope());
    }

    static Map<String, @Nullable Object> traceItem(String id, Scope scope) {
        TraceInfo trace = scope.trace();
        Map<String, @Nullable Object> item = new LinkedHashMap<>();
        item.put("object", "trace");
        item.put("id", id);
        item.put("workflow_name", workflowOf(scope, trace));
        String group = trace == null ? null : trace.group();
        item.put("group_id", group == null ? scope.attributes().get(CONVERSATION_ID) : group);
        Attributes metadata = trace == null ? Attributes.empty() : trace.metadata();
        item.put(
                "metadata",
                metadata.isEmpty()
                        ? null
                        : HostedRules.fitted(PlainJson.of(metadata.asMap(), Integer.MAX_VALUE), MAX_METADATA_BYTES));
        return item;
    }

    private static String workflowOf(Scope scope, @Nullable TraceInfo trace) {
        if (trace != null) {
            return trace.name();
        }
        String name = scope.name();
        return name == null ? DEFAULT_WORKFLOW : name;
    }

    @Nullable
    Object spanItem(Span span) {
        TraceInfo trace = span.scope().trace();
        SpanMembers said = SpanMembers.of(span);
        Map<String, @Nullable Object> item = new LinkedHashMap<>();
        item.put("object", "trace.span");
        item.put("id", OpenAiIds.spanId(span.spanIdBits(), trace));
        item.put("trace_id", OpenAiIds.traceId(span));
        item.put("parent_id", span.parentSpanIdBits() == 0 ? null : OpenAiIds.spanId(span.parentSpanIdBits(), trace));
        item.put("started_at", OpenAiIds.time(span.startEpochNanos()));
        item.put("ended_at", span.hasEnded() ? OpenAiIds.time(span.endEpochNanos()) : null);
        item.put("span_data", data(said));
        item.put("error", error(span, said));
        if (!cai) {
            putMetadata(item, trace, said);
        }
        return PlainJson.of(item, Integer.MAX_VALUE);
    }

    private @Nullable Object data(SpanMembers said) {
        Map<String, @Nullable Object> data = new LinkedHashMap<>();
        if (PlainJson.of(said.members(), Integer.MAX_VALUE) instanceof Map<?, ?> plain) {
            plain.forEach((name, value) -> data.put(String.valueOf(name), value));
        }
        if (cai) {
            if ("speech_group".equals(data.get("type"))) {
                data.put("type", "speech-group");
            } else if ("response".equals(data.get("type"))) {
                data.remove("usage");
            }
        }
        if (hosted) {
            HostedRules.apply(data);
        }
        return data;
    }

    private static @Nullable Map<String, @Nullable Object> error(Span span, SpanMembers said) {
        if (span.status() != SpanStatus.ERROR) {
            return null;
        }
        Object type = said.attribute(ERROR_TYPE);
        String description = span.statusDescription();
        Map<?, ?> data = said.object(OpenAiAttributes.ERROR_DATA);
        Map<String, @Nullable Object> error = new LinkedHashMap<>();
        error.put("message", description != null ? description : type != null ? type : "error");
        error.put("data", data != null ? data : type != null ? Map.of("type", type) : null);
        return error;
    }

    private static void putMetadata(Map<String, @Nullable Object> item, @Nullable TraceInfo trace, SpanMembers said) {
        Map<String, @Nullable Object> metadata = new LinkedHashMap<>();
        Object harness = trace == null ? null : trace.metadata().get(HARNESS_ID);
        if (harness != null) {
            metadata.put(HARNESS_ID, harness);
        }
        Map<?, ?> own = said.hasMetadata() ? said.object(OpenAiAttributes.METADATA) : null;
        if (own != null) {
            own.forEach((key, value) -> metadata.putIfAbsent(String.valueOf(key), value));
        }
        if (!metadata.isEmpty()) {
            item.put("metadata", metadata);
        }
    }
}
