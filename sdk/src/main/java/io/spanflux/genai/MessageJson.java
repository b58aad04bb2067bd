// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Messages, parts and definitions of tools as the JSON that the conventions' schemas describe and that receivers expect
 * inside a text attribute; {@link ContentJson} makes it fit. One message that broke the schema would cost them all.
 */
final class MessageJson {
    private static final ContentJson.Kind<Message> MESSAGES =
            new ContentJson.Kind<>(MessageJson::write, MessageJson::half);
    private static final ContentJson.Kind<Part> PARTS = new ContentJson.Kind<>(MessageJson::write, part -> null);
    private static final ContentJson.Kind<ToolDefinition> TOOLS =
            new ContentJson.Kind<>(MessageJson::write, tool -> null);

    private MessageJson() {}

    static ContentJson.Rendered messages(List<Message> messages, int limit) {
        return ContentJson.array(messages, MESSAGES, limit);
    }

    static ContentJson.Rendered parts(List<? extends Part> parts, int limit) {
        return ContentJson.array(parts, PARTS, limit);
    }

    static ContentJson.Rendered tools(List<ToolDefinition> tools, int limit) {
        return ContentJson.array(tools, TOOLS, limit);
    }

    private static @Nullable Message half(Message message) {
        List<Part> parts = message.parts();
        return parts.isEmpty() ? null : message.withParts(parts.subList(0, parts.size() / 2));
    }

    private static void write(Message message, ContentJson json) {
        json.begin();
        json.name("role", message.role());
        json.name("name", message.name());
        json.beginArray("parts");
        for (Part part : message.parts()) {
            write(part, json);
        }
        json.endArray();
        json.name("finish_reason", message.finishReason());
        json.endUnmarked();
    }

    private static void write(ToolDefinition tool, ContentJson json) {
        json.begin();
        json.name("type", tool.type());
        json.name("name", tool.name());
        json.text("description", tool.description());
        json.object("parameters", tool.parameters());
        json.end(false);
    }

    private static void write(Part part, ContentJson json) {
        json.begin();
        boolean truncated = false;
        if (part instanceof Part.Text text) {
            json.name("type", "text");
            json.text("content", text.content());
            truncated = text.truncated();
        } else if (part instanceof Part.Json value) {
            json.name("type", "text");
            json.jsonText("content", value.value());
        } else if (part instanceof Part.Reasoning reasoning) {
            json.name("type", "reasoning");
            json.text("content", reasoning.content());
            truncated = reasoning.truncated();
        } else if (part instanceof Part.ToolCall call) {
            json.name("type", "tool_call");
            json.name("id", call.id());
            json.name("name", call.name());
            if (call.arguments() != null) {
                json.value("arguments", call.arguments());
            }
            truncated = call.truncated();
        } else if (part instanceof Part.ToolCallResponse response) {
            json.name("type", "tool_call_response");
            json.name("id", response.id());
            json.value("response", response.response());
        } else if (part instanceof Part.ServerToolCall call) {
            json.name("type", "server_tool_call");
            json.name("id", call.id());
            json.name("name", call.name());
            write("server_tool_call", call.call(), json);
        } else if (part instanceof Part.ServerToolCallResponse response) {
            json.name("type", "server_tool_call_response");
            json.name("id", response.id());
            write("server_tool_call_response", response.response(), json);
        } else if (part instanceof Part.Compaction compaction) {
            json.name("type", "compaction");
            json.name("id", compaction.id());
            json.text("content", compaction.content());
        } else if (part instanceof Part.Generic generic) {
            truncated = writeFields(generic, json);
        } else {
            truncated = writeMedia(part, json);
        }
        json.end(truncated);
    }

    /** Returns whether a part is a stand-in for what it was. */
    private static boolean writeMedia(Part part, ContentJson json) {
        if (part instanceof Part.File file) {
            json.name("type", "file");
            json.name("modality", file.modality());
            json.name("mime_type", file.mimeType());
            json.name("file_id", file.fileId());
        } else if (part instanceof Part.Uri uri) {
            json.name("type", "uri");
            json.name("modality", uri.modality());
            json.name("mime_type", uri.mimeType());
            json.text("uri", uri.uri());
        } else if (part instanceof Part.Blob blob) {
            json.name("type", "blob");
            json.name("modality", blob.modality());
            json.name("mime_type", blob.mimeType());
            json.number("bytes", blob.size());
            if (blob.size() > Part.Blob.MAX_INLINE) {
                json.name("content", "");
                return true;
            }
            byte[] bytes = new byte[blob.size()];
            blob.content().get(bytes);
            json.wholeText("content", Base64.getEncoder().encodeToString(bytes));
        }
        return false;
    }

    private static void write(String name, Part.Generic object, ContentJson json) {
        json.begin(name);
        writeFields(object, json);
        json.end();
    }

    private static boolean writeFields(Part.Generic generic, ContentJson json) {
        json.name("type", generic.type());
        for (Map.Entry<String, @Nullable Object> field : generic.fields().entrySet()) {
            if (!field.getKey().equals("truncated")) {
                json.value(field.getKey(), field.getValue());
            }
        }
        return Boolean.TRUE.equals(generic.fields().get("truncated"));
    }
}
