// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.coralogix;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.genai.Agent;
import io.spanflux.genai.Custom;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.genai.Generation;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.Message;
import io.spanflux.genai.Speech;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

@Timeout(60)
class CoralogixTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Environment NOTHING = Environment.of(Map.of());

    private final LoopbackServer server = LoopbackServer.start();
    private Spanflux spanflux = Spanflux.builder().environment(NOTHING).build();

    @AfterEach
    void close() {
        spanflux.awaitClose(Duration.ofSeconds(10));
        server.close();
    }

    private Map<String, String> variables() {
        Map<String, String> variables = new HashMap<>();
        variables.put("CX_TOKEN", "cx-secret-token");
        variables.put("CX_ENDPOINT", server.url("/"));
        variables.put("CX_APPLICATION_NAME", "shop");
        variables.put("CX_SUBSYSTEM_NAME", "bot");
        return variables;
    }

    private Coralogix.Builder coralogix() {
        return Coralogix.builder().environment(Environment.of(variables()));
    }

    private void start(Coralogix coralogix) {
        start(coralogix, NOTHING);
    }

    private void start(Coralogix coralogix, Environment environment) {
        spanflux.awaitClose(Duration.ofSeconds(10));
        spanflux = coralogix
                .addTo(Spanflux.builder())
                .environment(environment)
                .serviceName("support-bot")
                .build();
    }

    private void chat() {
        spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4o-mini")
                        .usage(12, 5)
                        .input(() -> List.of(Message.user("SECRET QUESTION")))
                        .output(() -> List.of(Message.assistant("SECRET ANSWER"))))
                .start()
                .end();
    }

    private void flush() {
        assertThat(spanflux.awaitFlush(Duration.ofSeconds(30)).isComplete()).isTrue();
    }

    private List<Request> requests(String path) {
        return server.requests().stream()
                .filter(request -> request.path().equals(path))
                .toList();
    }

    // ---- settings ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"CX_TOKEN", "CX_ENDPOINT", "CX_APPLICATION_NAME", "CX_SUBSYSTEM_NAME"})
    void build_withoutAVariable_failsByItsName(String missing) {
        Map<String, String> variables = variables();
        variables.remove(missing);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Coralogix.builder()
                        .environment(Environment.of(variables))
                        .build())
                .withMessageContaining(missing)
                .withMessageContaining(" is not set")
                .withMessageNotContaining("cx-secret-token");
    }

    @Test
    void build_refusesWhatIsNoBaseOfOtlpOverHttp() {
        for (String endpoint : List.of("ingress.coralogix.com:4317", "http://localhost:4317/")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> coralogix().endpoint(endpoint).build())
                    .withMessageContaining("CX_ENDPOINT")
                    .withMessageContaining("4318");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> coralogix().endpoint("https://c?a=b").build())
                .withMessageContaining("endpoint");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> coralogix().endpoint("ftp://c").build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> coralogix().token(" ").build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> coralogix().applicationName("a\nb").build());
    }

    @Test
    void toString_hasTheTarget_andNotTheToken() {
        assertThat(coralogix().endpoint("ingress.eu2.coralogix.com:443").build().toString())
                .contains("https://ingress.eu2.coralogix.com", "applicationName=shop", "subsystemName=bot")
                .doesNotContain("cx-secret-token");
    }

    // ---- what leaves ---------------------------------------------------------------------------------------------

    @Test
    void spansAndBothMetrics_leaveWithTheHeaders_andNoneOfOtelsOwn() {
        Map<String, String> others = Map.of(
                "OTEL_EXPORTER_OTLP_HEADERS", "x-other=credentials",
                "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1");
        start(coralogix().build(), Environment.of(others));
        chat();
        flush();

        for (String path : List.of("/v1/traces", "/v1/metrics")) {
            assertThat(requests(path)).as(path).hasSize(1);
            Request request = requests(path).get(0);
            assertThat(request.header("Authorization")).isEqualTo("Bearer cx-secret-token");
            assertThat(request.header("cx-application-name")).isEqualTo("shop");
            assertThat(request.header("cx-subsystem-name")).isEqualTo("bot");
            assertThat(request.header("Content-Type")).isEqualTo("application/json");
            assertThat(request.header("x-other")).isNull();
        }
        JsonNode metrics =
                JSON.readTree(requests("/v1/metrics").get(0).text()).at("/resourceMetrics/0/scopeMetrics/0/metrics");
        Map<String, JsonNode> byName = new LinkedHashMap<>();
        metrics.values().forEach(metric -> byName.put(metric.get("name").asString(), metric));
        assertThat(byName).containsKey("otel.sdk.exporter.span.exported");
        byName.keySet().removeIf(name -> name.startsWith("otel.sdk."));
        assertThat(byName.keySet())
                .containsExactlyInAnyOrder("gen_ai.client.operation.duration", "gen_ai.client.token.usage");
        assertThat(byName.get("gen_ai.client.token.usage")
                        .at("/histogram/dataPoints/0/attributes/1/key")
                        .asString())
                .isEqualTo("gen_ai.system");
        assertThat(byName.values())
                .allSatisfy(metric -> assertThat(metric.toString())
                        .contains("\"gen_ai.system\"")
                        .doesNotContain("gen_ai.provider.name"));
    }

    @Test
    void content_isOffUnlessAsked_byOptionOrVariable() {
        start(coralogix().build());
        chat();
        flush();
        assertThat(requests("/v1/traces").get(0).text())
                .contains("gen_ai.usage.input_tokens")
                .doesNotContain("SECRET");

        start(coralogix().captureContent(true).build());
        chat();
        flush();
        assertThat(requests("/v1/traces").get(1).text())
                .contains("\"gen_ai.prompt.0.content\"", "SECRET QUESTION", "SECRET ANSWER");

        Environment asked = Environment.of(Map.of("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "True"));
        start(coralogix().build(), asked);
        chat();
        flush();
        assertThat(requests("/v1/traces").get(2).text()).contains("SECRET QUESTION");

        start(coralogix().captureContent(false).build(), asked);
        chat();
        flush();
        assertThat(requests("/v1/traces").get(3).text()).doesNotContain("SECRET");
    }

    @Test
    void immediate_sendsEachSpanAloneAndAtOnce() {
        start(coralogix().immediate(true).build());
        for (int i = 0; i < 3; i++) {
            chat();
        }

        // Nobody flushes.
        server.awaitRequest(3);
        assertThat(requests("/v1/traces"))
                .hasSize(3)
                .allSatisfy(
                        request -> assertThat(JSON.readTree(request.text()).at("/resourceSpans/0/scopeSpans/0/spans"))
                                .hasSize(1));
    }

    @Test
    void batches_areTheDefault() {
        start(coralogix().build());
        for (int i = 0; i < 3; i++) {
            chat();
        }
        flush();

        assertThat(requests("/v1/traces")).hasSize(1);
    }

    @Test
    void olderNames_leaveOnRequest() {
        start(coralogix().olderNames(true).build());
        spanflux.tracer()
                .span(Generation.chat("openai", "m"))
                .attribute("user.id", "u")
                .start()
                .end();
        flush();

        assertThat(requests("/v1/traces").get(0).text())
                .contains("gen_ai.request.user")
                .contains("gen_ai.openai.request.user");
    }

    @Test
    void deadBackend_costsAnotherNothing() {
        LoopbackServer dead = LoopbackServer.start().otherwise(LoopbackServer.Behaviour.hang());
        try {
            spanflux.awaitClose(Duration.ofSeconds(10));
            Spanflux.Builder both = coralogix().endpoint(dead.url("/")).build().addTo(Spanflux.builder());
            spanflux = coralogix()
                    .immediate(true)
                    .build()
                    .addTo(both)
                    .environment(NOTHING)
                    .build();
            chat();

            server.awaitRequest(1);
            assertThat(requests("/v1/traces")).hasSize(1);
        } finally {
            spanflux.awaitClose(Duration.ofSeconds(1));
            dead.close();
        }
    }

    // ---- agent runs ----------------------------------------------------------------------------------------------

    private Span child(Span parent, SpanData data) {
        return spanflux.tracer().span(data).parent(parent).start();
    }

    @Test
    void agentRun_isATree_withContentAndUsageWhereTheirsHasNone() {
        start(coralogix().captureContent(true).build());
        Span agent = spanflux.tracer().span(Agent.named("Triage")).start();
        child(
                        agent,
                        Generation.chat("openai", "gpt-4.1")
                                .input(() -> List.of(Message.user("hi")))
                                .output(() -> List.of(Message.assistant("ho")))
                                .usage(10, 3))
                .end();
        child(agent, Custom.named("cache").attribute("hit", true).content("key", () -> "k1"))
                .attribute(GenAiAttributes.USAGE_INPUT_TOKENS, 4)
                .end();
        child(
                        agent,
                        McpCall.client("tools/call")
                                .tool("search")
                                .arguments(() -> "{\"q\":\"x\"}")
                                .result(() -> "found"))
                .attribute(GenAiAttributes.USAGE_INPUT_TOKENS, 5)
                .end();
        child(
                        agent,
                        Speech.named("reply")
                                .model("tts-1")
                                .provider("openai")
                                .input(() -> "hello")
                                .output(() -> "s3://audio"))
                .attribute(GenAiAttributes.USAGE_INPUT_TOKENS, 6)
                .attribute(GenAiAttributes.USAGE_OUTPUT_TOKENS, 7)
                .end();
        agent.end();
        flush();

        Map<String, JsonNode> spans = new LinkedHashMap<>();
        JSON.readTree(requests("/v1/traces").get(0).text())
                .at("/resourceSpans/0/scopeSpans/0/spans")
                .values()
                .forEach(span -> spans.put(span.get("name").asString(), span));
        assertThat(spans.keySet())
                .containsExactly("chat gpt-4.1", "custom cache", "tools/call search", "speech reply", "Agent - Triage");
        String root = spans.get("Agent - Triage").get("spanId").asString();
        assertThat(spans.values().stream()
                        .filter(span -> !span.get("spanId").asString().equals(root)))
                .allSatisfy(
                        span -> assertThat(span.get("parentSpanId").asString()).isEqualTo(root));
        assertThat(attributes(spans.get("chat gpt-4.1")))
                .containsEntry("gen_ai.prompt.0.content", "hi")
                .containsEntry("gen_ai.completion.0.content", "ho")
                .containsEntry("gen_ai.usage.input_tokens", "10")
                .containsEntry("gen_ai.usage.output_tokens", "3")
                .containsEntry("gen_ai.agent.name", "Triage");
        assertThat(attributes(spans.get("custom cache")))
                .containsEntry("type", "custom")
                .containsEntry("name", "cache")
                .containsEntry("spanflux.custom.data.hit", "true")
                .containsEntry("spanflux.custom.data.key", "k1")
                .containsEntry("gen_ai.usage.input_tokens", "4");
        assertThat(attributes(spans.get("tools/call search")))
                .containsEntry("type", "mcp")
                .containsEntry("name", "search")
                .containsEntry("input", "{\"q\":\"x\"}")
                .containsEntry("output", "found")
                .containsEntry("gen_ai.usage.input_tokens", "5");
        assertThat(attributes(spans.get("speech reply")))
                .containsEntry("type", "speech")
                .containsEntry("gen_ai.system", "openai")
                .containsEntry("gen_ai.request.model", "tts-1")
                .containsEntry("input", "hello")
                .containsEntry("output", "s3://audio")
                .containsEntry("gen_ai.usage.input_tokens", "6")
                .containsEntry("gen_ai.usage.output_tokens", "7");
    }

    private static Map<String, String> attributes(JsonNode span) {
        Map<String, String> attributes = new LinkedHashMap<>();
        span.get("attributes")
                .values()
                .forEach(attribute -> attributes.put(
                        attribute.get("key").asString(),
                        attribute
                                .get("value")
                                .properties()
                                .iterator()
                                .next()
                                .getValue()
                                .asString()));
        return attributes;
    }
}
