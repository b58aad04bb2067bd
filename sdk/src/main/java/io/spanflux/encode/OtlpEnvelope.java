// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.config.SdkVersion;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Resource;

/**
 * What stands around the items of every OTLP signal: {@code {"resource":..,"scopeX":[{"scope":..,"x":[..]}]}}. The three
 * names are the signal's own.
 */
final class OtlpEnvelope {
    private static final byte[] RESOURCE = JsonWriter.bytes("{\"resource\":{");
    private static final byte[] END = JsonWriter.bytes("],\"schemaUrl\":\"" + GenAiAttributes.SCHEMA_URL + "\"}]}");
    private static final byte[] END_OF_BODY = JsonWriter.bytes("]}");

    private final byte[] body;
    private final byte[] scope;

    OtlpEnvelope(String resources, String scopes, String items) {
        this.body = JsonWriter.bytes("{\"" + resources + "\":[");
        this.scope = JsonWriter.bytes("},\"" + scopes + "\":[{\"scope\":{\"name\":\"io.spanflux\",\"version\":\""
                + SdkVersion.get() + "\"},\"" + items + "\":[");
    }

    void beginBody(JsonWriter json) {
        json.raw(body);
    }

    /** Begins an envelope, which ends before the next one. */
    void begin(JsonWriter json, AttributeWriter attributes, Resource resource) {
        json.raw(RESOURCE);
        attributes.begin();
        resource.attributes().forEach(attributes);
        attributes.end();
        json.raw(scope);
    }

    void end(JsonWriter json) {
        json.raw(END);
    }

    void endBody(JsonWriter json) {
        json.raw(END_OF_BODY);
    }
}
