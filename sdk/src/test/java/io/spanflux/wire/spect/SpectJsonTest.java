// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.encode.PythonNumbers;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.JsonGenerator;

import static org.assertj.core.api.Assertions.assertThat;

class SpectJsonTest {
    private static String json(Object value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonGenerator json = SpectJson.generator(out);
        SpectJson.write(json, value);
        json.close();
        return out.toString(StandardCharsets.UTF_8);
    }

    /** As Python's repr prints them. */
    @ParameterizedTest
    @CsvSource({
        "0, 0.0",
        "-0.0, -0.0",
        "3, 3.0",
        "0.1, 0.1",
        "2.5E-5, 2.5e-05",
        "1.0E22, 1e+22",
        "1.0E15, 1000000000000000.0",
        "1.0E16, 1e+16",
        "1.2345E16, 1.2345e+16",
        "0.0001, 0.0001",
        "0.00001234, 1.234e-05",
        "2.0E-3, 0.002",
        "4.9E-324, 5e-324",
        "1.7976931348623157E308, 1.7976931348623157e+308",
        "-1.5E-7, -1.5e-07",
        "100.25, 100.25",
        "2.2250738585072014E-308, 2.2250738585072014e-308",
        "1.0E-100, 1e-100",
        "123456789.125, 123456789.125"
    })
    void number_isPythons(double value, String python) {
        assertThat(PythonNumbers.text(value)).isEqualTo(python);
        assertThat(Double.parseDouble(python)).isEqualTo(value);
    }

    @Test
    void write_separatesAndEscapesAsPythonDoes() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("a", List.of(1L, true, "x"));
        map.put("b\u00e9", "\u2717 \uD83D\uDE00 \" \\ / \b\f\n\r\t \u0001 \u007f \u2028 \u00ab");
        map.put("c", Map.of());
        map.put("d", List.of());
        map.put("e", new BigInteger("123456789012345678901234567890"));

        assertThat(json(map))
                .isEqualTo("{\"a\": [1, true, \"x\"], \"b\\u00e9\": \"\\u2717 \\ud83d\\ude00 \\\" \\\\ / "
                        + "\\b\\f\\n\\r\\t \\u0001 \\u007f \\u2028 \\u00ab\", \"c\": {}, \"d\": [], "
                        + "\"e\": 123456789012345678901234567890}");
    }

    @Test
    void write_leavesOutNullsAndNumbersThatAreNone_alsoInsideLists() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("n", null);
        map.put("nan", Double.NaN);
        map.put("l", Arrays.asList(1L, null, Double.NEGATIVE_INFINITY, Arrays.asList((Object) null), 2.0));
        Map<String, Object> inner = new LinkedHashMap<>();
        inner.put("x", null);
        map.put("m", inner);

        assertThat(json(map)).isEqualTo("{\"l\": [1, [], 2.0], \"m\": {}}");
    }

    @Test
    void write_replacesLoneSurrogates_alsoInKeys() {
        assertThat(json(Map.of("k\uDC00", "a\uD800b"))).isEqualTo("{\"k\\ufffd\": \"a\\ufffdb\"}");
    }

    @Test
    void time_hasSixDigitsOrNone() {
        assertThat(SpectJson.time(1_700_000_000_000L)).isEqualTo("2023-11-14T22:13:20Z");
        assertThat(SpectJson.time(1_700_000_000_007L)).isEqualTo("2023-11-14T22:13:20.007000Z");
        assertThat(SpectJson.time(0)).isEqualTo("1970-01-01T00:00:00Z");
    }

    @Test
    void parsed_leavesTextAText() {
        assertThat(SpectJson.parsed("{\"a\": [1]}")).isEqualTo(Map.of("a", List.of(1)));
        assertThat(SpectJson.parsed("{not json")).isEqualTo("{not json");
        assertThat(SpectJson.parsed("42")).isEqualTo("42");
        String deep = "[".repeat(600) + "]".repeat(600);
        assertThat(SpectJson.parsed(deep)).isEqualTo(deep);
    }
}
