// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.config.SdkVersion;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Resource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * What stands around the items of every OTLP signal: {@code {"resource":..,"scopeX":[{"scope":..,"x":[..]}]}}. The three
 * names are the signal's own.
 */
record OtlpEnvelope(SerializedString resources, SerializedString scopes, SerializedString items) {
    private static final SerializedString RESOURCE = new SerializedString("resource");
    private static final SerializedString SCOPE = new SerializedString("scope");
    private static final SerializedString NAME = new SerializedString("name");
    private static final SerializedString VERSION = new SerializedString("version");
    private static final SerializedString SCHEMA_URL = new SerializedString("schemaUrl");

    private static final String SCOPE_NAME = "io.spanflux";

    OtlpEnvelope(String resources, String scopes, String items) {
        this(new SerializedString(resources), new SerializedString(scopes), new SerializedString(items));
    }

    static JsonFactory json() {
        return JsonFactory.builder()
                .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
                .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                // Jackson's other pool is bound to threads.
                .recyclerPool(JsonRecyclerPools.newBoundedPool(8))
                .build();
    }

    void beginBody(JsonGenerator generator) {
        generator.writeStartObject();
        generator.writeName(resources);
        generator.writeStartArray();
    }

    void begin(JsonGenerator generator, AttributeWriter attributes, Resource resource) {
        generator.writeStartObject();
        generator.writeName(RESOURCE);
        generator.writeStartObject();
        attributes.begin();
        resource.attributes().forEach(attributes);
        attributes.end();
        generator.writeEndObject();
        generator.writeName(scopes);
        generator.writeStartArray();
        generator.writeStartObject();
        generator.writeName(SCOPE);
        generator.writeStartObject();
        generator.writeName(NAME);
        generator.writeString(SCOPE_NAME);
        generator.writeName(VERSION);
        generator.writeString(SdkVersion.get());
        generator.writeEndObject();
        generator.writeName(items);
        generator.writeStartArray();
    }

    void end(JsonGenerator generator) {
        generator.writeEndArray();
        generator.writeName(SCHEMA_URL);
        generator.writeString(GenAiAttributes.SCHEMA_URL);
        generator.writeEndObject();
        generator.writeEndArray();
        generator.writeEndObject();
    }

    void endBody(JsonGenerator generator) {
        generator.writeEndArray();
        generator.writeEndObject();
        generator.close();
    }
}
