// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.encode.PythonNumbers;
import java.io.OutputStream;
import java.math.BigInteger;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.SerializableString;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.JsonRecyclerPools;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON as Spect's SDK writes it, which is Python's: a space behind commas and colons, ASCII only with lower-case escapes,
 * numbers as Python prints them. What Python would write although it is no JSON (NaN, infinities) or no text (a surrogate
 * alone) is left out and replaced.
 */
final class SpectJson {
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss").withZone(ZoneOffset.UTC);

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
            .characterEscapes(new DeleteToo())
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            // Jackson's other pool is bound to threads.
            .recyclerPool(JsonRecyclerPools.newBoundedPool(8))
            .build();

    /** What is nested deeper stays a text, and Jackson's own limit for writing is far. */
    private static final ObjectMapper READER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(100).build())
                    .recyclerPool(JsonRecyclerPools.newBoundedPool(8))
                    .build())
            .build();

    private SpectJson() {}

    static JsonGenerator generator(OutputStream out) {
        return FACTORY.createGenerator(new Spaced(), out);
    }

    /** Without nulls and numbers that are none, at any depth; whether there was anything to write. */
    static boolean write(JsonGenerator json, String name, @Nullable Object value) {
        if (!isWritable(value)) {
            return false;
        }
        json.writeName(repaired(name));
        write(json, value);
        return true;
    }

    private static boolean isWritable(@Nullable Object value) {
        return value != null && !(value instanceof Double number && !Double.isFinite(number));
    }

    static void write(JsonGenerator json, @Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            json.writeStartObject();
            map.forEach((key, each) -> write(json, String.valueOf(key), each));
            json.writeEndObject();
        } else if (value instanceof List<?> list) {
            json.writeStartArray();
            for (Object each : list) {
                if (isWritable(each)) {
                    write(json, each);
                }
            }
            json.writeEndArray();
        } else if (value instanceof Double number) {
            json.writeNumber(PythonNumbers.text(number));
        } else if (value instanceof BigInteger number) {
            json.writeNumber(number);
        } else if (value instanceof Number number) {
            json.writeNumber(number.longValue());
        } else if (value instanceof Boolean truth) {
            json.writeBoolean(truth);
        } else {
            json.writeString(repaired(String.valueOf(value)));
        }
    }

    /** {@code text} as a value if it is a JSON object or array, else itself. */
    static @Nullable Object parsed(@Nullable Object text) {
        if (text instanceof String json && (json.startsWith("{") || json.startsWith("["))) {
            try {
                return READER.readValue(json, Object.class);
            } catch (JacksonException e) {
                // Then it is a text that begins like JSON.
            }
        }
        return text;
    }

    /** ISO 8601 with six digits of a second, or none where it is whole. */
    static String time(long epochMillis) {
        long millis = Math.floorMod(epochMillis, 1_000L);
        String fraction = millis == 0 ? "" : "." + Long.toString(1_000 + millis).substring(1) + "000";
        return SECONDS.format(Instant.ofEpochMilli(epochMillis)) + fraction + 'Z';
    }

    /** {@code text} with U+FFFD for each surrogate that has no partner; {@code text} itself when there is none. */
    static String repaired(String text) {
        boolean isWhole = text.codePoints().noneMatch(SpectJson::isSurrogate);
        return isWhole
                ? text
                : text.codePoints()
                        .map(point -> isSurrogate(point) ? 0xFFFD : point)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
    }

    private static boolean isSurrogate(int codePoint) {
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    }

    /** Python escapes U+007F, Jackson only what is above it. */
    private static final class DeleteToo extends CharacterEscapes {
        private final int[] escapes = standardAsciiEscapesForJSON();

        DeleteToo() {
            escapes[0x7F] = ESCAPE_STANDARD;
        }

        @Override
        public int[] getEscapeCodesForAscii() {
            return escapes;
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int character) {
            return null;
        }
    }

    /** Says that commas and colons are followed by a space. */
    private static final class Spaced extends ObjectWriteContext.Base implements PrettyPrinter {
        @Override
        public PrettyPrinter getPrettyPrinter() {
            return this;
        }

        @Override
        public boolean hasPrettyPrinter() {
            return true;
        }

        @Override
        public void writeObjectEntrySeparator(JsonGenerator json) {
            json.writeRaw(", ");
        }

        @Override
        public void writeObjectNameValueSeparator(JsonGenerator json) {
            json.writeRaw(": ");
        }

        @Override
        public void writeArrayValueSeparator(JsonGenerator json) {
            json.writeRaw(", ");
        }

        @Override
        public void writeStartObject(JsonGenerator json) {
            json.writeRaw('{');
        }

        @Override
        public void writeEndObject(JsonGenerator json, int entries) {
            json.writeRaw('}');
        }

        @Override
        public void writeStartArray(JsonGenerator json) {
            json.writeRaw('[');
        }

        @Override
        public void writeEndArray(JsonGenerator json, int values) {
            json.writeRaw(']');
        }

        @Override
        public void writeRootValueSeparator(JsonGenerator json) {
            // One body, one value.
        }

        @Override
        public void beforeArrayValues(JsonGenerator json) {
            // Nothing: all is on one line.
        }

        @Override
        public void beforeObjectEntries(JsonGenerator json) {
            // Nothing: all is on one line.
        }
    }
}
