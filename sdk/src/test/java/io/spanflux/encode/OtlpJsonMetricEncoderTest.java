// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.config.SdkVersion;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

class OtlpJsonMetricEncoderTest {
    private static final long EPOCH = 1_700_000_000_123_456_789L;

    private static String encode(Metric... metrics) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        OtlpJsonMetricEncoder.Encoding encoding =
                new OtlpJsonMetricEncoder().begin(out, Resource.of(Attributes.of("service.name", "golden")));
        for (Metric metric : metrics) {
            encoding.begin(metric);
            for (int i = 0; i < metric.points().size(); i++) {
                encoding.writePoint(metric, i);
            }
            encoding.endMetric();
        }
        encoding.end();
        return out.toString(StandardCharsets.UTF_8);
    }

    private static HistogramPoint point(Attributes attributes, double sum, Long... counts) {
        long count = List.of(counts).stream().mapToLong(Long::longValue).sum();
        return new HistogramPoint(attributes, EPOCH, EPOCH + 60_000_000_000L, count, sum, List.of(counts));
    }

    /** 64-bit numbers as text, bounds and sums as numbers, temporality as a number, one point more than bounds. */
    @Test
    void encode_isTheJsonThatOtlpPrescribes() {
        Histogram duration = new Histogram(
                "gen_ai.client.operation.duration",
                "GenAI operation duration.",
                "s",
                List.of(0.01, 0.02),
                Temporality.CUMULATIVE,
                List.of(
                        point(
                                Attributes.of("gen_ai.operation.name", "chat").with("server.port", 443),
                                1.25,
                                1L,
                                0L,
                                2L),
                        point(Attributes.of("otel.metric.overflow", true), 0.5, 0L, 0L, 1L)));
        Histogram tokens = new Histogram(
                "gen_ai.client.token.usage",
                "Number of input and output tokens used.",
                "{token}",
                List.of(1.0, 67108864.0),
                Temporality.DELTA,
                List.of(point(Attributes.empty(), 9.007199254740991E15, 0L, Long.MAX_VALUE, 0L)));

        String expected = """
                {"resourceMetrics":[{
                  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"golden"}}]},
                  "scopeMetrics":[{
                    "scope":{"name":"io.spanflux","version":"VERSION"},
                    "metrics":[
                      {"name":"gen_ai.client.operation.duration","description":"GenAI operation duration.","unit":"s",
                       "histogram":{"aggregationTemporality":2,"dataPoints":[
                        {"attributes":[
                           {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
                           {"key":"server.port","value":{"intValue":"443"}}],
                         "startTimeUnixNano":"1700000000123456789","timeUnixNano":"1700000060123456789",
                         "count":"3","sum":1.25,"bucketCounts":["1","0","2"],"explicitBounds":[0.01,0.02]},
                        {"attributes":[{"key":"otel.metric.overflow","value":{"boolValue":true}}],
                         "startTimeUnixNano":"1700000000123456789","timeUnixNano":"1700000060123456789",
                         "count":"1","sum":0.5,"bucketCounts":["0","0","1"],"explicitBounds":[0.01,0.02]}]}},
                      {"name":"gen_ai.client.token.usage","description":"Number of input and output tokens used.",
                       "unit":"{token}",
                       "histogram":{"aggregationTemporality":1,"dataPoints":[
                        {"attributes":[],
                         "startTimeUnixNano":"1700000000123456789","timeUnixNano":"1700000060123456789",
                         "count":"9223372036854775807","sum":9.007199254740991E15,
                         "bucketCounts":["0","9223372036854775807","0"],"explicitBounds":[1.0,6.7108864E7]}]}}],
                    "schemaUrl":"SCHEMA"}]}]}""".replace("VERSION", SdkVersion.get())
                .replace("SCHEMA", GenAiAttributes.SCHEMA_URL)
                .replaceAll("\\n *", "");
        String encoded = encode(duration, tokens);
        JsonMapper.builder().build().readTree(encoded);
        assertThat(encoded).isEqualTo(expected);
    }

    @Test
    void encode_loneSurrogatesInAName_areNoInvalidText() {
        String encoded = encode(new Histogram(
                "m", "d", "s", List.of(), Temporality.DELTA, List.of(point(Attributes.of("k", "a\uD83D"), 1, 1L))));

        assertThat(JsonMapper.builder()
                        .build()
                        .readTree(encoded)
                        .at(
                                "/resourceMetrics/0/scopeMetrics/0/metrics/0/histogram/dataPoints/0/attributes/0/value/stringValue")
                        .asString())
                .isEqualTo("a\uFFFD");
    }

    @Test
    void encode_ofASum_isTheJsonThatOtlpPrescribes() {
        Sum exported = new Sum(
                "otel.sdk.exporter.span.exported",
                "Spans whose export has ended.",
                "{span}",
                true,
                Temporality.DELTA,
                List.of(new Sum.Point(
                        Attributes.of("error.type", "timeout"), EPOCH, EPOCH + 60_000_000_000L, Long.MAX_VALUE)));
        Sum live = new Sum(
                "otel.sdk.span.live",
                "Live spans.",
                "{span}",
                false,
                Temporality.CUMULATIVE,
                List.of(new Sum.Point(Attributes.empty(), EPOCH, EPOCH, 0)));

        assertThat(encode(exported, live)).contains("""
                        {"name":"otel.sdk.exporter.span.exported","description":"Spans whose export has ended.",\
                        "unit":"{span}","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[\
                        {"attributes":[{"key":"error.type","value":{"stringValue":"timeout"}}],\
                        "startTimeUnixNano":"1700000000123456789","timeUnixNano":"1700000060123456789",\
                        "asInt":"9223372036854775807"}]}}""").contains("""
                        "sum":{"aggregationTemporality":2,"isMonotonic":false,"dataPoints":[{"attributes":[],\
                        "startTimeUnixNano":"1700000000123456789","timeUnixNano":"1700000000123456789",\
                        "asInt":"0"}]}}""");
    }
}
