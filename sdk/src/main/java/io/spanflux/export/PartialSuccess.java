// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.transport.Response;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a successful answer says of what it rejected: spans, events, or points of metrics. Anything that is not this JSON, from an
 * empty body to HTML, means that nothing was rejected: the status already said that the batch was taken.
 *
 * @param rejected how many of the batch were rejected, at most its size
 * @param message what the server says about it, as a log may show it; empty when nothing
 */
record PartialSuccess(int rejected, String message) {
    private static final PartialSuccess NONE = new PartialSuccess(0, "");
    private static final int MAX_MESSAGE = 500;

    /** What collectors answer when all is well, in a process's life often nothing else. */
    private static final byte[][] NOTHING_REJECTED = {
        "".getBytes(StandardCharsets.UTF_8),
        "{}".getBytes(StandardCharsets.UTF_8),
        "{\"partialSuccess\":{}}".getBytes(StandardCharsets.UTF_8)
    };

    /** Made for the first answer that says more: a mapper is 400 classes, which a function's first span would wait for. */
    private static final class Json {
        static final JsonMapper MAPPER = JsonMapper.builder().build();
    }

    static PartialSuccess parse(Response response, int batchSize) {
        return parse(response, "rejectedSpans", batchSize);
    }

    /** The same of another signal, which has another name for what it counts. */
    static PartialSuccess parse(Response response, String countName, int batchSize) {
        JsonNode partial = read(response.body());
        if (partial == null) {
            return NONE;
        }
        // Protobuf's JSON has 64-bit numbers as text, but allows numbers; asLong reads both.
        long rejected = partial.path(countName).asLong(0);
        String message = partial.path("errorMessage").asString("");
        return new PartialSuccess(
                (int) Math.max(0, Math.min(rejected, batchSize)), response.loggable(message, MAX_MESSAGE));
    }

    private static @Nullable JsonNode read(byte[] body) {
        for (byte[] nothing : NOTHING_REJECTED) {
            if (Arrays.equals(body, nothing)) {
                return null;
            }
        }
        try {
            JsonNode root = Json.MAPPER.readTree(body);
            JsonNode partial = root == null ? null : root.get("partialSuccess");
            return partial != null && partial.isObject() ? partial : null;
        } catch (JacksonException e) {
            return null;
        }
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "PartialSuccess{rejected=%d}", rejected);
    }
}
