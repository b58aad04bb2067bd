// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.List;
import java.util.Map;

/** Builds {@link Attributes} from what it is handed. */
final class AttributeCollector implements AttributeConsumer {
    private Attributes attributes = Attributes.empty();

    @Override
    public void accept(String key, String value) {
        attributes = attributes.with(key, value);
    }

    @Override
    public void accept(String key, long value) {
        attributes = attributes.with(key, value);
    }

    @Override
    public void accept(String key, double value) {
        attributes = attributes.with(key, value);
    }

    @Override
    public void accept(String key, boolean value) {
        attributes = attributes.with(key, value);
    }

    @Override
    public void accept(String key, List<?> value) {
        attributes = attributes.with(key, value);
    }

    @Override
    public void accept(String key, Map<String, ?> value) {
        attributes = attributes.with(key, value);
    }

    Attributes attributes() {
        return attributes;
    }
}
