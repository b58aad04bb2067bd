// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A message of a chat completion, in either direction. */
record ChatMessage(
        String role,
        @Nullable String content,
        @Nullable List<ToolCall> toolCalls,
        @Nullable String toolCallId) {

    /** The model asks for a function; its arguments are a JSON text that the model wrote. */
    record ToolCall(String id, String type, Function function) {
        record Function(String name, String arguments) {}
    }

    static ChatMessage system(String content) {
        return new ChatMessage("system", content, null, null);
    }

    static ChatMessage user(String content) {
        return new ChatMessage("user", content, null, null);
    }

    static ChatMessage toolResult(String toolCallId, String content) {
        return new ChatMessage("tool", content, null, toolCallId);
    }

    /** The calls the model asks for, none in most messages. */
    List<ToolCall> calls() {
        return toolCalls == null ? List.of() : toolCalls;
    }

    /** The role only: the rest is content. */
    @Override
    public String toString() {
        return "ChatMessage{role=" + role + '}';
    }
}
