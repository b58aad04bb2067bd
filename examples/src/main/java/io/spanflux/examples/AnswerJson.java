// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.examples.ScriptedModel.Answer;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An answer in the JSON of OpenAI's chat completions. Built as trees, not from the client's records, so that one does not
 * share the other's mistakes.
 *
 * @param id the id of the completion
 * @param callId the id of the tool call, if there is one
 * @param created seconds since the epoch
 * @param model the model that answered
 * @param answer what it said
 */
record AnswerJson(String id, String callId, long created, String model, Answer answer) {
    private static final JsonMapper JSON = new JsonMapper();

    private ObjectNode head(String object) {
        return JSON.createObjectNode()
                .put("id", id)
                .put("object", object)
                .put("created", created)
                .put("model", model);
    }

    /** The answer as a whole. */
    JsonNode completion() {
        ObjectNode completion = head("chat.completion");
        ObjectNode choice = completion.putArray("choices").addObject().put("index", 0);
        ObjectNode message = choice.putObject("message").put("role", "assistant");
        String tool = answer.toolName();
        if (tool == null) {
            message.put("content", String.join("", answer.text()));
        } else {
            message.putNull("content");
            ObjectNode call = message.putArray("tool_calls").addObject();
            call.put("id", callId).put("type", "function");
            call.putObject("function").put("name", tool).put("arguments", String.join("", answer.toolArguments()));
        }
        choice.put("finish_reason", answer.finishReason());
        completion.set("usage", usage());
        return completion;
    }

    private ObjectNode usage() {
        ObjectNode usage = JSON.createObjectNode()
                .put("prompt_tokens", answer.promptTokens())
                .put("completion_tokens", answer.completionTokens())
                .put("total_tokens", answer.promptTokens() + answer.completionTokens());
        usage.putObject("prompt_tokens_details").put("cached_tokens", answer.cachedTokens());
        usage.putObject("completion_tokens_details").put("reasoning_tokens", 0);
        return usage;
    }

    /** The data of the events of a stream: role, text or tool call in pieces, finish reason, usage if asked for, the end. */
    List<String> events(boolean includeUsage) {
        List<ObjectNode> chunks = chunks();
        if (includeUsage) {
            chunks.forEach(chunk -> chunk.putNull("usage"));
            ObjectNode last = head("chat.completion.chunk");
            last.putArray("choices");
            last.set("usage", usage());
            chunks.add(last);
        }
        List<String> events = new ArrayList<>();
        chunks.forEach(chunk -> events.add(chunk.toString()));
        events.add("[DONE]");
        return events;
    }

    private List<ObjectNode> chunks() {
        List<ObjectNode> chunks = new ArrayList<>();
        String tool = answer.toolName();
        if (tool == null) {
            chunks.add(chunk(delta().put("role", "assistant").put("content", "")));
            for (String token : answer.text()) {
                chunks.add(chunk(delta().put("content", token)));
            }
        } else {
            ObjectNode first = delta().put("role", "assistant").putNull("content");
            ObjectNode call = callIn(first).put("id", callId).put("type", "function");
            call.putObject("function").put("name", tool).put("arguments", "");
            chunks.add(chunk(first));
            for (String token : answer.toolArguments()) {
                ObjectNode next = delta();
                callIn(next).putObject("function").put("arguments", token);
                chunks.add(chunk(next));
            }
        }
        ObjectNode end = head("chat.completion.chunk");
        addChoice(end, delta()).put("finish_reason", answer.finishReason());
        chunks.add(end);
        return chunks;
    }

    private static ObjectNode delta() {
        return JSON.createObjectNode();
    }

    private static ObjectNode callIn(ObjectNode delta) {
        return delta.putArray("tool_calls").addObject().put("index", 0);
    }

    private ObjectNode chunk(ObjectNode delta) {
        ObjectNode chunk = head("chat.completion.chunk");
        addChoice(chunk, delta).putNull("finish_reason");
        return chunk;
    }

    private static ObjectNode addChoice(ObjectNode chunk, ObjectNode delta) {
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", 0);
        choice.set("delta", delta);
        return choice;
    }
}
