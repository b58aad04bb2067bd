// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import org.jspecify.annotations.Nullable;

/**
 * Sees content before it leaves, in its structure, and answers what may. Asked once for each piece of content of a span,
 * on an export thread. What it throws on, and what it answers null for, does not leave; the span does.
 *
 * <p>Threads: any, at once. Must not block.
 */
public interface ContentRedactor {
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
