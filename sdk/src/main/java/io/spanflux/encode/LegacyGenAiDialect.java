// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The generation of names before 1.37, with the numbered messages that came before the conventions had any. What that
 * generation had no name for keeps its own.
 */
enum LegacyGenAiDialect implements AttributeDialect {
    INSTANCE;

    private static final String PROMPT = "gen_ai.prompt.";
    private static final String COMPLETION = "gen_ai.completion.";
    private static final String FUNCTION = "llm.request.functions.";

    @Override
    public int forEachAttribute(Span span, AttributeConsumer to) {
        Rewriting attributes = new Rewriting(span, to);
        attributes.move(OPERATION_NAME, OPERATION_NAME);
        String provider = attributes.takeText(PROVIDER_NAME);
        attributes.put("gen_ai.system", "x_ai".equals(provider) ? "xai" : provider);
        attributes.move(USAGE_INPUT_TOKENS, "gen_ai.usage.prompt_tokens");
        attributes.move(USAGE_OUTPUT_TOKENS, "gen_ai.usage.completion_tokens");
        attributes.move(USAGE_CACHE_READ_INPUT_TOKENS, "gen_ai.usage.cache_read_input_tokens");
        attributes.move(USAGE_CACHE_WRITE_INPUT_TOKENS, "gen_ai.usage.cache_creation_input_tokens");
        attributes.move(USAGE_REASONING_OUTPUT_TOKENS, "gen_ai.usage.reasoning_tokens");
        functions(attributes.takeJson(TOOL_DEFINITIONS), attributes);
        int first = instructions(attributes.takeJson(SYSTEM_INSTRUCTIONS), attributes);
        messages(attributes.takeJson(INPUT_MESSAGES), PROMPT, first, attributes);
        messages(attributes.takeJson(OUTPUT_MESSAGES), COMPLETION, 0, attributes);
        return attributes.finish();
    }

    private static void functions(@Nullable JsonNode tools, Rewriting to) {
        int i = 0;
        for (JsonNode tool : Messages.items(tools)) {
            String key = FUNCTION + i++ + '.';
            to.put(key + "name", Messages.textOf(tool, "name"));
            to.put(key + "description", Messages.textOf(tool, "description"));
            to.put(key + "parameters", Messages.textOf(tool, "parameters"));
        }
    }

    /** As the first prompt, of role system; returns the number of the next one. */
    private static int instructions(@Nullable JsonNode parts, Rewriting to) {
        String text = Messages.joinedText(parts);
        if (text == null) {
            return 0;
        }
        to.put(PROMPT + "0.role", "system");
        to.put(PROMPT + "0.content", text);
        return 1;
    }

    private static void messages(@Nullable JsonNode messages, String prefix, int first, Rewriting to) {
        int i = first;
        for (JsonNode message : Messages.items(messages)) {
            String key = prefix + i++ + '.';
            to.put(key + "role", Messages.textOf(message, "role"));
            JsonNode parts = message.get("parts");
            to.put(key + "content", Messages.joinedText(parts));
            int call = 0;
            for (JsonNode part : Messages.items(parts)) {
                switch (Messages.typeOf(part)) {
                    case "tool_call" -> {
                        String of = key + "tool_calls." + call++ + '.';
                        to.put(of + "id", Messages.textOf(part, "id"));
                        to.put(of + "name", Messages.textOf(part, "name"));
                        to.put(of + "arguments", Messages.textOf(part, "arguments"));
                    }
                    case "tool_call_response" -> to.put(key + "tool_call_id", Messages.textOf(part, "id"));
                    default -> {}
                }
            }
            to.put(key + "finish_reason", Messages.textOf(message, "finish_reason"));
        }
    }
}
