// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/**
 * Takes out of a text what must not leave the process.
 *
 * <p>Threads: any, at once. Must not block. Ours never throw; what a redactor of the user throws costs the text, never
 * lets it out, once it is part of a chain ({@link #and}, {@link #inOrder}).
 */
@FunctionalInterface
public interface TextRedactor {
    /** {@code text} without what is redacted; {@code text} itself when there is nothing to redact. */
    String redact(String text);

    /** This redactor and then {@code next}, as {@link #inOrder} applies them. */
    default TextRedactor and(TextRedactor next) {
        return inOrder(this, next);
    }

    /**
     * How many texts were lost since the start because redacting them failed. Default 0, for those that never fail. Can be
     * polled.
     */
    default long failures() {
        return 0;
    }

    /**
     * {@code first}, then the others in their order; one alone is guarded too. If one of them throws or answers null, the
     * result is {@value Markers#FAILED}, {@link #failures()} grows, and what was thrown goes nowhere, because its message
     * may hold the text. Errors of the JVM itself go on.
     */
    static TextRedactor inOrder(TextRedactor first, TextRedactor... others) {
        return RedactorChain.of(first, others);
    }
}
