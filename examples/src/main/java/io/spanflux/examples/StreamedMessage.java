// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.examples.ChatChunk.FunctionDelta;
import io.spanflux.examples.ChatChunk.ToolCallDelta;
import io.spanflux.examples.ChatMessage.ToolCall;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Puts the chunks of a stream together again: the next request has to repeat the message as a whole.
 *
 * <p>Threads: one at a time, as the signals of a Flux come.
 */
final class StreamedMessage {
    private final StringBuilder content = new StringBuilder();
    private final Map<Integer, PartialCall> calls = new TreeMap<>();

    private static final class PartialCall {
        private @Nullable String id;
        private final StringBuilder name = new StringBuilder();
        private final StringBuilder arguments = new StringBuilder();

        ToolCall whole(int index) {
            return new ToolCall(
                    // Some servers leave the id out; all it is for is to match the result with the call.
                    id == null ? "call_" + index : id,
                    "function",
                    new ToolCall.Function(name.toString(), arguments.toString()));
        }
    }

    /** Adds what a chunk brings. */
    void add(ChatChunk chunk) {
        String text = chunk.text();
        if (text != null) {
            content.append(text);
        }
        for (ToolCallDelta delta : chunk.toolCallDeltas()) {
            Integer index = delta.index();
            add(delta, calls.computeIfAbsent(index == null ? 0 : index, key -> new PartialCall()));
        }
    }

    private static void add(ToolCallDelta delta, PartialCall call) {
        if (delta.id() != null) {
            call.id = delta.id();
        }
        FunctionDelta function = delta.function();
        if (function != null) {
            append(call.name, function.name());
            append(call.arguments, function.arguments());
        }
    }

    private static void append(StringBuilder to, @Nullable String piece) {
        if (piece != null) {
            to.append(piece);
        }
    }

    /** The message so far. */
    ChatMessage message() {
        List<ToolCall> whole = calls.entrySet().stream()
                .map(entry -> entry.getValue().whole(entry.getKey()))
                .toList();
        return new ChatMessage(
                "assistant", content.isEmpty() ? null : content.toString(), whole.isEmpty() ? null : whole, null);
    }
}
