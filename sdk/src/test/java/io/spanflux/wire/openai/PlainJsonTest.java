// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/** What is not strict JSON is cleaned: only the bad value is lost. */
class PlainJsonTest {
    private static String cleaned(Object value) {
        return PlainJson.text(PlainJson.of(value, PlainJson.MAX_ITEMS));
    }

    private static Map<Object, Object> map(Object... entries) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            map.put(entries[i], entries[i + 1]);
        }
        return map;
    }

    static Stream<Arguments> sanitising() {
        return Stream.of(
                arguments(map("a", Double.NaN, "b", 1), "{\"b\":1}"),
                arguments(map("a", Double.POSITIVE_INFINITY, "b", Float.NEGATIVE_INFINITY), "{}"),
                arguments(Arrays.asList(1, Double.NaN, null, 2.5), "[1,null,2.5]"),
                arguments(Arrays.asList(1, new Object(), Thread.class, 2), "[1,2]"),
                arguments(new Object[] {1, "x", new int[] {2}}, "[1,\"x\",[2]]"),
                arguments(Set.of(7), "[7]"),
                arguments(
                        map(3, "int", true, "bool", null, "null"),
                        "{\"3\":\"int\",\"true\":\"bool\",\"null\":\"null\"}"),
                arguments(map(List.of(1), "list", new Object(), "object", 'c', "char"), "{}"),
                arguments(map(Double.NaN, 1, 2.5, 2), "{\"2.5\":2}"),
                arguments("\ud800x\udc00\ud83d\ude00\ud83d", "\"?x?\ud83d\ude00?\""),
                arguments(map("\ud800", "\udfff"), "{\"?\":\"?\"}"),
                arguments("\u0000\u001f\u2028\"\\\n\u00e9", "\"\\u0000\\u001f\u2028\\\"\\\\\\n\u00e9\""),
                arguments(new BigInteger("123456789012345678901234567890"), "123456789012345678901234567890"),
                arguments(new BigDecimal("0.10"), "0.10"),
                arguments(Thread.State.NEW, "\"NEW\""),
                arguments(new StringBuilder("built"), "\"built\""),
                arguments(new Object(), "null"));
    }

    @ParameterizedTest
    @MethodSource("sanitising")
    void of_dropsWhatHasNoForm(Object value, String expected) {
        assertThat(cleaned(value)).isEqualTo(expected);
    }

    // ---- hostile values ------------------------------------------------------------------------------------------

    @Test
    void of_aListThatContainsItself_ends() {
        List<Object> self = new ArrayList<>();
        self.add(self);
        assertThat(cleaned(self)).isEqualTo("[".repeat(PlainJson.MAX_DEPTH) + "]".repeat(PlainJson.MAX_DEPTH));
        Map<String, Object> doubled = new HashMap<>();
        doubled.put("a", doubled);
        doubled.put("b", doubled);
        assertThat(cleaned(doubled)).hasSizeLessThan(2_000_000);
    }

    @Test
    void of_anEndlessList_ends() {
        List<Object> endless = new AbstractList<>() {
            @Override
            public Object get(int index) {
                return 1;
            }

            @Override
            public int size() {
                return Integer.MAX_VALUE;
            }
        };
        assertThat((List<?>) PlainJson.of(endless, PlainJson.MAX_ITEMS)).hasSize(PlainJson.MAX_ITEMS);
    }

    @Test
    void of_aCollectionThatThrows_losesItAlone() {
        Map<Object, Object> throwing = new AbstractMap<>() {
            @Override
            public Set<Entry<Object, Object>> entrySet() {
                throw new IllegalStateException("hostile");
            }
        };
        CharSequence text = new StringBuilder("fine");
        assertThat(cleaned(Arrays.asList(1, throwing, text))).isEqualTo("[1,\"fine\"]");
    }

    // ---- reading -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":1,\"b\":[true,false,null,-2,2.5,\"x\\n\\u00e9\"],\"c\":{}}",
                "[]",
                "[12345678901234567890123,1.0E22]",
            })
    void parsed_andWrittenAgain_isTheSame(String json) {
        assertThat(PlainJson.text(PlainJson.parsed(json))).isEqualTo(json.replace("\\u00e9", "\u00e9"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "text", "1", "null", "\"quoted\"", "{", "[1", "{\"a\":NaN}", "[1] 2", "{'a':1}"})
    void parsed_isNullForWhatIsNoObjectOrList(String text) {
        assertThat(PlainJson.parsed(text)).isNull();
    }

    @Test
    void parsed_isNullForWhatNestsTooDeep() {
        assertThat(PlainJson.parsed("[".repeat(10_000) + "]".repeat(10_000))).isNull();
    }

    // ---- size ----------------------------------------------------------------------------------------------------

    static Stream<Object> values() {
        return Stream.of(
                "",
                "plain",
                "\u0000\b\t\n\f\r\u001f\"\\/\u007f\u0080\u07ff\u0800\uffff\ud83d\ude00",
                1,
                -12345678901L,
                2.5e-5,
                true,
                Collections.emptyMap(),
                List.of(),
                List.of(1, List.of(2, "x"), Map.of("k\"", List.of())),
                map("a", null, "b", map("c", 1.5)));
    }

    @ParameterizedTest
    @MethodSource("values")
    void size_isThatOfTheText(Object value) {
        Object plain = PlainJson.of(value, PlainJson.MAX_ITEMS);
        assertThat(PlainJson.size(plain)).isEqualTo(PlainJson.text(plain).getBytes(StandardCharsets.UTF_8).length);
    }
}
