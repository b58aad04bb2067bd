// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Pattern;
import tools.jackson.core.Base64Variant;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.SerializableString;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.util.JsonGeneratorDelegate;

/**
 * Writes what serializers of any kind say, each text and each name within a length, and keeps them from writing what is
 * no JSON: raw text becomes a text, a number that is none as well.
 */
final class TextCutter extends JsonGeneratorDelegate {
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");

    private final int maxLength;
    private boolean cut;

    TextCutter(JsonGenerator json, int maxLength) {
        super(json, false);
        this.maxLength = maxLength;
    }

    /** Whether a text was cut. */
    boolean hasCut() {
        return cut;
    }

    private String cut(String text) {
        String kept = JsonText.cut(text, maxLength);
        cut |= kept.length() < text.length();
        return JsonText.clean(kept);
    }

    @Override
    public JsonGenerator writeName(String name) {
        super.writeName(cut(name));
        return this;
    }

    @Override
    public JsonGenerator writeName(SerializableString name) {
        return writeName(name.getValue());
    }

    @Override
    public JsonGenerator writeString(String text) {
        if (text == null) {
            writeNull();
        } else {
            super.writeString(cut(text));
        }
        return this;
    }

    @Override
    public JsonGenerator writeString(SerializableString text) {
        return writeString(text.getValue());
    }

    @Override
    public JsonGenerator writeString(char[] text, int offset, int length) {
        return writeString(new String(text, offset, length));
    }

    @Override
    public JsonGenerator writeString(Reader reader, int length) {
        StringBuilder text = new StringBuilder();
        char[] buffer = new char[1024];
        try {
            // One more than can be kept, so that cutting it is seen.
            long wanted = Math.min(length < 0 ? Integer.MAX_VALUE : length, 2L * maxLength + 2);
            for (int read = 0; text.length() < wanted && read >= 0; ) {
                read = reader.read(buffer, 0, (int) Math.min(buffer.length, wanted - text.length()));
                text.append(buffer, 0, Math.max(read, 0));
            }
        } catch (IOException e) {
            throw JacksonIOException.construct(e, this);
        }
        return writeString(text.toString());
    }

    @Override
    public JsonGenerator writeUTF8String(byte[] text, int offset, int length) {
        return writeString(new String(text, offset, length, StandardCharsets.UTF_8));
    }

    @Override
    public JsonGenerator writeRawUTF8String(byte[] text, int offset, int length) {
        return writeUTF8String(text, offset, length);
    }

    @Override
    public JsonGenerator writeArray(String[] texts, int offset, int length) {
        writeStartArray();
        for (int i = offset; i < offset + length; i++) {
            writeString(texts[i]);
        }
        return writeEndArray();
    }

    @Override
    public JsonGenerator writeBinary(Base64Variant variant, byte[] bytes, int offset, int length) {
        // Four characters hold three bytes; the rest need not be encoded to be cut.
        int kept = (int) Math.min(length, maxLength * 3L / 4 + 3);
        byte[] beginning = Arrays.copyOfRange(bytes, offset, offset + kept);
        cut |= kept < length;
        return writeString(Base64.getEncoder().encodeToString(beginning));
    }

    @Override
    public int writeBinary(Base64Variant variant, InputStream bytes, int length) {
        try {
            byte[] read = bytes.readNBytes((int) Math.min(length < 0 ? Integer.MAX_VALUE : length, maxLength + 4L));
            writeBinary(variant, read, 0, read.length);
            return read.length;
        } catch (IOException e) {
            throw JacksonIOException.construct(e, this);
        }
    }

    @Override
    public JsonGenerator writeNumber(String number) {
        if (NUMBER.matcher(number).matches()) {
            super.writeNumber(number);
            return this;
        }
        return writeString(number);
    }

    @Override
    public JsonGenerator writeNumber(char[] number, int offset, int length) {
        return writeNumber(new String(number, offset, length));
    }

    @Override
    public JsonGenerator writeRawValue(String text) {
        return writeString(text);
    }

    @Override
    public JsonGenerator writeRawValue(String text, int offset, int length) {
        return writeString(text.substring(offset, offset + length));
    }

    @Override
    public JsonGenerator writeRawValue(char[] text, int offset, int length) {
        return writeString(text, offset, length);
    }

    @Override
    public JsonGenerator writeRaw(String text) {
        throw new UnsupportedOperationException("raw JSON");
    }

    @Override
    public JsonGenerator writeRaw(String text, int offset, int length) {
        return writeRaw(text);
    }

    @Override
    public JsonGenerator writeRaw(SerializableString text) {
        return writeRaw(text.getValue());
    }

    @Override
    public JsonGenerator writeRaw(char[] text, int offset, int length) {
        return writeRaw("");
    }

    @Override
    public JsonGenerator writeRaw(char c) {
        return writeRaw("");
    }
}
