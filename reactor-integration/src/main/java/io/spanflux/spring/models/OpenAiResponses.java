// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** OpenAI's responses: whole, or as events that each name their type. */
final class OpenAiResponses implements ModelApi {
    private boolean calledTool;
    private boolean streamedText;

    @Override
    public void request(Outline request, CallSpan call) {
        call.model(request.word("model"));
        Outline conversation = request.object("conversation");
        Generation generation = OpenAiChat.options(request, call)
                .maxTokens(request.count("max_output_tokens"))
                .reasoningLevel(request.object("reasoning").word("effort"))
                .previousResponseId(request.word("previous_response_id"))
                .conversation(conversation.isEmpty() ? request.word("conversation") : conversation.word("id"))
                .outputType(OpenAiChat.outputType(request.object("text").object("format")));
        OpenAiChat.apiType(call, "responses");
        if (call.capturesContent()) {
            String instructions = request.word("instructions");
            if (instructions != null) {
                generation.systemInstructions(() -> List.of(new Message.Part.Text(instructions)));
            }
            String input = request.text("input");
            MessageReader.input(
                    input == null ? MessageReader.openAiItems(request.objects("input")) : List.of(Message.user(input)),
                    generation);
            MessageReader.tools(request, generation);
        }
    }

    @Override
    public void answer(Outline answer, CallSpan call) {
        String type = answer.word("type");
        if (type == null) {
            response(answer, call);
            return;
        }
        switch (type) {
            case "response.created" -> response(answer.object("response"), call);
            case "response.completed", "response.incomplete", "response.failed" -> {
                response(answer.object("response"), call);
                call.complete();
            }
            case "response.output_text.delta", "response.refusal.delta" -> {
                streamedText = true;
                call.generation().append(answer.text("delta"));
            }
            case "response.reasoning_text.delta", "response.reasoning_summary_text.delta" -> {
                streamedText = true;
                call.generation().appendReasoning(answer.text("delta"));
            }
            case "response.output_item.done" -> {
                if (item(answer.object("item"), index(answer), call)) {
                    streamedText = true;
                }
            }
            case "error" -> {
                String code = answer.word("code");
                call.failed(code == null ? answer.object("error").word("code") : code);
            }
            default -> {}
        }
    }

    private static int index(Outline event) {
        return event.index("output_index", Integer.MAX_VALUE, 0);
    }

    private void response(Outline response, CallSpan call) {
        call.generation().responseId(response.word("id"));
        call.answeredBy(response.word("model"), response.word("service_tier"));
        Outline usage = response.object("usage");
        if (!usage.isEmpty()) {
            call.usage(new Usage(
                    usage.count("input_tokens"),
                    usage.count("output_tokens"),
                    usage.object("input_tokens_details").count("cached_tokens"),
                    null,
                    usage.object("output_tokens_details").count("reasoning_tokens")));
        }
        // Where deltas have come, the whole output is the same again.
        boolean repeated = streamedText;
        int index = 0;
        for (Outline item : response.objects("output")) {
            if (!repeated) {
                item(item, index, call);
                text(item, call);
            }
            calledTool |= "function_call".equals(item.word("type"));
            index++;
        }
        String status = response.word("status");
        if (status != null) {
            call.choice(0, finishReason(status, response.object("incomplete_details")));
        }
        Outline error = response.object("error");
        if ("failed".equals(status) || !error.isEmpty()) {
            call.failed(error.word("code"));
        }
    }

    private @Nullable String finishReason(String status, Outline incomplete) {
        return switch (status) {
            case "completed" -> calledTool ? "tool_call" : "stop";
            case "incomplete" -> {
                String reason = incomplete.word("reason");
                yield "max_output_tokens".equals(reason) ? "length" : reason;
            }
            case "failed" -> "error";
            default -> null;
        };
    }

    /** A tool call; whether it was one. */
    private boolean item(Outline item, int index, CallSpan call) {
        if (!"function_call".equals(item.word("type"))) {
            return false;
        }
        calledTool = true;
        call.generation().appendToolCall(index, item.text("call_id"), item.text("name"), item.text("arguments"));
        return true;
    }

    private static void text(Outline item, CallSpan call) {
        for (Outline part : item.objects("content")) {
            call.generation().append(part.text("text")).append(part.text("refusal"));
        }
        for (Outline part : item.objects("summary")) {
            call.generation().appendReasoning(part.text("text"));
        }
    }
}
