// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One message to or from a model. Content: it leaves the process only where capture is asked for. Immutable; rendered on
 * an export thread, so that values inside (the arguments of a call, the answer of a tool) must not change any more.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, {@code tool}, or what the provider calls it
 * @param parts what it consists of
 * @param name who speaks, where several have the same role
 * @param finishReason why the model stopped, for a message from it
 */
public record Message(
        String role,
        List<Part> parts,
        @Nullable String name,
        @Nullable String finishReason) {
    /** Refuses a missing role and copies the parts. */
    public Message {
        Objects.requireNonNull(role, "role == null");
        parts = List.copyOf(parts);
    }

    /** A message of someone without a name. */
    public Message(String role, List<Part> parts, @Nullable String finishReason) {
        this(role, parts, null, finishReason);
    }

    /** A message of the application to the model. */
    public static Message system(String text) {
        return of("system", new Part.Text(text));
    }

    /** A message of the user. */
    public static Message user(String text) {
        return of("user", new Part.Text(text));
    }

    /** A message of the model. */
    public static Message assistant(String text) {
        return of("assistant", new Part.Text(text));
    }

    /** What a tool answered to the call with this id. */
    public static Message toolResponse(String callId, Object response) {
        return of("tool", new Part.ToolCallResponse(callId, response));
    }

    /** A message of these parts. */
    public static Message of(String role, Part... parts) {
        return new Message(role, List.of(parts), null, null);
    }

    /** The same with other parts. */
    public Message withParts(List<Part> parts) {
        return new Message(role, parts, name, finishReason);
    }

    /** The same with what {@code change} makes of each part; this one where it changes none. */
    public Message mapParts(UnaryOperator<Part> change) {
        List<Part> changed = parts.stream().map(change).toList();
        return changed.equals(parts) ? this : withParts(changed);
    }

    /** The role and the kinds of parts, never their content. */
    @Override
    public String toString() {
        return "Message{role=" + role + ", parts="
                + parts.stream().map(part -> part.getClass().getSimpleName()).toList() + '}';
    }

    /** A piece of a message. Immutable, and never shows its content in {@code toString}. */
    public sealed interface Part {
        /**
         * Written text.
         *
         * @param content the text
         * @param truncated whether that is only the beginning of it
         */
        record Text(String content, boolean truncated) implements Part {
            /** Refuses a missing content. */
            public Text {
                Objects.requireNonNull(content, "content == null");
            }

            /** A whole text. */
            public Text(String content) {
                this(content, false);
            }

            @Override
            public String toString() {
                return "Text";
            }
        }

        /**
         * A structured output: text that is the JSON of a value. Rendered as a text part, which is what the model sent.
         *
         * @param value a JSON text, or a value that Jackson can write
         */
        record Json(Object value) implements Part {
            /** Refuses a missing value. */
            public Json {
                Objects.requireNonNull(value, "value == null");
            }

            @Override
            public String toString() {
                return "Json";
            }
        }

        /**
         * What the model thought before it answered.
         *
         * @param content the text
         * @param truncated whether that is only the beginning of it
         */
        record Reasoning(String content, boolean truncated) implements Part {
            /** Refuses a missing content. */
            public Reasoning {
                Objects.requireNonNull(content, "content == null");
            }

            /** A whole text. */
            public Reasoning(String content) {
                this(content, false);
            }

            @Override
            public String toString() {
                return "Reasoning";
            }
        }

        /**
         * The model asks for a tool.
         *
         * @param id the id of the call
         * @param name the tool
         * @param arguments what to call it with: a JSON text, or a value that Jackson can write
         * @param truncated whether the arguments are only the beginning of them
         */
        record ToolCall(
                @Nullable String id, String name, @Nullable Object arguments, boolean truncated) implements Part {
            /** Refuses a missing name. */
            public ToolCall {
                Objects.requireNonNull(name, "name == null");
            }

            /** A whole call. */
            public ToolCall(@Nullable String id, String name, @Nullable Object arguments) {
                this(id, name, arguments, false);
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

        /**
         * The model used a tool of its provider, for example a web search.
         *
         * @param id the id of the call
         * @param name the tool
         * @param call what was called, with the fields that the provider gives it
         */
        record ServerToolCall(@Nullable String id, String name, Generic call) implements Part {
            /** Refuses a missing name or call. */
            public ServerToolCall {
                Objects.requireNonNull(name, "name == null");
                Objects.requireNonNull(call, "call == null");
            }

            @Override
            public String toString() {
                return "ServerToolCall{name=" + name + '}';
            }
        }

        /**
         * What a tool of the provider's answered.
         *
         * @param id the id of the call
         * @param response the answer, with the fields that the provider gives it
         */
        record ServerToolCallResponse(@Nullable String id, Generic response) implements Part {
            /** Refuses a missing response. */
            public ServerToolCallResponse {
                Objects.requireNonNull(response, "response == null");
            }

            @Override
            public String toString() {
                return "ServerToolCallResponse";
            }
        }

        /**
         * Media itself. What is larger than 16 KiB goes where a {@link MediaUploader} puts it, or else is replaced by its size:
         * no span carries an image.
         *
         * <p>The bytes are not copied: they must not change any more.
         *
         * @param modality {@code image}, {@code video}, {@code audio}, {@code document}, or another
         * @param mimeType its MIME type, where it is known
         * @param content its bytes
         */
        record Blob(String modality, @Nullable String mimeType, ByteBuffer content) implements Part {
            /** Refuses a missing modality or content. */
            public Blob {
                Objects.requireNonNull(modality, "modality == null");
                Objects.requireNonNull(content, "content == null");
                content = content.asReadOnlyBuffer();
            }

            /** Bytes up to which media is exported itself. */
            static final int MAX_INLINE = 16 * 1024;

            /** Media as bytes, which are not copied. */
            public static Blob of(String modality, @Nullable String mimeType, byte[] bytes) {
                return new Blob(modality, mimeType, ByteBuffer.wrap(bytes));
            }

            /** Media as base64. Throws {@code IllegalArgumentException} for what is none. */
            public static Blob ofBase64(String modality, @Nullable String mimeType, String base64) {
                try {
                    return of(modality, mimeType, Base64.getDecoder().decode(base64));
                } catch (IllegalArgumentException e) {
                    // Its message may quote the content.
                    throw new IllegalArgumentException("base64 is not valid");
                }
            }

            /** The bytes, read-only. */
            @Override
            public ByteBuffer content() {
                return content.duplicate();
            }

            /** How many bytes. */
            public int size() {
                return content.remaining();
            }

            @Override
            public String toString() {
                return "Blob{mimeType=" + mimeType + ", size=" + size() + '}';
            }
        }

        /**
         * Media that the provider keeps under an id.
         *
         * @param modality {@code image}, {@code video}, {@code audio}, {@code document}, or another
         * @param mimeType its MIME type, where it is known
         * @param fileId the id
         */
        record File(String modality, @Nullable String mimeType, String fileId) implements Part {
            /** Refuses a missing modality or id. */
            public File {
                Objects.requireNonNull(modality, "modality == null");
                Objects.requireNonNull(fileId, "fileId == null");
            }

            @Override
            public String toString() {
                return "File";
            }
        }

        /**
         * Media at an address; never a {@code data:} address, which is a {@link Blob}.
         *
         * @param modality {@code image}, {@code video}, {@code audio}, {@code document}, or another
         * @param mimeType its MIME type, where it is known
         * @param uri the address
         */
        record Uri(String modality, @Nullable String mimeType, String uri) implements Part {
            /** Refuses a missing modality or uri. */
            public Uri {
                Objects.requireNonNull(modality, "modality == null");
                Objects.requireNonNull(uri, "uri == null");
            }

            @Override
            public String toString() {
                return "Uri";
            }
        }

        /**
         * The provider replaced what came before by a summary.
         *
         * @param id its id
         * @param content the summary, where it can be read
         */
        record Compaction(@Nullable String id, @Nullable String content) implements Part {
            @Override
            public String toString() {
                return "Compaction";
            }
        }

        /**
         * Anything else, and what would lack a required field as one of the others.
         *
         * @param type what it is
         * @param fields what it says besides its type: values that Jackson can write
         */
        record Generic(String type, Map<String, @Nullable Object> fields) implements Part {
            /** Refuses a missing type. */
            public Generic {
                Objects.requireNonNull(type, "type == null");
                fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
            }

            @Override
            public String toString() {
                return "Generic{type=" + type + '}';
            }
        }
    }
}
