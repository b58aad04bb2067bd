// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.genai.Guardrail;
import io.spanflux.genai.McpCall;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * OpenInference's names (its {@code spec/semantic_conventions.md}, state of November 2026). What of {@code gen_ai.*} has none
 * leaves in {@code metadata}, as JSON.
 */
enum OpenInferenceDialect implements AttributeDialect {
    INSTANCE;

    private static final String REQUEST = "gen_ai.request.";

    @Override
    public int forEachAttribute(Span span, AttributeConsumer to) {
        Rewriting attributes = new Rewriting(span, to);
        String operation = attributes.takeText(OPERATION_NAME);
        String kind = kindOf(span, operation);
        attributes.put("openinference.span.kind", kind);
        provider(attributes);
        model(kind, attributes);
        conversation(attributes);
        usage(attributes);
        cost(attributes);
        attributes.move(AGENT_NAME, "agent.name");
        attributes.move(TAGS, "tag.tags");
        parameters(kind, attributes);
        tool(attributes);
        retrieval(attributes);
        messages(attributes);
        attributes.putJson("metadata", metadata(attributes));
        return attributes.finish();
    }

    private static @Nullable String kindOf(Span span, @Nullable String operation) {
        if (operation == null) {
            return span.data() instanceof McpCall ? "TOOL" : span.data() instanceof Guardrail ? "GUARDRAIL" : "CHAIN";
        }
        return switch (operation) {
            case "chat", "text_completion", "generate_content" -> "LLM";
            case "embeddings" -> "EMBEDDING";
            case "retrieval", "search_memory" -> "RETRIEVER";
            case "execute_tool" -> "TOOL";
            case "invoke_agent", "create_agent" -> "AGENT";
            default -> "CHAIN";
        };
    }

    private static void provider(Rewriting attributes) {
        String provider = attributes.takeText(PROVIDER_NAME);
        if (provider == null) {
            return;
        }
        String name = switch (provider) {
            case "aws.bedrock" -> "aws";
            case "azure.ai.openai", "azure.ai.inference" -> "azure";
            case "gcp.gemini", "gcp.gen_ai", "gcp.vertex_ai" -> "google";
            case "mistral_ai" -> "mistralai";
            case "moonshot_ai" -> "moonshot";
            case "x_ai" -> "xai";
            default -> provider;
        };
        String system = switch (provider) {
            case "azure.ai.openai" -> "openai";
            case "gcp.vertex_ai" -> "vertexai";
            // Both serve models of many makers.
            case "aws.bedrock", "azure.ai.inference" -> null;
            default -> name;
        };
        attributes.put("llm.provider", name);
        attributes.put("llm.system", system);
    }

    private static void model(@Nullable String kind, Rewriting attributes) {
        String requested = attributes.takeText(REQUEST_MODEL);
        String answered = attributes.takeText(RESPONSE_MODEL);
        String model = answered == null ? requested : answered;
        if ("EMBEDDING".equals(kind)) {
            attributes.put("embedding.model_name", model);
        } else {
            attributes.put("llm.model_name", model);
            attributes.put("llm.request.model_name", requested);
            attributes.put("llm.response.model_name", answered);
        }
    }

    private static void conversation(Rewriting attributes) {
        Object session = attributes.take("session.id");
        Object conversation = attributes.take(CONVERSATION_ID);
        attributes.put("session.id", session == null ? conversation : session);
    }

    private static void usage(Rewriting attributes) {
        long input = attributes.takeCount(USAGE_INPUT_TOKENS);
        long output = attributes.takeCount(USAGE_OUTPUT_TOKENS);
        attributes.put("llm.token_count.prompt", input < 0 ? null : input);
        attributes.put("llm.token_count.completion", output < 0 ? null : output);
        attributes.put("llm.token_count.total", input < 0 || output < 0 ? null : input + output);
        attributes.move(USAGE_CACHE_READ_INPUT_TOKENS, "llm.token_count.prompt_details.cache_read");
        attributes.move(USAGE_CACHE_WRITE_INPUT_TOKENS, "llm.token_count.prompt_details.cache_write");
        attributes.move(USAGE_AUDIO_INPUT_TOKENS, "llm.token_count.prompt_details.audio");
        attributes.move(USAGE_REASONING_OUTPUT_TOKENS, "llm.token_count.completion_details.reasoning");
        attributes.move(USAGE_AUDIO_OUTPUT_TOKENS, "llm.token_count.completion_details.audio");
    }

    /** In US dollars, as OpenInference has it; any other currency stays under our own name. */
    private static void cost(Rewriting attributes) {
        if ("USD".equals(attributes.peek(COST_CURRENCY))) {
            attributes.move(COST_TOTAL, "llm.cost.total");
            attributes.move(COST_INPUT, "llm.cost.prompt_details.input");
            attributes.move(COST_CACHE_READ, "llm.cost.prompt_details.cache_read");
            attributes.move(COST_CACHE_WRITE, "llm.cost.prompt_details.cache_write");
            attributes.move(COST_AUDIO_INPUT, "llm.cost.prompt_details.audio");
            attributes.move(COST_OUTPUT, "llm.cost.completion_details.output");
            attributes.move(COST_REASONING, "llm.cost.completion_details.reasoning");
            attributes.move(COST_AUDIO_OUTPUT, "llm.cost.completion_details.audio");
        }
    }

    private static void parameters(@Nullable String kind, Rewriting attributes) {
        Map<String, Object> parameters = attributes.takeAll(REQUEST);
        attributes.putJson(
                "EMBEDDING".equals(kind) ? "embedding.invocation_parameters" : "llm.invocation_parameters", parameters);
        // One text there; the reasons of several choices are metadata.
        if (attributes.peek(RESPONSE_FINISH_REASONS) instanceof List<?> reasons && reasons.size() == 1) {
            attributes.take(RESPONSE_FINISH_REASONS);
            attributes.put("llm.finish_reason", reasons.get(0));
        }
    }

    private static void tool(Rewriting attributes) {
        attributes.move(TOOL_NAME, "tool.name");
        attributes.move(TOOL_DESCRIPTION, "tool.description");
        attributes.move(TOOL_CALL_ID, "tool.id");
        value("input", attributes.takeText(TOOL_CALL_ARGUMENTS), attributes);
        value("output", attributes.takeText(TOOL_CALL_RESULT), attributes);
        int i = 0;
        for (JsonNode tool : Messages.items(attributes.takeJson(TOOL_DEFINITIONS))) {
            attributes.put("llm.tools." + i++ + ".tool.json_schema", tool.toString());
        }
    }

    private static void retrieval(Rewriting attributes) {
        String query = attributes.takeText(RETRIEVAL_QUERY_TEXT);
        value("input", query == null ? attributes.takeText(MEMORY_QUERY_TEXT) : query, attributes);
        JsonNode documents = attributes.takeJson(RETRIEVAL_DOCUMENTS);
        int i = 0;
        for (JsonNode document : Messages.items(documents == null ? attributes.takeJson(MEMORY_RECORDS) : documents)) {
            String key = "retrieval.documents." + i++ + ".document.";
            attributes.put(key + "id", Messages.textOf(document, "id"));
            JsonNode score = document.get("score");
            attributes.put(key + "score", score != null && score.isNumber() ? score.doubleValue() : null);
            attributes.put(key + "content", Messages.textOf(document, "content"));
            attributes.put(key + "metadata", Messages.textOf(document, "metadata"));
        }
    }

    private static void messages(Rewriting attributes) {
        JsonNode instructions = attributes.takeJson(SYSTEM_INSTRUCTIONS);
        JsonNode input = attributes.takeJson(INPUT_MESSAGES);
        JsonNode output = attributes.takeJson(OUTPUT_MESSAGES);
        value("input", input == null ? null : input.toString(), attributes);
        value("output", output == null ? null : output.toString(), attributes);
        String system = Messages.joinedText(instructions);
        if (system != null) {
            attributes.put("llm.input_messages.0.message.role", "system");
            attributes.put("llm.input_messages.0.message.content", system);
        }
        messages(input, "llm.input_messages.", system == null ? 0 : 1, attributes);
        messages(output, "llm.output_messages.", 0, attributes);
    }

    private static void messages(@Nullable JsonNode messages, String prefix, int first, Rewriting to) {
        int i = first;
        for (JsonNode message : Messages.items(messages)) {
            String key = prefix + i++ + ".message.";
            to.put(key + "role", Messages.textOf(message, "role"));
            to.put(key + "name", Messages.textOf(message, "name"));
            JsonNode parts = message.get("parts");
            to.put(key + "content", Messages.joinedText(parts));
            int call = 0;
            int content = 0;
            for (JsonNode part : Messages.items(parts)) {
                switch (Messages.typeOf(part)) {
                    case "tool_call" -> {
                        String of = key + "tool_calls." + call++ + ".tool_call.";
                        to.put(of + "id", Messages.textOf(part, "id"));
                        to.put(of + "function.name", Messages.textOf(part, "name"));
                        to.put(of + "function.arguments", Messages.textOf(part, "arguments"));
                    }
                    case "tool_call_response" -> to.put(key + "tool_call_id", Messages.textOf(part, "id"));
                    case "reasoning" -> {
                        String of = key + "contents." + content++ + ".message_content.";
                        to.put(of + "type", "reasoning");
                        to.put(of + "text", Messages.textOf(part, "content"));
                    }
                    case "uri" -> {
                        if ("image".equals(Messages.textOf(part, "modality"))) {
                            String of = key + "contents." + content++ + ".message_content.";
                            to.put(of + "type", "image");
                            to.put(of + "image.image.url", Messages.textOf(part, "uri"));
                        }
                    }
                    default -> {}
                }
            }
        }
    }

    private static void value(String direction, @Nullable String value, Rewriting to) {
        if (value != null) {
            to.put(direction + ".value", value);
            to.put(direction + ".mime_type", Rewriting.isStructured(value) ? "application/json" : "text/plain");
        }
    }

    private static Map<String, Object> metadata(Rewriting attributes) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        attributes.takeAll("gen_ai.").forEach((key, value) -> metadata.put("gen_ai." + key, value));
        return metadata;
    }
}
