// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import io.spanflux.redaction.KeyPathRedactor;
import io.spanflux.redaction.TextRedactor;
import java.util.LinkedHashMap;
import java.util.Map;
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

    /** Ids, addresses, media and names of tools stay as they are. */
    @Override
    public Part redact(Part part) {
        if (part instanceof Part.Text text) {
            return new Part.Text(texts.redact(text.content()), text.truncated());
        }
        if (part instanceof Part.Reasoning reasoning) {
            return new Part.Reasoning(texts.redact(reasoning.content()), reasoning.truncated());
        }
        if (part instanceof Part.Json json) {
            return new Part.Json(left(json.value()));
        }
        if (part instanceof Part.ToolCall call) {
            Object arguments = call.arguments() == null ? null : left(call.arguments());
            return new Part.ToolCall(call.id(), call.name(), arguments, call.truncated());
        }
        if (part instanceof Part.ToolCallResponse response) {
            return new Part.ToolCallResponse(response.id(), left(response.response()));
        }
        if (part instanceof Part.ServerToolCall call) {
            return new Part.ServerToolCall(call.id(), call.name(), generic(call.call()));
        }
        if (part instanceof Part.ServerToolCallResponse response) {
            return new Part.ServerToolCallResponse(response.id(), generic(response.response()));
        }
        if (part instanceof Part.Compaction compaction && compaction.content() != null) {
            return new Part.Compaction(compaction.id(), texts.redact(compaction.content()));
        }
        return part instanceof Part.Generic other ? generic(other) : part;
    }

    /** Without any field where redaction failed on them. */
    private Part.Generic generic(Part.Generic part) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        if (values.redact(part.fields()) instanceof Map<?, ?> left) {
            left.forEach((key, value) -> fields.put(String.valueOf(key), value));
        }
        return new Part.Generic(part.type(), fields);
    }

    private Object left(Object value) {
        Object left = value(value);
        return left == null ? "" : left;
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
