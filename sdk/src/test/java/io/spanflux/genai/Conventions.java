// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tables of the conventions, as data. */
final class Conventions {
    /** What conventions.tsv says of an attribute on a span type. */
    record Row(String spanType, String attribute, String type, String level) {
        /** Whether {@code key} is this attribute, or one of this template. */
        boolean covers(String key) {
            return attribute.endsWith("<key>")
                    ? key.startsWith(attribute.substring(0, attribute.length() - "<key>".length()))
                    : attribute.equals(key);
        }

        /** JSON, a query or a variable's value is content; so is what a type of ours holds as any. */
        boolean isContent() {
            return level.equals("opt-in") || type.equals("json");
        }
    }

    static final List<Row> ROWS = lines("conventions.tsv")
            .map(columns -> new Row(columns[0], columns[1], columns[2], columns[3]))
            .toList();

    private Conventions() {}

    static List<Row> of(String spanType) {
        return ROWS.stream().filter(row -> row.spanType.equals(spanType)).toList();
    }

    static Set<String> contentOf(String spanType) {
        return of(spanType).stream().filter(Row::isContent).map(Row::attribute).collect(Collectors.toSet());
    }

    static Stream<String[]> lines(String resource) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(Conventions.class.getResourceAsStream(resource), resource),
                StandardCharsets.UTF_8))) {
            return reader.lines().filter(line -> !line.startsWith("#")).map(line -> line.split("\t")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
