// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.genai.Agent;
import io.spanflux.genai.FetchedResponse;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Guardrail;
import io.spanflux.genai.Handoff;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.RemoteAgent;
import io.spanflux.genai.Speech;
import io.spanflux.genai.SpeechGroup;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Transcription;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The {@code span_data} of a span: what its attributes say, in the members that its type has here, in their order. A value
 * that the application set for this format ({@link OpenAiAttributes}) takes the place of what would follow from others.
 */
final class SpanMembers {
    private static final String CUSTOM_DATA = "spanflux.custom.data.";
    private static final String CUSTOM_NAME = "spanflux.custom.name";

    private static final Set<String> TYPES = Set.of(
            "agent",
            "generation",
            "function",
            "guardrail",
            "handoff",
            "custom",
            "response",
            "speech",
            "speech_group",
            "transcription",
            "mcp_tools");

    /** Names of request options here, in their order. */
    private static final Map<String, String> OPTIONS = options();

    private final Span span;
    private final Map<String, Object> attributes;
    private final String type;
    private final Map<String, @Nullable Object> members = new LinkedHashMap<>();

    private SpanMembers(Span span) {
        this.span = span;
        this.attributes = attributesOf(span);
        this.type = typeOf(span.data(), attributes);
    }

    /** What this says of {@code span}; not yet plain JSON. */
    static SpanMembers of(Span span) {
        SpanMembers all = new SpanMembers(span);
        all.fill();
        return all;
    }

    /** The members, {@code type} first. */
    Map<String, @Nullable Object> members() {
        return members;
    }

    /** The attribute {@code key}, null when it is not set. */
    @Nullable
    Object attribute(String key) {
        return attributes.get(key);
    }

    /** The object that the application set for this format, null when it set none. */
    @Nullable
    Map<?, ?> object(String key) {
        return structured(attributes.get(key)) instanceof Map<?, ?> map ? map : null;
    }

    /** Whether the span has metadata of its own. */
    boolean hasMetadata() {
        return type.equals("agent")
                || (type.equals("custom")
                        && attributes.get(CUSTOM_DATA + OpenAiSpans.SDK_SPAN_TYPE) instanceof String kind
                        && (kind.equals("task") || kind.equals("turn")));
    }

    private static Map<String, String> options() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put(REQUEST_TEMPERATURE, "temperature");
        options.put(REQUEST_TOP_P, "top_p");
        options.put(REQUEST_TOP_K, "top_k");
        options.put(REQUEST_FREQUENCY_PENALTY, "frequency_penalty");
        options.put(REQUEST_PRESENCE_PENALTY, "presence_penalty");
        options.put(REQUEST_MAX_TOKENS, "max_tokens");
        options.put(REQUEST_CHOICE_COUNT, "n");
        options.put(REQUEST_SEED, "seed");
        options.put(REQUEST_STOP_SEQUENCES, "stop");
        options.put(REQUEST_REASONING_LEVEL, "reasoning_effort");
        return options;
    }

    private static String typeOf(@Nullable SpanData data, Map<String, Object> attributes) {
        if (attributes.get(OpenAiAttributes.TYPE) instanceof String said && TYPES.contains(said)) {
            return said;
        }
        if (data instanceof Agent || data instanceof RemoteAgent) {
            return "agent";
        }
        if (data instanceof Generation) {
            return "generation";
        }
        if (data instanceof FetchedResponse) {
            return "response";
        }
        if (data instanceof Tool) {
            return "function";
        }
        if (data instanceof McpCall) {
            Object method = attributes.get(MCP_METHOD_NAME);
            return "tools/list".equals(method) ? "mcp_tools" : "tools/call".equals(method) ? "function" : "custom";
        }
        if (data instanceof Guardrail) {
            return "guardrail";
        }
        if (data instanceof Handoff) {
            return "handoff";
        }
        if (data instanceof Speech) {
            return "speech";
        }
        if (data instanceof SpeechGroup) {
            return "speech_group";
        }
        return data instanceof Transcription ? "transcription" : "custom";
    }

    private void fill() {
        members.put("type", type);
        switch (type) {
            case "agent" -> {
                text("name", nameOr(AGENT_NAME));
                value("handoffs", null);
                value("tools", toolNames());
                text("output_type", attributes.get(OUTPUT_TYPE));
            }
            case "generation" -> {
                value("input", input());
                value("output", messages(OUTPUT_MESSAGES));
                text("model", modelOr(RESPONSE_MODEL));
                value("model_config", modelConfig());
                value("usage", usage());
            }
            case "function" -> {
                text("name", nameOr(TOOL_NAME));
                text("input", attributes.get(TOOL_CALL_ARGUMENTS));
                text("output", attributes.get(TOOL_CALL_RESULT));
                value("mcp_data", span.data() instanceof McpCall ? server() : null);
            }
            case "guardrail" -> {
                text("name", nameOr("spanflux.guardrail.name"));
                members.put("triggered", Boolean.TRUE.equals(attributes.get("spanflux.guardrail.triggered")));
            }
            case "handoff" -> {
                members.put("from_agent", attributes.get("spanflux.handoff.from_agent"));
                members.put("to_agent", attributes.get("spanflux.handoff.to_agent"));
            }
            case "response" -> {
                text("response_id", attributes.get(RESPONSE_ID));
                value("usage", usage());
            }
            case "speech" -> {
                members.put("input", attributes.get("spanflux.speech.input"));
                members.put("output", audio("spanflux.speech.output"));
                text("model", modelOr("spanflux.speech.model"));
                value("model_config", only("voice", attributes.get("spanflux.speech.voice")));
                text("first_content_at", firstContentAt());
            }
            case "speech_group" -> members.put("input", attributes.get("spanflux.speech_group.input"));
            case "transcription" -> {
                members.put("input", audio("spanflux.transcription.input"));
                members.put("output", attributes.get("spanflux.transcription.output"));
                text("model", modelOr("spanflux.transcription.model"));
                value("model_config", only("language", attributes.get("spanflux.transcription.language")));
            }
            case "mcp_tools" -> {
                text("server", attributes.get(SERVER_ADDRESS));
                value("result", structured(attributes.get(TOOL_CALL_RESULT)));
            }
            default -> {
                text("name", nameOr(CUSTOM_NAME));
                value("data", data());
            }
        }
    }

    /** A member that is a text. */
    private void text(String name, @Nullable Object usual) {
        Object own = attributes.get(OpenAiAttributes.PREFIX + name);
        members.put(name, own == null ? usual : own);
    }

    /** A member that is an object or a list. */
    private void value(String name, @Nullable Object usual) {
        Object own = structured(attributes.get(OpenAiAttributes.PREFIX + name));
        members.put(name, own == null ? usual : own);
    }

    /** A map or a list, also where it is the JSON of one; null for anything else. */
    private static @Nullable Object structured(@Nullable Object value) {
        if (value instanceof String text) {
            return PlainJson.parsed(text);
        }
        return value instanceof Map<?, ?> || value instanceof List<?> ? value : null;
    }

    private Object nameOr(String key) {
        Object name = attributes.get(key);
        return name == null ? span.name() : name;
    }

    private @Nullable Object modelOr(String key) {
        Object model = attributes.get(REQUEST_MODEL);
        return model == null ? attributes.get(key) : model;
    }

    private static @Nullable Map<String, @Nullable Object> only(String name, @Nullable Object value) {
        if (value == null) {
            return null;
        }
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put(name, value);
        return map;
    }

    private @Nullable List<@Nullable Object> toolNames() {
        if (!(structured(attributes.get(TOOL_DEFINITIONS)) instanceof List<?> definitions)) {
            return null;
        }
        List<@Nullable Object> names = new ArrayList<>();
        for (Object definition : definitions) {
            if (definition instanceof Map<?, ?> map && map.get("name") != null) {
                names.add(map.get("name"));
            }
        }
        return names;
    }

    private @Nullable List<@Nullable Object> messages(String key) {
        return structured(attributes.get(key)) instanceof List<?> list ? OpenAiMessages.messages(list) : null;
    }

    /** The messages, after the instructions that were given apart from them. */
    private @Nullable List<@Nullable Object> input() {
        List<@Nullable Object> input = messages(INPUT_MESSAGES);
        if (!(structured(attributes.get(SYSTEM_INSTRUCTIONS)) instanceof List<?> parts)) {
            return input;
        }
        List<@Nullable Object> all = OpenAiMessages.messages(List.of(Map.of("role", "system", "parts", parts)));
        if (input != null) {
            all.addAll(input);
        }
        return all;
    }

    private @Nullable Map<String, @Nullable Object> modelConfig() {
        Map<String, @Nullable Object> config = new LinkedHashMap<>();
        OPTIONS.forEach((key, name) -> {
            Object option = attributes.get(key);
            if (option != null) {
                config.put(name, option);
            }
        });
        return config.isEmpty() ? null : config;
    }

    private @Nullable Map<String, @Nullable Object> usage() {
        Map<String, @Nullable Object> usage = new LinkedHashMap<>();
        Map<String, @Nullable Object> details = new LinkedHashMap<>();
        attributes.forEach((key, count) -> {
            switch (key) {
                case USAGE_INPUT_TOKENS -> usage.put("input_tokens", count);
                case USAGE_OUTPUT_TOKENS -> usage.put("output_tokens", count);
                case USAGE_CACHE_READ_INPUT_TOKENS -> details.put("cached_input_tokens", count);
                case USAGE_CACHE_WRITE_INPUT_TOKENS -> details.put("cache_write_input_tokens", count);
                case USAGE_REASONING_OUTPUT_TOKENS -> details.put("reasoning_output_tokens", count);
                default -> {}
            }
        });
        if (!details.isEmpty()) {
            usage.put("details", details);
        }
        return usage.isEmpty() ? null : usage;
    }

    private @Nullable Map<String, @Nullable Object> server() {
        return only("server", attributes.get(SERVER_ADDRESS));
    }

    private Map<String, @Nullable Object> audio(String key) {
        Map<String, @Nullable Object> audio = new LinkedHashMap<>();
        Object data = attributes.get(key);
        Object format = attributes.get(key + ".format");
        audio.put("data", data == null ? "" : data);
        audio.put("format", format == null ? "pcm" : format);
        return audio;
    }

    private @Nullable String firstContentAt() {
        return attributes.get("spanflux.speech.time_to_first_audio") instanceof Double seconds && seconds >= 0
                ? OpenAiIds.time(span.startEpochNanos() + (long) Math.min(seconds * 1e9, 1e18))
                : null;
    }

    /** What else is said of the span, that of a {@code Custom} without the prefix. */
    private Map<String, @Nullable Object> data() {
        Map<String, @Nullable Object> data = new LinkedHashMap<>();
        attributes.forEach((key, value) -> {
            if (key.startsWith(CUSTOM_DATA)) {
                data.put(key.substring(CUSTOM_DATA.length()), value);
            } else if (!key.equals(CUSTOM_NAME)
                    && !key.equals(ERROR_TYPE)
                    && !key.startsWith(OpenAiAttributes.PREFIX)
                    && !key.startsWith("spanflux.scope.")) {
                data.put(key, value);
            }
        });
        return data;
    }

    private static Map<String, Object> attributesOf(Span span) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        span.forEachAttribute(AttributeConsumer.into(attributes));
        return attributes;
    }
}
