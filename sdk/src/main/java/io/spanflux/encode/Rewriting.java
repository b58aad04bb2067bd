// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The attributes of one span on their way into another dialect: taken out one by one under the conventions' names, and
 * handed on under others. At most {@value #MAX_ATTRIBUTES} leave, because a list of messages becomes many attributes; what
 * is more is counted.
 */
final class Rewriting {
    private static final int MAX_ATTRIBUTES = 1024;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Span span;
    private final AttributeConsumer to;
    private final Map<String, Object> left = new LinkedHashMap<>();
    private final int droppedBefore;
    private int written;
    private int dropped;

    Rewriting(Span span, AttributeConsumer to) {
        this.span = span;
        this.to = to;
        this.droppedBefore = span.forEachAttribute(AttributeConsumer.into(left));
    }

    Span span() {
        return span;
    }

    /** The value under {@code key}, which stays there. */
    @Nullable
    Object peek(String key) {
        return left.get(key);
    }

    /** Whether {@code text} begins like a JSON object or list. */
    static boolean isStructured(String text) {
        return text.startsWith("{") || text.startsWith("[");
    }

    /** The value under {@code key}, which then is done with. */
    @Nullable
    Object take(String key) {
        return left.remove(key);
    }

    @Nullable
    String takeText(String key) {
        return left.get(key) instanceof String text && left.remove(key, text) ? text : null;
    }

    long takeCount(String key) {
        return left.get(key) instanceof Long count && left.remove(key, count) ? count : -1;
    }

    /** The JSON under {@code key}; null when there is none, and what is no JSON stays where it is. */
    @Nullable
    JsonNode takeJson(String key) {
        JsonNode json = left.get(key) instanceof String text ? parse(text) : null;
        if (json != null) {
            left.remove(key);
        }
        return json;
    }

    static @Nullable JsonNode parse(String text) {
        try {
            JsonNode json = JSON.readTree(text);
            return json.isMissingNode() ? null : json;
        } catch (JacksonException e) {
            return null;
        }
    }

    static String json(Object value) {
        return JSON.writeValueAsString(value);
    }

    /** A text as it is, anything else as JSON. */
    static String text(JsonNode node) {
        return node.isString() ? node.stringValue() : node.toString();
    }

    /** What is left under names that start so, without that start, as one value. */
    Map<String, Object> takeAll(String prefix) {
        Map<String, Object> taken = new LinkedHashMap<>();
        for (String key : new ArrayList<>(left.keySet())) {
            if (key.startsWith(prefix)) {
                Object value = left.remove(key);
                if (value != null) {
                    taken.put(key.substring(prefix.length()), value);
                }
            }
        }
        return taken;
    }

    /** Hands {@code value} on, if there is one and room for it. */
    void put(String key, @Nullable Object value) {
        if (value == null) {
            return;
        }
        if (written >= MAX_ATTRIBUTES) {
            dropped++;
            return;
        }
        written++;
        if (value instanceof String text) {
            to.accept(key, text);
        } else if (value instanceof Long number) {
            to.accept(key, number.longValue());
        } else if (value instanceof Double number) {
            to.accept(key, number.doubleValue());
        } else if (value instanceof Boolean truth) {
            to.accept(key, truth.booleanValue());
        } else if (value instanceof List<?> items) {
            to.accept(key, items);
        } else if (value instanceof Map<?, ?> map) {
            @SuppressWarnings("unchecked") // Attributes hold no other maps.
            Map<String, ?> entries = (Map<String, ?>) map;
            to.accept(key, entries);
        }
    }

    /** A map as JSON, unless it is empty. */
    void putJson(String key, Map<String, ?> value) {
        if (!value.isEmpty()) {
            put(key, json(value));
        }
    }

    void move(String from, String key) {
        put(key, take(from));
    }

    /** How many attributes may still be handed on, those that are left included. */
    int room() {
        return Math.max(0, MAX_ATTRIBUTES - written - left.size());
    }

    /** Says that {@code attributes} were left out for want of room. */
    void leaveOut(int attributes) {
        dropped += attributes;
    }

    /** Hands on all that is left, under its own name; returns how many attributes did not leave. */
    int finish() {
        left.forEach(this::put);
        return droppedBefore + dropped;
    }
}
