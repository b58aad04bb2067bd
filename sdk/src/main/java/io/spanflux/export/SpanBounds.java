// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Finds the spans in a body of OTLP JSON, for the rare one that goes to disk: no encoder has to tell where they are. */
final class SpanBounds {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int[] UNKNOWN = {};

    private SpanBounds() {}

    /** Begin and end of each of the {@code spans} spans in bytes; empty when this is another format. */
    static int[] in(byte[] body, int spans) {
        int[] bounds = new int[2 * spans];
        int found = 0;
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), body)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token != JsonToken.PROPERTY_NAME) {
                    continue;
                }
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (!name.equals("spans")) {
                    if (!name.equals("resourceSpans") && !name.equals("scopeSpans")) {
                        parser.skipChildren();
                    }
                    continue;
                }
                if (value != JsonToken.START_ARRAY) {
                    return UNKNOWN;
                }
                while (parser.nextToken() == JsonToken.START_OBJECT) {
                    if (found == bounds.length) {
                        return UNKNOWN;
                    }
                    bounds[found++] = (int) parser.currentTokenLocation().getByteOffset();
                    parser.skipChildren();
                    bounds[found++] = (int) parser.currentLocation().getByteOffset();
                }
            }
        } catch (JacksonException e) {
            return UNKNOWN;
        }
        return found == bounds.length ? bounds : UNKNOWN;
    }
}
