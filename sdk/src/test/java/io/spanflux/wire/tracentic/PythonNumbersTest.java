// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.encode.PythonNumbers;
import io.spanflux.genai.Cost;
import io.spanflux.genai.Usage;
import io.spanflux.pricing.ModelPrice;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Against what Python 3.11 says, in {@code python-numbers.tsv}. */
class PythonNumbersTest {
    private static Stream<List<String>> rows(String kind) {
        try (InputStream in = PythonNumbersTest.class.getResourceAsStream("python-numbers.tsv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .map(line -> Arrays.asList(line.split("\t", -1)))
                            .filter(row -> row.get(0).equals(kind))
                            .toList()
                            .stream();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void text_isPythonsRepr() {
        assertThat(rows("double"))
                .hasSize(200)
                .allSatisfy(row -> assertThat(PythonNumbers.text(Double.longBitsToDouble(Long.parseLong(row.get(1)))))
                        .isEqualTo(row.get(2)));
    }

    @Test
    void durationMillis_isPythonsArithmetic() {
        assertThat(rows("duration"))
                .hasSize(200)
                .allSatisfy(row -> assertThat(
                                TracenticEncoder.durationMillis(Long.parseLong(row.get(1)), Long.parseLong(row.get(2))))
                        .isEqualTo(Long.parseLong(row.get(3))));
    }

    @Test
    void dollars_arePythonsArithmetic() {
        assertThat(rows("cost")).hasSize(100).allSatisfy(row -> {
            long input = Long.parseLong(row.get(1));
            long output = Long.parseLong(row.get(2));
            Cost cost = ModelPrice.of(row.get(3), row.get(4)).cost(Usage.of(input, output), null);
            assertThat(PythonNumbers.text(TracenticEncoder.dollars(cost, input, output)))
                    .isEqualTo(row.get(5));
        });
    }
}
