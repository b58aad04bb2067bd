// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An immutable, ordered set of attributes with unique, non-empty keys. A value is a {@code String}, {@code Long},
 * {@code Double} (finite), {@code Boolean}, or a {@code List} or {@code Map<String, ?>} of these.
 *
 * <p>Other things are brought into one of these forms when they are put in: whole numbers become {@code Long},
 * {@code byte[]} base64 text, arrays and collections lists, enum constants their name. What has no form (null, NaN, an
 * object of another class, an empty key) is left out.
 */
public final class Attributes {
    private static final Attributes EMPTY = new Attributes(new Object[0]);

    /** Keys at even, values at odd positions: one array is smaller and faster to walk than a map of a few entries. */
    private final Object[] entries;

    /** Summed up when first asked for, 0 until then; threads that race get the same number. */
    private int estimatedBytes;

    Attributes(Object[] entries) {
        this.entries = entries;
    }

    /** No attributes. */
    public static Attributes empty() {
        return EMPTY;
    }

    /** One attribute. */
    public static Attributes of(String key, Object value) {
        return EMPTY.with(key, value);
    }

    /** The entries of {@code map} in its order. */
    public static Attributes of(Map<String, ?> map) {
        Attributes attributes = EMPTY;
        for (Map.Entry<String, ?> entry : map.entrySet()) {
            attributes = attributes.with(entry.getKey(), entry.getValue());
        }
        return attributes;
    }

    /**
     * {@code value} in the form in which attributes hold it: itself if it has that form and cannot change, else a copy; null
     * when it has none. Never throws.
     */
    public static @Nullable Object normalized(@Nullable Object value) {
        return AttributeValue.isNormal(value)
                ? value
                : AttributeValue.of(value, Integer.MAX_VALUE).value();
    }

    /** These and one more; a key that is here already keeps its place and gets the new value. */
    public Attributes with(String key, @Nullable Object value) {
        Object normal = AttributeValue.of(value, Integer.MAX_VALUE).value();
        if (key == null || key.isEmpty() || normal == null) {
            return this;
        }
        int at = indexOf(key);
        Object[] copy = Arrays.copyOf(entries, at < 0 ? entries.length + 2 : entries.length);
        if (at < 0) {
            copy[entries.length] = key;
            copy[entries.length + 1] = normal;
        } else {
            copy[at + 1] = normal;
        }
        return new Attributes(copy);
    }

    /** These and all of {@code others}, whose values win. */
    public Attributes with(Attributes others) {
        if (isEmpty()) {
            return others;
        }
        Attributes merged = this;
        for (int i = 0; i < others.entries.length; i += 2) {
            merged = merged.with((String) others.entries[i], others.entries[i + 1]);
        }
        return merged;
    }

    /** These but {@code key}. */
    Attributes without(String key) {
        int at = indexOf(key);
        if (at < 0) {
            return this;
        }
        Object[] fewer = new Object[entries.length - 2];
        System.arraycopy(entries, 0, fewer, 0, at);
        System.arraycopy(entries, at + 2, fewer, at, fewer.length - at);
        return new Attributes(fewer);
    }

    /** The value of {@code key}, or null. */
    public @Nullable Object get(String key) {
        int at = indexOf(key);
        return at < 0 ? null : entries[at + 1];
    }

    /** Whether there is a value for {@code key}. */
    public boolean contains(String key) {
        return indexOf(key) >= 0;
    }

    private int indexOf(String key) {
        for (int i = 0; i < entries.length; i += 2) {
            if (entries[i].equals(key)) {
                return i;
            }
        }
        return -1;
    }

    /** How many there are. */
    public int size() {
        return entries.length / 2;
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return entries.length == 0;
    }

    /** Roughly how many bytes these hold alive. */
    public int estimatedBytes() {
        int known = estimatedBytes;
        if (known != 0) {
            return known;
        }
        long sum = 64;
        for (int i = 0; i < entries.length; i += 2) {
            sum += 32L + AttributeValue.estimatedBytes(entries[i]) + AttributeValue.estimatedBytes(entries[i + 1]);
        }
        known = AttributeValue.saturated(sum);
        estimatedBytes = known;
        return known;
    }

    String key(int index) {
        return (String) entries[2 * index];
    }

    Object value(int index) {
        return entries[2 * index + 1];
    }

    /** Hands each attribute to {@code consumer}, in order. */
    public void forEach(AttributeConsumer consumer) {
        for (int i = 0; i < entries.length; i += 2) {
            dispatch((String) entries[i], entries[i + 1], consumer);
        }
    }

    /** Calls the method of {@code consumer} that fits a normalised value. */
    @SuppressWarnings("unchecked") // AttributeValue builds maps with text keys only.
    static void dispatch(String key, Object value, AttributeConsumer consumer) {
        if (value instanceof String text) {
            consumer.accept(key, text);
        } else if (value instanceof Long number) {
            consumer.accept(key, number.longValue());
        } else if (value instanceof Double number) {
            consumer.accept(key, number.doubleValue());
        } else if (value instanceof Boolean truth) {
            consumer.accept(key, truth.booleanValue());
        } else if (value instanceof List<?> items) {
            consumer.accept(key, items);
        } else {
            consumer.accept(key, (Map<String, ?>) value);
        }
    }

    /** A map view of the same order, made anew at each call. */
    public Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            map.put((String) entries[i], entries[i + 1]);
        }
        return map;
    }

    /** Equal when keys, values and order are. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Attributes that && Arrays.equals(entries, that.entries);
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(entries));
    }

    /** How many and which keys; values may be content and stay out. */
    @Override
    public String toString() {
        return "Attributes" + asMap().keySet();
    }
}
