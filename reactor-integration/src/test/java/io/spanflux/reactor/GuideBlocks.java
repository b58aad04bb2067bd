// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

import static org.assertj.core.api.Assertions.assertThat;

/** Holds the Java blocks of a document against the source of the test that compiles and runs them. */
final class GuideBlocks {
    private static final Path DOCUMENTS = Path.of("../docs");
    private static final Path SOURCES = Path.of("src/test/java/io/spanflux/reactor");
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private GuideBlocks() {}

    /** Each Java block of {@code document} stands in the source of {@code test}, line breaks and semicolons aside. */
    static void assertStandIn(Class<?> test, String document, int atLeast) throws IOException {
        String source = packed(Files.readString(SOURCES.resolve(test.getSimpleName() + ".java")));
        List<String> blocks = JAVA.matcher(Files.readString(DOCUMENTS.resolve(document)))
                .results()
                .map(block -> block.group(1))
                .toList();
        assertThat(blocks).hasSizeGreaterThanOrEqualTo(atLeast);
        assertThat(blocks)
                .as("blocks that the test does not compile")
                .filteredOn(block -> !source.contains(packed(block)))
                .isEmpty();
    }

    /** The formatter has its own idea of lines. */
    private static String packed(String code) {
        return code.replaceAll("[\\s;]+", "");
    }
}
