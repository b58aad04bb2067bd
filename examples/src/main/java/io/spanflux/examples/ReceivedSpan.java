// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A span as a collector sees it: read from OTLP JSON, strictly where Spanflux promises something, leniently elsewhere.
 *
 * @param traceId 32 hexadecimal digits
 * @param spanId 16 hexadecimal digits
 * @param parentSpanId the same, empty for a root
 * @param name the name
 * @param startNanos nanoseconds since the epoch
 * @param endNanos nanoseconds since the epoch
 * @param failed whether the status is an error
 * @param attributes texts, Longs, Doubles, Booleans, and Lists of these
 */
record ReceivedSpan(
        String traceId,
        String spanId,
        String parentSpanId,
        String name,
        long startNanos,
        long endNanos,
        boolean failed,
        Map<String, Object> attributes) {
    private static final int ERROR = 2;

    /** The spans of a request's body; an {@link IllegalArgumentException} says what is wrong with it. */
    static List<ReceivedSpan> read(JsonNode request) {
        JsonNode resources = request.path("resourceSpans");
        if (!resources.isArray()) {
            throw new IllegalArgumentException("resourceSpans is missing");
        }
        List<ReceivedSpan> spans = new ArrayList<>();
        for (JsonNode resource : resources) {
            for (JsonNode scope : resource.path("scopeSpans")) {
                for (JsonNode span : scope.path("spans")) {
                    spans.add(readSpan(span));
                }
            }
        }
        return spans;
    }

    private static ReceivedSpan readSpan(JsonNode span) {
        return new ReceivedSpan(
                id("traceId", span.path("traceId").asString(""), 32),
                id("spanId", span.path("spanId").asString(""), 16),
                span.hasNonNull("parentSpanId")
                        ? id("parentSpanId", span.path("parentSpanId").asString(""), 16)
                        : "",
                span.path("name").asString(""),
                number("startTimeUnixNano", span.path("startTimeUnixNano")),
                number("endTimeUnixNano", span.path("endTimeUnixNano")),
                span.path("status").path("code").asInt(0) == ERROR,
                attributes(span.path("attributes")));
    }

    private static String id(String field, String id, int digits) {
        if (!id.matches("[0-9a-fA-F]{" + digits + "}")) {
            throw new IllegalArgumentException(field + " is not " + digits + " hexadecimal digits");
        }
        return id;
    }

    /** 64-bit numbers are texts in protobuf's JSON; readers have to take both. */
    private static long number(String field, JsonNode value) {
        if (value.isIntegralNumber()) {
            return value.asLong();
        }
        try {
            return Long.parseLong(value.asString(""));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(field + " is not a whole number");
        }
    }

    private static Map<String, Object> attributes(JsonNode list) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        for (JsonNode attribute : list) {
            Object value = value(attribute.path("value"));
            if (value != null) {
                attributes.put(attribute.path("key").asString(""), value);
            }
        }
        return attributes;
    }

    private static @Nullable Object value(JsonNode value) {
        if (value.has("stringValue")) {
            return value.path("stringValue").asString("");
        }
        if (value.has("boolValue")) {
            return value.path("boolValue").asBoolean(false);
        }
        if (value.has("intValue")) {
            return number("intValue", value.path("intValue"));
        }
        if (value.has("doubleValue")) {
            return value.path("doubleValue").asDouble(Double.NaN);
        }
        if (value.has("arrayValue")) {
            List<Object> items = new ArrayList<>();
            for (JsonNode item : value.path("arrayValue").path("values")) {
                Object read = value(item);
                if (read != null) {
                    items.add(read);
                }
            }
            return items;
        }
        return null;
    }

    /** An attribute's text, null where there is none. */
    @Nullable
    String text(String key) {
        Object value = attributes.get(key);
        return value == null ? null : value.toString();
    }

    /** An attribute's number, null where there is none. */
    @Nullable
    Number number(String key) {
        return attributes.get(key) instanceof Number number ? number : null;
    }
}
