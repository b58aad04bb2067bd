// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.encode.SpanEncoder;
import io.spanflux.genai.Agent;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Usage;
import io.spanflux.pricing.ModelPrice;
import io.spanflux.pricing.PriceBook;
import io.spanflux.pricing.Pricing;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

class TracenticEncoderTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Instant START = Instant.parse("2023-11-14T22:13:20.123456789Z");

    private Attributes tracerGlobals = Attributes.empty();
    private Attributes wireGlobals = Attributes.empty();
    private Resource resource = Resource.of(Attributes.empty());
    private TracenticLimits limits = TracenticLimits.MAXIMA;
    private String serviceName;
    private String deploymentEnvironment;
    private PriceBook prices = PriceBook.empty();
    private TracenticEncoder encoder;

    private Tracer tracer() {
        return Tracer.builder()
                .globals(tracerGlobals)
                .resource(resource)
                .handler(Pricing.of(prices))
                .build();
    }

    private Span plain() {
        return tracer().span("work").startTime(START).start();
    }

    private Span span(SpanData data) {
        return tracer().span(data).startTime(START).start();
    }

    private String encode(Span... spans) {
        encoder = new TracenticEncoder(serviceName, deploymentEnvironment, wireGlobals, limits);
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            SpanEncoder.Encoding encoding = encoder.begin(out);
            for (Span span : spans) {
                span.end(START.plusMillis(5));
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

    /** Key and value as the wire has them, in order; duplicates would fail. */
    private Map<String, String> attributes(Span span) {
        return attributes(json(span).get("attributes"));
    }

    private static Map<String, String> attributes(JsonNode array) {
        Map<String, String> attributes = new LinkedHashMap<>();
        for (JsonNode attribute : array) {
            JsonNode value = attribute.get("value").iterator().next();
            assertThat(attributes.put(attribute.get("key").asString(), value.asString()))
                    .isNull();
        }
        return attributes;
    }

    // ---- identity and structure ----------------------------------------------------------------------------------

    @Test
    void ids_areBase64_andTheTreeIsReal() {
        Tracer tracer = tracer();
        Span parent = tracer.span("parent").start();
        Span child = tracer.span("child").parent(parent).start();
        JsonNode spans = JSON.readTree(encode(parent, child)).at("/resourceSpans/0/scopeSpans/0/spans");

        assertThat(Base64.getDecoder().decode(spans.get(1).get("traceId").asString()))
                .isEqualTo(HexFormat.of().parseHex(parent.context().traceId()));
        assertThat(spans.get(0).get("traceId")).isEqualTo(spans.get(1).get("traceId"));
        assertThat(Base64.getDecoder().decode(spans.get(1).get("spanId").asString()))
                .isEqualTo(HexFormat.of().parseHex(child.context().spanId()));
        assertThat(spans.get(1).get("parentSpanId")).isEqualTo(spans.get(0).get("spanId"));
        assertThat(spans.get(0).has("parentSpanId")).isFalse();
    }

    @Test
    void times_areExact() {
        JsonNode span = json(plain());
        assertThat(span.get("startTimeUnixNano").asString()).isEqualTo("1700000000123456789");
        assertThat(span.get("endTimeUnixNano").asString()).isEqualTo("1700000000128456789");
    }

    @Test
    void order_ofMembers() {
        assertThat(json(plain().status(SpanStatus.ERROR, "x")).propertyNames())
                .containsExactly(
                        "traceId",
                        "spanId",
                        "name",
                        "kind",
                        "startTimeUnixNano",
                        "endTimeUnixNano",
                        "status",
                        "attributes");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "openai, chat, llm.openai.chat",
                "openai, -, llm.openai",
                "openai, rerank, llm.openai.rerank",
                "openai, embeddings, llm.openai.embedding",
                "-, chat, work",
                "openai, invoke_agent, work",
                "openai, execute_tool, work"
            })
    void name_ofAPlainSpan_byWhatItSays(String provider, String operation, String name) {
        Span span = plain().attribute("gen_ai.provider.name", provider).attribute("gen_ai.operation.name", operation);
        assertThat(json(span).get("name").asString()).isEqualTo(name);
    }

    @Test
    void name_ofTypedSpans() {
        assertThat(json(span(Generation.chat("openai", "gpt-4o"))).get("name").asString())
                .isEqualTo("llm.openai.chat");
        assertThat(json(span(Generation.textCompletion("openai", null)))
                        .get("name")
                        .asString())
                .isEqualTo("llm.openai.text_completion");
        assertThat(json(span(Generation.chat(null, "gpt-4o"))).get("name").asString())
                .isEqualTo("llm.call");
        assertThat(json(span(Generation.of("rerank", "cohere", "r")))
                        .get("name")
                        .asString())
                .isEqualTo("llm.cohere.rerank");
        assertThat(json(span(Embeddings.of("openai", "e"))).get("name").asString())
                .isEqualTo("llm.openai.embedding");
        assertThat(json(span(Tool.named("weather"))).get("name").asString()).isEqualTo("execute_tool weather");
    }

    @Test
    void status_unsetAndOk_areOk_anErrorSaysWhy() {
        assertThat(json(plain()).get("status").toString()).isEqualTo("{\"code\":1}");
        assertThat(json(plain().status(SpanStatus.OK)).get("status").toString()).isEqualTo("{\"code\":1}");
        assertThat(json(plain().status(SpanStatus.ERROR)).get("status").toString())
                .isEqualTo("{\"code\":2}");
        assertThat(json(plain().status(SpanStatus.ERROR, "no")).get("status").toString())
                .isEqualTo("{\"code\":2,\"message\":\"no\"}");
    }

    @Test
    void resources_oneEnvelopeEach() {
        Span first = plain();
        resource = Resource.of(Attributes.of("service.name", "other"));
        Span second = plain();
        JsonNode envelopes = JSON.readTree(encode(first, second)).get("resourceSpans");
        assertThat(envelopes).hasSize(2);
        assertThat(attributes(envelopes.get(1).at("/resource/attributes"))).containsEntry("service.name", "other");
    }

    // ---- defaults of the resource --------------------------------------------------------------------------------

    private Map<String, String> resourceAttributes() {
        return attributes(JSON.readTree(encode(plain())).at("/resourceSpans/0/resource/attributes"));
    }

    @Test
    void resource_whereNothingIsSaid() {
        assertThat(resourceAttributes())
                .containsEntry("service.name", "unknown-service")
                .containsEntry("deployment.environment", "production");
        resource = Resource.of(Attributes.of("service.name", "unknown_service:java"));
        assertThat(resourceAttributes()).containsEntry("service.name", "unknown-service");
    }

    @Test
    void resource_isSpanfluxs_unlessTheWireSaysOtherwise() {
        resource = Resource.of(Attributes.of("service.name", "bot")
                .with("service.version", "7")
                .with("deployment.environment", "older")
                .with("host.name", "h"));
        assertThat(resourceAttributes())
                .containsExactly(
                        entry("service.name", "bot"),
                        entry("service.version", "7"),
                        entry("deployment.environment", "older"));
        resource = resource.merge(Resource.of(Attributes.of("deployment.environment.name", "staging")));
        assertThat(resourceAttributes()).containsEntry("deployment.environment", "staging");
        serviceName = "on the wire";
        deploymentEnvironment = "test";
        assertThat(resourceAttributes())
                .containsEntry("service.name", "on the wire")
                .containsEntry("deployment.environment", "test");
    }

    // ---- attributes ----------------------------------------------------------------------------------------------

    @Test
    void precedence_spanThenScopeThenGlobalsThenTheWires_eachInItsOrder() {
        tracerGlobals = Attributes.of("a", "global").with("b", "global").with("c", "global");
        wireGlobals = Attributes.of("d", "wire").with("a", "wire").with("c", "wire");
        Span span = tracer().span("work")
                .scope(Scope.named("s")
                        .attribute("b", "scope")
                        .attribute("a", "scope")
                        .enteredIn(Scope.none()))
                .attribute("a", "span")
                .start();
        assertThat(attributes(span).entrySet())
                .startsWith(entry("a", "span"), entry("b", "scope"), entry("c", "global"), entry("d", "wire"));
        assertThat(encoder.dropped()).as("overridden is not lost").isZero();
    }

    @Test
    void order_ofTheWiresAttributes() {
        prices = PriceBook.builder().price("p", "m", ModelPrice.of("1", "2")).build();
        Span span = tracer().span(Generation.chat("p", "m").temperature(0.5).usage(1_000_000, 500_000))
                .scope(Scope.named("s")
                        .attribute(TracenticScope.CORRELATION_ID, "order")
                        .enteredIn(Scope.remote("caller")))
                .attribute("own", true)
                .startTime(START)
                .start();
        assertThat(attributes(span).keySet())
                .containsExactly(
                        "gen_ai.request.temperature",
                        "own",
                        "llm.provider",
                        "llm.request.model",
                        "llm.request.type",
                        "llm.usage.input_tokens",
                        "llm.usage.output_tokens",
                        "llm.usage.total_tokens",
                        "llm.duration_ms",
                        "tracentic.scope.id",
                        "tracentic.scope.name",
                        "tracentic.scope.started_at",
                        "tracentic.scope.parent_id",
                        "tracentic.scope.correlation_id",
                        "llm.cost.total_usd");
        assertThat(attributes(span)).containsEntry("llm.cost.total_usd", "2.0").containsEntry("llm.duration_ms", "5");
    }

    @Test
    void tokens_theTotalOnlyWhereBothAreKnown() {
        Usage inputOnly = new Usage(5L, null, null, null, null);
        assertThat(attributes(span(Generation.chat("p", "m").usage(inputOnly))))
                .containsEntry("llm.usage.input_tokens", "5")
                .doesNotContainKeys("llm.usage.output_tokens", "llm.usage.total_tokens", "llm.cost.total_usd");
        assertThat(attributes(span(Embeddings.of("p", "m").inputTokens(5L))))
                .as("an embedding has no output")
                .containsEntry("llm.usage.output_tokens", "0")
                .containsEntry("llm.usage.total_tokens", "5");
    }

    @Test
    void tokens_ofAnAgent_areNotCountedTwice() {
        assertThat(attributes(span(Agent.named("support").usage(5, 6))))
                .containsEntry("gen_ai.usage.input_tokens", "5")
                .doesNotContainKeys("llm.usage.input_tokens", "llm.usage.total_tokens");
    }

    @Test
    void theWiresKeys_replaceTheApplicationsInTheirPlace() {
        Span span = span(Generation.chat("p", "m"))
                .attribute("llm.provider", "forged")
                .attribute("after", 1);
        assertThat(attributes(span).entrySet()).startsWith(entry("llm.provider", "p"), entry("after", "1"));
    }

    @Test
    void scopeKeys_cannotBeForged() {
        assertThat(attributes(plain().attribute("tracentic.scope.id", "forged")))
                .doesNotContainKey("tracentic.scope.id");
        assertThat(encoder.dropped()).isEqualTo(1);
    }

    @Test
    void values_ofEachKind() {
        Span span = plain().attribute("text", "é\u2028\u0001/")
                .attribute("number", Long.MIN_VALUE)
                .attribute("fraction", 2.5e-5)
                .attribute("truth", true)
                .attribute("list", Arrays.asList(1, "a", 0.5, null))
                .attribute("map", Map.of("k", List.of(true)))
                .attribute("bytes", new byte[] {1, 2})
                .attribute("big", BigInteger.TWO.pow(70));
        assertThat(encode(span))
                .contains("{\"key\":\"text\",\"value\":{\"stringValue\":\"é\u2028\\u0001/\"}}")
                .contains("{\"key\":\"number\",\"value\":{\"intValue\":\"-9223372036854775808\"}}")
                .contains("{\"key\":\"fraction\",\"value\":{\"doubleValue\":2.5e-05}}")
                .contains("{\"key\":\"truth\",\"value\":{\"boolValue\":true}}")
                .contains("{\"key\":\"list\",\"value\":{\"stringValue\":\"[1,\\\"a\\\",0.5]\"}}")
                .contains("{\"key\":\"map\",\"value\":{\"stringValue\":\"{\\\"k\\\":[true]}\"}}")
                .contains("{\"key\":\"bytes\",\"value\":{\"stringValue\":\"AQI=\"}}")
                .contains("{\"key\":\"big\",\"value\":{\"stringValue\":\"1180591620717411303424\"}}");
    }

    @Test
    void control_charactersAreInLowerCase() {
        assertThat(encode(plain().attribute("k", "\u001f\u007f\b\"\\"))).contains("\"\\u001f\u007f\\b\\\"\\\\\"");
    }

    // ---- errors and costs ----------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "java.lang.IllegalStateException, IllegalStateException",
        "com.acme.Errors$RateLimited, RateLimited",
        "timeout, timeout",
        "429, 429",
        "invalid.request, invalid.request",
        "ends., ends."
    })
    void errorType_ofAClass_isItsSimpleName(String type, String name) {
        assertThat(attributes(plain().status(SpanStatus.ERROR).attribute("error.type", type)))
                .containsEntry("llm.error.type", name)
                .doesNotContainKey("error.type");
    }

    @Test
    void errorType_ofASpanThatDidNotFail_keepsItsName() {
        assertThat(attributes(plain().attribute("error.type", "minor")))
                .containsEntry("error.type", "minor")
                .doesNotContainKey("llm.error.type");
    }

    @Test
    void cost_withACache_isTheExactOne() {
        prices = PriceBook.builder()
                .price("p", "m", ModelPrice.of("1", "2").cacheRead("0.1"))
                .build();
        Span span = span(Generation.chat("p", "m").usage(Usage.of(3_000_000, 0).withCache(2_000_000L, null)));
        assertThat(attributes(span))
                .containsEntry("llm.cost.total_usd", "1.2")
                .doesNotContainKeys("spanflux.cost.total", "spanflux.cost.cache_read", "spanflux.cost.currency");
    }

    @Test
    void cost_thatTheProviderReports_isTaken_inDollarsOnly() {
        assertThat(attributes(span(Generation.chat("p", "m").cost(new BigDecimal("0.5"), "USD"))))
                .containsEntry("llm.cost.total_usd", "0.5");
        assertThat(attributes(span(Generation.chat("p", "m").cost(new BigDecimal("0.5"), "EUR"))))
                .containsEntry("spanflux.cost.total", "0.5")
                .containsEntry("spanflux.cost.currency", "EUR")
                .doesNotContainKey("llm.cost.total_usd");
    }

    @Test
    void cost_ofACallThatFailed_isNotSaid() {
        Span span = span(Generation.chat("p", "m").cost(new BigDecimal("0.5"), "USD"));
        assertThat(attributes(span.error(new IllegalStateException("x"))))
                .containsEntry("llm.error.type", "IllegalStateException")
                .doesNotContainKeys("llm.cost.total_usd", "spanflux.cost.total");
    }

    // ---- scopes --------------------------------------------------------------------------------------------------

    @Test
    void scope_withoutAName_isPassedOver() {
        Scope outer = Scope.named("outer").enteredIn(Scope.none());
        Scope unnamed = Scope.none().attribute("k", "v").enteredIn(outer);
        Scope inner = Scope.named("inner").enteredIn(unnamed);
        assertThat(attributes(tracer().span("work").scope(unnamed).start()))
                .containsEntry("tracentic.scope.id", outer.id())
                .containsEntry("k", "v")
                .doesNotContainKeys("tracentic.scope.parent_id", "spanflux.scope.id");
        assertThat(attributes(tracer().span("work").scope(inner).start()))
                .containsEntry("tracentic.scope.id", inner.id())
                .containsEntry("tracentic.scope.parent_id", outer.id());
    }

    @Test
    void scope_ofTheCaller_isThatOfSpansInNoOther() {
        assertThat(attributes(
                        tracer().span("work").scope(Scope.remote("caller")).start()))
                .containsEntry("tracentic.scope.id", "caller")
                .doesNotContainKeys("tracentic.scope.name", "tracentic.scope.started_at");
    }

    @Test
    void scope_thatWasNotEntered_isNone() {
        assertThat(attributes(tracer().span("work").scope(Scope.named("recipe")).start()))
                .doesNotContainKeys("tracentic.scope.id", "tracentic.scope.name");
    }

    // ---- limits --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 1, 1, 1", "-5, 1, 1, 1", "2147483647, 128, 256, 4096", "100, 100, 100, 100"})
    void limits_areClamped(int value, int count, int keyLength, int valueLength) {
        TracenticLimits clamped = new TracenticLimits(value, value, value);
        assertThat(clamped).isEqualTo(new TracenticLimits(count, keyLength, valueLength));
        assertThat(clamped.count()).isEqualTo(count);
        assertThat(clamped.keyLength()).isEqualTo(keyLength);
        assertThat(clamped.valueLength()).isEqualTo(valueLength);
    }

    @Test
    void limits_whatExceedsThem_isCountedAndWarnedOfOnce() {
        LogCapture logs = LogCapture.start();
        limits = new TracenticLimits(3, 2, 4);
        Span span = plain().attribute("aaa", "12345")
                .attribute("aab", "same key when cut")
                .attribute("b", "😀😀😀😀😀")
                .attribute("c", List.of(100, 200))
                .attribute("d", "too many");
        assertThat(attributes(span))
                .containsExactly(
                        entry("aa", "1234"), entry("b", "😀😀😀😀"), entry("c", "[100"), entry("llm.duration_ms", "5"));
        assertThat(encoder.dropped()).isEqualTo(2);
        // Two keys and three texts.
        assertThat(encoder.cut()).isEqualTo(5);
        assertThat(logs.warnings()).singleElement().asString().contains("2 left out", "5 cut", "count=3");
    }

    @Test
    void limits_whatSpanLimitsLeftOut_isCountedToo() {
        Span span = plain();
        for (int i = 0; i < 200; i++) {
            span.attribute("k" + i, i);
        }
        assertThat(attributes(span)).hasSize(129);
        assertThat(encoder.dropped()).isEqualTo(72);
    }

    // ---- hostile values ------------------------------------------------------------------------------------------

    @Test
    void nan_costsItsOwnAttributeOnly() {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < 128; i++) {
            spans.add(plain().attribute("value", i == 64 ? Double.NaN : i).attribute("beside", i));
        }
        JsonNode sent = JSON.readTree(encode(spans.toArray(new Span[0]))).at("/resourceSpans/0/scopeSpans/0/spans");
        assertThat(sent).hasSize(128);
        assertThat(attributes(sent.get(64).get("attributes")))
                .doesNotContainKey("value")
                .containsEntry("beside", "64")
                .containsEntry("spanflux.invalid_values", "1");
    }

    @Test
    void loneSurrogates_areRepairedAndMarked() {
        Span span = plain().attribute("k\uD800", "v\uDC00")
                .attribute("list", List.of("x\uD83D"))
                .rename("n\uD800")
                .status(SpanStatus.ERROR, "m\uDC00");
        JsonNode json = json(span);
        assertThat(json.get("name").asString()).isEqualTo("n\uFFFD");
        assertThat(json.at("/status/message").asString()).isEqualTo("m\uFFFD");
        assertThat(attributes(json.get("attributes")))
                .containsEntry("k\uFFFD", "v\uFFFD")
                .containsEntry("list", "[\"x\uFFFD\"]")
                .containsEntry("spanflux.repaired_texts", "5");
    }

    @Test
    void aTextOf20Megabytes_isCut() {
        String body = encode(plain().attribute("huge", "x".repeat(20_000_000)));
        assertThat(body.length()).isLessThan(6_000);
        assertThat(encoder.cut()).isEqualTo(1);
    }

    @Test
    void dataOfAnApplication_mayHandOverAnything() {
        Span span = span(new HostileData());
        assertThat(attributes(span)).containsEntry("good", "1").doesNotContainKeys("null", "nan", "endless");
        assertThat(encoder.dropped()).isEqualTo(4);
    }

    @Test
    void dataOfAnApplication_mayBeACallOfAModel() {
        Span span = span(new OwnCall());
        JsonNode json = json(span);
        assertThat(json.get("name").asString()).isEqualTo("llm.acme.rerank");
        assertThat(attributes(json.get("attributes"))).containsEntry("llm.provider", "acme");
    }

    @Test
    void aBodyThatIsWrittenAgain_isTheSame() {
        Span span = span(Generation.chat("p", "m").usage(1, 2)).attribute("k", "v");
        assertThat(encode(span)).isEqualTo(encode(span));
    }

    private static final class HostileData implements SpanData {
        @Override
        public String spanName() {
            return "hostile";
        }

        @Override
        public void forEachAttribute(AttributeConsumer to) {
            to.accept("good", 1);
            to.accept("null", (String) null);
            to.accept("nan", Double.NaN);
            to.accept("", "no key");
            to.accept("endless", new Throwing());
        }
    }

    /** A list that throws while it is read. */
    private static final class Throwing extends ArrayList<Object> {
        @Override
        public java.util.Iterator<Object> iterator() {
            throw new IllegalStateException();
        }
    }

    private static final class OwnCall implements SpanData {
        @Override
        public String spanName() {
            return "own";
        }

        @Override
        public void forEachAttribute(AttributeConsumer to) {
            to.accept(GenAiAttributes.PROVIDER_NAME, "acme");
            to.accept(GenAiAttributes.OPERATION_NAME, "rerank");
        }
    }
}
