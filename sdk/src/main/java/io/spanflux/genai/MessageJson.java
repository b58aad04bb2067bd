// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.io.StringWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** Messages as the JSON that the conventions' schemas describe and that receivers expect inside a text attribute. */
final class MessageJson {
    private static final ObjectWriter WRITER = JsonMapper.builder().build().writer();

    private MessageJson() {}

    static String of(List<Message> messages) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = WRITER.createGenerator(text)) {
            json.writeStartArray();
            for (Message message : messages) {
                json.writeStartObject();
                json.writeStringProperty("role", message.role());
                json.writeArrayPropertyStart("parts");
                for (Message.Part part : message.parts()) {
                    write(part, json);
                }
                json.writeEndArray();
                if (message.finishReason() != null) {
                    json.writeStringProperty("finish_reason", message.finishReason());
                }
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        return text.toString();
    }

    private static void write(Message.Part part, JsonGenerator json) {
        json.writeStartObject();
        if (part instanceof Message.Part.Text text) {
            json.writeStringProperty("type", "text");
            json.writeStringProperty("content", text.content());
        } else if (part instanceof Message.Part.ToolCall call) {
            json.writeStringProperty("type", "tool_call");
            writeIfSet("id", call.id(), json);
            json.writeStringProperty("name", call.name());
            if (call.arguments() != null) {
                json.writeName("arguments");
                writeAny(call.arguments(), json);
            }
        } else if (part instanceof Message.Part.ToolCallResponse response) {
            json.writeStringProperty("type", "tool_call_response");
            writeIfSet("id", response.id(), json);
            json.writeName("response");
            writeAny(response.response(), json);
        }
        json.writeEndObject();
    }

    private static void writeIfSet(String name, @Nullable String value, JsonGenerator json) {
        if (value != null) {
            json.writeStringProperty(name, value);
        }
    }

    /** An object that Jackson cannot write becomes the name of its class: its text might be anything. */
    private static void writeAny(Object value, JsonGenerator json) {
        String rendered;
        try {
            rendered = WRITER.writeValueAsString(value);
        } catch (JacksonException e) {
            json.writeString("[" + value.getClass().getName() + " cannot be written as JSON]");
            return;
        }
        json.writeRawValue(rendered);
    }

    /** Roughly how many bytes the content of {@code part} holds alive. */
    static long estimatedBytes(Message.Part part) {
        if (part instanceof Message.Part.Text text) {
            return estimatedBytes(text.content());
        }
        if (part instanceof Message.Part.ToolCall call) {
            return estimatedBytes(call.arguments());
        }
        return estimatedBytes(((Message.Part.ToolCallResponse) part).response());
    }

    /** Roughly how many bytes {@code value} holds alive; of what is no text that can only be guessed. */
    static long estimatedBytes(@Nullable Object value) {
        if (value == null) {
            return 0;
        }
        return value instanceof CharSequence text ? 48 + 2L * text.length() : 512;
    }

    /** A value as JSON text; a text stays as it is. */
    static String ofAny(Object value) {
        if (value instanceof String text) {
            return text;
        }
        StringWriter text = new StringWriter();
        try (JsonGenerator json = WRITER.createGenerator(text)) {
            writeAny(value, json);
        }
        return text.toString();
    }
}
