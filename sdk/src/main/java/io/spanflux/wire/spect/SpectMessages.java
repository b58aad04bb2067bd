// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Messages in the conventions' JSON, as Spect has them. Read from the attributes and not from the call, so that what leaves
 * has been redacted and is within the limits.
 */
final class SpectMessages {
    private SpectMessages() {}

    /** Those of the attribute's value {@code messages}, without ids. */
    static List<Map<String, @Nullable Object>> of(@Nullable Object messages) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (Map<?, ?> message : objects(SpectJson.parsed(messages))) {
            all.add(message(message.get("role"), message.get("name"), objects(message.get("parts"))));
        }
        return all;
    }

    /** The one that the parts of a system instruction are. */
    static List<Map<String, @Nullable Object>> ofSystem(@Nullable Object parts) {
        List<Map<?, ?>> all = objects(SpectJson.parsed(parts));
        return all.isEmpty() ? List.of() : List.of(message("system", null, all));
    }

    private static Map<String, @Nullable Object> message(
            @Nullable Object role, @Nullable Object name, List<Map<?, ?>> parts) {
        Map<String, @Nullable Object> message = new LinkedHashMap<>();
        message.put("role", role);
        // A system prompt is a text there, everything else is parts.
        boolean isText = "system".equals(role)
                && parts.size() == 1
                && parts.get(0).keySet().equals(Set.of("type", "content"))
                && "text".equals(parts.get(0).get("type"));
        message.put(
                "content",
                isText
                        ? parts.get(0).get("content")
                        : parts.stream().map(SpectMessages::part).toList());
        message.put("name", name);
        message.put(
                "toolCallId",
                parts.size() == 1 && isResponse(parts.get(0)) ? parts.get(0).get("id") : null);
        return message;
    }

    private static boolean isResponse(Map<?, ?> part) {
        return "tool_call_response".equals(part.get("type"));
    }

    private static Map<String, @Nullable Object> part(Map<?, ?> part) {
        Map<String, @Nullable Object> left = new LinkedHashMap<>();
        part.forEach((key, value) -> left.put(String.valueOf(key), value));
        Object type = left.remove("type");
        Map<String, @Nullable Object> to = new LinkedHashMap<>();
        switch (String.valueOf(type)) {
            case "text" -> {
                to.put("type", "text");
                to.put("text", left.remove("content"));
            }
            case "reasoning" -> {
                to.put("type", "reasoning");
                to.put("text", left.remove("content"));
            }
            case "tool_call" -> {
                to.put("type", "tool-call");
                to.put("toolCallId", left.remove("id"));
                to.put("toolName", left.remove("name"));
                to.put("input", left.remove("arguments"));
            }
            case "tool_call_response" -> {
                to.put("type", "tool-result");
                to.put("toolCallId", left.remove("id"));
                to.put("toolName", left.remove("name"));
                Object value = left.remove("response");
                Map<String, @Nullable Object> output = new LinkedHashMap<>();
                output.put("type", value instanceof String ? "text" : "json");
                output.put("value", value);
                to.put("output", output);
            }
            case "blob", "file", "uri" -> {
                to.put("type", "file");
                to.put("mediaType", left.remove("mime_type"));
                Object data = left.remove("content");
                data = data == null ? left.remove("uri") : data;
                to.put("data", data == null ? left.remove("file_id") : data);
            }
            default -> to.put("type", type);
        }
        // A mark that something was cut, and what Spect has no word for.
        left.forEach(to::putIfAbsent);
        return to;
    }

    /** The text of the first message that has one. */
    static @Nullable String text(List<Map<String, @Nullable Object>> messages) {
        for (Map<String, @Nullable Object> message : messages) {
            Object content = message.get("content");
            if (content instanceof String text) {
                return text;
            }
            StringBuilder text = new StringBuilder();
            for (Map<?, ?> part : objects(content)) {
                if ("text".equals(part.get("type")) && part.get("text") != null) {
                    text.append(part.get("text"));
                }
            }
            if (!text.isEmpty()) {
                return text.toString();
            }
        }
        return null;
    }

    /** The tool calls in {@code messages}, null when there are none. */
    static @Nullable List<Map<?, ?>> toolCalls(List<Map<String, @Nullable Object>> messages) {
        List<Map<?, ?>> calls = messages.stream()
                .flatMap(message -> objects(message.get("content")).stream())
                .filter(part -> "tool-call".equals(part.get("type")))
                .toList();
        return calls.isEmpty() ? null : calls;
    }

    private static List<Map<?, ?>> objects(@Nullable Object list) {
        List<Map<?, ?>> objects = new ArrayList<>();
        if (list instanceof List<?> all) {
            for (Object each : all) {
                if (each instanceof Map<?, ?> map) {
                    objects.add(map);
                }
            }
        }
        return objects;
    }
}
