// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@link JsonOutline} kept of an object; what is missing, or not what is asked for, is null or empty. */
record Outline(Map<?, ?> members) {
    private static final Outline EMPTY = new Outline(Map.of());

    private static Outline of(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? new Outline(map) : EMPTY;
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    @Nullable
    Object value(String name) {
        return members.get(name);
    }

    /** An object, empty where there is none. */
    Outline object(String name) {
        return of(members.get(name));
    }

    /** The objects of an array. */
    List<Outline> objects(String name) {
        List<Outline> objects = new ArrayList<>();
        if (members.get(name) instanceof List<?> list) {
            for (Object each : list) {
                objects.add(of(each));
            }
        }
        return objects;
    }

    /** The texts of an array. */
    @Nullable
    List<String> texts(String name) {
        if (!(members.get(name) instanceof List<?> list)) {
            return null;
        }
        return list.stream()
                .filter(String.class::isInstance)
                .map(String.class::cast)
                .toList();
    }

    @Nullable
    String text(String name) {
        return members.get(name) instanceof String text ? text : null;
    }

    /** A text that is not empty. */
    @Nullable
    String word(String name) {
        String text = text(name);
        return text == null || text.isEmpty() ? null : text;
    }

    @Nullable
    Long count(String name) {
        return members.get(name) instanceof Number number ? (Long) number.longValue() : null;
    }

    /** A count between 0 and {@code max}; {@code otherwise} where there is none. */
    int index(String name, int max, int otherwise) {
        Long count = count(name);
        return count == null || count < 0 || count > max ? otherwise : count.intValue();
    }

    @Nullable
    Double number(String name) {
        return members.get(name) instanceof Number number ? (Double) number.doubleValue() : null;
    }

    boolean isTrue(String name) {
        return Boolean.TRUE.equals(members.get(name));
    }

    /** The names only: values may be content. */
    @Override
    public String toString() {
        return "Outline" + members.keySet();
    }
}
