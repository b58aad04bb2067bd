// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.SerializedString;

/**
 * Attribute keys with their escaped bytes, which are the same for each span.
 *
 * <p>Bound: {@value #MAX_KEYS} keys of at most {@value #MAX_LENGTH} characters. An application that makes up keys fills
 * it once; further keys are escaped each time.
 */
final class AttributeKeys {
    private static final int MAX_KEYS = 1024;
    private static final int MAX_LENGTH = 128;

    private final ConcurrentHashMap<String, SerializedString> known = new ConcurrentHashMap<>();

    SerializableString get(String key) {
        SerializedString encoded = known.get(key);
        if (encoded == null) {
            encoded = new SerializedString(Surrogates.repaired(key));
            if (key.length() <= MAX_LENGTH && known.mappingCount() < MAX_KEYS) {
                known.put(key, encoded);
            }
        }
        return encoded;
    }
}
