// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.diagnostics.FatalErrors;
import java.io.StringWriter;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * JSON as plain values: maps, lists, texts, numbers, truth values and null, all mutable and none shared. Whatever an
 * application hands over becomes that, less what has no form in strict JSON.
 *
 * <p>Bound: values deeper than {@value #MAX_DEPTH} are dropped.
 */
final class PlainJson {
    static final int MAX_DEPTH = 64;

    /** Items of one value of the application's, which may be endless or reach itself in many ways. */
    static final int MAX_ITEMS = 1 << 16;

    /** What becomes of a value that has no form in JSON. */
    private enum Dropped {
        NOTHING
    }

    /** An envelope of ours and a list of items are around what an application nests. */
    private static final int MAX_WRITTEN_DEPTH = MAX_DEPTH + 16;

    static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonWriteFeature.ESCAPE_FORWARD_SLASHES)
            .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
            .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .streamWriteConstraints(StreamWriteConstraints.builder()
                    .maxNestingDepth(MAX_WRITTEN_DEPTH)
                    .build())
            // Jackson's other pool is bound to threads.
            .recyclerPool(JsonRecyclerPools.newBoundedPool(8))
            .build();

    private int items;

    private PlainJson(int maxItems) {
        this.items = maxItems;
    }

    // ---- from what an application says ---------------------------------------------------------------------------

    /**
     * {@code value} as plain JSON, null when nothing of it has a form. What has none is left out: numbers that are not
     * finite, objects, keys that are neither text nor number nor truth value nor null. Lone surrogates become {@code ?}.
     */
    static @Nullable Object of(@Nullable Object value, int maxItems) {
        Object plain = new PlainJson(maxItems).plain(value, 0);
        return plain instanceof Dropped ? null : plain;
    }

    private @Nullable Object plain(@Nullable Object value, int depth) {
        if (value == null
                || value instanceof Boolean
                || value instanceof Long
                || value instanceof Integer
                || value instanceof Short
                || value instanceof Byte
                || value instanceof BigInteger
                || value instanceof BigDecimal) {
            return value;
        }
        if (value instanceof Double || value instanceof Float) {
            double number = ((Number) value).doubleValue();
            return Double.isFinite(number) ? (Object) number : Dropped.NOTHING;
        }
        if (value instanceof Enum<?> constant) {
            return constant.name();
        }
        try {
            if (value instanceof CharSequence || value instanceof Character) {
                return wellFormed(value.toString());
            }
            if (depth == MAX_DEPTH) {
                return Dropped.NOTHING;
            }
            if (value instanceof Map<?, ?> map) {
                return map(map, depth);
            }
            if (value instanceof Iterable<?> list) {
                return list(list, depth);
            }
            if (value.getClass().isArray()) {
                return array(value, depth);
            }
        } catch (Throwable e) {
            // Collections of the application's may throw whatever they like.
            FatalErrors.propagate(e);
        }
        return Dropped.NOTHING;
    }

    private Map<String, @Nullable Object> map(Map<?, ?> map, int depth) {
        Map<String, @Nullable Object> plain = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (items-- <= 0) {
                break;
            }
            String key = key(entry.getKey());
            Object value = key == null ? Dropped.NOTHING : plain(entry.getValue(), depth + 1);
            if (key != null && !(value instanceof Dropped)) {
                plain.put(key, value);
            }
        }
        return plain;
    }

    private static @Nullable String key(@Nullable Object key) {
        if (key instanceof CharSequence text) {
            return wellFormed(text.toString());
        }
        boolean isFinite =
                !(key instanceof Double || key instanceof Float) || Double.isFinite(((Number) key).doubleValue());
        return key == null || key instanceof Boolean || (key instanceof Number && isFinite)
                ? String.valueOf(key)
                : null;
    }

    private List<@Nullable Object> list(Iterable<?> list, int depth) {
        List<@Nullable Object> plain = new ArrayList<>();
        for (Object item : list) {
            if (!add(item, plain, depth)) {
                break;
            }
        }
        return plain;
    }

    private List<@Nullable Object> array(Object array, int depth) {
        List<@Nullable Object> plain = new ArrayList<>();
        for (int i = 0; i < Array.getLength(array) && add(Array.get(array, i), plain, depth); i++) {}
        return plain;
    }

    /** False when there is no room for it. */
    private boolean add(@Nullable Object item, List<@Nullable Object> plain, int depth) {
        if (items-- <= 0) {
            return false;
        }
        Object value = plain(item, depth + 1);
        if (!(value instanceof Dropped)) {
            plain.add(value);
        }
        return true;
    }

    /** {@code text} with a question mark for each surrogate that has no partner. */
    static String wellFormed(String text) {
        StringBuilder repaired = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else {
                repaired = repaired == null ? new StringBuilder(text) : repaired;
                repaired.setCharAt(i, '?');
            }
        }
        return repaired == null ? text : repaired.toString();
    }

    // ---- from and to text ----------------------------------------------------------------------------------------

    /** The object or list that {@code text} is the JSON of; null when it is none, or not strict JSON. */
    static @Nullable Object parsed(String text) {
        String json = text.strip();
        if (!json.startsWith("{") && !json.startsWith("[")) {
            return null;
        }
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            Object value = read(parser, parser.nextToken());
            return parser.nextToken() == null ? value : null;
        } catch (JacksonException e) {
            return null;
        }
    }

    private static @Nullable Object read(JsonParser parser, @Nullable JsonToken token) {
        if (token == JsonToken.START_OBJECT) {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                map.put(name, read(parser, parser.nextToken()));
            }
            return map;
        }
        if (token == JsonToken.START_ARRAY) {
            List<@Nullable Object> list = new ArrayList<>();
            for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                list.add(read(parser, next));
            }
            return list;
        }
        if (token == JsonToken.VALUE_NUMBER_INT) {
            return parser.getNumberValue();
        }
        if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            return parser.getDoubleValue();
        }
        if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
            return token == JsonToken.VALUE_TRUE;
        }
        return token == JsonToken.VALUE_NULL ? null : parser.getString();
    }

    /** The compact JSON of a plain value. */
    static String text(@Nullable Object plain) {
        StringWriter out = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
            write(plain, json);
        }
        return out.toString();
    }

    static void write(@Nullable Object plain, JsonGenerator json) {
        if (plain instanceof String text) {
            json.writeString(text);
        } else if (plain instanceof Map<?, ?> map) {
            json.writeStartObject();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                json.writeName(String.valueOf(entry.getKey()));
                write(entry.getValue(), json);
            }
            json.writeEndObject();
        } else if (plain instanceof List<?> list) {
            json.writeStartArray();
            for (Object item : list) {
                write(item, json);
            }
            json.writeEndArray();
        } else if (plain instanceof Boolean truth) {
            json.writeBoolean(truth);
        } else if (plain == null) {
            json.writeNull();
        } else {
            json.writeNumber(plain.toString());
        }
    }

    // ---- size ----------------------------------------------------------------------------------------------------

    /** How many bytes {@link #text} of a plain value has as UTF-8. */
    static long size(@Nullable Object plain) {
        if (plain instanceof String text) {
            return size(text);
        }
        if (plain instanceof Map<?, ?> map) {
            long size = 2L + Math.max(0, map.size() - 1);
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                size += size(String.valueOf(entry.getKey())) + 1 + size(entry.getValue());
            }
            return size;
        }
        if (plain instanceof List<?> list) {
            long size = 2L + Math.max(0, list.size() - 1);
            for (Object item : list) {
                size += size(item);
            }
            return size;
        }
        return String.valueOf(plain).length();
    }

    private static long size(String text) {
        long size = 2;
        for (int i = 0; i < text.length(); i++) {
            size += size(text.charAt(i));
        }
        return size;
    }

    /** The bytes of one char of a well-formed text; half of a pair has two of its four. */
    static int size(char c) {
        if (c < 0x20) {
            return c == '\b' || c == '\t' || c == '\n' || c == '\f' || c == '\r' ? 2 : 6;
        }
        if (c < 0x80) {
            return c == '"' || c == '\\' ? 2 : 1;
        }
        return c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
}
