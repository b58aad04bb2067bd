// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.opentelemetry;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.common.Value;
import io.spanflux.trace.AttributeConsumer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Puts attributes into OpenTelemetry's: lists of one kind as its arrays, all other collections as its values of any form. */
final class OtelAttributes implements AttributeConsumer {
    private final AttributesBuilder attributes = Attributes.builder();

    static Attributes of(io.spanflux.trace.Attributes values) {
        OtelAttributes collected = new OtelAttributes();
        values.forEach(collected);
        return collected.build();
    }

    Attributes build() {
        return attributes.build();
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
    public void accept(String key, List<?> items) {
        if (holds(items, String.class)) {
            attributes.put(AttributeKey.stringArrayKey(key), cast(items, String.class));
        } else if (holds(items, Long.class)) {
            attributes.put(AttributeKey.longArrayKey(key), cast(items, Long.class));
        } else if (holds(items, Double.class)) {
            attributes.put(AttributeKey.doubleArrayKey(key), cast(items, Double.class));
        } else if (holds(items, Boolean.class)) {
            attributes.put(AttributeKey.booleanArrayKey(key), cast(items, Boolean.class));
        } else {
            attributes.put(AttributeKey.valueKey(key), value(items));
        }
    }

    private static boolean holds(List<?> items, Class<?> type) {
        return items.stream().allMatch(type::isInstance);
    }

    private static <T> List<T> cast(List<?> items, Class<T> type) {
        return items.stream().map(type::cast).toList();
    }

    @Override
    public void accept(String key, Map<String, ?> map) {
        attributes.put(AttributeKey.valueKey(key), value(map));
    }

    private static Value<?> value(Object value) {
        if (value instanceof Long number) {
            return Value.of(number);
        }
        if (value instanceof Double number) {
            return Value.of(number);
        }
        if (value instanceof Boolean truth) {
            return Value.of(truth);
        }
        if (value instanceof List<?> items) {
            return Value.of(items.stream().<Value<?>>map(OtelAttributes::value).toList());
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Value<?>> values = new LinkedHashMap<>();
            map.forEach((key, each) -> values.put(key.toString(), value(each)));
            return Value.of(values);
        }
        return Value.of(value.toString());
    }
}
