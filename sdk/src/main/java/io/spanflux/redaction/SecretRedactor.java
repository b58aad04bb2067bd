// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/**
 * Replaces secrets that are known by their looks with {@code [redacted:kind]}, in one pass and in time linear to the
 * text, whatever the text.
 *
 * <p>Looked at is a folded view of the text: full-width forms as ASCII, decimal digits of every script as {@code 0} to
 * {@code 9}, kinds of spaces and hyphens as one, invisible characters (zero-width, soft hyphen, direction marks, tags,
 * variation selectors) as absent, and an escape of JSON ({@code \n}, {@code \}{@code u003c}) as an end of a word. What is
 * kept stays as it was. Not seen through: letters of other scripts that look like Latin ones, digits in circles or
 * superscript, encodings (base64, {@code %40}), and a secret that together with its invisible characters is longer than
 * 512 characters.
 *
 * <p>Bounds: a secret longer than 512 characters is redacted up to the next white space, quote, bracket, comma, semicolon,
 * ampersand, backslash or character outside ASCII. A text longer than 4 Mi characters is cut there, and
 * {@value Markers#TOO_LONG} stands for the rest. Should redacting fail, {@value Markers#FAILED} stands for what was not
 * yet looked through, and {@link #failures()} grows.
 *
 * <p>Pairs of surrogates stay whole. Immutable; threads: any.
 */
public final class SecretRedactor implements TextRedactor {
    /** Characters of a text that are looked through and kept; as much as a span may hold. */
    static final int MAX_LENGTH = 4 * 1024 * 1024;

    private static final SecretRedactor STANDARD = new SecretRedactor(EnumSet.allOf(SecretKind.class));

    private final List<Rule> rules;
    private final LongAdder failures = new LongAdder();

    /** What is looked for and what takes its place. */
    record Rule(String label, String marker, Detector detector) {}

    private SecretRedactor(Set<SecretKind> kinds) {
        this.rules = kinds.stream()
                .map(kind -> new Rule(kind.label(), Markers.of(kind.label()), kind.newDetector()))
                .toList();
    }

    /** Every {@link SecretKind}. One for the whole process. */
    public static SecretRedactor standard() {
        return STANDARD;
    }

    /** These kinds only. */
    public static SecretRedactor of(SecretKind first, SecretKind... others) {
        Set<SecretKind> kinds = EnumSet.of(Objects.requireNonNull(first, "first == null"));
        Collections.addAll(kinds, others);
        return new SecretRedactor(kinds);
    }

    @Override
    public String redact(String text) {
        StreamingRedaction redaction = stream();
        String start = redaction.accept(text);
        String rest = redaction.finish();
        return redaction.isChanged() ? start + rest : text;
    }

    /** Redacts a text that comes in chunks; one for each text. */
    public StreamingRedaction stream() {
        return new StreamingRedaction(rules, failures::increment);
    }

    @Override
    public long failures() {
        return failures.sum();
    }

    @Override
    public String toString() {
        return "SecretRedactor" + rules.stream().map(Rule::label).toList();
    }
}
