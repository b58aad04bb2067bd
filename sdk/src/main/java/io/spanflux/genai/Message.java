// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One message to or from a model. Content: it leaves the process only where capture is asked for.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, {@code tool}, or what the provider calls it
 * @param parts what it consists of
 * @param finishReason why the model stopped, for a message from it
 */
public record Message(
        String role, List<Part> parts, @Nullable String finishReason) {
    /** Refuses a missing role and copies the parts. */
    public Message {
        Objects.requireNonNull(role, "role == null");
        parts = List.copyOf(parts);
    }

    /** A message of the application to the model. */
    public static Message system(String text) {
        return new Message("system", List.of(new Part.Text(text)), null);
    }

    /** A message of the user. */
    public static Message user(String text) {
        return new Message("user", List.of(new Part.Text(text)), null);
    }

    /** A message of the model. */
    public static Message assistant(String text) {
        return new Message("assistant", List.of(new Part.Text(text)), null);
    }

    /** What a tool answered to the call with this id. */
    public static Message toolResponse(String callId, Object response) {
        return new Message("tool", List.of(new Part.ToolCallResponse(callId, response)), null);
    }

    /** The role and the kinds of parts, never their content. */
    @Override
    public String toString() {
        return "Message{role=" + role + ", parts="
                + parts.stream().map(part -> part.getClass().getSimpleName()).toList() + '}';
    }

    /** A piece of a message. */
    public sealed interface Part {
        /**
         * Written text.
         *
         * @param content the text
         */
        record Text(String content) implements Part {
            /** Refuses a missing text. */
            public Text {
                Objects.requireNonNull(content, "content == null");
            }

            @Override
            public String toString() {
                return "Text";
            }
        }

        /**
         * The model asks for a tool.
         *
         * @param id the id of the call
         * @param name the tool
         * @param arguments what to call it with: a JSON text, or a value that Jackson can write
         */
        record ToolCall(
                @Nullable String id, String name, @Nullable Object arguments) implements Part {
            /** Refuses a missing name. */
            public ToolCall {
                Objects.requireNonNull(name, "name == null");
            }

            @Override
            public String toString() {
                return "ToolCall{name=" + name + '}';
            }
        }

        /**
         * What a tool answered.
         *
         * @param id the id of the call
         * @param response the answer: a text, or a value that Jackson can write
         */
        record ToolCallResponse(@Nullable String id, Object response) implements Part {
            /** Refuses a missing response. */
            public ToolCallResponse {
                Objects.requireNonNull(response, "response == null");
            }

            @Override
            public String toString() {
                return "ToolCallResponse";
            }
        }
    }
}
