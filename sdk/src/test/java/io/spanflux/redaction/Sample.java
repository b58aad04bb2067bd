// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One line of {@code samples.tsv}: a text with a secret, or one that nearly looks so. */
record Sample(SecretKind kind, String text, String redacted) {
    private static final Pattern ESCAPE = Pattern.compile("\\\\u([0-9A-F]{4})");

    static List<Sample> all() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(Sample.class.getResourceAsStream("samples.tsv")), StandardCharsets.UTF_8))) {
            return lines.lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(Sample::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Sample parse(String line) {
        String[] fields = ESCAPE.matcher(line.replace("\u00A6", ""))
                .replaceAll(
                        match -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 16))))
                .split("\t", -1);
        SecretKind kind = SecretKind.valueOf(fields[0].toUpperCase(Locale.ROOT));
        return new Sample(kind, fields[1], fields[2].equals("=") ? fields[1] : fields[2]);
    }

    boolean isSecret() {
        return !redacted.equals(text);
    }
}
