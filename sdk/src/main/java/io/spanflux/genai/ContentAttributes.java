// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Hands over the content of one span: each attribute within {@code SpanLimits.attributeValueLength}, all together within
 * {@code SpanLimits.contentLength}. Where that is too little the longest attributes are cut to the same length, so that
 * a short answer to a long prompt stays whole.
 *
 * <pre>{@code
 * new ContentAttributes().messages(INPUT_MESSAGES, input).value(TOOL_CALL_RESULT, result).handTo(consumer);
 * }</pre>
 */
final class ContentAttributes {
    private final List<Attribute> attributes = new ArrayList<>(4);

    private record Attribute(String key, IntFunction<ContentJson.Rendered> content) {}

    /** Nothing when null. */
    ContentAttributes messages(String key, @Nullable List<Message> messages) {
        return messages == null ? this : add(key, limit -> MessageJson.messages(messages, limit));
    }

    /** Nothing when null. */
    ContentAttributes parts(String key, @Nullable List<Message.Part> parts) {
        return parts == null ? this : add(key, limit -> MessageJson.parts(parts, limit));
    }

    /** Nothing when null. */
    ContentAttributes tools(String key, @Nullable List<ToolDefinition> tools) {
        return tools == null ? this : add(key, limit -> MessageJson.tools(tools, limit));
    }

    /** A JSON text, which stays as it is where it fits, or a value that Jackson can write. Nothing when null. */
    ContentAttributes value(String key, @Nullable Object value) {
        return value == null ? this : add(key, limit -> ValueJson.attribute(value, limit));
    }

    private ContentAttributes add(String key, IntFunction<ContentJson.Rendered> content) {
        attributes.add(new Attribute(key, content));
        return this;
    }

    /** Renders everything. */
    void handTo(AttributeConsumer to) {
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
            to.acceptIfSet(attributes.get(i).key(), fitted.text());
        }
        to.truncated(cuts);
    }
}
