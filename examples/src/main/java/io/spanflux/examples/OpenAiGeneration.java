// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Message.Part;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What OpenAI's protocol tells about a {@link Generation}: the callbacks that an application hands to
 * {@code trace.chat(...)}. Content goes through suppliers, which nobody asks while capture is off.
 */
final class OpenAiGeneration {
    private OpenAiGeneration() {}

    /** Describes the call before it starts. */
    static Generation request(Generation generation, ChatRequest request) {
        return generation
                .provider("openai")
                .model(request.model())
                .input(() -> request.messages().stream()
                        .map(message -> message(message, null))
                        .toList());
    }

    /** Describes the answer of a call. */
    static void completion(Generation generation, ChatCompletion completion) {
        String finishReason = completion.finishReason();
        generation
                .responseId(completion.id())
                .responseModel(completion.model())
                .finishReason(finishReason)
                .output(() -> List.of(message(completion.message(), finishReason)));
        usage(generation, completion.usage());
    }

    /** Describes what one chunk of a stream adds; most of it is null most of the time, and null changes nothing. */
    static void chunk(Generation generation, ChatChunk chunk) {
        generation
                .responseId(chunk.id())
                .responseModel(chunk.model())
                .finishReason(chunk.finishReason())
                .append(chunk.text());
        usage(generation, chunk.usage());
    }

    private static void usage(Generation generation, @Nullable TokenUsage usage) {
        if (usage != null) {
            generation.usage(usage.toUsage());
        }
    }

    private static Message message(ChatMessage message, @Nullable String finishReason) {
        List<Part> parts = new ArrayList<>();
        String content = message.content();
        if (content != null) {
            String callId = message.toolCallId();
            parts.add(callId == null ? new Part.Text(content) : new Part.ToolCallResponse(callId, content));
        }
        for (ChatMessage.ToolCall call : message.calls()) {
            parts.add(new Part.ToolCall(
                    call.id(), call.function().name(), call.function().arguments()));
        }
        return new Message(message.role(), parts, finishReason);
    }
}
