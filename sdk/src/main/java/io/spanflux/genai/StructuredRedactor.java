// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import io.spanflux.redaction.KeyPathRedactor;
import io.spanflux.redaction.TextRedactor;
import org.jspecify.annotations.Nullable;

/** Texts by their looks, structured values also by their keys. */
final class StructuredRedactor implements ContentRedactor {
    private final TextRedactor texts;
    private final KeyPathRedactor values;

    StructuredRedactor(TextRedactor texts, String... keyPaths) {
        // A chain of one, because only a chain is guarded against what a redactor of the application throws.
        this.texts = TextRedactor.inOrder(texts);
        this.values = KeyPathRedactor.of(keyPaths).withTexts(texts);
    }

    @Override
    public Part redact(Part part) {
        if (part instanceof Part.Text text) {
            return new Part.Text(texts.redact(text.content()));
        }
        if (part instanceof Part.ToolCall call) {
            return new Part.ToolCall(call.id(), call.name(), value(call.arguments()));
        }
        Part.ToolCallResponse response = (Part.ToolCallResponse) part;
        Object left = value(response.response());
        return new Part.ToolCallResponse(response.id(), left == null ? "" : left);
    }

    @Override
    public @Nullable Object redact(String attribute, Object value) {
        return value(value);
    }

    private @Nullable Object value(@Nullable Object value) {
        if (value instanceof String text) {
            return isStructured(text) ? values.redactJson(text) : texts.redact(text);
        }
        return values.redact(value);
    }

    private static boolean isStructured(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c > ' ') {
                return c == '{' || c == '[';
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return "ContentRedactor{" + texts + ", " + values + '}';
    }
}
