// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** A price list that somebody wrote by hand: read, or refused with its name and a place. */
class PriceFileFuzzTest {
    private static final byte[] VALID = """
            {
              "source": {"name": "contract", "version": "7", "date": "2026-11-01", "licence": "ours", "url": "",
                         "notice": ["x"], "mapping": []},
              "currency": "EUR",
              "providers": {"azure": "openai"},
              "prices": {
                "openai": {
                  "a": {"input": 1, "output": 2.5, "cacheRead": 0.1, "tiers": {"batch": {"input": 0.5, "output": 1}},
                        "above": {"200000": {"input": 2, "tiers": {"flex": {"input": 9}}}}},
                  "c": "b",
                  "b": [{"input": 1, "output": 1}, {"validFrom": "2027-01-01", "input": 2, "output": 2}]
                }
              }
            }""".getBytes(StandardCharsets.UTF_8);

    @Provide
    static Arbitrary<byte[]> files() {
        Arbitrary<byte[]> edited = Combinators.combine(
                        Arbitraries.integers().between(0, VALID.length - 1),
                        Arbitraries.integers().between(0, 8),
                        Arbitraries.of(
                                        "",
                                        "-1",
                                        "1e999",
                                        "null",
                                        "[",
                                        "{",
                                        "}",
                                        "\"",
                                        ",",
                                        "\uD83D",
                                        "NaN",
                                        "0.0000000001")
                                .list()
                                .ofMaxSize(3))
                .as((at, cut, pieces) -> spliced(at, cut, pieces));
        return Arbitraries.oneOf(
                edited, edited, Arbitraries.bytes().array(byte[].class).ofMaxSize(200));
    }

    private static byte[] spliced(int at, int cut, List<String> pieces) {
        String head = new String(VALID, 0, at, StandardCharsets.UTF_8);
        byte[] rest = Arrays.copyOfRange(VALID, Math.min(VALID.length, at + cut), VALID.length);
        return (head + String.join("", pieces) + new String(rest, StandardCharsets.UTF_8))
                .getBytes(StandardCharsets.UTF_8);
    }

    @Example
    void encodingThatNobodyWrites_isRefusedAlike() {
        assertThatThrownBy(() -> PriceFile.parse("prices.json", new byte[] {0, 0, (byte) 0xFF, (byte) 0xFE}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("price file prices.json, line 1, column 1: not JSON in UTF-8");
    }

    @Property
    void anyFile_isReadOrRefusedWithItsNameAndAPlace(@ForAll("files") byte[] file) {
        try {
            assertThat(PriceFile.parse("prices.json", file)).isNotNull();
        } catch (IllegalArgumentException e) {
            assertThat(e)
                    .hasMessageStartingWith("price file prices.json, line ")
                    .hasNoCause();
        }
    }
}
