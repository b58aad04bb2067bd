// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Roles, ids and names, never a text. Of a part that it does not know only the type, the id and the name remain. */
enum StructureOnly implements ContentRedactor {
    INSTANCE;

    @Override
    public @Nullable Part redact(Part part) {
        if (part instanceof Part.ToolCall call) {
            return new Part.ToolCall(call.id(), call.name(), null);
        }
        if (part instanceof Part.ToolCallResponse response) {
            // Its own type must have an answer.
            return response.id() == null ? null : new Part.Generic("tool_call_response", Map.of("id", response.id()));
        }
        if (part instanceof Part.Generic generic) {
            Map<String, @Nullable Object> kept = new LinkedHashMap<>();
            for (String name : List.of("id", "name")) {
                if (generic.fields().get(name) instanceof String text) {
                    kept.put(name, text);
                }
            }
            return new Part.Generic(generic.type(), kept);
        }
        return null;
    }

    @Override
    public @Nullable Object redact(String attribute, Object value) {
        if (GenAiAttributes.TOOL_DEFINITIONS.equals(attribute) && value instanceof List<?> tools) {
            return tools.stream()
                    .filter(ToolDefinition.class::isInstance)
                    .map(ToolDefinition.class::cast)
                    .map(tool -> new ToolDefinition(tool.type(), tool.name(), null, null))
                    .toList();
        }
        return null;
    }

    @Override
    public String toString() {
        return "ContentRedactor.structureOnly()";
    }
}
