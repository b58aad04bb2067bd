// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.SpanEvent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All that an event says, the stack trace of an exception too. */
final class EventAttributes implements AttributeConsumer {
    private final Map<String, Object> attributes = new LinkedHashMap<>();

    private EventAttributes() {}

    static Map<String, Object> of(SpanEvent event) {
        EventAttributes all = new EventAttributes();
        event.forEachAttribute(all);
        return all.attributes;
    }

    @Override
    public void accept(String key, String value) {
        attributes.put(key, value);
    }

    @Override
    public void accept(String key, long value) {
        attributes.put(key, value);
    }

    @Override
    public void accept(String key, double value) {
        attributes.put(key, value);
    }

    @Override
    public void accept(String key, boolean value) {
        attributes.put(key, value);
    }

    @Override
    public void accept(String key, List<?> value) {
        attributes.put(key, value);
    }

    @Override
    public void accept(String key, Map<String, ?> value) {
        attributes.put(key, value);
    }
}
