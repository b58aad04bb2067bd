// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.genai.Guardrail;
import io.spanflux.genai.McpCall;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * Langfuse's own names, which win over all others there. What of {@code gen_ai.*} has none leaves as
 * {@code langfuse.observation.metadata.*}.
 *
 * <p>Langfuse adds up all kinds of usage and cost whose name contains input or output, so those do not overlap here: input
 * without what was cached, output without reasoning.
 */
enum LangfuseDialect implements AttributeDialect {
    INSTANCE;

    private static final String OBSERVATION = "langfuse.observation.";

    @Override
    public int forEachAttribute(Span span, AttributeConsumer to) {
        Rewriting attributes = new Rewriting(span, to);
        attributes.put(OBSERVATION + "type", typeOf(span, attributes.takeText(OPERATION_NAME)));
        if (span.status() == SpanStatus.ERROR) {
            attributes.put(OBSERVATION + "level", "ERROR");
            attributes.put(OBSERVATION + "status_message", span.statusDescription());
        }
        model(attributes);
        completionStart(attributes);
        usage(attributes);
        cost(attributes);
        prompt(attributes);
        Object session = attributes.take("session.id");
        Object conversation = attributes.take(CONVERSATION_ID);
        attributes.put("langfuse.session.id", session == null ? conversation : session);
        attributes.move("user.id", "langfuse.user.id");
        attributes.move(TAGS, "langfuse.trace.tags");
        content("input", attributes, INPUT_MESSAGES, TOOL_CALL_ARGUMENTS, RETRIEVAL_QUERY_TEXT, MEMORY_QUERY_TEXT);
        content("output", attributes, OUTPUT_MESSAGES, TOOL_CALL_RESULT, RETRIEVAL_DOCUMENTS, MEMORY_RECORDS);
        attributes.takeAll("gen_ai.").forEach((key, value) -> attributes.put(OBSERVATION + "metadata." + key, value));
        return attributes.finish();
    }

    private static String typeOf(Span span, @Nullable String operation) {
        if (operation == null) {
            return span.data() instanceof McpCall ? "tool" : span.data() instanceof Guardrail ? "guardrail" : "span";
        }
        return switch (operation) {
            case "chat", "text_completion", "generate_content" -> "generation";
            case "embeddings" -> "embedding";
            case "retrieval", "search_memory" -> "retriever";
            case "execute_tool" -> "tool";
            case "invoke_agent", "create_agent" -> "agent";
            case "invoke_workflow", "plan" -> "chain";
            default -> "span";
        };
    }

    private static void model(Rewriting attributes) {
        String requested = attributes.takeText(REQUEST_MODEL);
        String answered = attributes.takeText(RESPONSE_MODEL);
        attributes.put(OBSERVATION + "model.name", answered == null ? requested : answered);
        Map<String, Object> parameters = attributes.takeAll("gen_ai.request.");
        attributes.putJson(OBSERVATION + "model.parameters", parameters);
    }

    private static void completionStart(Rewriting attributes) {
        if (attributes.take(RESPONSE_TIME_TO_FIRST_CHUNK) instanceof Double seconds) {
            long nanos = attributes.span().startEpochNanos() + Math.round(seconds * 1e9);
            attributes.put(
                    OBSERVATION + "completion_start_time",
                    Instant.ofEpochSecond(0, nanos).toString());
        }
    }

    private static void usage(Rewriting attributes) {
        long input = attributes.takeCount(USAGE_INPUT_TOKENS);
        long output = attributes.takeCount(USAGE_OUTPUT_TOKENS);
        long cacheRead = attributes.takeCount(USAGE_CACHE_READ_INPUT_TOKENS);
        long cacheWrite = attributes.takeCount(USAGE_CACHE_WRITE_INPUT_TOKENS);
        long reasoning = attributes.takeCount(USAGE_REASONING_OUTPUT_TOKENS);
        Map<String, Object> usage = new LinkedHashMap<>();
        putCount(
                usage, "input", input < 0 ? -1 : Math.max(0, input - Math.max(0, cacheRead) - Math.max(0, cacheWrite)));
        putCount(usage, "input_cached_tokens", cacheRead);
        putCount(usage, "input_cache_creation", cacheWrite);
        putCount(usage, "output", output < 0 ? -1 : Math.max(0, output - Math.max(0, reasoning)));
        putCount(usage, "output_reasoning_tokens", reasoning);
        putCount(usage, "total", input < 0 || output < 0 ? -1 : input + output);
        attributes.putJson(OBSERVATION + "usage_details", usage);
    }

    private static void putCount(Map<String, Object> usage, String name, long count) {
        if (count >= 0) {
            usage.put(name, count);
        }
    }

    /** In US dollars, as Langfuse has it; any other currency stays under our own name. */
    private static void cost(Rewriting attributes) {
        if (!"USD".equals(attributes.peek(COST_CURRENCY))) {
            return;
        }
        Map<String, Object> cost = new LinkedHashMap<>();
        putCost(cost, "input", attributes.take(COST_INPUT));
        putCost(cost, "input_cached_tokens", attributes.take(COST_CACHE_READ));
        putCost(cost, "input_cache_creation", attributes.take(COST_CACHE_WRITE));
        putCost(cost, "input_audio_tokens", attributes.take(COST_AUDIO_INPUT));
        putCost(cost, "output", attributes.take(COST_OUTPUT));
        putCost(cost, "output_reasoning_tokens", attributes.take(COST_REASONING));
        putCost(cost, "output_audio_tokens", attributes.take(COST_AUDIO_OUTPUT));
        putCost(cost, "total", attributes.take(COST_TOTAL));
        attributes.putJson(OBSERVATION + "cost_details", cost);
    }

    private static void putCost(Map<String, Object> cost, String name, @Nullable Object amount) {
        if (amount != null) {
            cost.put(name, amount);
        }
    }

    /** Langfuse numbers the versions of a prompt; a version that is no number stays metadata. */
    private static void prompt(Rewriting attributes) {
        attributes.move(PROMPT_NAME, OBSERVATION + "prompt.name");
        if (attributes.peek(PROMPT_VERSION) instanceof String version && version.matches("\\d{1,9}")) {
            attributes.take(PROMPT_VERSION);
            attributes.put(OBSERVATION + "prompt.version", Long.valueOf(version));
        }
    }

    /** The first of these that there is; system instructions stand before the messages. */
    private static void content(String direction, Rewriting attributes, String... keys) {
        for (String key : keys) {
            String content = attributes.takeText(key);
            if (content != null) {
                attributes.put(
                        OBSERVATION + direction,
                        key.equals(INPUT_MESSAGES) ? withInstructions(content, attributes) : content);
                return;
            }
        }
    }

    private static String withInstructions(String messages, Rewriting attributes) {
        JsonNode input = Rewriting.parse(messages);
        JsonNode instructions = attributes.takeJson(SYSTEM_INSTRUCTIONS);
        if (input == null || instructions == null || !input.isArray()) {
            return messages;
        }
        Map<String, Object> system = new LinkedHashMap<>();
        system.put("role", "system");
        system.put("parts", instructions);
        List<Object> all = new ArrayList<>();
        all.add(system);
        input.values().forEach(all::add);
        return Rewriting.json(all);
    }
}
