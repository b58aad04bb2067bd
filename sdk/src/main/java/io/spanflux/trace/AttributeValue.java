// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.diagnostics.FatalErrors;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.Set;
import java.util.concurrent.atomic.DoubleAccumulator;
import java.util.concurrent.atomic.DoubleAdder;
import org.jspecify.annotations.Nullable;

/**
 * Turns whatever a caller passes as an attribute into one of the few immutable forms that encoders know: String, Long,
 * Double, Boolean, List and Map of these. Bytes become base64 text, because receivers lose whole spans over OTLP's
 * bytesValue; a number that is not finite has no form, because one NaN makes a query for the whole trace fail in Jaeger.
 */
final class AttributeValue {
    /** Deeper values are dropped; OpenTelemetry's limit. */
    static final int MAX_DEPTH = 64;

    /**
     * Further items of one value, nested ones included, are dropped: a collection may have no end, and a graph with links
     * back to its parents has more ways through it than there is time.
     */
    static final int MAX_ITEMS = 1 << 16;

    private final int maxLength;
    private int items;
    private boolean truncated;
    private boolean invalid;

    private AttributeValue(int maxLength) {
        this.maxLength = maxLength;
    }

    /** The outcome of {@link #of}: {@code value} is null when nothing of it can be said. */
    record Normal(@Nullable Object value, boolean truncated, boolean invalid) {}

    /** Normalises one value; text is cut to {@code maxLength} code points. Never throws, whatever the object does. */
    static Normal of(@Nullable Object raw, int maxLength) {
        AttributeValue normalizer = new AttributeValue(maxLength);
        Object value;
        try {
            value = normalizer.normalize(raw, 0);
        } catch (Throwable e) {
            // A collection of the caller's that throws while it is read: whatever it likes, as Kotlin's may.
            FatalErrors.propagate(e);
            value = null;
        }
        return new Normal(value, normalizer.truncated, normalizer.invalid || value == null);
    }

    /** Whether {@code value} is a collection that was made here, so that it needs no copy. */
    static boolean isNormal(@Nullable Object value) {
        return value instanceof NormalList || value instanceof NormalMap;
    }

    private @Nullable Object normalize(@Nullable Object raw, int depth) {
        if (raw instanceof String text) {
            return text(text);
        }
        if (raw instanceof Boolean || raw instanceof Long) {
            return raw;
        }
        if (raw instanceof Number number) {
            return number(number);
        }
        if (raw instanceof CharSequence || raw instanceof Character) {
            return text(raw.toString());
        }
        if (raw instanceof Enum<?> constant) {
            return text(constant.name());
        }
        if (raw instanceof byte[] bytes) {
            return text(Base64.getEncoder().encodeToString(bytes));
        }
        if (raw != null && depth < MAX_DEPTH) {
            if (raw instanceof Collection<?> items) {
                return list(items, depth);
            }
            if (raw instanceof Map<?, ?> map) {
                return map(map, depth);
            }
            if (raw.getClass().isArray()) {
                return array(raw, depth);
            }
        }
        invalid = true;
        return null;
    }

    private String text(String text) {
        String cut = truncate(text, maxLength);
        truncated |= cut.length() < text.length();
        return cut;
    }

    private @Nullable Object number(Number number) {
        if (number instanceof Integer || number instanceof Short || number instanceof Byte) {
            return number.longValue();
        }
        if (number instanceof BigInteger big) {
            return big.bitLength() < Long.SIZE ? (Object) big.longValue() : text(big.toString());
        }
        if (number instanceof Double
                || number instanceof Float
                || number instanceof BigDecimal
                || number instanceof DoubleAdder
                || number instanceof DoubleAccumulator) {
            double value = number.doubleValue();
            if (Double.isFinite(value)) {
                return value;
            }
        } else {
            // AtomicLong, LongAdder and their like.
            return number.longValue();
        }
        invalid = true;
        return null;
    }

    private List<Object> list(Collection<?> items, int depth) {
        // Its size is not asked for: a collection that claims billions must not get an array of that length.
        List<Object> list = new ArrayList<>();
        for (Object item : items) {
            if (isFull()) {
                break;
            }
            add(list, item, depth);
        }
        return new NormalList(list.toArray());
    }

    private List<Object> array(Object array, int depth) {
        int length = Array.getLength(array);
        List<Object> list = new ArrayList<>(Math.min(length, MAX_ITEMS));
        for (int i = 0; i < length && !isFull(); i++) {
            add(list, Array.get(array, i), depth);
        }
        return new NormalList(list.toArray());
    }

    /** Counts one more item, unless there are too many. */
    private boolean isFull() {
        if (items == MAX_ITEMS) {
            truncated = true;
            return true;
        }
        items++;
        return false;
    }

    private void add(List<Object> list, @Nullable Object item, int depth) {
        Object value = normalize(item, depth + 1);
        if (value != null) {
            list.add(value);
        }
    }

    private Map<String, Object> map(Map<?, ?> map, int depth) {
        Map<String, Object> copy = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (isFull()) {
                break;
            }
            Object value = normalize(entry.getValue(), depth + 1);
            if (value != null && entry.getKey() instanceof String key && !key.isEmpty()) {
                copy.put(key, value);
            } else {
                invalid = true;
            }
        }
        return new NormalMap(copy);
    }

    /** The first {@code maxCodePoints} code points of {@code text}, which is returned itself when it is not longer. */
    static String truncate(String text, int maxCodePoints) {
        if (text.length() <= maxCodePoints || text.codePointCount(0, text.length()) <= maxCodePoints) {
            return text;
        }
        return text.substring(0, text.offsetByCodePoints(0, maxCodePoints));
    }

    /**
     * Roughly how many bytes a normalised value takes on the heap and, encoded, on the wire: two bytes a character and a
     * few words. An estimate that can be computed while a value is set, without looking at the text.
     */
    static int estimatedBytes(Object value) {
        if (value instanceof String text) {
            return saturated(48L + 2L * text.length());
        }
        // Asked first, by class: until JDK 23 to find that a number is no List is a search through all its interfaces.
        if (value instanceof Number || value instanceof Boolean) {
            return 24;
        }
        if (value instanceof List<?> items) {
            long sum = 48;
            for (Object item : items) {
                sum += estimatedBytes(item);
            }
            return saturated(sum);
        }
        if (value instanceof Map<?, ?> map) {
            long sum = 64;
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                sum += estimatedBytes(entry.getKey()) + 32L + estimatedBytes(entry.getValue());
            }
            return saturated(sum);
        }
        return 24;
    }

    /** {@code sum} as an int that does not overflow. */
    static int saturated(long sum) {
        return (int) Math.min(sum, Integer.MAX_VALUE);
    }

    /** Its class is the proof that it is immutable and holds only normal values. */
    private static final class NormalList extends AbstractList<Object> implements RandomAccess {
        private final Object[] items;

        NormalList(Object[] items) {
            this.items = items;
        }

        @Override
        public Object get(int index) {
            return items[index];
        }

        @Override
        public int size() {
            return items.length;
        }
    }

    /** As {@link NormalList}. */
    private static final class NormalMap extends AbstractMap<String, Object> {
        private final Map<String, Object> entries;

        NormalMap(Map<String, Object> entries) {
            this.entries = Collections.unmodifiableMap(entries);
        }

        @Override
        public Set<Map.Entry<String, Object>> entrySet() {
            return entries.entrySet();
        }

        @Override
        public @Nullable Object get(@Nullable Object key) {
            return entries.get(key);
        }

        @Override
        public boolean containsKey(@Nullable Object key) {
            return entries.containsKey(key);
        }
    }
}
