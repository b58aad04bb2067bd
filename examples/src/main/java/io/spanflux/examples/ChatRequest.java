// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The body of {@code POST /chat/completions}. */
record ChatRequest(
        String model,
        List<ChatMessage> messages,
        @Nullable List<ToolDefinition> tools,
        @Nullable Boolean stream,
        @Nullable StreamOptions streamOptions) {

    /** A function that the model may ask for; {@code parameters} is a JSON Schema. */
    record ToolDefinition(String type, Function function) {
        record Function(String name, String description, Map<String, Object> parameters) {}
    }

    record StreamOptions(boolean includeUsage) {}

    /** A request whose answer comes as a whole; without tools the list is null, an empty one is refused. */
    static ChatRequest of(String model, List<ChatMessage> messages, @Nullable List<ToolDefinition> tools) {
        return new ChatRequest(model, messages, tools, null, null);
    }

    /** The same, answered as a stream whose last chunk says what it took: without asking, no provider tells. */
    ChatRequest streamed() {
        return new ChatRequest(model, messages, tools, true, new StreamOptions(true));
    }
}
