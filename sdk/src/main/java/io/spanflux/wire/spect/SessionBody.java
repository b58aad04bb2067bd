// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanEvent;
import io.spanflux.trace.SpanStatus;
import io.spanflux.transport.Payload;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

import static io.spanflux.genai.GenAiAttributes.*;
import static io.spanflux.wire.spect.SpectAttributes.*;

/**
 * A session as Spect's JSON, span by span. The order of members is Spect's own.
 *
 * <p>What of a span has no place in Spect's records leaves as its {@code metadata}, under the conventions' names.
 */
final class SessionBody implements Payload.Writing {
    /** What a result holds anyway. */
    private static final Set<String> RESULT_MEMBERS = Set.of("spans", "error", "spanflux");

    private static final Set<String> MESSAGE_KINDS = Set.of("system", "user", "assistant");

    private final Session session;
    private final @Nullable String organizationId;
    private final @Nullable String provider;
    private final JsonGenerator json;
    private final Iterator<Span> spans;
    private final Map<String, Object> ofRoot = new LinkedHashMap<>();
    private final Response response = new Response();
    private boolean begun;

    SessionBody(SessionRecord record, @Nullable String organizationId, @Nullable String provider, OutputStream out) {
        this.session = new Session(record);
        this.organizationId = organizationId;
        this.provider = provider;
        this.json = SpectJson.generator(out);
        this.spans = session.spans.iterator();
    }

    /** What the end of the body says, gathered from the spans before. */
    private static final class Response {
        private @Nullable String text;
        private @Nullable Object object;
        private @Nullable Object model;
        private @Nullable Object id;
        private @Nullable Object finishReasons;
        private final Map<String, Object> usage = new LinkedHashMap<>();

        /** Takes from {@code attributes} what has no other place. */
        void take(Map<String, Object> attributes, List<Map<String, @Nullable Object>> output) {
            String ofOutput = SpectMessages.text(output);
            text = ofOutput == null ? text : ofOutput;
            List<Map<?, ?>> calls = SpectMessages.toolCalls(output);
            Object type = attributes.remove(OUTPUT_TYPE);
            if (calls != null) {
                object = calls;
            } else if ("json".equals(type)) {
                Object parsed = SpectJson.parsed(ofOutput);
                object = parsed instanceof String ? object : parsed;
            }
            model = or(attributes.remove(RESPONSE_MODEL), model);
            id = or(attributes.remove(RESPONSE_ID), id);
            finishReasons = or(attributes.remove(RESPONSE_FINISH_REASONS), finishReasons);
        }

        private static @Nullable Object or(@Nullable Object value, @Nullable Object other) {
            return value == null ? other : value;
        }

        void addUsage(Map<String, Object> attributes) {
            add("inputTokens", attributes.get(USAGE_INPUT_TOKENS));
            add("outputTokens", attributes.get(USAGE_OUTPUT_TOKENS));
            add("reasoningTokens", attributes.get(USAGE_REASONING_OUTPUT_TOKENS));
            add("cachedInputTokens", attributes.get(USAGE_CACHE_READ_INPUT_TOKENS));
        }

        private void add(String name, @Nullable Object count) {
            if (count instanceof Long tokens) {
                usage.merge(name, tokens, (sum, more) -> (Long) sum + (Long) more);
            }
        }

        Map<String, Object> totals() {
            Map<String, Object> totals = new LinkedHashMap<>(usage);
            if (usage.get("inputTokens") instanceof Long input && usage.get("outputTokens") instanceof Long output) {
                totals.put("totalTokens", input + output);
            }
            return totals;
        }
    }

    @Override
    public boolean writeNext() {
        if (!begun) {
            begun = true;
            writeHead();
            return true;
        }
        if (spans.hasNext()) {
            writeSpan(spans.next());
            return true;
        }
        writeTail();
        return false;
    }

    private void writeHead() {
        json.writeStartObject();
        SpectJson.write(json, "id", session.id());
        SpectJson.write(json, "traceId", session.traceId());
        SpectJson.write(json, "spanId", session.id());
        SpectJson.write(json, "name", session.name());
        SpectJson.write(json, "organizationId", organizationId);
        SpectJson.write(json, "startTime", SpectJson.time(session.startMillis()));
        SpectJson.write(json, "endTime", SpectJson.time(session.endMillis()));
        SpectJson.write(json, "duration", Math.max(0, session.endMillis() - session.startMillis()));
        SpectJson.write(json, "model", model("id", session.model(), session.provider(provider)));
        SpectJson.write(json, "operation", operation());
        json.writeNullProperty("functionId");
        json.writeObjectPropertyStart("metadata");
        Span root = session.root;
        Map<String, Object> result = new LinkedHashMap<>();
        List<Map<String, @Nullable Object>> input = List.of();
        if (root != null && !session.spans.contains(root)) {
            ofRoot.putAll(root.attributes().asMap());
            input = takeInput(ofRoot);
            writeRequest(root, result);
        }
        json.writeObjectPropertyStart("result");
        result.forEach((key, value) -> SpectJson.write(json, key, value));
        json.writeArrayPropertyStart("spans");
        for (int i = 0; i < input.size(); i++) {
            writeMessage(root, input.get(i), i);
        }
    }

    private Map<String, @Nullable Object> operation() {
        Map<String, @Nullable Object> operation = new LinkedHashMap<>();
        operation.put("id", session.name());
        operation.put("name", session.name());
        return operation;
    }

    private static Map<String, @Nullable Object> model(String idName, @Nullable Object id, @Nullable Object provider) {
        Map<String, @Nullable Object> model = new LinkedHashMap<>();
        model.put(idName, id);
        model.put("provider", provider);
        return model;
    }

    /** What the frame of a session says, but for what the response says of it. */
    private void writeRequest(Span root, Map<String, Object> result) {
        Map<String, Object> request = new LinkedHashMap<>(ofRoot);
        for (String placed : List.of(
                OPERATION_NAME,
                PROVIDER_NAME,
                REQUEST_MODEL,
                OUTPUT_MESSAGES,
                OUTPUT_TYPE,
                RESPONSE_MODEL,
                RESPONSE_ID,
                RESPONSE_FINISH_REASONS,
                ERROR_TYPE,
                ERROR_CODE,
                KIND)) {
            request.remove(placed);
        }
        request.remove(AGENT_NAME, session.name());
        request.entrySet().removeIf(attribute -> {
            String key = attribute.getKey();
            if (!key.startsWith(RESULT_PREFIX) || RESULT_MEMBERS.contains(key.substring(RESULT_PREFIX.length()))) {
                return false;
            }
            result.put(key.substring(RESULT_PREFIX.length()), attribute.getValue());
            return true;
        });
        putEvents(root, request);
        if (!request.isEmpty()) {
            SpectJson.write(json, "request", request);
        }
        if (request.get("spect") instanceof Map<?, ?> spect && !spect.isEmpty()) {
            SpectJson.write(json, "spect", spect);
        }
    }

    private static List<Map<String, @Nullable Object>> takeInput(Map<String, Object> attributes) {
        List<Map<String, @Nullable Object>> input =
                new ArrayList<>(SpectMessages.ofSystem(attributes.remove(SYSTEM_INSTRUCTIONS)));
        input.addAll(SpectMessages.of(attributes.remove(INPUT_MESSAGES)));
        return input;
    }

    /** A message to the session, which is a record of its own, without an end. */
    private void writeMessage(@Nullable Span root, Map<String, @Nullable Object> message, int number) {
        if (root == null) {
            return;
        }
        Object role = message.get("role");
        json.writeStartObject();
        json.writeNumberProperty("version", 1);
        SpectJson.write(json, "id", Session.idInside(root, 2 * number));
        SpectJson.write(json, "traceId", session.id());
        SpectJson.write(json, "status", "ok");
        SpectJson.write(json, "name", role);
        SpectJson.write(json, "kind", MESSAGE_KINDS.contains(String.valueOf(role)) ? role : null);
        SpectJson.write(json, "startTime", SpectJson.time(Session.startMillis(root)));
        SpectJson.write(json, "metadata", Map.of());
        writeMessages(root, List.of(message), 2 * number + 1);
        json.writeEndObject();
    }

    private void writeMessages(Span span, List<Map<String, @Nullable Object>> messages, int firstNumber) {
        if (messages.isEmpty()) {
            return;
        }
        json.writeArrayPropertyStart("messages");
        int number = firstNumber;
        for (Map<String, @Nullable Object> message : messages) {
            message.put("id", Session.idInside(span, number++));
            SpectJson.write(json, message);
        }
        json.writeEndArray();
    }

    private void writeSpan(Span span) {
        Map<String, Object> left = new LinkedHashMap<>(span.attributes().asMap());
        String kind = takeKind(left);
        List<Map<String, @Nullable Object>> messages = takeInput(left);
        List<Map<String, @Nullable Object>> output = SpectMessages.of(left.remove(OUTPUT_MESSAGES));
        String asked = SpectMessages.text(messages);
        messages.addAll(output);
        if (span == session.answer) {
            response.take(left, output);
        }
        if (kind != null && (kind.equals("generate") || kind.equals("stream"))) {
            response.addUsage(left);
        }
        Map<String, @Nullable Object> model = left.containsKey(REQUEST_MODEL)
                ? model("modelId", left.remove(REQUEST_MODEL), left.remove(PROVIDER_NAME))
                : null;
        Map<String, @Nullable Object> error = takeError(span, left);
        Map<String, @Nullable Object> tool = kind != null && kind.startsWith("tool-") ? takeTool(left) : null;
        Object answer = left.remove(TOOL_CALL_RESULT);
        Map<String, @Nullable Object> subagent = "subagent".equals(kind) ? takeSubagent(left, asked) : null;
        putEvents(span, left);

        beginSpan(span, Session.idOf(span), span.name(), kind);
        SpectJson.write(json, "startTime", SpectJson.time(Session.startMillis(span)));
        // A message is a moment: there its record has no end.
        boolean moment = kind != null && MESSAGE_KINDS.contains(kind) && Session.durationMillis(span) == 0;
        if (!moment) {
            writeEnd(Session.endMillis(span), Session.durationMillis(span));
        }
        SpectJson.write(json, "metadata", left);
        SpectJson.write(json, "parentId", session.parentIdOf(span));
        writeMessages(span, messages, 1);
        SpectJson.write(json, "model", model);
        SpectJson.write(json, "error", error);
        if ("tool-result".equals(kind) && tool != null) {
            SpectJson.write(json, "tool", resultOf(tool, answer));
        } else {
            SpectJson.write(json, "tool", tool);
        }
        SpectJson.write(json, "subagent", subagent);
        json.writeEndObject();
        if ("tool-call".equals(kind) && tool != null && answer != null) {
            writeToolResult(span, tool, answer);
        }
    }

    private void beginSpan(Span span, String id, String name, @Nullable String kind) {
        json.writeStartObject();
        json.writeNumberProperty("version", 1);
        SpectJson.write(json, "id", id);
        SpectJson.write(json, "traceId", session.id());
        SpectJson.write(json, "status", statusOf(span));
        SpectJson.write(json, "name", name);
        SpectJson.write(json, "kind", kind);
    }

    private void writeEnd(long endMillis, long durationMillis) {
        SpectJson.write(json, "endTime", SpectJson.time(endMillis));
        SpectJson.write(json, "durationMs", durationMillis);
    }

    /** What has ended is ok there unless it failed; what was cancelled is neither. */
    private static String statusOf(Span span) {
        return switch (span.status()) {
            case ERROR -> "error";
            case OK -> "ok";
            case UNSET -> Boolean.TRUE.equals(span.ownAttribute(CANCELLED)) ? "unset" : "ok";
        };
    }

    private static @Nullable String takeKind(Map<String, Object> left) {
        Object said = left.remove(KIND);
        Object operation = left.get(OPERATION_NAME);
        String kind = switch (String.valueOf(operation)) {
            case "chat", "text_completion", "generate_content" ->
                Boolean.TRUE.equals(left.remove(REQUEST_STREAM)) ? "stream" : "generate";
            case "execute_tool" -> "tool-call";
            case "invoke_agent" -> "subagent";
            default -> null;
        };
        if (kind != null) {
            left.remove(OPERATION_NAME);
        }
        return said == null ? kind : said.toString().toLowerCase(Locale.ROOT);
    }

    private static Map<String, @Nullable Object> takeTool(Map<String, Object> left) {
        if ("function".equals(left.get(TOOL_TYPE))) {
            // The usual one, which needs no word.
            left.remove(TOOL_TYPE);
        }
        Map<String, @Nullable Object> tool = new LinkedHashMap<>();
        tool.put("toolCallId", left.remove(TOOL_CALL_ID));
        tool.put("toolName", left.remove(TOOL_NAME));
        tool.put("parameters", SpectJson.parsed(left.remove(TOOL_CALL_ARGUMENTS)));
        return tool;
    }

    private static Map<String, @Nullable Object> resultOf(Map<String, @Nullable Object> tool, @Nullable Object answer) {
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        result.put("result", SpectJson.parsed(answer));
        result.put("toolCallId", tool.get("toolCallId"));
        result.put("toolName", tool.get("toolName"));
        return result;
    }

    /** A tool is one span of ours, and two records there: what was called, and below it what it answered. */
    private void writeToolResult(Span span, Map<String, @Nullable Object> tool, Object answer) {
        beginSpan(span, Session.idInside(span, 0), span.name(), "tool-result");
        SpectJson.write(json, "startTime", SpectJson.time(Session.endMillis(span)));
        writeEnd(Session.endMillis(span), 0);
        SpectJson.write(json, "metadata", Map.of());
        SpectJson.write(json, "parentId", Session.idOf(span));
        SpectJson.write(json, "tool", resultOf(tool, answer));
        json.writeEndObject();
    }

    private static Map<String, @Nullable Object> takeSubagent(Map<String, Object> left, @Nullable String asked) {
        Map<String, @Nullable Object> subagent = new LinkedHashMap<>();
        subagent.put("toolCallId", left.remove(TOOL_CALL_ID));
        subagent.put("subagentType", left.remove(AGENT_NAME));
        subagent.put("input", asked);
        subagent.put("source", left.remove(SUBAGENT_SOURCE));
        return subagent;
    }

    private static @Nullable Map<String, @Nullable Object> takeError(Span span, Map<String, Object> left) {
        if (span.status() != SpanStatus.ERROR) {
            return null;
        }
        Object type = left.remove(ERROR_TYPE);
        Map<String, @Nullable Object> error = new LinkedHashMap<>();
        error.put("message", span.statusDescription() == null ? type : span.statusDescription());
        error.put("type", type);
        error.put("code", left.remove(ERROR_CODE));
        for (SpanEvent event : span.events()) {
            if (isException(event)) {
                Map<String, Object> said = new LinkedHashMap<>();
                event.forEachAttribute(AttributeConsumer.into(said));
                error.put("stack", said.get("exception.stacktrace"));
            }
        }
        return error;
    }

    private static boolean isException(SpanEvent event) {
        return event.name().equals("exception");
    }

    /** Events that are no error have no place there. */
    private static void putEvents(Span span, Map<String, Object> metadata) {
        List<Map<String, Object>> events = new ArrayList<>();
        for (SpanEvent event : span.events()) {
            if (span.status() == SpanStatus.ERROR && isException(event)) {
                continue;
            }
            Map<String, Object> each = new LinkedHashMap<>();
            each.put("name", event.name());
            each.put("time", SpectJson.time(event.epochNanos() / 1_000_000));
            event.forEachAttribute(AttributeConsumer.into(each));
            events.add(each);
        }
        if (!events.isEmpty()) {
            metadata.put("events", events);
        }
    }

    private void writeTail() {
        json.writeEndArray();
        Span root = session.root;
        if (root != null && root.status() == SpanStatus.ERROR) {
            Map<String, Object> known = new LinkedHashMap<>();
            for (String key : List.of(ERROR_TYPE, ERROR_CODE)) {
                Object value = root.metadata(key);
                if (value != null) {
                    known.put(key, value);
                }
            }
            SpectJson.write(json, "error", takeError(root, known));
        }
        writePart();
        json.writeEndObject();
        json.writeEndObject();
        json.writeObjectPropertyStart("prompt");
        SpectJson.write(json, "format", "messages");
        SpectJson.write(json, "messages", List.of());
        json.writeEndObject();
        writeResponse(root);
        Map<String, @Nullable Object> attributes = new LinkedHashMap<>();
        attributes.put("provider", provider == null ? session.provider(null) : provider);
        SpectJson.write(json, "attributes", attributes);
        json.writeEndObject();
        json.close();
    }

    /** That this is not the whole session, or not the first of it that leaves. */
    private void writePart() {
        SpectCut cut = session.record.cut();
        if (cut != null || session.record.part() > 1) {
            Map<String, @Nullable Object> part = new LinkedHashMap<>();
            part.put("part", session.record.part());
            part.put("cut", cut == null ? null : cut.name().toLowerCase(Locale.ROOT));
            SpectJson.write(json, "spanflux", part);
        }
    }

    private void writeResponse(@Nullable Span root) {
        boolean framed = !ofRoot.isEmpty();
        if (framed) {
            // Over what the last answer said.
            response.take(new LinkedHashMap<>(ofRoot), SpectMessages.of(ofRoot.get(OUTPUT_MESSAGES)));
            if (ofRoot.containsKey(USAGE_INPUT_TOKENS) || ofRoot.containsKey(USAGE_OUTPUT_TOKENS)) {
                response.usage.clear();
                response.addUsage(ofRoot);
            }
        }
        Span timed = root != null && root.status() == SpanStatus.ERROR ? root : session.answer;
        Map<String, @Nullable Object> to = new LinkedHashMap<>();
        if (timed != null) {
            to.put("startTime", Session.startMillis(timed));
            to.put("duration", Session.durationMillis(timed));
        }
        to.put("text", response.text);
        to.put("object", response.object);
        to.put("model", response.model == null ? session.model() : response.model);
        to.put("id", response.id);
        to.put("timestamp", SpectJson.time(session.endMillis()));
        to.put("finishReasons", response.finishReasons);
        Map<String, Object> usage = response.totals();
        to.put("usage", usage.isEmpty() ? null : usage);
        SpectJson.write(json, "response", to);
    }
}
