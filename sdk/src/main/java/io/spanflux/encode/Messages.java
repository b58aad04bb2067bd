// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads messages of the conventions' JSON; whatever is not as it should be is as if it were not there. */
final class Messages {
    private Messages() {}

    static Iterable<JsonNode> items(@Nullable JsonNode list) {
        return list != null && list.isArray() ? list.values() : List.of();
    }

    static String typeOf(JsonNode part) {
        String type = textOf(part, "type");
        return type == null ? "" : type;
    }

    /** A text as it is, any other value as JSON, null where there is none. */
    static @Nullable String textOf(JsonNode object, String name) {
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? null : Rewriting.text(value);
    }

    /** What is written in a list of parts, text and what a tool answered, one below the other; null where nothing is. */
    static @Nullable String joinedText(@Nullable JsonNode parts) {
        StringBuilder joined = null;
        for (JsonNode part : items(parts)) {
            String text = switch (typeOf(part)) {
                case "text" -> textOf(part, "content");
                case "tool_call_response" -> textOf(part, "response");
                default -> null;
            };
            if (text != null) {
                joined = joined == null ? new StringBuilder() : joined.append('\n');
                joined.append(text);
            }
        }
        return joined == null ? null : joined.toString();
    }
}
