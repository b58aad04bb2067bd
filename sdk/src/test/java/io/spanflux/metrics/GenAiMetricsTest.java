// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.config.Environment;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.Temporality;
import io.spanflux.genai.Agent;
import io.spanflux.genai.ContentPolicy;
import io.spanflux.genai.ContentRedactor;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.Generation;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.Message;
import io.spanflux.genai.Plan;
import io.spanflux.genai.RemoteAgent;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Usage;
import io.spanflux.genai.Workflow;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.scheduler.VirtualTimeScheduler;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** What is measured of which span, in virtual time. */
class GenAiMetricsTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final FakeMetricExporter exporter = new FakeMetricExporter(Temporality.CUMULATIVE);
    private final LogCapture logs = LogCapture.start();
    private final GenAiMetrics metrics = builder().build();
    private final Tracer tracer = tracer(metrics, Sampler.alwaysOn());

    private GenAiMetrics.Builder builder() {
        return GenAiMetrics.builder(Resource.of(Attributes.of("service.name", "test")), Clock.of(time))
                .environment(Environment.of(Map.of()))
                .exporter(exporter)
                .scheduler(time);
    }

    private Tracer tracer(GenAiMetrics metrics, Sampler sampler) {
        return Tracer.builder()
                .clock(Clock.of(time))
                .sampler(sampler)
                .handler(metrics)
                .build();
    }

    private Span start(SpanData data) {
        return tracer.span(data).start();
    }

    private void pass(long millis) {
        time.advanceTimeBy(Duration.ofMillis(millis));
    }

    private void collect() {
        metrics.flush(Duration.ofSeconds(1)).subscribe();
        time.advanceTime();
    }

    private HistogramPoint point(GenAiMetric metric) {
        return exporter.point(metric);
    }

    private static Map<String, Object> attributes(HistogramPoint point) {
        return point.attributes().asMap();
    }

    // ---- calls of models -----------------------------------------------------------------------------------------

    @Test
    void aCall_isMeasuredWithAllThatIsKnownOfIt() {
        Generation call = Generation.chat("openai", "gpt-4o").server("api.openai.com", 443);
        Span span = start(call);
        pass(1_500);
        call.responseModel("gpt-4o-2024").usage(Usage.of(100, 7)).timeToFirstChunk(0.25);
        span.end();
        collect();

        Map<String, Object> common = Map.of(
                "gen_ai.operation.name", "chat",
                "gen_ai.provider.name", "openai",
                "gen_ai.request.model", "gpt-4o",
                "gen_ai.response.model", "gpt-4o-2024",
                "server.address", "api.openai.com",
                "server.port", 443L);
        HistogramPoint duration = point(GenAiMetric.OPERATION_DURATION);
        assertThat(attributes(duration)).isEqualTo(common);
        assertThat(duration.count()).isEqualTo(1);
        assertThat(duration.sum()).isEqualTo(1.5);
        assertThat(duration.bucketCounts()).hasSize(15);
        assertThat(duration.bucketCounts().get(8)).isEqualTo(1);
        HistogramPoint firstChunk = point(GenAiMetric.TIME_TO_FIRST_CHUNK);
        assertThat(attributes(firstChunk)).isEqualTo(common);
        assertThat(firstChunk.sum()).isEqualTo(0.25);
        List<HistogramPoint> tokens = exporter.points(GenAiMetric.TOKEN_USAGE);
        assertThat(tokens)
                .hasSize(2)
                .allSatisfy(point -> assertThat(attributes(point))
                        .containsAllEntriesOf(common)
                        .hasSize(7));
        assertThat(tokens)
                .extracting(point -> point.attributes().get("gen_ai.token.type") + "=" + point.sum())
                .containsExactlyInAnyOrder("input=100.0", "output=7.0");
        assertThat(metrics.recorded()).isEqualTo(4);
    }

    @Test
    void theTierThatOpenAiAnsweredIn_tellsItsCallsApart_whereItIsKnown() {
        for (String tier : List.of("flex", "default")) {
            Generation call = Generation.chat("openai", "gpt-4o");
            Span span = start(call);
            call.serviceTier(tier).usage(Usage.of(1, 1)).timeToFirstChunk(0.25);
            span.end();
        }
        Generation elsewhere = Generation.chat("anthropic", "claude");
        Span span = start(elsewhere);
        elsewhere.serviceTier("priority");
        span.end();
        collect();

        assertThat(exporter.points(GenAiMetric.OPERATION_DURATION))
                .extracting(point -> String.valueOf(point.attributes().get("openai.response.service_tier")))
                .containsExactlyInAnyOrder("flex", "default", "null");
        assertThat(exporter.points(GenAiMetric.TOKEN_USAGE)).hasSize(4);
        // Measured before the answer names its tier.
        assertThat(point(GenAiMetric.TIME_TO_FIRST_CHUNK).count()).isEqualTo(2);
    }

    @Test
    void messagesOfMcp_areMeasuredOnBothSides() {
        McpCall request = McpCall.client("tools/call").tool("search").peer("mcp.local", 8080);
        Span span = start(request);
        pass(30);
        request.errorCode("-32602");
        span.end();
        start(McpCall.server("ping").peer("10.0.0.7", 5000)).end();
        collect();

        assertThat(exporter.names())
                .containsExactlyInAnyOrder("mcp.client.operation.duration", "mcp.server.operation.duration");
        HistogramPoint sent = point(GenAiMetric.MCP_CLIENT_DURATION);
        assertThat(sent.sum()).isEqualTo(0.03);
        assertThat(attributes(sent))
                .isEqualTo(Map.of(
                        "mcp.method.name", "tools/call",
                        "gen_ai.operation.name", "execute_tool",
                        "gen_ai.tool.name", "search",
                        "rpc.response.status_code", "-32602",
                        "server.address", "mcp.local",
                        "server.port", 8080L,
                        "error.type", "-32602"));
        assertThat(attributes(point(GenAiMetric.MCP_SERVER_DURATION))).isEqualTo(Map.of("mcp.method.name", "ping"));
    }

    @Test
    void aCallOfWhichNothingIsKnown_hasADurationOnly() {
        start(Generation.chat(null, null)).end();
        collect();

        assertThat(exporter.names()).containsExactly("gen_ai.client.operation.duration");
        assertThat(attributes(point(GenAiMetric.OPERATION_DURATION)))
                .isEqualTo(Map.of("gen_ai.operation.name", "chat"));
    }

    @Test
    void aFailedCall_saysTheErrorTypeOfItsSpan() {
        Span span = start(Generation.chat("openai", "gpt-4o"));
        span.error(new IllegalStateException("full")).attribute("error.type", "429");
        span.end();
        collect();

        assertThat(point(GenAiMetric.OPERATION_DURATION).attributes().get("error.type"))
                .isEqualTo("429");
    }

    @Test
    void chunkGaps_areMeasuredOneByOneWhileTheStreamRuns() {
        Generation stream = Generation.chat("openai", "gpt-4o");
        Span span = start(stream);
        stream.responseModel("gpt-4o-2024");
        stream.chunkGap(10_000_000);
        stream.chunkGap(30_000_000);
        collect();

        HistogramPoint gaps = point(GenAiMetric.TIME_PER_OUTPUT_CHUNK);
        assertThat(gaps.count()).isEqualTo(2);
        assertThat(gaps.sum()).isEqualTo(0.04);
        assertThat(gaps.bucketCounts().subList(0, 3)).containsExactly(1L, 0L, 1L);
        assertThat(gaps.attributes().get("gen_ai.response.model")).isEqualTo("gpt-4o-2024");
        span.end();
        stream.chunkGap(30_000_000);
        collect();
        assertThat(point(GenAiMetric.TIME_PER_OUTPUT_CHUNK).count()).isEqualTo(2);
    }

    // ---- agents, tools, workflows --------------------------------------------------------------------------------

    @Test
    void anAgent_countsTheCallsInsideItAtAnyDepth_butNotThoseOfAnAgentFurtherDown() {
        Span outer = start(Agent.named("outer").model("gpt-4o"));
        Span step = tracer.span("step").parent(outer).start();
        for (int i = 0; i < 3; i++) {
            tracer.span(Generation.chat("openai", "gpt-4o"))
                    .parent(step)
                    .start()
                    .end();
        }
        Span tool = tracer.span(Tool.named("search")).parent(outer).start();
        Span inner = tracer.span(Agent.named("inner")).parent(tool).start();
        tracer.span(Generation.chat("openai", "gpt-4o")).parent(inner).start().end();
        inner.end();
        pass(200);
        tool.end();
        pass(300);
        outer.end();
        collect();

        assertThat(sums(GenAiMetric.INVOKE_AGENT_INFERENCE_CALLS))
                .containsExactlyInAnyOrder("{gen_ai.agent.name=outer} 3.0", "{gen_ai.agent.name=inner} 1.0");
        assertThat(sums(GenAiMetric.INVOKE_AGENT_TOOL_CALLS))
                .containsExactlyInAnyOrder("{gen_ai.agent.name=outer} 1.0", "{gen_ai.agent.name=inner} 0.0");
        assertThat(sums(GenAiMetric.INVOKE_AGENT_DURATION))
                .containsExactlyInAnyOrder(
                        "{gen_ai.agent.name=outer, gen_ai.request.model=gpt-4o} 0.5", "{gen_ai.agent.name=inner} 0.0");
        assertThat(sums(GenAiMetric.EXECUTE_TOOL_DURATION))
                .containsExactly("{gen_ai.tool.name=search, gen_ai.tool.type=function, gen_ai.agent.name=outer} 0.2");
    }

    private List<String> sums(GenAiMetric metric) {
        return exporter.points(metric).stream()
                .map(point -> attributes(point) + " " + point.sum())
                .toList();
    }

    @Test
    void aToolOutsideAnyAgent_saysNoAgent() {
        Span tool = start(Tool.named("search").type("datastore"));
        tool.error(new IllegalStateException("gone"));
        tool.end();
        collect();

        assertThat(attributes(point(GenAiMetric.EXECUTE_TOOL_DURATION)))
                .isEqualTo(Map.of(
                        "gen_ai.tool.name", "search",
                        "gen_ai.tool.type", "datastore",
                        "error.type", "java.lang.IllegalStateException"));
    }

    @Test
    void aWorkflow_hasADuration() {
        Span span = start(Workflow.named("triage"));
        pass(2_000);
        span.end();
        start(Workflow.named(null)).end();
        collect();

        assertThat(exporter.names()).containsExactly("gen_ai.workflow.duration");
        assertThat(sums(GenAiMetric.WORKFLOW_DURATION))
                .containsExactlyInAnyOrder("{gen_ai.workflow.name=triage} 2.0", "{} 0.0");
    }

    @Test
    void anyOtherCallOfAService_isAnOperation() {
        start(Embeddings.of("openai", "small").server("localhost", 443).inputTokens(12L))
                .end();
        collect();

        assertThat(exporter.names()).containsExactly("gen_ai.client.operation.duration", "gen_ai.client.token.usage");
        assertThat(attributes(point(GenAiMetric.TOKEN_USAGE)))
                .isEqualTo(Map.of(
                        "gen_ai.operation.name", "embeddings",
                        "gen_ai.provider.name", "openai",
                        "gen_ai.request.model", "small",
                        "server.address", "localhost",
                        "server.port", 443L,
                        "gen_ai.token.type", "input"));
    }

    @Test
    void anAgentElsewhere_isAnOperationAndAnInvocation() {
        start(RemoteAgent.of("openai", "support")).end();
        collect();

        assertThat(exporter.names())
                .containsExactly("gen_ai.client.operation.duration", "gen_ai.invoke_agent.duration");
        assertThat(attributes(point(GenAiMetric.INVOKE_AGENT_DURATION)))
                .isEqualTo(Map.of("gen_ai.agent.name", "support"));
    }

    @Test
    void whatIsNoCallOfAService_isNotMeasured() {
        start(Plan.of("support")).end();
        start(new Plain()).end();
        tracer.span("mine").kind(SpanKind.CLIENT).start().end();

        assertThat(metrics.recorded()).isZero();
        assertThat(tracer.callbackFailures()).isZero();
    }

    /** Content is redacted and rendered where spans are exported, not where they end. */
    @Test
    void content_isNotRendered() {
        List<String> redacted = new ArrayList<>();
        ContentPolicy policy = ContentPolicy.builder()
                .capture(ContentCapture.SPANS)
                .redactor(new ContentRedactor() {
                    @Override
                    public Message.Part redact(Message.Part part) {
                        redacted.add("part");
                        return part;
                    }

                    @Override
                    public Object redact(String attribute, Object value) {
                        redacted.add(attribute);
                        return value;
                    }
                })
                .build();
        Tracer capturing = Tracer.builder().handler(policy).handler(metrics).build();
        Tool tool = Tool.named("search").arguments(() -> "{}");
        capturing.span(tool).start().end();
        capturing.span(Embeddings.of("openai", "small")).start().end();

        assertThat(metrics.recorded()).isEqualTo(2);
        assertThat(redacted).isEmpty();
    }

    /** What an application's own span is about: not asked for anything. */
    private record Plain() implements SpanData {
        @Override
        public String spanName() {
            return "plain";
        }

        @Override
        public void forEachAttribute(io.spanflux.trace.AttributeConsumer consumer) {
            throw new AssertionError("asked");
        }
    }

    // ---- sampling ------------------------------------------------------------------------------------------------

    @Test
    void whatIsSampledOut_isMeasuredAndShownToNobodyElse() {
        List<Span> shown = new ArrayList<>();
        Tracer sampling = Tracer.builder()
                .clock(Clock.of(time))
                .sampler(Sampler.alwaysOff())
                .handler(ContentPolicy.builder().capture(ContentCapture.SPANS).build())
                .handler(metrics)
                .handler(new SpanHandler() {
                    @Override
                    public void onStart(Span span) {
                        shown.add(span);
                    }

                    @Override
                    public void onEnd(Span span) {
                        shown.add(span);
                    }
                })
                .build();
        Span agent = sampling.span(Agent.named("support")).start();
        Generation call =
                Generation.chat("openai", "gpt-4o").input(() -> List.of(Message.user("secret".repeat(1_000))));
        Span span = sampling.span(call).parent(agent).start();
        call.usage(Usage.of(5, 6)).append("secret".repeat(1_000));
        pass(40);
        span.error(new IllegalStateException());
        span.end();
        agent.end();
        collect();

        assertThat(span.isSampled()).isFalse();
        assertThat(shown).isEmpty();
        assertThat(point(GenAiMetric.OPERATION_DURATION).sum()).isEqualTo(0.04);
        assertThat(point(GenAiMetric.OPERATION_DURATION).attributes().get("error.type"))
                .isEqualTo("java.lang.IllegalStateException");
        assertThat(exporter.points(GenAiMetric.TOKEN_USAGE)).hasSize(2);
        assertThat(point(GenAiMetric.INVOKE_AGENT_INFERENCE_CALLS).sum()).isEqualTo(1);
        assertThat(call.estimatedBytes()).as("kept content").isLessThan(1_000);
    }

    // ---- values that are none ------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(doubles = {-0.5, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e9})
    void aTimeThatIsNone_isRefusedAndCounted(double seconds) {
        start(Generation.chat("openai", "gpt-4o").timeToFirstChunk(seconds)).end();
        collect();

        assertThat(exporter.names()).containsExactly("gen_ai.client.operation.duration");
        assertThat(metrics.refused()).isEqualTo(1);
        assertThat(logs.warnings()).hasSize(1).first().asString().contains("time_to_first_chunk");
    }

    @Test
    void aSpanThatEndsBeforeItStarts_isRefusedAndCounted() {
        tracer.record(
                Context.empty(),
                Generation.chat("openai", "gpt-4o"),
                Instant.ofEpochSecond(10),
                Instant.ofEpochSecond(9));

        assertThat(metrics.recorded()).isZero();
        assertThat(metrics.refused()).isEqualTo(1);
    }

    @Test
    void aNegativeGap_isRefusedAndCounted() {
        Generation stream = Generation.chat("openai", "gpt-4o");
        start(stream);
        stream.chunkGap(-1);

        assertThat(metrics.refused()).isEqualTo(1);
        assertThat(metrics.recorded()).isZero();
    }

    // ---- cardinality ---------------------------------------------------------------------------------------------

    @Test
    void maxAttributeSets_whatExceedsThem_isCountedTogether() {
        GenAiMetrics bounded = builder().maxAttributeSets(2).build();
        Tracer ofBounded = tracer(bounded, Sampler.alwaysOn());
        for (int i = 0; i < 10; i++) {
            ofBounded.span(Tool.named("tool" + i % 5)).start().end();
        }
        bounded.flush(Duration.ofSeconds(1)).subscribe();
        time.advanceTime();

        List<HistogramPoint> points = exporter.points(GenAiMetric.EXECUTE_TOOL_DURATION);
        assertThat(points).hasSize(3);
        assertThat(points.stream().mapToLong(HistogramPoint::count).sum()).isEqualTo(10);
        assertThat(attributes(points.get(2))).isEqualTo(Map.of("otel.metric.overflow", true));
        assertThat(points.get(2).count()).isEqualTo(6);
        assertThat(bounded.overflowed()).isEqualTo(6);
        assertThat(bounded.recorded()).isEqualTo(10);
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .contains("gen_ai.execute_tool.duration has more than 2 sets");
    }

    @Test
    void aLongName_isCut() {
        start(Tool.named("x".repeat(5_000))).end();
        collect();

        assertThat(point(GenAiMetric.EXECUTE_TOOL_DURATION)
                        .attributes()
                        .get("gen_ai.tool.name")
                        .toString())
                .hasSize(1_024);
    }

    // ---- targets -------------------------------------------------------------------------------------------------

    @Test
    void target_getsEachValueAtOnce_andAFailingOneDisturbsNothing() {
        List<String> handed = new ArrayList<>();
        GenAiMetrics handing = builder()
                .target((metric, attributes) -> {
                    if (metric == GenAiMetric.TOKEN_USAGE) {
                        throw new IllegalStateException("no");
                    }
                    LongConsumer to =
                            value -> handed.add(metric + " " + attributes.get("gen_ai.tool.name") + " " + value);
                    return to;
                })
                .build();
        Tracer ofHanding = tracer(handing, Sampler.alwaysOn());
        Span tool = ofHanding.span(Tool.named("search")).start();
        pass(5);
        tool.end();
        ofHanding.span(Generation.chat("p", "m").usage(Usage.of(1, 2))).start().end();
        ofHanding.span(Generation.chat("p", "m").usage(Usage.of(1, 2))).start().end();

        assertThat(handed)
                .containsExactly(
                        "EXECUTE_TOOL_DURATION search 5000000",
                        "OPERATION_DURATION null 0",
                        "OPERATION_DURATION null 0");
        assertThat(handing.targetFailures()).as("asked once for each set").isEqualTo(2);
        assertThat(handing.recorded()).isEqualTo(7);
    }

    // ---- options -------------------------------------------------------------------------------------------------

    @Test
    void builder_badValues_areRefusedByName() {
        GenAiMetrics.Builder builder = builder();
        assertThatThrownBy(() -> builder.maxAttributeSets(0))
                .hasMessage("maxAttributeSets is not between 1 and 100000: 0");
        assertThatThrownBy(() -> builder.maxAttributeSets(100_001)).hasMessageContaining("100001");
        assertThatThrownBy(() -> builder.exportInterval(Duration.ZERO))
                .hasMessage("exportInterval is not positive: PT0S");
        assertThatThrownBy(() -> builder.exportTimeout(Duration.ofSeconds(-1)))
                .hasMessage("exportTimeout is not positive: PT-1S");
        assertThatThrownBy(() -> builder.exporter(null)).hasMessage("exporter == null");
        assertThatThrownBy(() -> builder.target(null)).hasMessage("target == null");
        assertThatThrownBy(() -> builder.scheduler(null)).hasMessage("scheduler == null");
        assertThatThrownBy(() -> builder.environment(null)).hasMessage("environment == null");
        assertThatThrownBy(() -> GenAiMetrics.builder(null, Clock.system())).hasMessage("resource == null");
        assertThatThrownBy(() -> GenAiMetrics.builder(Resource.of(Attributes.empty()), null))
                .hasMessage("clock == null");
    }

    @Test
    void exportInterval_ofAges_isTheLongestThereIs() {
        GenAiMetrics patient =
                builder().exportInterval(Duration.ofSeconds(Long.MAX_VALUE)).build();
        tracer(patient, Sampler.alwaysOn()).span(Tool.named("t")).start().end();

        assertThat(patient.recorded()).isEqualTo(1);
    }

    @Test
    void withoutExporter_flushAndCloseAreDoneAtOnce() {
        GenAiMetrics local = builder().withoutExporter().build();
        tracer(local, Sampler.alwaysOn()).span(Tool.named("t")).start().end();

        assertThat(local.flush(Duration.ofSeconds(1)).blockOptional()).isEmpty();
        assertThat(local.shutdown(Duration.ofSeconds(1)).blockOptional()).isEmpty();
        assertThat(local.close(Duration.ofSeconds(1)).blockOptional()).isEmpty();
        assertThat(local.recorded()).isEqualTo(1);
        assertThat(local.delivered()).isZero();
        assertThat(exporter.exports).isEmpty();
    }
}
