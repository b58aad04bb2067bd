// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps the value of one key of what it is handed. */
final class AttributeFinder implements AttributeConsumer {
    private final String key;
    private @Nullable Object value;

    AttributeFinder(String key) {
        this.key = key;
    }

    @Override
    public void accept(String key, String value) {
        keep(key, value);
    }

    @Override
    public void accept(String key, long value) {
        // Before the number is boxed: most keys are others.
        if (this.key.equals(key)) {
            this.value = value;
        }
    }

    @Override
    public void accept(String key, double value) {
        if (this.key.equals(key)) {
            this.value = value;
        }
    }

    @Override
    public void accept(String key, boolean value) {
        keep(key, value);
    }

    @Override
    public void accept(String key, List<?> value) {
        keep(key, value);
    }

    @Override
    public void accept(String key, Map<String, ?> value) {
        keep(key, value);
    }

    private void keep(String key, Object value) {
        if (this.key.equals(key)) {
            this.value = value;
        }
    }

    /** The value, null when the key did not come. */
    @Nullable
    Object value() {
        return value;
    }
}
