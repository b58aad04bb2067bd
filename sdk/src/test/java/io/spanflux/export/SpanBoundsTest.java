// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

class SpanBoundsTest {
    @Test
    void bounds_holdEachSpan_andNothingElse() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SpanEncoder.Encoding encoding = new OtlpJsonEncoder().begin(out);
        for (String name : new String[] {"first", "\"spans\":[{ \u00e4\u20ac\ud83d\ude00", "third"}) {
            Span span = Tracer.builder()
                    .build()
                    .span(name)
                    .attribute("spans", "[{}]")
                    .start();
            span.end();
            encoding.write(span);
        }
        encoding.end();
        byte[] body = out.toByteArray();

        int[] bounds = SpanBounds.in(body, 3);

        assertThat(bounds).hasSize(6);
        for (int i = 0; i < 3; i++) {
            String span =
                    new String(Arrays.copyOfRange(body, bounds[2 * i], bounds[2 * i + 1]), StandardCharsets.UTF_8);
            assertThat(span).startsWith("{\"traceId\"").endsWith("}");
            assertThat(JsonMapper.shared().readTree(span).path("name").isString())
                    .isTrue();
        }
        assertThat(body[bounds[1]]).isEqualTo((byte) ',');
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "no JSON",
                "{\"resourceSpans\":",
                "{}",
                "[]",
                "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":1}]}]}",
                "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{},{},{},{}]}]}]}"
            })
    void otherFormats_haveNone(String body) {
        assertThat(SpanBounds.in(body.getBytes(StandardCharsets.UTF_8), 3)).isEmpty();
    }
}
