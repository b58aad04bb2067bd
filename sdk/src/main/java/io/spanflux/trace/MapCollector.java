// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.List;
import java.util.Map;

/** Puts what it is handed into a map. */
record MapCollector(Map<String, Object> to) implements AttributeConsumer {
    @Override
    public void accept(String key, String value) {
        to.put(key, value);
    }

    @Override
    public void accept(String key, long value) {
        to.put(key, value);
    }

    @Override
    public void accept(String key, double value) {
        to.put(key, value);
    }

    @Override
    public void accept(String key, boolean value) {
        to.put(key, value);
    }

    @Override
    public void accept(String key, List<?> value) {
        to.put(key, value);
    }

    @Override
    public void accept(String key, Map<String, ?> value) {
        to.put(key, value);
    }
}
