// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.genai.Generation;
import io.spanflux.propagation.Propagator;
import io.spanflux.test.AttributeRecorder;
import io.spanflux.test.LogCapture;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanLimits;
import io.spanflux.trace.TraceState;
import io.spanflux.wire.tracentic.TracenticScope;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The OTEL_* variables, seen from what they do to spans. */
class SpanfluxEnvironmentTest {
    private static final SpanContext SAMPLED_PARENT =
            SpanContext.remote("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, TraceState.empty());
    private static final SpanContext UNSAMPLED_PARENT =
            SpanContext.remote("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 0, TraceState.empty());

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final LogCapture logs = LogCapture.start();
    private final List<Spanflux> built = new ArrayList<>();

    @AfterEach
    void close() {
        built.forEach(spanflux -> spanflux.awaitClose(Duration.ofSeconds(5)));
    }

    private Spanflux with(String... variables) {
        return build(Spanflux.builder().environment(environment(variables)).exporter(exporter));
    }

    private Spanflux build(Spanflux.Builder builder) {
        Spanflux spanflux = builder.build();
        built.add(spanflux);
        return spanflux;
    }

    private static Environment environment(String... variables) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < variables.length; i += 2) {
            map.put(variables[i], variables[i + 1]);
        }
        return Environment.of(map);
    }

    private static boolean samples(Spanflux spanflux) {
        return spanflux.tracer().span("x").start().isSampled();
    }

    private static boolean samplesBelow(Spanflux spanflux, SpanContext parent) {
        return spanflux.tracer().span("x").parent(parent).start().isSampled();
    }

    // ---- sampling ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "always_on, 0, true, true, true",
        "ALWAYS_ON, 0, true, true, true",
        "always_off, 1, false, false, false",
        "traceidratio, 0, false, false, false",
        "traceidratio, 1.0, true, true, true",
        "parentbased_always_on, 0, true, true, false",
        "parentbased_always_off, 1, false, true, false",
        "parentbased_traceidratio, 0, false, true, false",
        "parentbased_traceidratio, 1, true, true, false",
    })
    void sampler(String name, String argument, boolean root, boolean belowSampled, boolean belowUnsampled) {
        Spanflux spanflux = with("OTEL_TRACES_SAMPLER", name, "OTEL_TRACES_SAMPLER_ARG", argument);

        assertThat(samples(spanflux)).isEqualTo(root);
        assertThat(samplesBelow(spanflux, SAMPLED_PARENT)).isEqualTo(belowSampled);
        assertThat(samplesBelow(spanflux, UNSAMPLED_PARENT)).isEqualTo(belowUnsampled);
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"jaeger_remote", "xray", "parentbased_jaeger_remote", "sometimes"})
    void sampler_unknown_isWarnedOfByName_andFollowsTheParent(String name) {
        Spanflux spanflux = with("OTEL_TRACES_SAMPLER", name);

        assertThat(samples(spanflux)).isTrue();
        assertThat(samplesBelow(spanflux, UNSAMPLED_PARENT)).isFalse();
        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_TRACES_SAMPLER=" + name + " is ignored");
    }

    @ParameterizedTest
    @ValueSource(strings = {"half", "-1", "1.5", "NaN"})
    void samplerArgument_garbage_isWarnedOf_andSamplesAll(String argument) {
        Spanflux spanflux = with("OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", argument);

        assertThat(samples(spanflux)).isTrue();
        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_TRACES_SAMPLER_ARG=" + argument);
    }

    @Test
    void sampler_inCode_wins() {
        Spanflux spanflux = build(Spanflux.builder()
                .environment(environment("OTEL_TRACES_SAMPLER", "always_on"))
                .exporter(exporter)
                .tracer(tracer -> tracer.sampler(Sampler.alwaysOff())));

        assertThat(samples(spanflux)).isFalse();
    }

    // ---- limits --------------------------------------------------------------------------------------------------

    private static Span full(Spanflux spanflux) {
        Attributes three = Attributes.of("a", "1234567890").with("b", 2).with("c", 3);
        Span span = spanflux.tracer().span("x").start().attributes(three);
        for (int i = 0; i < 3; i++) {
            span.event("event", three).link(SAMPLED_PARENT, three);
        }
        span.end();
        return span;
    }

    @Test
    void limits_forSpans_areKept() {
        Span span = full(with(
                "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4",
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "2",
                "OTEL_SPAN_EVENT_COUNT_LIMIT", "1",
                "OTEL_SPAN_LINK_COUNT_LIMIT", "2",
                "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1",
                "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0"));

        assertThat(span.attributes().get("a")).isEqualTo("1234");
        assertThat(span.attributes().get("b")).isEqualTo(2L);
        assertThat(span.attributes().get("c")).isNull();
        assertThat(span.attributes().get("spanflux.truncated_values")).isNotNull();
        assertThat(span.forEachAttribute(new AttributeRecorder())).isEqualTo(1);
        assertThat(span.events()).hasSize(1);
        assertThat(span.droppedEvents()).isEqualTo(2);
        assertThat(span.events().get(0).attributes()).isEqualTo(Attributes.of("a", "1234"));
        assertThat(span.links()).hasSize(2);
        assertThat(span.links().get(0).attributes().isEmpty()).isTrue();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void limits_forSpans_winOverThoseForAll() {
        Span span = full(with(
                "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4",
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2",
                "OTEL_ATTRIBUTE_COUNT_LIMIT", "1"));

        assertThat(span.attributes().get("a")).isEqualTo("1234");
        assertThat(span.attributes().get("b")).isNull();
    }

    @Test
    void limits_garbage_isWarnedOfByName_andTheDefaultsHold() {
        Span span = full(with(
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many",
                "OTEL_SPAN_EVENT_COUNT_LIMIT", "-1",
                "OTEL_SPAN_LINK_COUNT_LIMIT", "99999999999",
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1e3"));

        assertThat(span.attributes().size()).isEqualTo(3);
        assertThat(span.events()).hasSize(3);
        assertThat(span.links()).hasSize(3);
        assertThat(logs.warnings())
                .hasSize(4)
                .anyMatch(warning -> warning.contains("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=many"))
                .anyMatch(warning -> warning.contains("OTEL_SPAN_EVENT_COUNT_LIMIT=-1"))
                .anyMatch(warning -> warning.contains("OTEL_SPAN_LINK_COUNT_LIMIT=99999999999"))
                .anyMatch(warning -> warning.contains("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=1e3"));
    }

    @Test
    void limits_inCode_win() {
        Spanflux spanflux = build(Spanflux.builder()
                .environment(environment("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"))
                .exporter(exporter)
                .tracer(tracer ->
                        tracer.limits(SpanLimits.builder().attributeCount(2).build())));

        assertThat(full(spanflux).attributes().size()).isEqualTo(2);
    }

    // ---- batching ------------------------------------------------------------------------------------------------

    @Test
    void batching_isTakenFromTheEnvironment() {
        Spanflux spanflux = with(
                "OTEL_BSP_MAX_QUEUE_SIZE", "100",
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "7",
                "OTEL_BSP_SCHEDULE_DELAY", "1234");

        assertThat(spanflux.toString())
                .contains("maxQueueSize=100,")
                .contains("maxBatchSize=7,")
                .contains("scheduleDelay=PT1.234S");
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "OTEL_BSP_MAX_QUEUE_SIZE, 0",
        "OTEL_BSP_MAX_QUEUE_SIZE, 2147483647",
        "OTEL_BSP_MAX_QUEUE_SIZE, much",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE, 0",
        "OTEL_BSP_SCHEDULE_DELAY, -1",
        "OTEL_BSP_SCHEDULE_DELAY, 5s",
    })
    void batching_garbage_isWarnedOfByName_andTheDefaultsHold(String name, String value) {
        Spanflux spanflux = with(name, value);

        assertThat(spanflux.toString())
                .contains("maxQueueSize=2048,")
                .contains("maxBatchSize=512,")
                .contains("scheduleDelay=PT5S");
        assertThat(logs.warnings()).singleElement().asString().contains(name + '=' + value + " is ignored");
    }

    @Test
    void batching_aQueueSmallerThanTheDefaultBatch_isNoMistake() {
        assertThat(with("OTEL_BSP_MAX_QUEUE_SIZE", "10").toString()).contains("maxBatchSize=10,");
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void batching_queueThatIsIgnored_doesNotTakeTheBatchAlong() {
        Spanflux spanflux = with("OTEL_BSP_MAX_QUEUE_SIZE", "2147483647", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096");

        assertThat(spanflux.toString()).contains("maxQueueSize=2048,").contains("maxBatchSize=2048,");
        assertThat(logs.warnings()).hasSize(2);
    }

    @Test
    void batching_moreThanTheQueueOfTheCodeHolds_isCutAndWarnedOf() {
        Spanflux spanflux = build(Spanflux.builder()
                .environment(environment("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512"))
                .exporter(exporter)
                .pipeline(pipeline -> pipeline.maxQueueSize(256)));

        assertThat(spanflux.toString()).contains("maxQueueSize=256,").contains("maxBatchSize=256,");
        assertThat(logs.warnings()).singleElement().asString().contains("512", "256");
    }

    @Test
    void batching_asMuchAsALargerQueueOfTheCodeHolds_isTaken() {
        Spanflux spanflux = build(Spanflux.builder()
                .environment(environment("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"))
                .exporter(exporter)
                .pipeline(pipeline -> pipeline.maxQueueSize(8192)));

        assertThat(spanflux.toString()).contains("maxBatchSize=4096,");
        assertThat(logs.warnings()).isEmpty();
    }

    // ---- resource ------------------------------------------------------------------------------------------------

    @Test
    void resource_saysWhoAndWhere() {
        Attributes resource = with().tracer().resource().attributes();

        assertThat(resource.get("service.name")).isEqualTo("unknown_service:java");
        assertThat(resource.get("telemetry.sdk.name")).isEqualTo("spanflux");
        assertThat(resource.get("telemetry.sdk.language")).isEqualTo("java");
        assertThat(resource.get("telemetry.sdk.version")).isEqualTo(SdkVersion.get());
        assertThat(resource.get("process.pid"))
                .isEqualTo(ProcessHandle.current().pid());
        assertThat(resource.get("service.instance.id")).isNotNull();
    }

    @Test
    void resource_precedence_codeThenNameThenAttributesThenDetected() {
        String attributes = "service.name=attributes,process.pid=7,a=attributes,b=attributes,c=x%2Cy%3Dz";
        Resource named = with("OTEL_RESOURCE_ATTRIBUTES", attributes, "OTEL_SERVICE_NAME", "variable")
                .tracer()
                .resource();
        Spanflux.Builder builder = Spanflux.builder()
                .environment(environment("OTEL_RESOURCE_ATTRIBUTES", attributes, "OTEL_SERVICE_NAME", "variable"))
                .exporter(exporter)
                .resource("a", "code");

        Resource coded = build(builder).tracer().resource();
        Resource codedAndNamed = build(builder.serviceName("code")).tracer().resource();

        assertThat(named.attributes().get("service.name")).isEqualTo("variable");
        assertThat(named.attributes().get("process.pid")).isEqualTo("7");
        assertThat(named.attributes().get("a")).isEqualTo("attributes");
        assertThat(named.attributes().get("c")).isEqualTo("x,y=z");
        assertThat(coded.attributes().get("service.name")).isEqualTo("variable");
        assertThat(coded.attributes().get("a")).isEqualTo("code");
        assertThat(coded.attributes().get("b")).isEqualTo("attributes");
        assertThat(codedAndNamed.attributes().get("service.name")).isEqualTo("code");
    }

    @Test
    void resource_onLambda_saysWhichFunction() {
        Attributes resource = with(
                        "AWS_LAMBDA_FUNCTION_NAME", "reply",
                        "AWS_LAMBDA_FUNCTION_VERSION", "3",
                        "AWS_REGION", "eu-central-1",
                        "AWS_LAMBDA_LOG_STREAM_NAME", "2026/[3]abc")
                .tracer()
                .resource()
                .attributes();

        assertThat(resource.get("faas.name")).isEqualTo("reply");
        assertThat(resource.get("faas.version")).isEqualTo("3");
        assertThat(resource.get("faas.instance")).isEqualTo("2026/[3]abc");
        assertThat(resource.get("cloud.provider")).isEqualTo("aws");
        assertThat(resource.get("cloud.region")).isEqualTo("eu-central-1");
    }

    // ---- propagation ---------------------------------------------------------------------------------------------

    private static Map<String, String> injected(Propagator propagator, Spanflux spanflux) {
        Map<String, String> headers = new HashMap<>();
        Span span = spanflux.tracer().span("x").start();
        propagator.inject(span.storeIn(Context.empty()), headers::put);
        return headers;
    }

    @ParameterizedTest
    @CsvSource({
        "'', true",
        "tracecontext, true",
        "'tracecontext,baggage,tracecontext', true",
        "' TraceContext ', true",
        "baggage, false",
        "none, false",
    })
    void propagators(String value, boolean tracecontext) {
        Spanflux spanflux = with("OTEL_PROPAGATORS", value);

        assertThat(injected(spanflux.propagator(), spanflux).containsKey("traceparent"))
                .isEqualTo(tracecontext);
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"b3", "b3multi", "xray", "jaeger", "ottrace"})
    void propagators_otherOnes_areWarnedOfByName_andTheRestWorks(String name) {
        Spanflux spanflux = with("OTEL_PROPAGATORS", name + ",tracecontext");

        assertThat(injected(spanflux.propagator(), spanflux)).containsKey("traceparent");
        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_PROPAGATORS=" + name + " is ignored");
    }

    @Test
    void propagators_ofWhichNoneIsKnown_areTheDefault() {
        Spanflux spanflux = with("OTEL_PROPAGATORS", "b3");
        assertThat(injected(spanflux.propagator(), spanflux)).containsKey("traceparent");
        assertThat(injected(with("OTEL_PROPAGATORS", "b3,none").propagator(), spanflux))
                .isEmpty();
    }

    // ---- the rest ------------------------------------------------------------------------------------------------

    @Test
    void disabled_readsNoCertificates_andFailsNoBuild() {
        Spanflux spanflux = build(Spanflux.builder()
                .environment(Environment.of(Map.of(
                        "OTEL_SDK_DISABLED", "true",
                        "OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4318",
                        "OTEL_EXPORTER_OTLP_CERTIFICATE", "no/such.pem"))));
        assertThat(spanflux.ledgers()).isEmpty();
    }

    @Test
    void disabled_recordsNothing_andPropagatesWhatCame() {
        Spanflux spanflux = with("OTEL_SDK_DISABLED", "TRUE");

        Span span = spanflux.tracer().span("x").parent(SAMPLED_PARENT).start().attribute("a", 1);
        span.end();

        assertThat(span.isRecording()).isFalse();
        assertThat(span.context().traceId()).isEqualTo(SAMPLED_PARENT.traceId());
        assertThat(spanflux.awaitFlush(Duration.ofSeconds(30)).ledger().accepted())
                .isZero();
        Map<String, String> headers = new HashMap<>();
        spanflux.propagator().inject(span.storeIn(Context.empty()), headers::put);
        assertThat(headers)
                .containsOnly(Map.entry(
                        "traceparent", "00-" + SAMPLED_PARENT.traceId() + '-' + SAMPLED_PARENT.spanId() + "-01"));
        headers.clear();
        spanflux.propagator().inject(spanflux.tracer().span("root").start().storeIn(Context.empty()), headers::put);
        assertThat(headers).isEmpty();
    }

    @Test
    void configurationFile_isWarnedOfAndIgnored() {
        assertThat(samples(with("OTEL_CONFIG_FILE", "/etc/otel.yaml"))).isTrue();
        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_CONFIG_FILE=(a file) is ignored");
    }

    @ParameterizedTest
    @CsvSource({
        "'', 1, OtlpExporter",
        "otlp, 1, OtlpExporter",
        "'OTLP,console', 2, OtlpExporter",
        "otlp/stdout, 1, ConsoleSpanExporter",
        "console, 1, ConsoleSpanExporter",
        "none, 0, Spanflux",
    })
    void exporters(String value, int count, String name) {
        Spanflux spanflux = build(Spanflux.builder().environment(environment("OTEL_TRACES_EXPORTER", value)));

        assertThat(spanflux.ledgers()).hasSize(count);
        assertThat(spanflux.toString()).contains(name);
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void exporters_zipkin_isWarnedOfByName_andTheRestWorks() {
        Spanflux spanflux =
                build(Spanflux.builder().environment(environment("OTEL_TRACES_EXPORTER", "zipkin,console")));

        assertThat(spanflux.ledgers()).hasSize(1);
        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_TRACES_EXPORTER=zipkin is ignored");
    }

    @ParameterizedTest
    @CsvSource({"zipkin, 1", "',', 1", "'zipkin,none', 0"})
    void exporters_ofWhichNoneIsKnown_areTheDefault(String value, int count) {
        Spanflux spanflux = build(Spanflux.builder().environment(environment("OTEL_TRACES_EXPORTER", value)));
        assertThat(spanflux.ledgers()).hasSize(count);
    }

    @ParameterizedTest
    @CsvSource({
        "'', NONE",
        "NO_CONTENT, NONE",
        "SPAN_ONLY, SPANS",
        "event_only, EVENTS",
        "SPAN_AND_EVENT, SPANS_AND_EVENTS",
        "true, SPANS",
        "False, NONE",
    })
    void captureContent(String mode, ContentCapture capture) {
        Spanflux spanflux = with("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", mode);

        assertThat(spanflux.contentPolicy().capture()).isEqualTo(capture);
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void captureContent_unknownMode_isWarnedOf_andCapturesNothing() {
        assertThat(with("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "yes")
                        .contentPolicy()
                        .capture())
                .isEqualTo(ContentCapture.NONE);
        assertThat(logs.warnings()).hasSize(1);
    }

    @Test
    void captureContent_inCode_wins() {
        Spanflux spanflux = build(Spanflux.builder()
                .environment(environment("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"))
                .exporter(exporter)
                .captureContent(false));

        assertThat(spanflux.contentPolicy().capture()).isEqualTo(ContentCapture.NONE);
    }

    @Test
    void baggage_carriesTheAllowedAttributesOfTheScope() {
        Spanflux spanflux = build(Spanflux.builder().exporter(exporter).baggage("gen_ai.conversation.id"));
        Map<String, String> headers = new HashMap<>();

        spanflux.propagator()
                .inject(Scope.named("s").conversation("c").user("u").apply(Context.empty()), headers::put);

        assertThat(headers).containsExactly(Map.entry("baggage", "gen_ai.conversation.id=c"));
    }

    @Test
    void baggage_besideAnOwnPropagator_isRefused() {
        assertThatThrownBy(() -> Spanflux.builder()
                        .propagator(Propagator.traceContext())
                        .baggage("a")
                        .build())
                .hasMessageStartingWith("baggage says nothing to an own propagator");
    }

    @Test
    void addPropagator_standsBehindThoseOfTheEnvironment_andAnOwnOneReplacesAll() {
        Propagator more = TracenticScope.propagator();
        List<String> none = build(Spanflux.builder()
                        .environment(environment("OTEL_PROPAGATORS", "none"))
                        .exporter(exporter)
                        .addPropagator(more))
                .propagator()
                .fields();
        assertThat(none).containsExactly(TracenticScope.HEADER);
        Spanflux both =
                build(Spanflux.builder().exporter(exporter).addPropagator(more).baggage("k"));
        Map<String, String> headers = new HashMap<>();
        both.propagator().inject(Scope.named("s").attribute("k", "v").apply(Context.empty()), headers::put);
        assertThat(headers).containsOnlyKeys("baggage", TracenticScope.HEADER);
        Propagator own = Propagator.traceContext();
        assertThat(build(Spanflux.builder().exporter(exporter).propagator(own).addPropagator(more))
                        .propagator())
                .isSameAs(own);
    }

    // ---- names that are no convention yet ------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            -                                | -     | false
            http                             | -     | false
            gen_ai_latest_experimental       | -     | true
            http, GEN_AI_latest_experimental | -     | true
            gen_ai_latest_experimental       | false | false
            -                                | true  | true
            """)
    void costNames_areThoseOfTheOptIn_unlessCodeSaysSo(
            @Nullable String optIn, @Nullable Boolean inCode, boolean experimental) {
        Spanflux.Builder builder = Spanflux.builder()
                .environment(optIn == null ? environment() : environment("OTEL_SEMCONV_STABILITY_OPT_IN", optIn))
                .exporter(exporter);
        if (inCode != null) {
            builder.experimentalCostNames(inCode);
        }
        Spanflux spanflux = build(builder);
        spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4o-mini").cost(new BigDecimal("0.25"), "USD"))
                .start()
                .end();
        spanflux.awaitFlush(Duration.ofSeconds(30));

        Attributes attributes = exporter.spans().get(0).attributes();
        assertThat(attributes.get("spanflux.cost.total")).isEqualTo(0.25);
        assertThat(attributes.get("gen_ai.usage.cost.amount")).isEqualTo(experimental ? 0.25 : null);
    }

    // ---- mistakes in code ----------------------------------------------------------------------------------------

    @Test
    void build_mistakesInCode_areRefusedByNameAndValue() {
        Spanflux.Builder builder = Spanflux.builder().environment(environment()).exporter(exporter);

        assertThatThrownBy(() -> builder.serviceName(" ")).hasMessage("serviceName is blank");
        assertThatThrownBy(() -> builder.exporter(null)).hasMessage("exporter == null");
        assertThatThrownBy(() -> builder.environment(null)).hasMessage("environment == null");
        assertThatThrownBy(() -> Spanflux.builder()
                        .environment(environment())
                        .exporter(exporter)
                        .pipeline(pipeline -> pipeline.maxQueueSize(-1))
                        .build())
                .hasMessage("maxQueueSize is not between 1 and 1048576: -1");
        assertThatThrownBy(() -> Spanflux.builder()
                        .environment(environment())
                        .exporter(exporter)
                        .pipeline(pipeline -> pipeline.maxQueueSize(10).maxBatchSize(11))
                        .build())
                .hasMessage("maxBatchSize > maxQueueSize: 11 > 10");
        assertThatThrownBy(() -> Spanflux.builder()
                        .environment(environment())
                        .exporter(exporter)
                        .pipeline(pipeline -> pipeline.scheduleDelay(Duration.ofMillis(-1)))
                        .build())
                .hasMessage("scheduleDelay is negative: PT-0.001S");
        assertThatThrownBy(() -> Sampler.traceIdRatio(1.1)).hasMessageContaining("1.1");
    }

    @Test
    void handlersOfTheApplication_seeASpanBeforeItLeaves() {
        Spanflux spanflux = build(Spanflux.builder()
                .environment(environment())
                .exporter(exporter)
                .pipeline(pipeline -> pipeline.scheduleDelay(Duration.ZERO))
                .tracer(tracer -> tracer.handler(new SpanHandler() {
                    @Override
                    public void onStart(Span span) {
                        span.attribute("handled", true);
                    }
                })));
        spanflux.tracer().span("x").start().end();
        spanflux.awaitFlush(Duration.ofSeconds(30));

        assertThat(exporter.spans())
                .extracting(span -> span.attributes().get("handled"))
                .isEqualTo(List.of(true));
    }
}
