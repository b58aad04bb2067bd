// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.io.ByteArrayOutputStream;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/** Jackson's generator as OTLP wants it: the reference for what is written without it. */
final class Jackson {
    static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
            .build();

    private static final JsonMapper MAPPER = new JsonMapper(FACTORY);

    private Jackson() {}

    /** {@code json} read and written again: the same bytes if Jackson would have written them. */
    static byte[] rewritten(byte[] json) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        MAPPER.writeValue(out, MAPPER.readTree(json));
        return out.toByteArray();
    }
}
