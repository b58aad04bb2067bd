// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

class ValueJsonTest {
    private static JsonNode fit(Object value, int max) {
        ValueJson.Fitted fitted = ValueJson.fit(value, max);
        assertThat(fitted.length())
                .isEqualTo(fitted.json().codePointCount(0, fitted.json().length()))
                .isLessThanOrEqualTo(max);
        return MessageRules.JSON.readTree(fitted.json());
    }

    private static String classOf(Object value) {
        return "[" + value.getClass().getName() + " cannot be written as JSON]";
    }

    @Test
    void text_thatIsAnObjectOrArray_becomesThat_otherJsonStaysText() {
        assertThat(ValueJson.fit(" {\"a\": 1.50, \"b\": 123456789012345678901234567890}", 100)
                        .json())
                .isEqualTo("{\"a\":1.50,\"b\":123456789012345678901234567890}");
        assertThat(fit("[1, null, true]", 100).isArray()).isTrue();
        for (String text : List.of("42", "true", "null", "\"x\"", "", "  ", "{broken", "[1] [2]", "{\"a\":NaN}")) {
            assertThat(fit(text, 100).asString()).isEqualTo(text);
            assertThat(ValueJson.fit(text, 100).cut()).isFalse();
        }
    }

    @Test
    void cycles_ofMapsListsAndObjects_areNamedByTheirClass() {
        Map<String, Object> map = new HashMap<>();
        map.put("self", map);
        List<Object> list = new ArrayList<>();
        list.add(list);
        Node node = new Node();
        node.next = node;

        assertThat(fit(map, 100_000).asString()).isEqualTo(classOf(map));
        assertThat(fit(list, 100_000).asString()).isEqualTo(classOf(list));
        assertThat(fit(node, 100_000).asString()).isEqualTo(classOf(node));
    }

    @Test
    void depth_moreThan64_isNamedByItsClass_andOfTextStaysText() {
        assertThat(fit(nested(64), 100_000).isArray()).isTrue();
        assertThat(fit(nested(65), 100_000).asString()).contains("cannot be written");
        String text = "[".repeat(100_000) + "]".repeat(100_000);
        assertThat(fit(text, 1_000_000).asString()).isEqualTo(text);
    }

    private static List<Object> nested(int depth) {
        List<Object> value = List.of();
        for (int i = 1; i < depth; i++) {
            value = List.of(value);
        }
        return value;
    }

    @Test
    @Timeout(20)
    void breadth_withoutEnd_isCutWithoutWritingItAll() {
        Object wide = "x";
        for (int i = 0; i < 60; i++) {
            // Two to the power of sixty leaves, in sixty lists.
            wide = List.of(wide, wide);
        }

        assertThat(fit(wide, 10_000).asString()).startsWith("[[[[").hasSizeGreaterThan(4_000);
        assertThat(fit(Collections.nCopies(Integer.MAX_VALUE, 1), 1_000).asString())
                .startsWith("[1,1,1");
    }

    @Test
    void objects_thatCannotBeWritten_areNamedByTheirClassAndNotByTheirText() {
        for (Object value : List.of(new ToolTest.Unwritable(), new Recursive(), new ThrowsAnError())) {
            assertThat(fit(value, 1_000).asString()).isEqualTo(classOf(value));
            assertThat(fit(Map.of("inside", value), 1_000).toString()).doesNotContain("secret");
        }
    }

    @Test
    void objects_thatWriteRawOrBadNumbers_cannotBreakTheJson() {
        assertThat(fit(new Raw(), 1_000).get("raw").asString()).isEqualTo("}broken");
        assertThat(fit(new OddNumber(), 1_000).asString()).isEqualTo("not a number");
        assertThat(fit(new AtomicInteger(5), 1_000).asInt()).isEqualTo(5);
        assertThat(fit(Double.NaN, 1_000).asString()).isEqualTo("NaN");
    }

    @Test
    void surrogates_halves_areReplaced() {
        assertThat(fit(Map.of("\uD83D", List.of("\uDE00", 'x')), 1_000).toString())
                .isEqualTo("{\"\uFFFD\":[\"\uFFFD\",\"x\"]}");
        assertThat(fit("{\"a\":\"\\ud83d\"}", 1_000).get("a").asString()).isEqualTo("\uFFFD");
    }

    @Test
    void tooLong_textsAreShortenedFirst_thenTheJsonItself() {
        Map<String, Object> long1 = Map.of("a", "x".repeat(1_000));
        assertThat(fit(long1, 200).get("a").asString()).hasSize(100);
        assertThat(ValueJson.fit(long1, 200).cut()).isTrue();
        assertThat(fit(List.of(1, 2, 3, 4, 5, 6), 8).asString()).isEqualTo("[1,2,3");
        assertThat(fit(Map.of("a", "b"), 2).asString()).isEmpty();
        assertThat(fit("{\"a\": \"" + "x".repeat(1_000) + "\"}", 200).get("a").asString())
                .hasSize(100);
        assertThat(fit(new byte[3_000], 200).asString()).matches("A{100,198}");
        assertThat(fit(new StringBuilder("y".repeat(500)), 200).asString()).matches("y{100,198}");
    }

    @Test
    void whole_tooLong_isNull() {
        assertThat(ValueJson.whole(Map.of("a", "b"), 8)).isNull();
        assertThat(ValueJson.whole(Map.of("a", "b"), 9).json()).isEqualTo("{\"a\":\"b\"}");
    }

    @Test
    void attribute_text_isCutAsTextOrInsideItsJson() {
        assertThat(ValueJson.attribute("{ \"a\": 1 }", 10).text()).isEqualTo("{ \"a\": 1 }");
        assertThat(ValueJson.attribute("plain \"text\"", 7)).isEqualTo(new ContentJson.Rendered("plain \"", 7, 1));
        assertThat(ValueJson.attribute("a\uD83D\uDE00b", 2).text()).isEqualTo("a\uD83D\uDE00");
        ContentJson.Rendered json = ValueJson.attribute("{ \"a\": \"" + "x".repeat(100) + "\" }", 60);
        assertThat(MessageRules.JSON.readTree(json.text()).get("a").asString()).hasSize(30);
        assertThat(json.cuts()).isEqualTo(1);
        assertThat(ValueJson.attribute("text", 0)).isEqualTo(new ContentJson.Rendered("", 0, 1));
        assertThat(ValueJson.attribute(Map.of(), 1)).isEqualTo(new ContentJson.Rendered(null, 0, 1));
    }

    public static final class Node {
        public Node next;
    }

    public static final class Recursive {
        @JsonValue
        public Object value() {
            return endless(1);
        }

        private static int endless(int i) {
            return endless(i + 1) + 1;
        }
    }

    public static final class ThrowsAnError {
        public String getSecret() {
            throw new NoClassDefFoundError("secret");
        }
    }

    public static final class Raw {
        @JsonRawValue
        public String raw = "}broken";
    }

    public static final class OddNumber extends Number {
        private static final long serialVersionUID = 1L;

        @Override
        public String toString() {
            return "not a number";
        }

        @Override
        public int intValue() {
            return 0;
        }

        @Override
        public long longValue() {
            return 0;
        }

        @Override
        public float floatValue() {
            return 0;
        }

        @Override
        public double doubleValue() {
            return 0;
        }
    }
}
