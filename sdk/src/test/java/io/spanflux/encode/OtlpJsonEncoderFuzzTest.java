// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** Any map of attributes leaves as JSON that parses back to the same, or is marked where it could not. */
class OtlpJsonEncoderFuzzTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final OtlpJsonEncoder encoder = new OtlpJsonEncoder();
    private final Tracer tracer = Tracer.builder().build();

    @Provide
    static Arbitrary<Map<String, Object>> maps() {
        Arbitrary<String> texts = Arbitraries.strings().all().ofMaxLength(40);
        Arbitrary<Object> scalars = Arbitraries.oneOf(
                texts.asGeneric(),
                Arbitraries.longs().asGeneric(),
                Arbitraries.doubles().asGeneric(),
                Arbitraries.of(
                        Double.NaN,
                        Double.POSITIVE_INFINITY,
                        -0.0,
                        Double.MIN_VALUE,
                        Float.NaN,
                        true,
                        'x',
                        (byte) 1,
                        "\uD800",
                        "a\uDC00\uD83Db",
                        "\u0000\u001f\u2028\"\\",
                        Thread.State.NEW,
                        new Object()));
        Arbitrary<Object> nested = Arbitraries.lazyOf(
                () -> scalars,
                () -> scalars,
                () -> scalars.injectNull(0.1).list().ofMaxSize(4).asGeneric(),
                () -> Arbitraries.maps(texts, scalars.injectNull(0.1))
                        .uniqueKeys(OtlpJsonEncoderFuzzTest::wellFormedText)
                        .ofMaxSize(3)
                        .asGeneric());
        Arbitrary<Object> values = Arbitraries.oneOf(
                nested,
                nested.list().ofMaxSize(3).asGeneric(),
                Arbitraries.maps(texts, nested)
                        .uniqueKeys(OtlpJsonEncoderFuzzTest::wellFormedText)
                        .ofMaxSize(3)
                        .asGeneric());
        return Arbitraries.maps(Arbitraries.strings().all().ofMinLength(1).ofMaxLength(12), values)
                .uniqueKeys(OtlpJsonEncoderFuzzTest::wellFormedText)
                .ofMaxSize(8);
    }

    @Property(shrinking = ShrinkingMode.OFF)
    void anyMap_parsesBackEqual_orIsMarked(@ForAll("maps") Map<String, Object> map) throws IOException {
        Span span = tracer.span("fuzz").start();
        map.forEach(span::attribute);
        span.end();

        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SpanEncoder.Encoding encoding = encoder.begin(out);
        encoding.write(span);
        encoding.end();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .as("byte for byte what Jackson writes")
                .isEqualTo(new String(Jackson.rewritten(out.toByteArray()), StandardCharsets.UTF_8));
        JsonNode written = JSON.readTree(out.toByteArray()).at("/resourceSpans/0/scopeSpans/0/spans/0");
        Map<String, Object> back = new LinkedHashMap<>();
        for (JsonNode attribute : written.get("attributes")) {
            Object before = back.put(attribute.get("key").asString(), value(attribute.get("value")));
            assertThat(before).isNull();
        }

        Attributes kept = span.attributes();
        Map<String, Object> expected = new LinkedHashMap<>();
        kept.asMap().forEach((key, value) -> expected.put(wellFormedText(key), wellFormed(value)));
        Object repaired = back.remove("spanflux.repaired_texts");
        assertThat(back).isEqualTo(expected);
        assertThat(repaired != null)
                .as("marked where a text had no form: %s", repaired)
                .isEqualTo(!expected.equals(kept.asMap()));
        long missing =
                map.keySet().stream().filter(key -> kept.get(key) == null).count();
        if (missing > 0) {
            assertThat(((Number) back.get("spanflux.invalid_values")).longValue())
                    .isGreaterThanOrEqualTo(missing);
        }
    }

    private static Object value(JsonNode any) {
        Map.Entry<String, JsonNode> only = any.properties().iterator().next();
        JsonNode value = only.getValue();
        return switch (only.getKey()) {
            case "stringValue" -> value.asString();
            case "intValue" -> Long.valueOf(value.asString());
            case "doubleValue" -> value.doubleValue();
            case "boolValue" -> value.booleanValue();
            case "arrayValue" -> {
                List<Object> items = new ArrayList<>();
                value.get("values").forEach(item -> items.add(value(item)));
                yield items;
            }
            case "kvlistValue" -> {
                Map<String, Object> members = new LinkedHashMap<>();
                value.get("values")
                        .forEach(member -> members.put(member.get("key").asString(), value(member.get("value"))));
                yield members;
            }
            default -> throw new AssertionError(only.getKey());
        };
    }

    /** UTF-8 has no form for half of a surrogate pair; a replacement character stands for it. */
    private static Object wellFormed(Object value) {
        if (value instanceof String text) {
            return wellFormedText(text);
        }
        if (value instanceof List<?> items) {
            return items.stream().map(OtlpJsonEncoderFuzzTest::wellFormed).toList();
        }
        if (value instanceof Map<?, ?> members) {
            Map<String, Object> all = new LinkedHashMap<>();
            members.forEach((key, member) -> all.put(wellFormedText((String) key), wellFormed(member)));
            return all;
        }
        return value;
    }

    private static String wellFormedText(String text) {
        return new String(
                text.codePoints()
                        .map(c -> c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString()
                        .getBytes(StandardCharsets.UTF_8),
                StandardCharsets.UTF_8);
    }
}
