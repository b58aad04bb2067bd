// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.AbstractCollection;
import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

// In a thread of its own, so that a value without an end fails its test instead of the build.
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AttributeValueTest {
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    static Stream<Arguments> forms() {
        DoubleAdder doubles = new DoubleAdder();
        doubles.add(1.5);
        LongAdder longs = new LongAdder();
        longs.add(5);
        Map<String, Object> ordered = new LinkedHashMap<>();
        ordered.put("z", 1);
        ordered.put("a", 'c');
        return Stream.of(
                arguments("text", "text"),
                arguments(new StringBuilder("built"), "built"),
                arguments('c', "c"),
                arguments(TimeUnit.SECONDS, "SECONDS"),
                arguments(true, true),
                arguments((byte) -1, -1L),
                arguments((short) 2, 2L),
                arguments(3, 3L),
                arguments(Long.MIN_VALUE, Long.MIN_VALUE),
                arguments(0.5f, 0.5),
                arguments(-0.25, -0.25),
                arguments(Double.MIN_VALUE, Double.MIN_VALUE),
                arguments(new BigDecimal("12.5"), 12.5),
                arguments(BigInteger.valueOf(Long.MAX_VALUE), Long.MAX_VALUE),
                arguments(BigInteger.TWO.pow(63), "9223372036854775808"),
                arguments(BigInteger.TWO.pow(63).negate(), Long.MIN_VALUE),
                arguments(new AtomicInteger(4), 4L),
                arguments(new AtomicLong(Long.MAX_VALUE), Long.MAX_VALUE),
                arguments(longs, 5L),
                arguments(doubles, 1.5),
                arguments(new byte[] {0, -1, 127}, Base64.getEncoder().encodeToString(new byte[] {0, -1, 127})),
                arguments(new byte[0], ""),
                arguments(new int[] {1, 2}, List.of(1L, 2L)),
                arguments(new long[] {3}, List.of(3L)),
                arguments(new short[] {4}, List.of(4L)),
                arguments(new double[] {0.5, 1}, List.of(0.5, 1.0)),
                arguments(new float[] {0.5f}, List.of(0.5)),
                arguments(new boolean[] {true, false}, List.of(true, false)),
                arguments(new char[] {'a', 'b'}, List.of("a", "b")),
                arguments(new String[] {"a", "b"}, List.of("a", "b")),
                arguments(new Object[] {"a", 1, new int[] {2}}, List.of("a", 1L, List.of(2L))),
                arguments(List.of(), List.of()),
                arguments(List.of("a", 1, 2.5, true), List.of("a", 1L, 2.5, true)),
                arguments(new LinkedHashSet<>(List.of("b", "a")), List.of("b", "a")),
                arguments(List.of(List.of(new byte[] {1})), List.of(List.of("AQ=="))),
                arguments(Map.of(), Map.of()),
                arguments(ordered, Map.of("z", 1L, "a", "c")),
                arguments(Map.of("deep", Map.of("er", new int[] {1})), Map.of("deep", Map.of("er", List.of(1L)))));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void of_everyKind_hasOneForm(Object raw, Object form) {
        AttributeValue.Normal normal = AttributeValue.of(raw, NO_LIMIT);

        assertThat(normal).isEqualTo(new AttributeValue.Normal(form, false, false));
    }

    @Test
    void of_map_keepsItsOrder() {
        Map<String, Object> ordered = new LinkedHashMap<>();
        for (String key : List.of("z", "a", "m")) {
            ordered.put(key, key);
        }

        assertThat(((Map<?, ?>) value(ordered)).keySet().toString()).isEqualTo("[z, a, m]");
    }

    static Stream<Object> withoutForm() {
        return Stream.of(
                null,
                Double.NaN,
                Double.NEGATIVE_INFINITY,
                Float.NaN,
                Float.POSITIVE_INFINITY,
                new BigDecimal("1e400"),
                new Object(),
                Optional.of("x"),
                String.class,
                new HostileText(),
                new HostileNumber(),
                new HostileCollection(new IllegalStateException("closed")),
                new HostileCollection(new java.io.IOException("checked, as Kotlin throws them")),
                new HostileCollection(new NoSuchMethodError("of another version")),
                new HostileCollection(new AssertionError()),
                new HostileMap());
    }

    @ParameterizedTest
    @MethodSource("withoutForm")
    void of_whatCannotBeSaid_isNothingAndInvalid(Object raw) {
        assertThat(AttributeValue.of(raw, NO_LIMIT)).isEqualTo(new AttributeValue.Normal(null, false, true));
    }

    @Test
    void of_anErrorOfTheJvm_isNotSwallowed() {
        assertThatThrownBy(() -> AttributeValue.of(new HostileCollection(new InternalError("test")), NO_LIMIT))
                .isInstanceOf(InternalError.class);
    }

    @Test
    void of_collectionWithSomeUnusableItems_keepsTheOthersAndIsMarked() {
        List<Object> items = Arrays.asList(1, null, Double.NaN, "x", new Object(), List.of(Double.NaN));

        assertThat(AttributeValue.of(items, NO_LIMIT))
                .isEqualTo(new AttributeValue.Normal(List.of(1L, "x", List.of()), false, true));
        assertThat(AttributeValue.of(new double[] {1, Double.NaN}, NO_LIMIT))
                .isEqualTo(new AttributeValue.Normal(List.of(1.0), false, true));
    }

    @Test
    void of_mapWithSomeUnusableEntries_keepsTheOthersAndIsMarked() {
        Map<Object, Object> map = new HashMap<>();
        map.put("good", 1);
        map.put(2, "key is a number");
        map.put(null, "no key");
        map.put("", "empty key");
        map.put("null", null);
        map.put("nan", Double.NaN);

        assertThat(AttributeValue.of(map, NO_LIMIT))
                .isEqualTo(new AttributeValue.Normal(Map.of("good", 1L), false, true));
    }

    @Test
    void of_mutableCollections_copies() {
        List<Object> inner = new ArrayList<>(List.of("a"));
        Map<String, Object> map = new HashMap<>(Map.of("inner", inner));
        int[] array = {1};
        Object copiedMap = value(map);
        Object copiedArray = value(array);

        inner.add("b");
        map.put("more", 1);
        array[0] = 2;

        assertThat(copiedMap).isEqualTo(Map.of("inner", List.of("a")));
        assertThat(copiedArray).isEqualTo(List.of(1L));
        assertThatThrownBy(() -> ((List<?>) copiedArray).clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> ((Map<?, ?>) copiedMap).clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void of_nestedTooDeep_isCutThere() {
        Object nested = "core";
        for (int i = 0; i < AttributeValue.MAX_DEPTH; i++) {
            nested = List.of(nested);
        }
        assertThat(AttributeValue.of(nested, NO_LIMIT).invalid()).isFalse();

        AttributeValue.Normal deeper = AttributeValue.of(List.of(nested), NO_LIMIT);

        assertThat(deeper.invalid()).isTrue();
        assertThat(depth(deeper.value())).isEqualTo(AttributeValue.MAX_DEPTH);
    }

    private static int depth(Object value) {
        return value instanceof List<?> list ? 1 + (list.isEmpty() ? 0 : depth(list.get(0))) : 0;
    }

    @Test
    void of_collectionInItself_ends() {
        List<Object> self = new ArrayList<>();
        self.add("x");
        self.add(self);

        assertThat(AttributeValue.of(self, NO_LIMIT).invalid()).isTrue();
    }

    @Test
    void of_treeWithLinksToItsParents_endsWithinItsBound() {
        // As maps of a bidirectional model are: each way down leads up again, 2^64 ways in all.
        Map<String, Object> parent = new HashMap<>();
        Map<String, Object> left = new HashMap<>(Map.of("parent", parent));
        Map<String, Object> right = new HashMap<>(Map.of("parent", parent));
        parent.put("left", left);
        parent.put("right", right);

        AttributeValue.Normal normal = AttributeValue.of(parent, NO_LIMIT);

        assertThat(normal.truncated()).isTrue();
        assertThat(items(normal.value())).isLessThanOrEqualTo(AttributeValue.MAX_ITEMS);
    }

    @Test
    void of_collectionWithoutEnd_endsWithinItsBound() {
        AtomicInteger read = new AtomicInteger();
        Collection<Object> endless = new AbstractCollection<>() {
            @Override
            public Iterator<Object> iterator() {
                return Stream.generate(() -> (Object) read.getAndIncrement()).iterator();
            }

            @Override
            public int size() {
                return Integer.MAX_VALUE;
            }
        };

        AttributeValue.Normal normal = AttributeValue.of(endless, NO_LIMIT);

        assertThat(normal.truncated()).isTrue();
        List<?> kept = (List<?>) normal.value();
        assertThat(kept).hasSize(AttributeValue.MAX_ITEMS);
        assertThat(kept.get(kept.size() - 1)).isEqualTo(AttributeValue.MAX_ITEMS - 1L);
        assertThat(read.get()).isLessThanOrEqualTo(AttributeValue.MAX_ITEMS + 1);
    }

    @Test
    void of_asManyItemsAsTheBound_keepsThemAll() {
        AttributeValue.Normal normal = AttributeValue.of(new int[AttributeValue.MAX_ITEMS], NO_LIMIT);

        assertThat(normal.truncated()).isFalse();
        assertThat((List<?>) normal.value()).hasSize(AttributeValue.MAX_ITEMS);
    }

    @Test
    void of_collectionThatLiesAboutItsSize_isReadAllTheSame() {
        Collection<Object> liar = new AbstractCollection<>() {
            @Override
            public Iterator<Object> iterator() {
                return List.<Object>of("a", "b").iterator();
            }

            @Override
            public int size() {
                return Integer.MAX_VALUE;
            }
        };

        assertThat(value(liar)).isEqualTo(List.of("a", "b"));
    }

    private static int items(Object value) {
        int items = 0;
        if (value instanceof List<?> list) {
            for (Object item : list) {
                items += 1 + items(item);
            }
        } else if (value instanceof Map<?, ?> map) {
            for (Object item : map.values()) {
                items += 1 + items(item);
            }
        }
        return items;
    }

    // ---- truncation ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "abc, 3, abc",
        "abcd, 3, abc",
        "abc, 0, ''",
        "😀😀😀, 3, 😀😀😀",
        "😀😀😀, 2, 😀😀",
        "a😀b😀c, 4, a😀b😀",
        "a😀b😀c, 2, a😀",
        "ééé, 1, é",
    })
    void truncate_countsCodePointsAndSplitsNone(String text, int codePoints, String expected) {
        assertThat(AttributeValue.truncate(text, codePoints)).isEqualTo(expected);
    }

    @Test
    void truncate_whatFits_isTheSameObject() {
        String text = new String("😀😀");

        assertThat(AttributeValue.truncate(text, 2)).isSameAs(text);
        assertThat(AttributeValue.truncate(text, NO_LIMIT)).isSameAs(text);
    }

    @Test
    void truncate_loneSurrogates_countAsOneEach() {
        assertThat(AttributeValue.truncate("\uDC00\uD83D\uD83Dx", 3)).isEqualTo("\uDC00\uD83D\uD83D");
    }

    @Test
    void of_longTextAnywhere_isCutAndMarked() {
        assertThat(AttributeValue.of("abcd", 3)).isEqualTo(new AttributeValue.Normal("abc", true, false));
        assertThat(AttributeValue.of(List.of("abcd", 12345), 3))
                .isEqualTo(new AttributeValue.Normal(List.of("abc", 12345L), true, false));
        assertThat(AttributeValue.of(Map.of("longer key", List.of("abcd")), 3))
                .isEqualTo(new AttributeValue.Normal(Map.of("longer key", List.of("abc")), true, false));
        assertThat(AttributeValue.of(new String[] {"abcd"}, 3))
                .isEqualTo(new AttributeValue.Normal(List.of("abc"), true, false));
        assertThat(AttributeValue.of(new byte[9], 3)).isEqualTo(new AttributeValue.Normal("AAA", true, false));
        assertThat(AttributeValue.of(new StringBuilder("abcd"), 3))
                .isEqualTo(new AttributeValue.Normal("abc", true, false));
        assertThat(AttributeValue.of(TimeUnit.SECONDS, 3)).isEqualTo(new AttributeValue.Normal("SEC", true, false));
        assertThat(AttributeValue.of("abc", 3)).isEqualTo(new AttributeValue.Normal("abc", false, false));
    }

    @Test
    void estimatedBytes_followsWhatIsHeld() {
        assertThat(AttributeValue.estimatedBytes("x".repeat(1_000))).isBetween(2_000, 2_100);
        assertThat(AttributeValue.estimatedBytes(List.of("x".repeat(1_000), "x".repeat(1_000))))
                .isBetween(4_000, 4_300);
        assertThat(AttributeValue.estimatedBytes(Map.of("k".repeat(500), "x".repeat(1_000))))
                .isBetween(3_000, 3_300);
        assertThat(AttributeValue.saturated(3L * Integer.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE);
    }

    private static Object value(Object raw) {
        return AttributeValue.of(raw, NO_LIMIT).value();
    }

    private static final class HostileText implements CharSequence {
        @Override
        public int length() {
            return 1;
        }

        @Override
        public char charAt(int index) {
            return 'x';
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return this;
        }

        @Override
        public String toString() {
            throw new IllegalStateException("no text");
        }
    }

    private static final class HostileNumber extends Number {
        private static final long serialVersionUID = 1L;

        @Override
        public int intValue() {
            throw new IllegalStateException("no number");
        }

        @Override
        public long longValue() {
            throw new IllegalStateException("no number");
        }

        @Override
        public float floatValue() {
            throw new IllegalStateException("no number");
        }

        @Override
        public double doubleValue() {
            throw new IllegalStateException("no number");
        }
    }

    private static final class HostileCollection extends AbstractList<Object> {
        private final Throwable thrown;

        HostileCollection(Throwable thrown) {
            this.thrown = thrown;
        }

        @Override
        public Object get(int index) {
            if (index == 0) {
                return "readable";
            }
            throw Sneaky.rethrow(thrown);
        }

        @Override
        public int size() {
            return 3;
        }

        @Override
        public String toString() {
            return "HostileCollection of " + thrown;
        }
    }

    private static final class HostileMap extends AbstractMap<String, Object> {
        @Override
        public Set<Entry<String, Object>> entrySet() {
            throw new IllegalStateException("no entries");
        }

        @Override
        public String toString() {
            return "HostileMap";
        }
    }
}
