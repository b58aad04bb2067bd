// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.config.SdkVersion;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Usage;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.IdGenerator;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanLimits;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceState;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import static org.assertj.core.api.Assertions.assertThat;

class OtlpJsonEncoderTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long EPOCH = 1_700_000_000_123_456_789L;

    private final OtlpJsonEncoder encoder = new OtlpJsonEncoder();
    private long nanoTime = 1_000;
    private long nextId = 1;

    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            return nanoTime;
        }

        @Override
        public long epochNanos(long time) {
            return EPOCH + time - 1_000;
        }
    };

    private final IdGenerator ids = new IdGenerator() {
        @Override
        public long traceIdHigh() {
            return 0x00000000000000ABL;
        }

        @Override
        public long traceIdLow() {
            return 0xFEDCBA9876543210L;
        }

        @Override
        public long spanId() {
            return nextId++;
        }
    };

    private final Tracer tracer = tracer(SpanLimits.defaults());

    private Tracer tracer(SpanLimits limits) {
        return Tracer.builder()
                .clock(clock)
                .idGenerator(ids)
                .limits(limits)
                .resource(Resource.of(Attributes.of("service.name", "golden").with("process.pid", 42)))
                .build();
    }

    private String encode(Span... spans) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            SpanEncoder.Encoding encoding = encoder.begin(out);
            for (Span span : spans) {
                encoding.write(span);
            }
            encoding.end();
            return out.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private JsonNode json(Span span) {
        return JSON.readTree(encode(span)).at("/resourceSpans/0/scopeSpans/0/spans/0");
    }

    private static JsonNode attribute(JsonNode span, String key) {
        for (JsonNode attribute : span.get("attributes")) {
            if (attribute.get("key").asString().equals(key)) {
                return attribute.get("value");
            }
        }
        return null;
    }

    private Span ended(Span span) {
        span.end();
        return span;
    }

    // ---- the whole -----------------------------------------------------------------------------------------------

    @Test
    void write_aTree_isWhatTheGoldenFileSays() throws IOException {
        Span agent = tracer.span("invoke_agent support").start();
        nanoTime += 1_000_000;
        Generation data = Generation.chat("openai", "gpt-4o-mini")
                .temperature(0.2)
                .maxTokens(100L)
                .stopSequences(List.of("END", "\n"))
                .server("api.openai.com", 443)
                .captureContent(true)
                .input(() -> List.of(Message.user("Hi \"you\"\n\uD83D\uDE00")))
                .append("Hello")
                .responseId("chatcmpl-1")
                .responseModel("gpt-4o-mini-2024-07-18")
                .finishReason("stop")
                .usage(Usage.of(10, 5).withCache(4L, null));
        Span chat = tracer.span(data)
                .parent(agent)
                .scope(Scope.named("ticket").attribute("tenant", "a"))
                .start();
        chat.attribute("retries", 2);
        nanoTime += 500;
        chat.event("cache.miss", Attributes.of("level", 1));
        chat.link(SpanContext.remote(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, TraceState.parse("vendor=1")));
        nanoTime += 1_499_500;
        chat.end();
        nanoTime += 1;
        agent.status(SpanStatus.ERROR, "it broke");
        agent.end();

        try (InputStream golden = getClass().getResourceAsStream("golden.json")) {
            String expected = new String(golden.readAllBytes(), StandardCharsets.UTF_8);
            String actual = JSON.writerWithDefaultPrettyPrinter()
                    .writeValueAsString(JSON.readTree(encode(chat, agent)))
                    .replace(SdkVersion.get(), "VERSION");
            assertThat(actual.lines())
                    .containsExactlyElementsOf(expected.lines().toList());
        }
    }

    @Test
    void write_twice_isTheSameBytes() {
        Span span = ended(tracer.span("x").attribute("k", "v").start());
        assertThat(encode(span)).isEqualTo(encode(span));
    }

    @Test
    void write_spansOfTwoResources_areTwoEnvelopes() {
        Tracer other = Tracer.builder()
                .resource(Resource.of(Map.of("service.name", "other")))
                .build();
        Span first = ended(tracer.span("first").start());
        Span second = ended(other.span("second").start());
        Span third = ended(other.span("third").start());

        JsonNode envelopes = JSON.readTree(encode(first, second, third)).get("resourceSpans");

        assertThat(envelopes).hasSize(2);
        assertThat(envelopes.at("/0/scopeSpans/0/spans")).hasSize(1);
        assertThat(envelopes.at("/1/scopeSpans/0/spans")).hasSize(2);
        assertThat(envelopes.at("/1/resource/attributes/0/value/stringValue").asString())
                .isEqualTo("other");
    }

    @Test
    void end_ofAnEmptyBody_isStillJson() {
        assertThat(encode()).isEqualTo("{\"resourceSpans\":[]}");
    }

    // ---- the rules of OTLP JSON, and what strict receivers add ---------------------------------------------------

    @Test
    void write_idsAreLowerCaseHex_andARootHasNoParent() {
        Span root = ended(tracer.span("root").start());
        JsonNode span = json(root);
        assertThat(span.get("traceId").asString()).isEqualTo("00000000000000abfedcba9876543210");
        assertThat(span.get("spanId").asString()).isEqualTo("0000000000000001");
        assertThat(span.has("parentSpanId")).isFalse();
        Span child = ended(tracer.span("child").parent(root).start());
        assertThat(json(child).get("parentSpanId").asString()).isEqualTo("0000000000000001");
    }

    @Test
    void write_numbersOf64BitsAreText_othersAreNumbers() {
        Span span = tracer.span("x").kind(SpanKind.CLIENT).start();
        span.attribute("max", Long.MAX_VALUE);
        span.attribute("min", Long.MIN_VALUE);
        span.attribute("odd", 9_007_199_254_740_993L);
        JsonNode json = json(ended(span));
        assertThat(json.get("startTimeUnixNano").isString()).isTrue();
        assertThat(json.get("startTimeUnixNano").asString()).isEqualTo("1700000000123456789");
        assertThat(json.get("endTimeUnixNano").asString()).isEqualTo("1700000000123456789");
        assertThat(json.get("kind").asInt()).isEqualTo(3);
        assertThat(json.get("kind").isNumber()).isTrue();
        assertThat(attribute(json, "max").get("intValue").asString()).isEqualTo("9223372036854775807");
        assertThat(attribute(json, "min").get("intValue").asString()).isEqualTo("-9223372036854775808");
        assertThat(attribute(json, "odd").get("intValue").asString()).isEqualTo("9007199254740993");
        assertThat(attribute(json, "odd").get("intValue").isString()).isTrue();
    }

    @Test
    void write_kindsAndStatusesAreTheirNumbers() {
        for (SpanKind kind : SpanKind.values()) {
            assertThat(json(ended(tracer.span("x").kind(kind).start()))
                            .get("kind")
                            .asInt())
                    .isEqualTo(kind.ordinal() + 1);
        }
        assertThat(json(ended(tracer.span("x").start())).has("status")).isFalse();
        assertThat(json(ended(tracer.span("x").start().status(SpanStatus.OK)))
                        .get("status")
                        .toString())
                .isEqualTo("{\"code\":1}");
        assertThat(json(ended(tracer.span("x").start().status(SpanStatus.ERROR)))
                        .get("status")
                        .toString())
                .isEqualTo("{\"code\":2}");
    }

    @Test
    void write_flagsSayWhetherTheParentIsRemote() {
        assertThat(json(ended(tracer.span("x").start())).get("flags").asInt()).isEqualTo(0x103);
        SpanContext remote =
                SpanContext.remote("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, TraceState.empty());
        assertThat(json(ended(tracer.span("x").parent(remote).start()))
                        .get("flags")
                        .asInt())
                .isEqualTo(0x301);
    }

    @Test
    void write_traceState_isItsHeader() {
        SpanContext remote = SpanContext.remote(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, TraceState.parse("a=1,b=2"));
        assertThat(json(ended(tracer.span("x").parent(remote).start()))
                        .get("traceState")
                        .asString())
                .isEqualTo("a=1,b=2");
        assertThat(json(ended(tracer.span("x").start())).has("traceState")).isFalse();
    }

    @Test
    void write_eachKindOfValue_hasItsForm() {
        Span span = tracer.span("x").start();
        span.attribute("text", "v");
        span.attribute("true", true);
        span.attribute("double", 0.25);
        span.attribute("bytes", new byte[] {1, 2, (byte) 0xFF});
        span.attribute("list", List.of("a", 1, 2.5, false, List.of("deep")));
        span.attribute("empty list", List.of());
        span.attribute("map", Map.of("k", Map.of("deeper", 1)));
        span.attribute("empty map", Map.of());
        JsonNode json = json(ended(span));
        assertThat(attribute(json, "text").toString()).isEqualTo("{\"stringValue\":\"v\"}");
        assertThat(attribute(json, "true").toString()).isEqualTo("{\"boolValue\":true}");
        assertThat(attribute(json, "double").toString()).isEqualTo("{\"doubleValue\":0.25}");
        assertThat(attribute(json, "bytes").toString()).isEqualTo("{\"stringValue\":\"AQL/\"}");
        assertThat(attribute(json, "list").toString())
                .isEqualTo("{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"},{\"intValue\":\"1\"},"
                        + "{\"doubleValue\":2.5},{\"boolValue\":false},"
                        + "{\"arrayValue\":{\"values\":[{\"stringValue\":\"deep\"}]}}]}}");
        assertThat(attribute(json, "empty list").toString()).isEqualTo("{\"arrayValue\":{\"values\":[]}}");
        assertThat(attribute(json, "map").toString())
                .isEqualTo("{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":{\"kvlistValue\":{\"values\":["
                        + "{\"key\":\"deeper\",\"value\":{\"intValue\":\"1\"}}]}}}]}}");
        assertThat(attribute(json, "empty map").toString()).isEqualTo("{\"kvlistValue\":{\"values\":[]}}");
    }

    @Test
    void write_neverWritesNullsOrNumbersThatJsonLacks() {
        Span span = tracer.span("x").start();
        span.attribute("nan", Double.NaN);
        span.attribute("infinity", Double.POSITIVE_INFINITY);
        span.attribute("null", (String) null);
        span.attribute("in list", Arrays.asList("a", null, Double.NaN, new Object()));
        span.attribute("good", "kept");
        String text = encode(ended(span));
        assertThat(text)
                .doesNotContain("null,")
                .doesNotContain(":null")
                .doesNotContain("NaN")
                .doesNotContain("Infinity");
        JsonNode json = json(span);
        assertThat(attribute(json, "good").get("stringValue").asString()).isEqualTo("kept");
        assertThat(attribute(json, "in list").toString())
                .isEqualTo("{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"}]}}");
        assertThat(json.get("droppedAttributesCount").asInt()).isEqualTo(3);
        assertThat(attribute(json, "spanflux.invalid_values").get("intValue").asString())
                .isEqualTo("4");
    }

    @Test
    void write_aSpanWithNothing_hasWhatStrictReceiversWant() {
        JsonNode json = json(ended(tracer.span("x").start()));
        assertThat(json.propertyNames())
                .containsExactly(
                        "traceId",
                        "spanId",
                        "flags",
                        "name",
                        "kind",
                        "startTimeUnixNano",
                        "endTimeUnixNano",
                        "attributes");
        assertThat(json.get("attributes").isArray()).isTrue();
    }

    // ---- text ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "plain", "quote \" backslash \\ slash /", "\u0000\u0001\b\t\n\f\r\u001f\u007f", "h\u00e9llo \u20ac",
                "\u2028\u2029", "\uD83D\uDE00 \uD834\uDD1E", "\uFFFD\uFFFE\uFFFF", "</script>", "\u202Ertl"
            })
    void write_text_parsesBackEqual(String text) {
        Span span = tracer.span("name " + text).start();
        span.attribute("key " + text, text);
        span.event("event " + text);
        span.status(SpanStatus.ERROR, text);
        JsonNode json = json(ended(span));
        assertThat(json.get("name").asString()).isEqualTo("name " + text);
        assertThat(attribute(json, "key " + text).get("stringValue").asString()).isEqualTo(text);
        assertThat(json.at("/events/0/name").asString()).isEqualTo("event " + text);
        assertThat(json.at("/status/message").asString()).isEqualTo(text);
        assertThat(attribute(json, "spanflux.repaired_texts")).isNull();
    }

    @Test
    void write_nonBmpText_isUtf8_notEscapedSurrogates() {
        assertThat(encode(ended(tracer.span("\uD83D\uDE00").start()))).contains("\"name\":\"\uD83D\uDE00\"");
    }

    @Test
    void write_loneSurrogates_areReplacedAndMarked() {
        Span span = tracer.span("\uD83D name").start();
        span.attribute("a", "x\uD83D");
        span.attribute("b", "\uDE00x\uDE00\uD83D\uDE00");
        span.attribute("good", "\uD83D\uDE00");
        span.attribute("nested", List.of("\uD800"));
        JsonNode json = json(ended(span));
        assertThat(json.get("name").asString()).isEqualTo("\uFFFD name");
        assertThat(attribute(json, "a").get("stringValue").asString()).isEqualTo("x\uFFFD");
        assertThat(attribute(json, "b").get("stringValue").asString()).isEqualTo("\uFFFDx\uFFFD\uD83D\uDE00");
        assertThat(attribute(json, "good").get("stringValue").asString()).isEqualTo("\uD83D\uDE00");
        assertThat(attribute(json, "spanflux.repaired_texts").get("intValue").asString())
                .isEqualTo("4");
        assertThat(attribute(json(ended(tracer.span("next").start())), "spanflux.repaired_texts"))
                .isNull();
    }

    @Test
    void write_longText_crossesBuffers() {
        String text = "0123456789\u20ac\uD83D\uDE00\"".repeat(50_000);
        Span span = tracer.span("x").start();
        span.attribute("long", text);
        assertThat(attribute(json(ended(span)), "long").get("stringValue").asString())
                .isEqualTo(text);
    }

    // ---- limits, losses, foreign data ----------------------------------------------------------------------------

    @Test
    void write_lossesAreCounted() {
        Tracer strict = tracer(SpanLimits.builder()
                .attributeCount(1)
                .eventCount(1)
                .linkCount(1)
                .attributeCountPerEvent(1)
                .attributeCountPerLink(0)
                .build());
        Span span = strict.span("x").start();
        SpanContext other =
                SpanContext.remote("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, TraceState.empty());
        Attributes two = Attributes.of("a", 1).with("b", 2);
        span.attribute("a", 1).attribute("b", 2).attribute("c", 3);
        span.event("first", two).event("second");
        span.link(other, two).link(other).link(other);
        JsonNode json = json(ended(span));
        assertThat(json.get("droppedAttributesCount").asInt()).isEqualTo(2);
        assertThat(json.get("droppedEventsCount").asInt()).isEqualTo(1);
        assertThat(json.get("droppedLinksCount").asInt()).isEqualTo(2);
        assertThat(json.at("/events/0/droppedAttributesCount").asInt()).isEqualTo(1);
        assertThat(json.at("/links/0/droppedAttributesCount").asInt()).isEqualTo(2);
        assertThat(json.at("/links/0/attributes").isArray()).isTrue();
    }

    @Test
    void write_anException_isAnEventWithItsStackTrace() {
        Span span = tracer.span("x").start();
        span.error(new IllegalStateException("broken", new IOException("pipe")));
        JsonNode event = json(ended(span)).at("/events/0");
        assertThat(event.get("name").asString()).isEqualTo("exception");
        assertThat(attribute(event, "exception.type").get("stringValue").asString())
                .isEqualTo("java.lang.IllegalStateException");
        assertThat(attribute(event, "exception.message").get("stringValue").asString())
                .isEqualTo("broken");
        assertThat(attribute(event, "exception.stacktrace").get("stringValue").asString())
                .contains("OtlpJsonEncoderTest")
                .contains("Caused by: java.io.IOException: pipe");
    }

    /** Data of an application, which does everything wrong. */
    private record Hostile(List<Object> cyclic) implements SpanData {
        @Override
        public String spanName() {
            return "hostile";
        }

        @Override
        public void forEachAttribute(AttributeConsumer consumer) {
            cyclic.add(cyclic);
            consumer.accept("first", "kept");
            consumer.accept(null, "v");
            consumer.accept("", 1);
            consumer.accept("nan", Double.NaN);
            consumer.accept("null", (String) null);
            consumer.accept("null list", (List<?>) null);
            consumer.accept("cyclic", cyclic);
            consumer.accept("last", "kept");
            throw new IllegalStateException("half-way");
        }
    }

    @Test
    void write_dataThatMisbehaves_costsOnlyWhatItSaysWrong() {
        Span span = ended(tracer.span(new Hostile(new ArrayList<>())).start());
        JsonNode json = json(span);
        assertThat(attribute(json, "first").get("stringValue").asString()).isEqualTo("kept");
        assertThat(attribute(json, "last").get("stringValue").asString()).isEqualTo("kept");
        assertThat(attribute(json, "nan")).isNull();
        assertThat(json.get("droppedAttributesCount").asInt()).isEqualTo(5);
        assertThat(attribute(json, "spanflux.invalid_values").get("intValue").asString())
                .isEqualTo("1");
    }

    /** Says what it is, and then calls itself until the stack is full. */
    private record Recursive() implements SpanData {
        @Override
        public String spanName() {
            return "recursive";
        }

        @Override
        public void forEachAttribute(AttributeConsumer consumer) {
            consumer.accept("first", "kept");
            descend(0);
        }

        private static long descend(long depth) {
            return depth < 0 ? depth : descend(depth + 1) + 1;
        }
    }

    @Test
    void write_dataThatOverflowsTheStack_costsOnlyWhatItHadNotSaid() {
        Span poisonous = ended(tracer.span(new Recursive()).start());
        JsonNode spans = JSON.readTree(
                        encode(poisonous, ended(tracer.span("next").start())))
                .at("/resourceSpans/0/scopeSpans/0/spans");
        assertThat(spans).hasSize(2);
        assertThat(attribute(spans.get(0), "first").get("stringValue").asString())
                .isEqualTo("kept");
        assertThat(attribute(spans.get(0), "spanflux.invalid_values")
                        .get("intValue")
                        .asString())
                .isEqualTo("1");
    }

    private record Repeating() implements SpanData {
        @Override
        public String spanName() {
            return "repeating";
        }

        @Override
        public void forEachAttribute(AttributeConsumer consumer) {
            consumer.accept("k", 1);
            consumer.accept("own", "data");
            consumer.accept("k", "again");
            consumer.accept("k", List.of("and again"));
        }
    }

    @Test
    void write_aKeyThatDataSaysAgain_isWrittenOnce_andCounted() {
        Span span = tracer.span(new Repeating()).start();
        String withoutOwn = encode(ended(span));
        assertThat(withoutOwn.split("\"key\":\"k\"", -1)).hasSize(2);
        Span withOwn = tracer.span(new Repeating()).start();
        JsonNode json = json(ended(withOwn.attribute("own", "span")));
        assertThat(attribute(json, "k").get("intValue").asString()).isEqualTo("1");
        assertThat(json.get("droppedAttributesCount").asInt()).isEqualTo(2);
        assertThat(withOwn.attributes().get("k")).isEqualTo(1L);
    }

    @Test
    void write_manyDifferentKeys_areAllWritten() {
        for (int i = 0; i < 2_000; i++) {
            Span span = tracer.span("x").start();
            span.attribute("made-up-" + i, i);
            ObjectNode value = (ObjectNode) attribute(json(ended(span)), "made-up-" + i);
            assertThat(value.get("intValue").asString()).isEqualTo(Integer.toString(i));
        }
    }
}
