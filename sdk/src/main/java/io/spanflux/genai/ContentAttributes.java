// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;
import tools.jackson.databind.json.JsonMapper;

/**
 * Hands over the content of one span or event: each attribute within {@code SpanLimits.attributeValueLength}, all together within
 * {@code SpanLimits.contentLength}. Where that is too little the longest attributes are cut to the same length, so that
 * a short answer to a long prompt stays whole.
 *
 * <pre>{@code
 * new ContentAttributes().messages(INPUT_MESSAGES, input).value(TOOL_CALL_RESULT, result).handTo(consumer);
 * }</pre>
 */
final class ContentAttributes {
    private final List<Attribute> attributes = new ArrayList<>(4);

    /** JSON arrays, which may be as deep as the values in them and the four levels around these. */
    private static final JsonMapper ARRAYS = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(ValueJson.MAX_DEPTH + 8)
                            .maxStringLength(ValueJson.MAX_LENGTH)
                            .build())
                    // Jackson's other pool is bound to threads.
                    .recyclerPool(JsonRecyclerPools.newBoundedPool(8))
                    .build())
            .build();

    private record Attribute(String key, boolean isArray, IntFunction<ContentJson.Rendered> content) {}

    /** Nothing when null. */
    ContentAttributes messages(String key, @Nullable List<Message> messages) {
        return messages == null ? this : add(key, true, limit -> MessageJson.messages(messages, limit));
    }

    /** Nothing when null. */
    ContentAttributes parts(String key, @Nullable List<Message.Part> parts) {
        return parts == null ? this : add(key, true, limit -> MessageJson.parts(parts, limit));
    }

    /** Nothing when null. */
    ContentAttributes tools(String key, @Nullable List<ToolDefinition> tools) {
        return tools == null ? this : add(key, true, limit -> MessageJson.tools(tools, limit));
    }

    /** A JSON text, which stays as it is where it fits, or a value that Jackson can write. Nothing when null. */
    ContentAttributes value(String key, @Nullable Object value) {
        return value == null ? this : add(key, false, limit -> ValueJson.attribute(value, limit));
    }

    private ContentAttributes add(String key, boolean isArray, IntFunction<ContentJson.Rendered> content) {
        attributes.add(new Attribute(key, isArray, content));
        return this;
    }

    /** Renders everything, as JSON texts. */
    void handTo(AttributeConsumer to) {
        render(to, (attribute, json) -> to.accept(attribute.key(), json));
    }

    /**
     * Renders everything, messages, parts and tools as lists and maps: what {@link #handTo} says, limits included. A null
     * inside a value is left out, because attributes know none.
     */
    void handStructuredTo(AttributeConsumer to) {
        render(to, (attribute, json) -> {
            List<?> array = attribute.isArray() ? arrayOrNull(json) : null;
            if (array == null) {
                to.accept(attribute.key(), json);
            } else {
                to.accept(attribute.key(), array);
            }
        });
    }

    /** Null for what Jackson wrote and does not read, as a number of thousands of digits: better a text than nothing. */
    private static @Nullable List<?> arrayOrNull(String json) {
        try {
            return ARRAYS.readValue(json, List.class);
        } catch (JacksonException e) {
            return null;
        }
    }

    private void render(AttributeConsumer to, BiConsumer<Attribute, String> hand) {
        if (attributes.isEmpty()) {
            return;
        }
        int budget = to.limits().contentLength();
        int limit = Math.min(budget, to.limits().attributeValueLength());
        List<ContentJson.Rendered> rendered = new ArrayList<>(attributes.size());
        ContentJson.Lengths lengths = new ContentJson.Lengths(limit);
        for (Attribute attribute : attributes) {
            ContentJson.Rendered whole = attribute.content().apply(limit);
            rendered.add(whole);
            lengths.add(whole.length());
        }
        int share = lengths.share(budget);
        int cuts = 0;
        for (int i = 0; i < rendered.size(); i++) {
            ContentJson.Rendered fitted = rendered.get(i);
            if (fitted.length() > share) {
                fitted = attributes.get(i).content().apply(share);
            }
            cuts += fitted.cuts();
            String json = fitted.text();
            if (json != null) {
                hand.accept(attributes.get(i), json);
            }
        }
        to.truncated(cuts);
    }
}
