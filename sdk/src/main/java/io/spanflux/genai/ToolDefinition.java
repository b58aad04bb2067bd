// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A tool that a model may ask for. Content: the conventions call definitions sensitive and opt-in, so they are recorded
 * only while content is captured. By default they ask for type and name alone: {@link #function(String)}; who gives a
 * description or parameters wants them recorded.
 *
 * @param type {@code function}, or the provider's own kind of tool
 * @param name the tool's name
 * @param description what the model is told that it is for
 * @param parameters the JSON Schema of its arguments: a JSON text, or a value that Jackson writes as an object
 */
public record ToolDefinition(
        String type,
        String name,
        @Nullable String description,
        @Nullable Object parameters) {
    /** Refuses a missing type or name. */
    public ToolDefinition {
        Objects.requireNonNull(type, "type == null");
        Objects.requireNonNull(name, "name == null");
    }

    /** A function of which nothing but the name is recorded. */
    public static ToolDefinition function(String name) {
        return function(name, null, null);
    }

    /** A function with what the model is told of it. */
    public static ToolDefinition function(String name, @Nullable String description, @Nullable Object parameters) {
        return new ToolDefinition("function", name, description, parameters);
    }

    /** Type and name, never more. */
    @Override
    public String toString() {
        return "ToolDefinition{type=" + type + ", name=" + name + '}';
    }
}
