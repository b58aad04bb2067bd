// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.SerializedString;

/**
 * Writes attributes in OTLP's form {@code {"key":..,"value":{"stringValue":..}}}. A value that has no form there is
 * skipped and counted; a text that is not well-formed is repaired and counted.
 */
final class AttributeWriter implements AttributeConsumer {
    private static final SerializedString ATTRIBUTES = new SerializedString("attributes");
    private static final SerializedString KEY = new SerializedString("key");
    private static final SerializedString VALUE = new SerializedString("value");
    private static final SerializedString VALUES = new SerializedString("values");
    private static final SerializedString STRING = new SerializedString("stringValue");
    private static final SerializedString BOOL = new SerializedString("boolValue");
    private static final SerializedString INT = new SerializedString("intValue");
    private static final SerializedString DOUBLE = new SerializedString("doubleValue");
    private static final SerializedString ARRAY = new SerializedString("arrayValue");
    private static final SerializedString KVLIST = new SerializedString("kvlistValue");

    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final JsonGenerator generator;
    private final AttributeKeys keys;
    private final char[] scratch = new char[32];
    private int repaired;
    private int dropped;

    AttributeWriter(JsonGenerator generator, AttributeKeys keys) {
        this.generator = generator;
        this.keys = keys;
    }

    void beginRecord() {
        repaired = 0;
        dropped = 0;
    }

    void begin() {
        generator.writeName(ATTRIBUTES);
        generator.writeStartArray();
    }

    void end() {
        generator.writeEndArray();
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
        generator.writeStartObject();
        generator.writeName(KEY);
        SerializableString text = keys.get(key);
        if (!text.getValue().equals(key)) {
            repaired++;
        }
        generator.writeString(text);
        generator.writeName(VALUE);
        return true;
    }

    @Override
    public void accept(String key, @Nullable String value) {
        if (value == null) {
            dropped++;
        } else if (beginAttribute(key)) {
            stringValue(value);
            generator.writeEndObject();
        }
    }

    @Override
    public void accept(String key, long value) {
        if (beginAttribute(key)) {
            intValue(value);
            generator.writeEndObject();
        }
    }

    @Override
    public void accept(String key, double value) {
        if (!Double.isFinite(value)) {
            dropped++;
        } else if (beginAttribute(key)) {
            doubleValue(value);
            generator.writeEndObject();
        }
    }

    @Override
    public void accept(String key, boolean value) {
        if (beginAttribute(key)) {
            boolValue(value);
            generator.writeEndObject();
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

    /** Copies first: a collection of an application's own SpanData may throw or change while it is read, or never end. */
    private void acceptNested(String key, Object value) {
        Object copy = key == null ? null : Attributes.of(key, value).get(key);
        if (copy == null) {
            dropped++;
        } else if (beginAttribute(key)) {
            anyValue(copy);
            generator.writeEndObject();
        }
    }

    private void stringValue(String value) {
        generator.writeStartObject();
        generator.writeName(STRING);
        writeText(value);
        generator.writeEndObject();
    }

    private void intValue(long value) {
        generator.writeStartObject();
        generator.writeName(INT);
        writeDecimal(value);
        generator.writeEndObject();
    }

    private void doubleValue(double value) {
        generator.writeStartObject();
        generator.writeName(DOUBLE);
        generator.writeNumber(value);
        generator.writeEndObject();
    }

    private void boolValue(boolean value) {
        generator.writeStartObject();
        generator.writeName(BOOL);
        generator.writeBoolean(value);
        generator.writeEndObject();
    }

    private void arrayValue(List<?> items) {
        generator.writeStartObject();
        generator.writeName(ARRAY);
        generator.writeStartObject();
        generator.writeName(VALUES);
        generator.writeStartArray();
        for (Object item : items) {
            anyValue(item);
        }
        generator.writeEndArray();
        generator.writeEndObject();
        generator.writeEndObject();
    }

    private void kvlistValue(Map<?, ?> map) {
        generator.writeStartObject();
        generator.writeName(KVLIST);
        generator.writeStartObject();
        generator.writeName(VALUES);
        generator.writeStartArray();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            generator.writeStartObject();
            generator.writeName(KEY);
            writeText((String) entry.getKey());
            generator.writeName(VALUE);
            anyValue(entry.getValue());
            generator.writeEndObject();
        }
        generator.writeEndArray();
        generator.writeEndObject();
        generator.writeEndObject();
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

    void writeText(String text) {
        if (Surrogates.firstLone(text) < 0) {
            generator.writeString(text);
        } else {
            repaired++;
            generator.writeString(Surrogates.repaired(text));
        }
    }

    /** OTLP's JSON has 64-bit numbers as text, because JavaScript's numbers would round them. */
    void writeDecimal(long value) {
        if (value == Long.MIN_VALUE) {
            generator.writeString(Long.toString(value));
            return;
        }
        long rest = Math.abs(value);
        int at = scratch.length;
        do {
            scratch[--at] = (char) ('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        if (value < 0) {
            scratch[--at] = '-';
        }
        generator.writeString(scratch, at, scratch.length - at);
    }

    void writeHex(long high, long low) {
        hex(high, 0);
        hex(low, 16);
        generator.writeString(scratch, 0, 32);
    }

    void writeHex(long id) {
        hex(id, 0);
        generator.writeString(scratch, 0, 16);
    }

    private void hex(long bits, int at) {
        for (int i = 0; i < 16; i++) {
            scratch[at + i] = HEX[(int) (bits >>> (60 - 4 * i)) & 0xF];
        }
    }
}
