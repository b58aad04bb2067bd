// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.io.InputStream;
import java.util.Base64;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Checks rendered messages against {@code message-rules.json}; stricter than the schemas, which allow any extra field. */
final class MessageRules {
    static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final JsonNode RULES = load();

    private MessageRules() {}

    private static JsonNode load() {
        InputStream rules = MessageRules.class.getResourceAsStream("message-rules.json");
        return JSON.readTree(rules);
    }

    /** The types of parts that there are rules for. */
    static Set<String> types() {
        return new HashSet<>(RULES.get("parts").propertyNames());
    }

    static JsonNode messages(String json) {
        JsonNode messages = array(json);
        messages.forEach(MessageRules::message);
        return messages;
    }

    static JsonNode tools(String json) {
        JsonNode tools = array(json);
        tools.forEach(tool -> object(tool, RULES.get("tool_definition"), "a tool"));
        return tools;
    }

    static JsonNode parts(String json) {
        JsonNode parts = array(json);
        parts.forEach(MessageRules::part);
        return parts;
    }

    private static JsonNode array(String json) {
        JsonNode array = JSON.readTree(json);
        check(array.isArray(), "no array: " + json);
        return array;
    }

    private static void message(JsonNode message) {
        object(message, RULES.get("message"), "a message");
    }

    private static void part(JsonNode part) {
        check(part.isObject() && part.path("type").isString(), "a part has no type: " + part);
        String type = part.get("type").asString();
        JsonNode rule = RULES.get("parts").get(type);
        if (rule != null) {
            object(part, rule, "a part of type " + type);
        }
    }

    private static void object(JsonNode object, JsonNode rule, String what) {
        check(object.isObject(), what + " is no object");
        Set<String> allowed = new HashSet<>();
        allowed.add("type");
        for (Map.Entry<String, JsonNode> field : rule.get("required").properties()) {
            check(object.has(field.getKey()), what + " lacks " + field.getKey() + ": " + object);
            allowed.add(field.getKey());
            field(object.get(field.getKey()), field.getValue().asString(), what + ", " + field.getKey());
        }
        for (Map.Entry<String, JsonNode> field : rule.get("optional").properties()) {
            allowed.add(field.getKey());
            if (object.has(field.getKey())) {
                field(object.get(field.getKey()), field.getValue().asString(), what + ", " + field.getKey());
            }
        }
        for (String name : object.propertyNames()) {
            check(allowed.contains(name), what + " has a field of its own: " + name);
        }
    }

    private static void field(JsonNode value, String kind, String what) {
        switch (kind) {
            case "string" -> check(value.isString(), what + " is no text: " + value);
            case "base64" -> {
                check(value.isString(), what + " is no text");
                Base64.getDecoder().decode(value.asString());
            }
            case "object" -> check(value.isObject() && value.path("type").isString(), what + " has no type: " + value);
            case "schema" -> check(value.isObject(), what + " is no object: " + value);
            case "mark" -> check(value.isBoolean() && value.asBoolean(), what + " is not true: " + value);
            case "parts" -> {
                check(value.isArray(), what + " is no array");
                value.forEach(MessageRules::part);
            }
            case "any" -> {}
            default -> throw new AssertionError("no such kind: " + kind);
        }
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new AssertionError(message);
        }
    }
}
