// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.redaction.TextRedactor;
import org.jspecify.annotations.Nullable;

/**
 * Sees content before it leaves, in its structure, and answers what may. Asked once for each piece of content of a span,
 * on an export thread. What it throws on, and what it answers null for, does not leave; the span does.
 *
 * <p>Threads: any, at once. Must not block.
 */
public interface ContentRedactor {
    /**
     * Applies {@code texts} to every text, also inside of arguments, results and documents, and there takes out what stands at
     * {@code keyPaths}; see {@link io.spanflux.redaction.KeyPathRedactor} for their form. A text that begins like a JSON
     * object or list is taken for one; if it is broken, nothing of it leaves.
     *
     * <pre>{@code ContentRedactor.of(SecretRedactor.standard(), "password", "**.token")}</pre>
     */
    static ContentRedactor of(TextRedactor texts, String... keyPaths) {
        return new StructuredRedactor(texts, keyPaths);
    }

    /**
     * Lets through who said something and what was called, and nothing of what was said: roles, ids of calls, names of tools,
     * finish reasons.
     */
    static ContentRedactor structureOnly() {
        return StructureOnly.INSTANCE;
    }

    /** A part of a message or of the system instructions. */
    Message.@Nullable Part redact(Message.Part part);

    /**
     * Content that is no message: arguments and results of a tool, a query, documents, what a type of Spanflux's own holds.
     *
     * @param attribute the attribute it would become, for example {@code gen_ai.tool.call.arguments}
     * @param value a text, a map, a list, or whatever else the application handed over
     */
    @Nullable
    Object redact(String attribute, Object value);
}
