// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.genai.Message;
import io.spanflux.genai.Message.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Messages as OpenAI's APIs have them, to and from those of {@code io.spanflux.genai}: a span says them once, in the words
 * that every exporter knows, and this format gets back what went in.
 */
public final class OpenAiMessages {
    /** A part that is an item of the Responses API by itself, without a role. */
    private static final String ITEM = "openai.item";

    /** A part with those members of a message that messages elsewhere do not have. */
    private static final String MEMBERS = "openai.members";

    private OpenAiMessages() {}

    /**
     * The messages of a request or response to OpenAI's APIs, each a map of its JSON. Texts, tool calls, their answers and
     * reasoning become what they are in other formats; whatever else there is goes along for this one. What JSON has no
     * form for is left out. For {@code Generation.input} and {@code output}; content, so to be called inside the supplier.
     */
    public static List<Message> of(List<? extends Map<String, ?>> messages) {
        List<Message> converted = new ArrayList<>();
        if (PlainJson.of(messages, PlainJson.MAX_ITEMS) instanceof List<?> items) {
            for (Object item : items) {
                if (item instanceof Map<?, ?> map) {
                    converted.add(message(map));
                }
            }
        }
        return converted;
    }

    private static Message message(Map<?, ?> map) {
        if (!(map.get("role") instanceof String role)) {
            return Message.of("assistant", generic(ITEM, "item", map));
        }
        List<Part> parts = new ArrayList<>();
        Map<Object, @Nullable Object> members = new LinkedHashMap<>(map);
        members.remove("role");
        if (map.get("content") instanceof String text) {
            boolean answer = map.get("tool_call_id") instanceof String && "tool".equals(role);
            parts.add(answer ? new Part.ToolCallResponse((String) members.remove("tool_call_id"), text) : text(text));
            members.remove("content");
        }
        if (map.get("tool_calls") instanceof List<?> calls && calls.stream().allMatch(OpenAiMessages::isCall)) {
            for (Object call : calls) {
                parts.add(call((Map<?, ?>) call));
            }
            members.remove("tool_calls");
        }
        if (map.get("reasoning_content") instanceof String text) {
            parts.add(new Part.Reasoning(text));
            members.remove("reasoning_content");
        }
        String name = map.get("name") instanceof String said ? said : null;
        members.remove("name", name);
        if (!members.isEmpty()) {
            parts.add(generic(MEMBERS, "members", members));
        }
        return new Message(role, parts, name, null);
    }

    private static Part text(String text) {
        return new Part.Text(text);
    }

    private static Part generic(String type, String field, Object value) {
        return new Part.Generic(type, Map.of(field, value));
    }

    /** Whether a call says no more than calls elsewhere do. */
    private static boolean isCall(@Nullable Object value) {
        return value instanceof Map<?, ?> call
                && call.keySet().equals(Set.of("id", "type", "function"))
                && call.get("id") instanceof String
                && "function".equals(call.get("type"))
                && call.get("function") instanceof Map<?, ?> function
                && function.keySet().equals(Set.of("name", "arguments"))
                && function.get("name") instanceof String
                && function.get("arguments") instanceof String;
    }

    private static Part call(Map<?, ?> call) {
        Map<?, ?> function = call.get("function") instanceof Map<?, ?> said ? said : Map.of();
        return new Part.ToolCall(
                String.valueOf(call.get("id")), String.valueOf(function.get("name")), function.get("arguments"));
    }

    // ---- the way back --------------------------------------------------------------------------------------------

    /** Messages in OpenAI's form, of the parsed JSON that spans are exported with elsewhere. */
    static List<@Nullable Object> messages(List<?> exported) {
        List<@Nullable Object> messages = new ArrayList<>();
        for (Object message : exported) {
            if (message instanceof Map<?, ?> map && map.get("parts") instanceof List<?> parts) {
                add(map, parts, messages);
            } else {
                // A note of how many were left out for want of room, or what a redactor made of it.
                messages.add(message);
            }
        }
        return messages;
    }

    private static void add(Map<?, ?> message, List<?> parts, List<@Nullable Object> messages) {
        List<@Nullable Object> texts = new ArrayList<>();
        List<@Nullable Object> others = new ArrayList<>();
        List<@Nullable Object> calls = new ArrayList<>();
        List<@Nullable Object> answers = new ArrayList<>();
        StringBuilder reasoning = new StringBuilder();
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        boolean isOnlyItems = !parts.isEmpty();
        for (Object each : parts) {
            Map<?, ?> part = each instanceof Map<?, ?> map ? map : Map.of("content", String.valueOf(each));
            String type = String.valueOf(part.get("type"));
            isOnlyItems &= type.equals(ITEM) || type.equals("tool_call_response");
            switch (type) {
                case ITEM -> answers.add(part.get("item"));
                case MEMBERS -> {
                    if (part.get("members") instanceof Map<?, ?> more) {
                        more.forEach((key, value) -> members.put(String.valueOf(key), value));
                    }
                }
                case "text" -> texts.add(part.get("content"));
                case "reasoning" -> reasoning.append(part.get("content"));
                case "tool_call" -> calls.add(call(part, part.get("arguments")));
                case "tool_call_response" -> answers.add(answer(message, part));
                default -> others.add(part);
            }
        }
        if (!isOnlyItems) {
            Map<String, @Nullable Object> own = new LinkedHashMap<>();
            own.put("role", message.get("role"));
            putContent(own, texts, others);
            if (message.get("name") != null) {
                own.put("name", message.get("name"));
            }
            if (!calls.isEmpty()) {
                own.put("tool_calls", calls);
            }
            if (!reasoning.isEmpty()) {
                own.put("reasoning_content", reasoning.toString());
            }
            own.putAll(members);
            messages.add(own);
        } else if (!members.isEmpty()) {
            answers.add(members);
        }
        messages.addAll(answers);
    }

    private static void putContent(
            Map<String, @Nullable Object> message, List<@Nullable Object> texts, List<@Nullable Object> others) {
        if (others.isEmpty() && texts.size() == 1) {
            message.put("content", texts.get(0));
        } else if (!texts.isEmpty() || !others.isEmpty()) {
            List<@Nullable Object> content = new ArrayList<>();
            for (Object text : texts) {
                Map<String, @Nullable Object> part = new LinkedHashMap<>();
                part.put("type", "text");
                part.put("text", text);
                content.add(part);
            }
            content.addAll(others);
            message.put("content", content);
        }
    }

    private static Map<String, @Nullable Object> call(Map<?, ?> part, @Nullable Object arguments) {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", part.get("name"));
        function.put("arguments", arguments == null ? "" : textOf(arguments));
        Map<String, @Nullable Object> call = new LinkedHashMap<>();
        call.put("id", part.get("id"));
        call.put("type", "function");
        call.put("function", function);
        return call;
    }

    private static Map<String, @Nullable Object> answer(Map<?, ?> message, Map<?, ?> part) {
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("role", message.get("role"));
        answer.put("content", textOf(part.get("response")));
        answer.put("tool_call_id", part.get("id"));
        return answer;
    }

    private static String textOf(@Nullable Object value) {
        return value instanceof String text ? text : PlainJson.text(value);
    }
}
