// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import io.spanflux.diagnostics.FatalErrors;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Replaces, in structured values such as the arguments of a tool, what stands at certain paths with
 * {@value Markers#KEY}, whole subtrees included; and applies a text redactor to what remains, if one is given.
 *
 * <p>A path goes from the root: {@code customer.card.number}. {@code *} is any one key or element ({@code user.address.*}),
 * {@code **} any number of levels, also none ({@code **.token}). A name alone, {@code password}, is meant at every depth,
 * as {@code **.password}. A name also looks into lists, so that {@code items.secret} takes it out of each item. A dot that
 * is part of a name is written {@code \.}. Case does not matter. JSON inside a text is not looked into by path.
 *
 * <p>What cannot be processed is not let out: JSON text that is broken, ambiguous (a key twice) or longer than 4 Mi
 * characters, a value of more than 100,000 parts and one that throws become {@value Markers#FAILED} or
 * {@value Markers#TOO_LONG}; what lies deeper than 64 levels becomes {@value Markers#TOO_DEEP}.
 *
 * <p>Immutable; threads: any. Never throws.
 */
public final class KeyPathRedactor {
    private static final int MAX_PATHS = 64;
    private static final int MAX_PARTS = 100_000;
    private static final int MAX_DEPTH = 64;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private final List<List<KeyPath.Step>> paths;
    private final @Nullable TextRedactor texts;
    private final LongAdder failures = new LongAdder();

    private KeyPathRedactor(List<List<KeyPath.Step>> paths, @Nullable TextRedactor texts) {
        this.paths = paths;
        this.texts = texts;
    }

    /** Takes out what stands at these paths: at most 64, of 1 to 16 steps each. */
    public static KeyPathRedactor of(String... paths) {
        if (paths.length > MAX_PATHS) {
            throw new IllegalArgumentException("paths are more than " + MAX_PATHS + ": " + paths.length);
        }
        return new KeyPathRedactor(Arrays.stream(paths).map(KeyPath::parse).toList(), null);
    }

    /** Also applies {@code texts} to texts, numbers and keys at all other paths, guarded as {@link TextRedactor#inOrder} does. */
    public KeyPathRedactor withTexts(TextRedactor texts) {
        Objects.requireNonNull(texts, "texts == null");
        return new KeyPathRedactor(paths, this.texts == null ? TextRedactor.inOrder(texts) : this.texts.and(texts));
    }

    /**
     * {@code value} with what is redacted replaced: maps, collections and arrays as maps and lists, texts and numbers
     * that hold a secret as text. Any other object is looked at as the JSON that Jackson makes of it. {@code value} itself
     * when there is nothing to redact; it is never changed.
     */
    public @Nullable Object redact(@Nullable Object value) {
        try {
            return new Walk().walk(value, start(), 0);
        } catch (Throwable e) {
            return failed(e);
        }
    }

    /** A JSON text, redacted; {@code json} itself when there is nothing to redact. */
    public String redactJson(String json) {
        if (json.length() > SecretRedactor.MAX_LENGTH) {
            return Markers.TOO_LONG;
        }
        try {
            Object value = JSON.readValue(json, Object.class);
            Object redacted = new Walk().walk(value, start(), 0);
            return isUntouched(redacted, value) ? json : JSON.writeValueAsString(redacted);
        } catch (Throwable e) {
            return failed(e);
        }
    }

    /** How many values were lost since the start because redacting them failed, the text redactor's losses included. */
    public long failures() {
        return failures.sum() + (texts == null ? 0 : texts.failures());
    }

    /** What was thrown goes nowhere: its message may hold the value. */
    private String failed(Throwable failure) {
        FatalErrors.propagate(failure);
        failures.increment();
        return Markers.FAILED;
    }

    private Set<Cursor> start() {
        Set<Cursor> cursors = new LinkedHashSet<>();
        for (int path = 0; path < paths.size(); path++) {
            add(new Cursor(path, 0), cursors);
        }
        return cursors;
    }

    @Override
    public String toString() {
        return "KeyPathRedactor{paths=" + paths.size() + ", texts=" + texts + '}';
    }

    /** How far a path, given by its number, has been followed. */
    private record Cursor(int path, int at) {
        Cursor next() {
            return new Cursor(path, at + 1);
        }
    }

    private boolean isAtEnd(Cursor cursor) {
        return cursor.at == paths.get(cursor.path).size();
    }

    private KeyPath.Step step(Cursor cursor) {
        return paths.get(cursor.path).get(cursor.at);
    }

    /** Adds {@code cursor}, and what stands behind any number of levels that may be none. */
    private void add(Cursor cursor, Set<Cursor> to) {
        to.add(cursor);
        if (!isAtEnd(cursor) && step(cursor).kind() == KeyPath.StepKind.ANY_DEPTH) {
            add(cursor.next(), to);
        }
    }

    @SuppressWarnings("ReferenceEquality") // the same instance is how the absence of a change is told
    private static boolean isUntouched(@Nullable Object redacted, @Nullable Object value) {
        return redacted == value;
    }

    /** One value being looked through. */
    private final class Walk {
        private int parts;

        @Nullable
        Object walk(@Nullable Object value, Set<Cursor> cursors, int depth) {
            if (++parts > MAX_PARTS) {
                throw new IllegalStateException("too many parts");
            }
            for (Cursor cursor : cursors) {
                if (isAtEnd(cursor)) {
                    return Markers.KEY.equals(value) ? value : Markers.KEY;
                }
            }
            if (value == null || value instanceof Boolean) {
                return value;
            }
            if (value instanceof CharSequence || value instanceof Character || value instanceof Enum<?>) {
                return text(value, value.toString());
            }
            if (value instanceof Number number) {
                return text(value, plain(number));
            }
            if (depth >= MAX_DEPTH) {
                return Markers.TOO_DEEP;
            }
            if (value instanceof Map<?, ?> map) {
                return map(map, cursors, depth);
            }
            if (value instanceof Collection<?> collection) {
                return list(collection, collection, cursors, depth);
            }
            if (value instanceof Object[] array) {
                return list(value, Arrays.asList(array), cursors, depth);
            }
            String json = JSON.writeValueAsString(value);
            if (json.length() > SecretRedactor.MAX_LENGTH) {
                return Markers.TOO_LONG;
            }
            Object seen = JSON.readValue(json, Object.class);
            Object redacted = walk(seen, cursors, depth);
            return isUntouched(redacted, seen) ? value : redacted;
        }

        /** Without an exponent, where that does not make a small number a huge text. */
        private String plain(Number number) {
            boolean finite = number instanceof Double && Double.isFinite(number.doubleValue());
            Number exact = finite ? BigDecimal.valueOf(number.doubleValue()) : number;
            return exact instanceof BigDecimal decimal && Math.abs(decimal.scale()) <= 64
                    ? decimal.toPlainString()
                    : exact.toString();
        }

        private Object text(Object value, String text) {
            if (texts == null) {
                return value;
            }
            String redacted = Objects.requireNonNull(texts.redact(text));
            return redacted.equals(text) ? value : redacted;
        }

        private Object map(Map<?, ?> map, Set<Cursor> cursors, int depth) {
            Map<String, @Nullable Object> copy = new LinkedHashMap<>();
            boolean changed = false;
            int suffix = 1;
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                String key = String.valueOf(entry.getKey());
                Object redacted = walk(entry.getValue(), below(cursors, key), depth + 1);
                String shown = text(key, key).toString();
                changed |= !isUntouched(redacted, entry.getValue()) || !shown.equals(key);
                // Two keys may become the same; none of the values is lost for it. Counting on keeps this linear.
                String free = shown;
                while (copy.containsKey(free)) {
                    free = shown + ' ' + ++suffix;
                }
                copy.put(free, redacted);
            }
            return changed ? copy : map;
        }

        private Object list(Object value, Collection<?> elements, Set<Cursor> cursors, int depth) {
            List<@Nullable Object> copy = new ArrayList<>();
            boolean changed = false;
            Set<Cursor> inside = inside(cursors);
            for (Object element : elements) {
                Object redacted = walk(element, inside, depth + 1);
                changed |= !isUntouched(redacted, element);
                copy.add(redacted);
            }
            return changed ? copy : value;
        }

        private Set<Cursor> below(Set<Cursor> cursors, String key) {
            Set<Cursor> below = new LinkedHashSet<>();
            for (Cursor cursor : cursors) {
                KeyPath.Step step = step(cursor);
                switch (step.kind()) {
                    case KEY -> {
                        if (step.key().equalsIgnoreCase(key)) {
                            add(cursor.next(), below);
                        }
                    }
                    case ANY -> add(cursor.next(), below);
                    case ANY_DEPTH -> add(cursor, below);
                }
            }
            return below;
        }

        private Set<Cursor> inside(Set<Cursor> cursors) {
            Set<Cursor> inside = new LinkedHashSet<>();
            for (Cursor cursor : cursors) {
                add(step(cursor).kind() == KeyPath.StepKind.ANY ? cursor.next() : cursor, inside);
            }
            return inside;
        }
    }
}
