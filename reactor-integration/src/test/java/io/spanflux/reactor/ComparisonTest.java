// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Holds docs/COMPARISON.md and what the README takes from it: what it says we do is shown by a test that exists. */
class ComparisonTest {
    private static final Path DOCUMENT = Path.of("../docs/COMPARISON.md");
    private static final Pattern YES = Pattern.compile("\\[yes]\\(([^)#]+)#(\\w+)\\)");
    private static final String COLUMN = " \\| ";

    private static Stream<String> rows() throws IOException {
        return Files.readString(DOCUMENT).lines().filter(line -> line.startsWith("| ") && !line.startsWith("| |"));
    }

    /** The README shows some of these rows, as seen from where it stands. */
    @Test
    void readme_showsRowsOfThisTable() throws IOException {
        List<String> ours = rows().map(row -> row.replace("(../", "(")).toList();
        List<String> shown = Files.readString(Path.of("../README.md"))
                .lines()
                .filter(line -> line.contains(") |") && YES.matcher(line).find())
                .toList();

        assertThat(shown)
                .hasSizeGreaterThan(15)
                .allSatisfy(row -> assertThat(ours).contains(row));
    }

    @Test
    void rows_areThere() throws IOException {
        assertThat(rows()).hasSizeGreaterThan(50);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void row_saysOfEachSystem_andOursIsATestThatExistsOrAReason(String row) throws IOException {
        String[] cells = row.substring(2, row.length() - 2).split(COLUMN, -1);
        assertThat(cells).hasSize(7).doesNotContain("");
        String ours = cells[6];
        if (ours.startsWith("no: ")) {
            return;
        }
        List<MatchResult> shown = YES.matcher(ours).results().toList();
        assertThat(shown).isNotEmpty();
        assertThat(YES.matcher(ours).replaceAll("")).isBlank();
        for (MatchResult test : shown) {
            String source = Files.readString(DOCUMENT.resolveSibling(test.group(1)));
            assertThat(source)
                    .containsPattern("(?s)@(Test|ParameterizedTest|RepeatedTest).*void " + test.group(2) + "\\(");
        }
    }
}
