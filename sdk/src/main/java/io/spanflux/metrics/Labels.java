// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.genai.GenAiData;
import io.spanflux.trace.Attributes;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of a metric's attributes, in the order of its keys, null where not known: what a histogram is found by.
 *
 * <p>Bound: a text counts up to {@value #MAX_LENGTH} characters, so that the histograms of a metric never hold more than
 * so many texts of that length.
 */
final class Labels {
    private static final int MAX_LENGTH = 1024;

    // Texts and whole numbers, which are immutable; the array belongs to this object alone.
    private final @Nullable Object[] values;
    private final int hash;

    Labels(@Nullable Object... values) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] instanceof String text && text.length() > MAX_LENGTH) {
                values[i] = text.substring(0, MAX_LENGTH);
            }
        }
        this.values = values;
        this.hash = Arrays.hashCode(values);
    }

    /** What {@code data} says under {@code keys}. */
    static Labels of(GenAiData data, List<String> keys) {
        @Nullable Object[] values = new Object[keys.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = data.metadata(keys.get(i));
        }
        return new Labels(values);
    }

    /** These and the value of one more key. */
    Labels and(@Nullable Object more) {
        @Nullable Object[] all = Arrays.copyOf(values, values.length + 1);
        all[values.length] = more;
        return new Labels(all);
    }

    Attributes attributes(List<String> keys) {
        Attributes attributes = Attributes.empty();
        for (int i = 0; i < values.length; i++) {
            attributes = attributes.with(keys.get(i), values[i]);
        }
        return attributes;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Labels that && hash == that.hash && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
