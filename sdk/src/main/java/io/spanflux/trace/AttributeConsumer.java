// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Takes attributes one by one. Primitive forms keep an encoder free of boxing; the two collection forms hold only values
 * that {@link Attributes} describes.
 */
public interface AttributeConsumer {
    /** Puts each attribute into {@code map}, as it is handed over; of a key that comes again the last value stays. */
    static AttributeConsumer into(Map<String, Object> map) {
        return new MapCollector(map);
    }

    /** A text. */
    void accept(String key, String value);

    /** A whole number. */
    void accept(String key, long value);

    /** A finite number. */
    void accept(String key, double value);

    /** A truth value. */
    void accept(String key, boolean value);

    /** A list of attribute values. */
    void accept(String key, List<?> value);

    /** A map from text to attribute values. */
    void accept(String key, Map<String, ?> value);

    /** What the span may hold, for data that can shorten itself without losing its form. Default the defaults. */
    default SpanLimits limits() {
        return SpanLimits.defaults();
    }

    /** Says that {@code values} of those handed over were cut to fit; the span counts them. Default nothing. */
    default void truncated(int values) {}

    /** Nothing when {@code value} is null, else the text. */
    default void acceptIfSet(String key, @Nullable String value) {
        if (value != null) {
            accept(key, value);
        }
    }

    /** Nothing when {@code value} is null, else the whole number. */
    default void acceptIfSet(String key, @Nullable Long value) {
        if (value != null) {
            accept(key, value.longValue());
        }
    }

    /** Nothing when {@code value} is null or not finite, else the number. */
    default void acceptIfSet(String key, @Nullable Double value) {
        if (value != null && Double.isFinite(value)) {
            accept(key, value.doubleValue());
        }
    }

    /** Nothing when {@code value} is null or empty, else the list. */
    default void acceptIfSet(String key, @Nullable List<?> value) {
        if (value != null && !value.isEmpty()) {
            accept(key, value);
        }
    }
}
