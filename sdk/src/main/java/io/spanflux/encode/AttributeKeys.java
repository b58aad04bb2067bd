// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Attribute keys with the bytes that begin an attribute, which are the same for each span.
 *
 * <p>Bound: {@value #MAX_KEYS} keys of at most {@value #MAX_LENGTH} characters. An application that makes up keys fills
 * it once; further keys are escaped each time.
 */
final class AttributeKeys {
    private static final int MAX_KEYS = 1024;
    private static final int MAX_LENGTH = 128;

    private static final byte[] KEY = JsonWriter.bytes("{\"key\":");
    private static final byte[] VALUE = JsonWriter.bytes(",\"value\":");

    private final ConcurrentHashMap<String, Begin> known = new ConcurrentHashMap<>();
    private final JsonWriter.Spare writers;

    AttributeKeys(JsonWriter.Spare writers) {
        this.writers = writers;
    }

    /** Null for a key that there is no room for. */
    @Nullable
    Begin get(String key) {
        Begin begin = known.get(key);
        if (begin == null && key.length() <= MAX_LENGTH && known.mappingCount() < MAX_KEYS) {
            ByteArrayOutputStream json = new ByteArrayOutputStream();
            JsonWriter writer = writers.writer(json);
            boolean wellFormed = write(key, writer);
            writer.close(writers);
            begin = new Begin(json.toByteArray(), wellFormed);
            known.put(key, begin);
        }
        return begin;
    }

    /** Writes what {@link #get} would return; whether the key was well-formed. */
    static boolean write(String key, JsonWriter to) {
        to.raw(KEY);
        boolean wellFormed = to.text(key);
        to.raw(VALUE);
        return wellFormed;
    }

    /** What stands before a value, with the key in it, and whether the key was well-formed. */
    static final class Begin {
        final byte[] json;
        final boolean wellFormed;

        private Begin(byte[] json, boolean wellFormed) {
            this.json = json;
            this.wellFormed = wellFormed;
        }
    }
}
