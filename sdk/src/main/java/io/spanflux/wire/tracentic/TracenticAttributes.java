// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.encode.PythonNumbers;
import io.spanflux.encode.Surrogates;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import java.io.StringWriter;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The attributes of one span on their way: those of the application within the limits, the first to say a key wins, then
 * those of the wire, which replace what the application says at the same place.
 *
 * <p>Bound: {@link TracenticLimits}. What exceeds them is counted.
 */
final class TracenticAttributes implements AttributeConsumer {
    private static final String SCOPE_PREFIX = "tracentic.scope.";

    /** Ours, said on this wire in its own words. */
    private static final Set<String> SAID_OTHERWISE = Set.of("spanflux.scope.id", "spanflux.scope.name");

    /** What a span says of its own losses must not be lost itself. */
    private static final Set<String> MARKS = Set.of("spanflux.truncated_values", "spanflux.invalid_values");

    private final JsonFactory json;
    private final TracenticLimits limits;
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final Map<String, Object> marks = new LinkedHashMap<>();
    private final Set<String> claimed = new HashSet<>();
    private boolean inheriting;
    private int repaired;
    private long dropped;
    private long cut;

    TracenticAttributes(JsonFactory json, TracenticLimits limits) {
        this.json = json;
        this.limits = limits;
    }

    void beginSpan() {
        values.clear();
        marks.clear();
        claimed.clear();
        repaired = 0;
    }

    /** The wire says {@code key} in words of its own: pass over what the span says. */
    void claim(String key) {
        claimed.add(key);
    }

    /** Attributes of lowest precedence: one whose key is taken already is passed over, and not lost. */
    void inherit(Attributes globals) {
        inheriting = true;
        globals.forEach(this);
        inheriting = false;
    }

    /** An attribute of the wire itself, on top of the limits and not cut; nothing when null. */
    void put(String key, @Nullable Object value) {
        if (value instanceof String text) {
            values.put(key, repaired(text));
        } else if (value != null) {
            values.put(key, value);
        }
    }

    /** Says last what the span and this wire had to mend. */
    void putMarks() {
        values.putAll(marks);
        if (repaired > 0) {
            values.put("spanflux.repaired_texts", (long) repaired);
        }
    }

    Map<String, Object> values() {
        return values;
    }

    /** {@code text}, well-formed. */
    String repaired(String text) {
        String wellFormed = Surrogates.repaired(text);
        if (!wellFormed.equals(text)) {
            repaired++;
        }
        return wellFormed;
    }

    /** Attributes that were left out since the start. */
    long dropped() {
        return dropped;
    }

    /** {@code count} attributes were left out elsewhere. */
    void dropped(int count) {
        dropped += count;
    }

    /** Keys and texts that were cut since the start. */
    long cut() {
        return cut;
    }

    @Override
    public void accept(String key, String value) {
        add(key, value);
    }

    @Override
    public void accept(String key, long value) {
        add(key, value);
    }

    @Override
    public void accept(String key, double value) {
        add(key, Double.isFinite(value) ? value : null);
    }

    @Override
    public void accept(String key, boolean value) {
        add(key, value);
    }

    @Override
    public void accept(String key, List<?> value) {
        add(key, value);
    }

    @Override
    public void accept(String key, Map<String, ?> value) {
        add(key, value);
    }

    /** SpanData is an interface: what an application's own hands over is checked here. */
    private void add(String key, @Nullable Object value) {
        if (key == null || key.isEmpty() || value == null) {
            dropped++;
        } else if (MARKS.contains(key)) {
            marks.put(key, value);
        } else if (key.startsWith(SCOPE_PREFIX)) {
            // Nobody but the wire says in which scope a span is; a correlation id is read from the scope.
            dropped += key.equals(TracenticScope.CORRELATION_ID) ? 0 : 1;
        } else if (!claimed.contains(key) && !SAID_OTHERWISE.contains(key)) {
            addWithinLimits(key, value);
        }
    }

    private void addWithinLimits(String key, Object value) {
        String shortKey = repaired(truncated(key, limits.keyLength()));
        boolean taken = values.containsKey(shortKey);
        if (taken || values.size() >= limits.count()) {
            dropped += taken && inheriting ? 0 : 1;
            return;
        }
        Object kept = value instanceof List || value instanceof Map ? jsonText(key, value) : value;
        if (kept instanceof String text) {
            kept = repaired(truncated(text, limits.valueLength()));
        }
        if (kept == null) {
            dropped++;
        } else {
            values.put(shortKey, kept);
        }
    }

    /** The first {@code maxCodePoints} code points, as Python counts. */
    private String truncated(String text, int maxCodePoints) {
        if (text.length() <= maxCodePoints || text.codePointCount(0, text.length()) <= maxCodePoints) {
            return text;
        }
        cut++;
        return text.substring(0, text.offsetByCodePoints(0, maxCodePoints));
    }

    /** Copies first: a collection of an application's own SpanData may throw or change while it is read, or never end. */
    private @Nullable String jsonText(String key, Object value) {
        Object copy = Attributes.of(key, value).get(key);
        if (copy == null) {
            return null;
        }
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = json.createGenerator(ObjectWriteContext.empty(), text)) {
            writeJson(generator, copy);
        }
        return text.toString();
    }

    /** A value in one of the forms that {@link Attributes} holds. */
    private static void writeJson(JsonGenerator generator, Object value) {
        if (value instanceof String text) {
            generator.writeString(text);
        } else if (value instanceof Long number) {
            generator.writeNumber(number);
        } else if (value instanceof Double number) {
            generator.writeNumber(PythonNumbers.text(number));
        } else if (value instanceof Boolean truth) {
            generator.writeBoolean(truth);
        } else if (value instanceof List<?> items) {
            generator.writeStartArray();
            for (Object item : items) {
                writeJson(generator, item);
            }
            generator.writeEndArray();
        } else {
            generator.writeStartObject();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                generator.writeName((String) entry.getKey());
                writeJson(generator, entry.getValue());
            }
            generator.writeEndObject();
        }
    }
}
