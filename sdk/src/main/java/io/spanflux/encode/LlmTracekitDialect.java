// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.genai.Agent;
import io.spanflux.genai.Custom;
import io.spanflux.genai.Embeddings;
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
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The names of llm-tracekit (1.3 and its siblings of November 2026), in its order. What it has no name for keeps its own.
 *
 * <p>Bound: of messages that are too many the oldest prompts are left out and counted, and nothing else.
 */
enum LlmTracekitDialect implements AttributeDialect {
    CURRENT(false),
    WITH_OLDER_NAMES(true);

    private static final String PROMPT = "gen_ai.prompt.";
    private static final String COMPLETION = "gen_ai.completion.";
    private static final String TOOLS = "gen_ai.request.tools.";
    private static final String RESPONSE_FORMAT = "gen_ai.openai.request.response_format";
    private static final String AGENT_ALIAS_ID = "gen_ai.bedrock.agent_alias.id";
    private static final String USER = "user.id";
    private static final String OPENAI = "openai";
    private static final String BEDROCK = "aws.bedrock";

    /** What the wire of OpenAI's traces calls them; the same words, so that a span says them once for both. */
    private static final String AGENT_EXTRA = "spanflux.openai.";

    private final boolean olderNames;

    LlmTracekitDialect(boolean olderNames) {
        this.olderNames = olderNames;
    }

    /** Renames what has the name that its data gave it; what the application named keeps its name. */
    @Override
    public String spanName(Span span) {
        SpanData data = span.data();
        if (data == null || !data.spanName().equals(span.name())) {
            return span.name();
        }
        if (data instanceof Agent) {
            return "Agent - " + data.metadata(AGENT_NAME);
        }
        if (data instanceof Tool) {
            return "Tool - " + data.metadata(TOOL_NAME);
        }
        if (data instanceof Guardrail) {
            Object name = data.metadata("spanflux.guardrail.name");
            return name == null ? "Guardrail" : "Guardrail - " + name;
        }
        return data instanceof Handoff ? "Handoff" : span.name();
    }

    @Override
    public int forEachAttribute(Span span, AttributeConsumer to) {
        Rewriting attributes = new Rewriting(span, to);
        SpanData data = span.data();
        if (data instanceof Agent) {
            agent(attributes);
        } else if (data instanceof Tool) {
            tool("function", attributes);
            attributes.move(AGENT_EXTRA + "mcp_data", "mcp_data");
        } else if (data instanceof McpCall) {
            tool("mcp", attributes);
        } else if (data instanceof Guardrail) {
            described("guardrail", "spanflux.guardrail.", attributes);
            attributes.move("spanflux.guardrail.triggered", "triggered");
        } else if (data instanceof Handoff) {
            described("handoff", "spanflux.handoff.", attributes);
            attributes.move("spanflux.handoff.from_agent", "from_agent");
            attributes.move("spanflux.handoff.to_agent", "to_agent");
        } else if (data instanceof Custom) {
            described("custom", "spanflux.custom.", attributes);
        } else if (data instanceof Speech) {
            described("speech", "spanflux.speech.", attributes);
        } else if (data instanceof SpeechGroup) {
            described("speech_group", "spanflux.speech_group.", attributes);
        } else if (data instanceof Transcription) {
            described("transcription", "spanflux.transcription.", attributes);
        } else {
            call(span, data, attributes);
        }
        return attributes.finish();
    }

    // ---- spans of agent runs -------------------------------------------------------------------------------------

    private void agent(Rewriting attributes) {
        attributes.take(OPERATION_NAME);
        attributes.put("type", "agent");
        attributes.move(AGENT_NAME, "agent_name");
        attributes.move(AGENT_EXTRA + "handoffs", "handoffs");
        attributes.move(AGENT_EXTRA + "output_type", "output_type");
        Object named = attributes.take(AGENT_EXTRA + "tools");
        Flattened flattened = new Flattened(attributes, true);
        attributes.put("tools", named == null ? flattened.toolNames() : named);
        flattened.putPrompts();
        flattened.putCompletions();
        request(attributes);
        flattened.putTools(null);
        response(attributes);
        user(null, attributes);
    }

    /** Also of the Model Context Protocol, where what is not the call of a tool is named by its method. */
    private static void tool(String type, Rewriting attributes) {
        attributes.take(OPERATION_NAME);
        if ("function".equals(attributes.peek(TOOL_TYPE))) {
            attributes.take(TOOL_TYPE);
        }
        attributes.put("type", type);
        Object name = attributes.take(TOOL_NAME);
        attributes.put("name", name == null ? attributes.peek(MCP_METHOD_NAME) : name);
        attributes.move(TOOL_CALL_ARGUMENTS, "input");
        attributes.move(TOOL_CALL_RESULT, "output");
    }

    private static void described(String type, String prefix, Rewriting attributes) {
        attributes.put("type", type);
        attributes.move(prefix + "name", "name");
        attributes.move(prefix + "provider", "gen_ai.system");
        attributes.move(prefix + "model", REQUEST_MODEL);
        attributes.move(prefix + "input", "input");
        attributes.move(prefix + "output", "output");
    }

    // ---- calls of models -----------------------------------------------------------------------------------------

    private void call(Span span, @Nullable SpanData data, Rewriting attributes) {
        Object provider = attributes.take(PROVIDER_NAME);
        boolean bedrockAgent = data instanceof RemoteAgent && BEDROCK.equals(provider);
        Object operation = attributes.take(OPERATION_NAME);
        attributes.put(OPERATION_NAME, bedrockAgent ? "chat" : operation);
        attributes.put("gen_ai.system", provider);
        Flattened flattened = new Flattened(attributes, !(data instanceof RemoteAgent));
        if (bedrockAgent) {
            attributes.move(AGENT_ID, AGENT_ID);
            attributes.move(AGENT_ALIAS_ID, AGENT_ALIAS_ID);
            user(provider, attributes);
            flattened.putPrompts();
            flattened.putCompletions();
            request(attributes);
            flattened.putTools(provider);
            response(attributes);
        } else if (data instanceof Generation && span.owner() instanceof Agent agent) {
            flattened.putPrompts();
            flattened.putCompletions();
            request(attributes);
            seed(provider, attributes);
            requestExtras(data, provider, attributes);
            flattened.putTools(provider);
            server(provider, attributes);
            response(attributes);
            Object own = attributes.take(AGENT_NAME);
            attributes.put(AGENT_NAME, own == null ? agent.metadata(AGENT_NAME) : own);
            user(provider, attributes);
        } else {
            request(attributes);
            if (data instanceof Embeddings) {
                user(provider, attributes);
                attributes.move(REQUEST_ENCODING_FORMATS, REQUEST_ENCODING_FORMATS);
                attributes.move(EMBEDDINGS_DIMENSION_COUNT, EMBEDDINGS_DIMENSION_COUNT);
            }
            flattened.putPrompts();
            seed(provider, attributes);
            user(provider, attributes);
            requestExtras(data, provider, attributes);
            flattened.putTools(provider);
            server(provider, attributes);
            response(attributes);
            flattened.putVectors();
            flattened.putCompletions();
        }
    }

    private static void request(Rewriting attributes) {
        attributes.move(REQUEST_MODEL, REQUEST_MODEL);
        attributes.move(REQUEST_TEMPERATURE, REQUEST_TEMPERATURE);
        attributes.move(REQUEST_TOP_P, REQUEST_TOP_P);
        attributes.move(REQUEST_TOP_K, REQUEST_TOP_K);
        attributes.move(REQUEST_MAX_TOKENS, REQUEST_MAX_TOKENS);
        attributes.move(REQUEST_PRESENCE_PENALTY, REQUEST_PRESENCE_PENALTY);
        attributes.move(REQUEST_FREQUENCY_PENALTY, REQUEST_FREQUENCY_PENALTY);
    }

    private void user(@Nullable Object provider, Rewriting attributes) {
        Object user = attributes.take(USER);
        attributes.put("gen_ai.request.user", user);
        if (olderNames && OPENAI.equals(provider)) {
            attributes.put("gen_ai.openai.request.user", user);
        }
    }

    private static void seed(@Nullable Object provider, Rewriting attributes) {
        if (OPENAI.equals(provider)) {
            attributes.move(REQUEST_SEED, "gen_ai.openai.request.seed");
        }
    }

    private static void requestExtras(@Nullable SpanData data, @Nullable Object provider, Rewriting attributes) {
        if (!OPENAI.equals(provider)) {
            return;
        }
        Object format = attributes.take(RESPONSE_FORMAT);
        Object type = attributes.peek(OUTPUT_TYPE);
        if ("text".equals(type) || "json".equals(type)) {
            attributes.take(OUTPUT_TYPE);
            if (format == null) {
                format = "json".equals(type) ? "json_object" : type;
            }
        }
        attributes.put(RESPONSE_FORMAT, format);
        attributes.move(REQUEST_PREVIOUS_RESPONSE_ID, "gen_ai.openai.request.previous_response_id");
        // One of the scope's is the application's own, which OpenAI was never told.
        if (data != null && data.metadata(CONVERSATION_ID) != null) {
            attributes.move(CONVERSATION_ID, "gen_ai.openai.request.conversation_id");
        }
    }

    private static void server(@Nullable Object provider, Rewriting attributes) {
        attributes.move(SERVER_ADDRESS, SERVER_ADDRESS);
        Object port = attributes.take(SERVER_PORT);
        attributes.put(SERVER_PORT, Long.valueOf(443).equals(port) ? null : port);
        if (OPENAI.equals(provider)) {
            attributes.move(OPENAI_RESPONSE_SERVICE_TIER, "gen_ai.openai.response.service_tier");
            attributes.move(OPENAI_REQUEST_SERVICE_TIER, "gen_ai.openai.request.service_tier");
        }
    }

    private static void response(Rewriting attributes) {
        attributes.move(RESPONSE_MODEL, RESPONSE_MODEL);
        attributes.move(RESPONSE_FINISH_REASONS, RESPONSE_FINISH_REASONS);
        attributes.move(RESPONSE_ID, RESPONSE_ID);
        attributes.move(USAGE_INPUT_TOKENS, USAGE_INPUT_TOKENS);
        attributes.move(USAGE_OUTPUT_TOKENS, USAGE_OUTPUT_TOKENS);
    }

    // ---- lists that become numbered attributes -------------------------------------------------------------------

    /**
     * Messages, tools and vectors, taken out and flattened before anything of them is handed on, so that it is known what
     * is too much.
     */
    private final class Flattened {
        private final Rewriting attributes;
        private final List<Map<String, Object>> prompts = new ArrayList<>();
        private final Map<String, Object> completions = new LinkedHashMap<>();
        private final Map<String, Object> vectors = new LinkedHashMap<>();
        private final List<JsonNode> tools = new ArrayList<>();

        Flattened(Rewriting attributes, boolean withReasons) {
            this.attributes = attributes;
            JsonNode instructions = attributes.takeJson(SYSTEM_INSTRUCTIONS);
            String system = joinedText(instructions);
            if (system != null) {
                Map<String, Object> prompt = new LinkedHashMap<>();
                prompt.put(PROMPT + "0.role", "system");
                prompt.put(PROMPT + "0.content", system);
                prompts.add(prompt);
            }
            for (JsonNode message : Messages.items(attributes.takeJson(INPUT_MESSAGES))) {
                Map<String, Object> prompt = new LinkedHashMap<>();
                flatten(message, PROMPT + prompts.size() + '.', prompt);
                prompts.add(prompt);
            }
            flattenCompletions(withReasons);
            Messages.items(attributes.takeJson(TOOL_DEFINITIONS)).forEach(tools::add);
            int i = 0;
            // Vectors that are too long for their limit are the beginning of a text, and stay one.
            boolean whole = attributes.peek(EMBEDDINGS_VECTORS) instanceof String text && text.startsWith("[");
            for (JsonNode vector : Messages.items(whole ? attributes.takeJson(EMBEDDINGS_VECTORS) : null)) {
                List<Double> numbers = new ArrayList<>();
                Messages.items(vector).forEach(number -> numbers.add(number.asDouble(0)));
                vectors.put("gen_ai.embeddings." + i++ + ".vector", numbers);
            }
        }

        private void flattenCompletions(boolean withReasons) {
            List<?> reasons =
                    withReasons && attributes.peek(RESPONSE_FINISH_REASONS) instanceof List<?> list ? list : List.of();
            int i = 0;
            for (JsonNode message : Messages.items(attributes.takeJson(OUTPUT_MESSAGES))) {
                String key = COMPLETION + i + '.';
                String reason = Messages.textOf(message, "finish_reason");
                put(key + "finish_reason", reason == null && i < reasons.size() ? reasons.get(i) : reason, completions);
                flatten(message, key, completions);
                i++;
            }
            for (; i < reasons.size(); i++) {
                put(COMPLETION + i + ".finish_reason", reasons.get(i), completions);
            }
        }

        private void flatten(JsonNode message, String key, Map<String, Object> to) {
            put(key + "role", Messages.textOf(message, "role"), to);
            JsonNode parts = message.get("parts");
            put(key + "content", joinedText(parts), to);
            int call = 0;
            String answered = null;
            for (JsonNode part : Messages.items(parts)) {
                String type = Messages.typeOf(part);
                switch (type) {
                    case "tool_call", "function_call", "tool_use" -> {
                        String of = key + "tool_calls." + call++ + '.';
                        put(of + "id", Messages.textOf(part, "id"), to);
                        put(of + "type", type.equals("tool_call") ? "function" : type, to);
                        put(of + "function.name", Messages.textOf(part, "name"), to);
                        String arguments = textOf(part, "arguments");
                        put(of + "function.arguments", arguments == null ? null : arguments.replace("\n", ""), to);
                    }
                    case "tool_call_response" -> answered = Messages.textOf(part, "id");
                    default -> {}
                }
            }
            put(key + "tool_call_id", answered, to);
        }

        private static void put(String key, @Nullable Object value, Map<String, Object> to) {
            if (value != null) {
                to.put(key, value);
            }
        }

        private static @Nullable String joinedText(@Nullable JsonNode parts) {
            StringBuilder joined = null;
            for (JsonNode part : Messages.items(parts)) {
                String text = switch (Messages.typeOf(part)) {
                    case "text" -> textOf(part, "content");
                    case "tool_call_response" -> textOf(part, "response");
                    default -> null;
                };
                if (text != null) {
                    joined = joined == null ? new StringBuilder() : joined.append('\n');
                    joined.append(text);
                }
            }
            return joined == null ? null : joined.toString();
        }

        private static @Nullable String textOf(JsonNode object, String name) {
            JsonNode value = object.get(name);
            return value == null || value.isNull() ? null : PythonJson.text(value);
        }

        /** The newest that there is room for: the last words are what the answer answers. */
        void putPrompts() {
            int perTool = olderNames ? 8 : 4;
            int room = attributes.room() - completions.size() - vectors.size() - perTool * tools.size() - 8;
            int first = prompts.size();
            while (first > 0 && room >= prompts.get(first - 1).size()) {
                room -= prompts.get(--first).size();
            }
            for (int i = 0; i < first; i++) {
                attributes.leaveOut(prompts.get(i).size());
            }
            prompts.subList(first, prompts.size()).forEach(prompt -> prompt.forEach(attributes::put));
        }

        void putCompletions() {
            completions.forEach(attributes::put);
        }

        void putVectors() {
            vectors.forEach(attributes::put);
        }

        @Nullable
        List<String> toolNames() {
            List<String> names = new ArrayList<>();
            for (JsonNode tool : tools) {
                String name = Messages.textOf(tool, "name");
                if (name != null) {
                    names.add(name);
                }
            }
            return names.isEmpty() ? null : names;
        }

        void putTools(@Nullable Object provider) {
            int i = 0;
            for (JsonNode tool : tools) {
                String number = i++ + ".";
                String type = Messages.textOf(tool, "type");
                attributes.put(TOOLS + number + "type", type);
                putFunction(TOOLS + number + "function.", tool);
                if (olderNames && OPENAI.equals(provider)) {
                    attributes.put("gen_ai.openai.request.tools." + number + "type", type);
                    putFunction("gen_ai.openai.request.tools." + number + "function.", tool);
                } else if (olderNames && BEDROCK.equals(provider)) {
                    putFunction("gen_ai.bedrock.request.tools." + number + "function.", tool);
                }
            }
        }

        private void putFunction(String key, JsonNode tool) {
            attributes.put(key + "name", Messages.textOf(tool, "name"));
            attributes.put(key + "description", Messages.textOf(tool, "description"));
            JsonNode parameters = tool.get("parameters");
            attributes.put(key + "parameters", parameters == null ? null : PythonJson.text(parameters));
        }
    }
}
