// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Anthropic's messages: whole, or as events that each name their type. */
final class AnthropicMessages implements ModelApi {
    private @Nullable Long input;
    private @Nullable Long output;
    private @Nullable Long cacheRead;
    private @Nullable Long cacheWrite;

    @Override
    public void request(Outline request, CallSpan call) {
        call.model(request.word("model"));
        if (request.isTrue("stream")) {
            call.streams();
        }
        Generation generation = call.generation()
                .maxTokens(request.count("max_tokens"))
                .temperature(request.number("temperature"))
                .topP(request.number("top_p"))
                .topK(request.count("top_k"))
                .stopSequences(request.texts("stop_sequences"))
                .reasoningLevel(request.object("output_config").word("effort"));
        if (call.capturesContent()) {
            String system = request.text("system");
            MessageReader.system(
                    system == null
                            ? MessageReader.parts(request.objects("system"))
                            : List.of(new Message.Part.Text(system)),
                    generation);
            MessageReader.input(MessageReader.anthropic(request.objects("messages")), generation);
            MessageReader.tools(request, generation);
        }
    }

    @Override
    public void answer(Outline answer, CallSpan call) {
        String type = answer.word("type");
        if (type == null) {
            return;
        }
        switch (type) {
            case "message" -> message(answer, call);
            case "message_start" -> message(answer.object("message"), call);
            case "content_block_start" -> contentBlock(answer.object("content_block"), index(answer), call);
            case "content_block_delta" -> delta(answer.object("delta"), index(answer), call);
            case "message_delta" -> {
                call.choice(0, answer.object("delta").word("stop_reason"));
                usage(answer.object("usage"), call);
            }
            case "message_stop" -> call.complete();
            case "error" -> call.failed(answer.object("error").word("type"));
            default -> {}
        }
    }

    private static int index(Outline event) {
        return event.index("index", Integer.MAX_VALUE, 0);
    }

    private void message(Outline message, CallSpan call) {
        call.generation().responseId(message.word("id"));
        call.answeredBy(message.word("model"), message.object("usage").word("service_tier"));
        call.choice(0, message.word("stop_reason"));
        usage(message.object("usage"), call);
        int index = 0;
        for (Outline block : message.objects("content")) {
            contentBlock(block, index++, call);
        }
    }

    private static void contentBlock(Outline block, int index, CallSpan call) {
        Generation generation = call.generation();
        switch (String.valueOf(block.word("type"))) {
            case "text" -> generation.append(block.text("text"));
            case "thinking" -> generation.appendReasoning(block.text("thinking"));
            // Of a stream the input comes later, and here is an empty object.
            case "tool_use" ->
                generation.appendToolCall(
                        index,
                        block.text("id"),
                        block.text("name"),
                        block.object("input").isEmpty() ? null : MessageReader.json(block.value("input")));
            default -> {}
        }
    }

    private static void delta(Outline delta, int index, CallSpan call) {
        Generation generation = call.generation();
        generation.append(delta.text("text")).appendReasoning(delta.text("thinking"));
        String arguments = delta.text("partial_json");
        if (arguments != null) {
            generation.appendToolCall(index, null, null, arguments);
        }
    }

    /** Each event says what it knows, in totals. */
    private void usage(Outline usage, CallSpan call) {
        if (usage.isEmpty()) {
            return;
        }
        input = latest(usage.count("input_tokens"), input);
        output = latest(usage.count("output_tokens"), output);
        cacheRead = latest(usage.count("cache_read_input_tokens"), cacheRead);
        cacheWrite = latest(usage.count("cache_creation_input_tokens"), cacheWrite);
        // Anthropic's own count leaves out what the cache has to do with; the conventions' includes it.
        Long all = input == null ? null : (Long) (input + orZero(cacheRead) + orZero(cacheWrite));
        call.usage(new Usage(all, output, cacheRead, cacheWrite, null));
    }

    private static @Nullable Long latest(@Nullable Long now, @Nullable Long before) {
        return now == null ? before : now;
    }

    private static long orZero(@Nullable Long count) {
        return count == null ? 0 : count;
    }
}
