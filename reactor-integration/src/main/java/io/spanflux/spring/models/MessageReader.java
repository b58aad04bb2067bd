// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Message.Part;
import io.spanflux.genai.ToolDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Messages of a request in the conventions' form. Media that is part of a request is named, not taken along. */
final class MessageReader {
    private static final JsonMapper JSON = new JsonMapper();

    private MessageReader() {}

    static @Nullable String json(@Nullable Object value) {
        return value == null ? null : JSON.writeValueAsString(value);
    }

    private static String role(Outline message, String otherwise) {
        String role = message.word("role");
        return role == null ? otherwise : role;
    }

    // ---- OpenAI --------------------------------------------------------------------------------------------------

    static List<Message> openAi(List<Outline> messages) {
        return messages.stream().map(MessageReader::openAi).toList();
    }

    private static Message openAi(Outline message) {
        List<Part> parts = new ArrayList<>();
        String text = message.text("content");
        if ("tool".equals(message.word("role"))) {
            Object content = text == null ? message.value("content") : text;
            parts.add(new Part.ToolCallResponse(message.word("tool_call_id"), content == null ? "" : content));
        } else if (text != null) {
            parts.add(new Part.Text(text));
        } else {
            parts.addAll(parts(message.objects("content")));
        }
        for (Outline call : message.objects("tool_calls")) {
            Outline function = call.object("function");
            parts.add(toolCall(call.word("id"), function.word("name"), function.value("arguments")));
        }
        return new Message(role(message, "user"), parts, message.word("name"), null);
    }

    /** The input of OpenAI's responses: messages, and what tools were asked and answered. */
    static List<Message> openAiItems(List<Outline> items) {
        return items.stream().map(MessageReader::openAiItem).toList();
    }

    private static Message openAiItem(Outline item) {
        String id = item.word("call_id");
        return switch (String.valueOf(item.word("type"))) {
            case "function_call" -> Message.of("assistant", toolCall(id, item.word("name"), item.value("arguments")));
            case "function_call_output" -> {
                Object output = item.value("output");
                yield Message.of("tool", new Part.ToolCallResponse(id, output == null ? "" : output));
            }
            default -> openAi(item);
        };
    }

    // ---- Anthropic -----------------------------------------------------------------------------------------------

    static List<Message> anthropic(List<Outline> messages) {
        return messages.stream()
                .map(message -> {
                    String text = message.text("content");
                    List<Part> parts = text == null ? parts(message.objects("content")) : List.of(new Part.Text(text));
                    return new Message(role(message, "user"), parts, null);
                })
                .toList();
    }

    /** Parts as OpenAI and Anthropic name them. */
    static List<Part> parts(List<Outline> blocks) {
        return blocks.stream().map(MessageReader::part).toList();
    }

    private static Part part(Outline block) {
        String type = String.valueOf(block.word("type"));
        return switch (type) {
            case "text", "input_text", "output_text" -> {
                String text = block.text("text");
                yield text == null ? other(type) : new Part.Text(text);
            }
            case "thinking" -> {
                String thinking = block.text("thinking");
                yield thinking == null ? other(type) : new Part.Reasoning(thinking);
            }
            case "tool_use" -> toolCall(block.word("id"), block.word("name"), block.value("input"));
            case "tool_result" -> {
                Object content = block.value("content");
                yield new Part.ToolCallResponse(block.word("tool_use_id"), content == null ? "" : content);
            }
            case "image_url" -> image(type, block.object("image_url").word("url"));
            case "input_image" -> image(type, block.word("image_url"));
            case "image" -> image(type, block.object("source").word("url"));
            default -> other(type);
        };
    }

    private static Part image(String type, @Nullable String url) {
        return url == null || url.startsWith("data:") ? other(type) : new Part.Uri("image", null, url);
    }

    private static Part other(String type) {
        return new Part.Generic(type, Map.of());
    }

    private static Part toolCall(@Nullable String id, @Nullable String name, @Nullable Object arguments) {
        return name == null ? other("tool_call") : new Part.ToolCall(id, name, arguments);
    }

    /** Tells of the tools in a request, if there are any: by name only, as the conventions ask. */
    static void tools(Outline request, Generation generation) {
        List<ToolDefinition> tools = request.objects("tools").stream()
                .map(tool -> {
                    String type = tool.word("type");
                    String name = tool.word("name");
                    String own = name == null ? tool.object("function").word("name") : name;
                    String kind = type == null || type.equals("custom") ? "function" : type;
                    return own == null ? null : new ToolDefinition(kind, own, null, null);
                })
                .filter(Objects::nonNull)
                .toList();
        if (!tools.isEmpty()) {
            generation.toolDefinitions(() -> tools);
        }
    }

    /** Tells of the messages, if there are any. */
    static void input(List<Message> messages, Generation generation) {
        if (!messages.isEmpty()) {
            generation.input(() -> messages);
        }
    }

    /** Tells of what the model is told apart from the messages, if there is anything. */
    static void system(List<Part> parts, Generation generation) {
        if (!parts.isEmpty()) {
            generation.systemInstructions(() -> parts);
        }
    }

    // ---- Gemini --------------------------------------------------------------------------------------------------

    static List<Message> gemini(List<Outline> contents) {
        return contents.stream()
                .map(content -> {
                    String role = role(content, "user");
                    return new Message(
                            role.equals("model") ? "assistant" : role, geminiParts(content.objects("parts")), null);
                })
                .toList();
    }

    static List<Part> geminiParts(List<Outline> parts) {
        return parts.stream().map(MessageReader::geminiPart).toList();
    }

    private static Part geminiPart(Outline part) {
        String text = part.text("text");
        if (text != null) {
            return part.isTrue("thought") ? new Part.Reasoning(text) : new Part.Text(text);
        }
        Outline call = part.object("functionCall");
        if (!call.isEmpty()) {
            return toolCall(call.word("id"), call.word("name"), call.value("args"));
        }
        Outline answer = part.object("functionResponse");
        if (!answer.isEmpty()) {
            Object response = answer.value("response");
            return new Part.ToolCallResponse(answer.word("id"), response == null ? "" : response);
        }
        Outline file = part.object("fileData");
        String uri = file.word("fileUri");
        return uri == null
                ? other("inline_data")
                : new Part.Uri(modality(file.word("mimeType")), file.word("mimeType"), uri);
    }

    private static String modality(@Nullable String mimeType) {
        int slash = mimeType == null ? -1 : mimeType.indexOf('/');
        String kind = slash < 0 || mimeType == null ? "document" : mimeType.substring(0, slash);
        return kind.equals("image") || kind.equals("video") || kind.equals("audio") ? kind : "document";
    }
}
