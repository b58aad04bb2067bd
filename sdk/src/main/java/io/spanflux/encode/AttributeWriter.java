// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes attributes in OTLP's form {@code {"key":..,"value":{"stringValue":..}}}. A value that has no form there is
 * skipped and counted; a text that is not well-formed is repaired and counted.
 */
final class AttributeWriter implements AttributeConsumer {
    private static final byte[] ATTRIBUTES = JsonWriter.bytes("\"attributes\":[");
    private static final byte[] STRING = JsonWriter.bytes("{\"stringValue\":");
    private static final byte[] BOOL = JsonWriter.bytes("{\"boolValue\":");
    private static final byte[] INT = JsonWriter.bytes("{\"intValue\":\"");
    private static final byte[] DOUBLE = JsonWriter.bytes("{\"doubleValue\":");
    private static final byte[] ARRAY = JsonWriter.bytes("{\"arrayValue\":{\"values\":[");
    private static final byte[] KVLIST = JsonWriter.bytes("{\"kvlistValue\":{\"values\":[");
    private static final byte[] END_OF_VALUES = JsonWriter.bytes("]}}");
    private static final byte[] END_OF_INT = JsonWriter.bytes("\"}");
    private static final byte[] TRUE = JsonWriter.bytes("true");
    private static final byte[] FALSE = JsonWriter.bytes("false");

    private final JsonWriter json;
    private final AttributeKeys keys;
    private boolean first;
    private int repaired;
    private int dropped;

    AttributeWriter(JsonWriter json, AttributeKeys keys) {
        this.json = json;
        this.keys = keys;
    }

    void beginRecord() {
        repaired = 0;
        dropped = 0;
    }

    void begin() {
        json.raw(ATTRIBUTES);
        first = true;
    }

    void end() {
        json.raw(']');
    }

    /** Marks a span or event of which some text was not well-formed. */
    void writeRepairs() {
        if (repaired > 0) {
            accept("spanflux.repaired_texts", repaired);
        }
    }

    /** How many values were skipped since the last call. */
    int takeDropped() {
        int count = dropped;
        dropped = 0;
        return count;
    }

    private boolean beginAttribute(String key) {
        // SpanData is an interface: what an application's own hands over is checked here.
        if (key == null || key.isEmpty()) {
            dropped++;
            return false;
        }
        if (!first) {
            json.raw(',');
        }
        first = false;
        AttributeKeys.Begin begin = keys.get(key);
        if (begin != null) {
            json.raw(begin.json);
        }
        if (!(begin == null ? AttributeKeys.write(key, json) : begin.wellFormed)) {
            repaired++;
        }
        return true;
    }

    @Override
    public void accept(String key, @Nullable String value) {
        if (value == null) {
            dropped++;
        } else if (beginAttribute(key)) {
            stringValue(value);
            json.raw('}');
        }
    }

    @Override
    public void accept(String key, long value) {
        if (beginAttribute(key)) {
            intValue(value);
            json.raw('}');
        }
    }

    @Override
    public void accept(String key, double value) {
        if (!Double.isFinite(value)) {
            dropped++;
        } else if (beginAttribute(key)) {
            doubleValue(value);
            json.raw('}');
        }
    }

    @Override
    public void accept(String key, boolean value) {
        if (beginAttribute(key)) {
            boolValue(value);
            json.raw('}');
        }
    }

    @Override
    public void accept(String key, List<?> value) {
        acceptNested(key, value);
    }

    @Override
    public void accept(String key, Map<String, ?> value) {
        acceptNested(key, value);
    }

    /**
     * Copies first what is not known to be immutable: a collection of an application's own SpanData may throw or change
     * while it is read, or never end.
     */
    private void acceptNested(String key, Object value) {
        Object normal = Attributes.normalized(value);
        if (normal == null) {
            dropped++;
        } else if (beginAttribute(key)) {
            anyValue(normal);
            json.raw('}');
        }
    }

    private void stringValue(String value) {
        json.raw(STRING);
        writeText(value);
        json.raw('}');
    }

    private void intValue(long value) {
        json.raw(INT);
        json.decimal(value);
        json.raw(END_OF_INT);
    }

    private void doubleValue(double value) {
        json.raw(DOUBLE);
        json.number(value);
        json.raw('}');
    }

    private void boolValue(boolean value) {
        json.raw(BOOL);
        json.raw(value ? TRUE : FALSE);
        json.raw('}');
    }

    private void arrayValue(List<?> items) {
        json.raw(ARRAY);
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                json.raw(',');
            }
            anyValue(items.get(i));
        }
        json.raw(END_OF_VALUES);
    }

    private void kvlistValue(Map<?, ?> map) {
        json.raw(KVLIST);
        boolean isFirst = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!isFirst) {
                json.raw(',');
            }
            isFirst = false;
            if (!AttributeKeys.write((String) entry.getKey(), json)) {
                repaired++;
            }
            anyValue(entry.getValue());
            json.raw('}');
        }
        json.raw(END_OF_VALUES);
    }

    /** A value in one of the forms that {@link Attributes} holds. */
    private void anyValue(Object value) {
        if (value instanceof String text) {
            stringValue(text);
        } else if (value instanceof Long number) {
            intValue(number);
        } else if (value instanceof Double number) {
            doubleValue(number);
        } else if (value instanceof Boolean truth) {
            boolValue(truth);
        } else if (value instanceof List<?> items) {
            arrayValue(items);
        } else {
            kvlistValue((Map<?, ?>) value);
        }
    }

    /** A text, counted if it had to be repaired. */
    void writeText(String text) {
        if (!json.text(text)) {
            repaired++;
        }
    }
}
