// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.events;

import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.encode.OtlpJsonLogEncoder;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.LogExporter;
import io.spanflux.genai.ContentPolicy;
import io.spanflux.genai.ContentRedactor;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Tool;
import io.spanflux.genai.ToolDefinition;
import io.spanflux.genai.Usage;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.FakeClock;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.IdGenerator;
import io.spanflux.trace.LogRecord;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanEvent;
import io.spanflux.trace.SpanLimits;
import io.spanflux.trace.TraceState;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(30)
class EventsTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String DETAILS = "gen_ai.client.inference.operation.details";

    private final FakeExporter exporter = new FakeExporter();
    private final FakeClock clock = new FakeClock();
    private final LogCapture logs = LogCapture.start();
    private final Map<String, String> variables = new HashMap<>();
    private Sampler sampler = Sampler.alwaysOn();
    private SpanLimits limits = SpanLimits.defaults();
    private Events events = Events.off();
    private Tracer tracer;

    private static final class FakeExporter implements LogExporter {
        final List<LogRecord> received = new CopyOnWriteArrayList<>();
        volatile boolean unwanted;
        volatile Mono<Void> before = Mono.empty();

        @Override
        public Mono<ExportResult> export(List<LogRecord> batch) {
            return before.then(Mono.fromSupplier(() -> {
                received.addAll(batch);
                return ExportResult.sent(batch.size());
            }));
        }

        @Override
        public boolean isUnwanted() {
            return unwanted;
        }

        @Override
        public String toString() {
            return "FakeExporter";
        }
    }

    private static IdGenerator ids() {
        AtomicInteger spanId = new AtomicInteger();
        return new IdGenerator() {
            @Override
            public long traceIdHigh() {
                return 0xAB;
            }

            @Override
            public long traceIdLow() {
                return 0xFEDCBA9876543210L;
            }

            @Override
            public long spanId() {
                return spanId.incrementAndGet();
            }
        };
    }

    @AfterEach
    void close() {
        events.close(PATIENCE).block();
    }

    private void start(ContentCapture capture) {
        start(ContentPolicy.builder().capture(capture), options -> {});
    }

    private void start(ContentPolicy.Builder content, Consumer<Events.Builder> options) {
        ContentPolicy policy = content.build().withEvents();
        Resource resource = Resource.of(Attributes.of("service.name", "golden"));
        Events.Builder builder =
                Events.builder().environment(Environment.of(variables)).exporter(exporter);
        options.accept(builder);
        events = builder.build(resource, clock, policy);
        tracer = Tracer.builder()
                .clock(clock)
                .idGenerator(ids())
                .sampler(sampler)
                .limits(limits)
                .resource(resource)
                .handler(policy)
                .handler(events)
                .build();
    }

    private List<LogRecord> flushed() {
        events.flush(PATIENCE).block();
        return exporter.received;
    }

    private static Generation chat() {
        return Generation.chat("openai", "gpt-4o-mini")
                .temperature(0.2)
                .systemInstructions(() -> List.of(new Message.Part.Text("Be brief.")))
                .input(() -> List.of(
                        Message.user("Weather in \"Paris\"?"),
                        Message.of(
                                "assistant",
                                new Message.Part.ToolCall("call_1", "get_weather", Map.of("location", "Paris"))),
                        Message.toolResponse("call_1", "rainy, 57F")))
                .toolDefinitions(() -> List.of(ToolDefinition.function("get_weather")))
                .promptVariable("city", () -> "Paris")
                .append("Rainy.")
                .responseId("chatcmpl-1")
                .responseModel("gpt-4o-mini-2024-07-18")
                .finishReason("stop")
                .usage(Usage.of(10, 5));
    }

    private Span end(Generation call) {
        Span span = tracer.span(call).start();
        clock.advance(Duration.ofMillis(3));
        call.append("Rainy.");
        span.end();
        return span;
    }

    private static String encode(List<LogRecord> events) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        OtlpJsonLogEncoder.Encoding encoding = new OtlpJsonLogEncoder().begin(out);
        events.forEach(encoding::write);
        encoding.end();
        return out.toString(StandardCharsets.UTF_8);
    }

    private static JsonNode records(List<LogRecord> events) {
        return JSON.readTree(encode(events)).at("/resourceLogs/0/scopeLogs/0/logRecords");
    }

    private static Map<String, JsonNode> attributes(LogRecord event) {
        Map<String, JsonNode> attributes = new LinkedHashMap<>();
        records(List.of(event)).get(0).get("attributes").forEach(attribute -> {
            assertThat(attributes.put(attribute.get("key").asString(), attribute.get("value")))
                    .isNull();
        });
        return attributes;
    }

    private static @Nullable String text(LogRecord event, String key) {
        JsonNode value = attributes(event).get(key);
        return value == null ? null : value.get("stringValue").asString();
    }

    private static void assertGolden(String name, List<LogRecord> events) throws IOException {
        try (InputStream golden = EventsTest.class.getResourceAsStream(name)) {
            String actual = JSON.writerWithDefaultPrettyPrinter()
                    .writeValueAsString(JSON.readTree(encode(events)))
                    .replace(SdkVersion.get(), "VERSION");
            String expected = golden == null ? "" : new String(golden.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(actual.lines())
                    .containsExactlyElementsOf(expected.lines().toList());
        }
    }

    // ---- details -------------------------------------------------------------------------------------------------

    @Test
    void details_areWhatTheGoldenFileSays() throws IOException {
        start(ContentCapture.EVENTS);
        end(chat().conversation("conversation-1"));

        assertGolden("details.json", flushed());
    }

    @Test
    void details_sayWhatTheSpanSays_withContentInStructuredForm() {
        start(ContentCapture.SPANS_AND_EVENTS);
        Span span = end(chat());

        LogRecord event = flushed().get(0);

        assertThat(attributes(event).keySet())
                .containsExactlyInAnyOrderElementsOf(span.attributes().asMap().keySet());
        JsonNode input = attributes(event).get("gen_ai.input.messages");
        assertThat(input.at("/arrayValue/values/1/kvlistValue/values/1/value/arrayValue/values/0/kvlistValue/values")
                        .toString())
                .contains("{\"key\":\"location\",\"value\":{\"stringValue\":\"Paris\"}}")
                .doesNotContain("\\\"");
        assertThat(span.attributes().get("gen_ai.input.messages")).isInstanceOf(String.class);
        assertThat(text(event, "gen_ai.prompt.variable.city")).isEqualTo("Paris");
        assertThat(event.epochNanos()).isEqualTo(span.endEpochNanos());
        assertThat(event.context()).isEqualTo(span.context());
    }

    @ParameterizedTest
    @CsvSource({
        "NONE,             ,      false, false, false",
        "SPANS,            ,      false, false, true",
        "EVENTS,           ,      true,  true,  false",
        "SPANS_AND_EVENTS, ,      true,  true,  true",
        "NONE,             true,  true,  false, false",
        "SPANS,            true,  true,  false, true",
        "EVENTS,           false, false, false, false",
    })
    void mode_decidesWhetherThereIsAnEvent_andWhereContentIs(
            ContentCapture capture, @Nullable String emit, boolean event, boolean onEvent, boolean onSpan) {
        if (emit != null) {
            variables.put("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT", emit);
        }
        start(capture);
        Span span = end(chat());

        assertThat(flushed()).hasSize(event ? 1 : 0);
        assertThat(exporter.received)
                .allSatisfy(record -> assertThat(attributes(record).containsKey("gen_ai.input.messages"))
                        .isEqualTo(onEvent));
        assertThat(span.attributes().contains("gen_ai.input.messages")).isEqualTo(onSpan);
    }

    @Test
    void mode_ofACall_winsOverThePolicy() {
        start(ContentCapture.NONE);
        end(chat().captureContent(ContentCapture.EVENTS));
        end(chat());

        assertThat(flushed())
                .singleElement()
                .satisfies(event -> assertThat(attributes(event)).containsKey("gen_ai.input.messages"));
    }

    @Test
    void details_inCode_winOverTheEnvironment() {
        variables.put("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT", "false");
        start(ContentPolicy.builder(), options -> options.details(true));
        end(chat());

        assertThat(flushed()).hasSize(1);
    }

    @Test
    void content_ofWhatHasNoEvent_isNotAskedFor() {
        start(ContentCapture.EVENTS);
        AtomicInteger asked = new AtomicInteger();

        tracer.span(Tool.named("t").arguments(asked::incrementAndGet)).start().end();

        assertThat(asked).hasValue(0);
        assertThat(flushed()).isEmpty();
    }

    @Test
    void content_withoutEvents_isNotAskedFor() {
        Tracer without = Tracer.builder()
                .handler(ContentPolicy.builder().capture(ContentCapture.EVENTS).build())
                .build();
        AtomicInteger asked = new AtomicInteger();
        Generation call = Generation.chat("openai", "m").input(() -> {
            asked.incrementAndGet();
            return List.of();
        });

        without.span(call).start().end();

        assertThat(asked).hasValue(0);
    }

    @Test
    void content_ofAPolicyWithoutEvents_neverLeavesOnThem() {
        start(ContentCapture.EVENTS);
        ContentPolicy other =
                ContentPolicy.builder().capture(ContentCapture.EVENTS).build();
        Tracer wrong = Tracer.builder().handler(other).handler(events).build();
        wrong.span(chat().captureContent(ContentCapture.EVENTS)).start().end();

        assertThat(flushed())
                .singleElement()
                .satisfies(event -> assertThat(encode(List.of(event)))
                        .contains("gpt-4o-mini")
                        .doesNotContain("Paris"));
    }

    @Test
    void redactor_isAskedOnceForSpanAndEvent_andHoldsForBoth() {
        AtomicInteger asked = new AtomicInteger();
        ContentRedactor redactor = new ContentRedactor() {
            @Override
            public Message.@Nullable Part redact(Message.Part part) {
                asked.incrementAndGet();
                return part instanceof Message.Part.Text text && text.content().contains("Paris")
                        ? new Message.Part.Text("[city]")
                        : part;
            }

            @Override
            public @Nullable Object redact(String attribute, Object value) {
                throw new IllegalStateException("broken");
            }
        };
        start(ContentPolicy.builder().capture(ContentCapture.SPANS_AND_EVENTS).redactor(redactor), options -> {});
        Generation call = Generation.chat("openai", "m")
                .input(() -> List.of(Message.user("Weather in Paris?")))
                .promptVariable("secret", () -> "Paris");
        Span span = tracer.span(call).start();
        span.end();

        String event = encode(flushed());

        assertThat(event).contains("[city]", "spanflux.content.lost").doesNotContain("Paris");
        assertThat(span.attributes().get("gen_ai.input.messages").toString())
                .contains("[city]")
                .doesNotContain("Paris");
        assertThat(encode(exporter.received)).isEqualTo(event);
        assertThat(asked).hasValue(1);
    }

    @Test
    void content_thatIsTooLong_isCutAsOnSpans_andStaysStructured() {
        limits = SpanLimits.builder().contentLength(2_000).build();
        start(ContentCapture.SPANS_AND_EVENTS);
        Generation call = Generation.chat("openai", "m")
                .input(() -> List.of(Message.user("x".repeat(100_000)), Message.user("short")));
        Span span = tracer.span(call).start();
        span.end();

        Map<String, JsonNode> attributes = attributes(flushed().get(0));

        assertThat(attributes.get("gen_ai.input.messages").toString().length()).isBetween(1_000, 4_000);
        assertThat(attributes.get("gen_ai.input.messages").toString())
                .contains("short", "{\"key\":\"truncated\",\"value\":{\"boolValue\":true}}");
        assertThat(attributes).containsKey("spanflux.truncated_values");
        assertThat(span.attributes().get("gen_ai.input.messages").toString().length())
                .isLessThanOrEqualTo(2_000);
    }

    @Test
    void content_thatNestsDeep_hasNulls_orNumbersWithoutEnd_isSentAllTheSame() {
        start(ContentCapture.EVENTS);
        Object deep = "bottom";
        for (int i = 0; i < 60; i++) {
            deep = List.of(deep);
        }
        Map<String, Object> odd = new HashMap<>();
        odd.put("deep", deep);
        odd.put("none", null);
        odd.put("digits", new java.math.BigInteger("9".repeat(3_000)));
        odd.put("long", Long.MAX_VALUE);
        Generation call = Generation.chat("openai", "m")
                .input(() -> List.of(Message.toolResponse("1", odd)))
                .output(() ->
                        List.of(Message.toolResponse("1", Map.of("long", Long.MAX_VALUE, "deep", odd.get("deep")))));
        tracer.span(call).start().end();

        Map<String, JsonNode> attributes = attributes(flushed().get(0));

        // A number that Jackson writes and does not read leaves as the text it is on spans.
        assertThat(attributes.get("gen_ai.input.messages").get("stringValue").asString())
                .contains("9".repeat(3_000));
        assertThat(attributes.get("gen_ai.output.messages").toString())
                .contains("\"intValue\":\"9223372036854775807\"")
                .startsWith("{\"arrayValue\"");
    }

    // ---- sampling ------------------------------------------------------------------------------------------------

    @Test
    void sampledOut_eventsLeaveAllTheSame_withTheirContent() {
        sampler = Sampler.alwaysOff();
        start(ContentCapture.SPANS_AND_EVENTS);
        Span span = end(chat());
        events.evaluation(span.context(), "relevance").score(1).record();

        assertThat(span.isSampled()).isFalse();
        assertThat(flushed()).extracting(LogRecord::eventName).containsExactly(DETAILS, "gen_ai.evaluation.result");
        assertThat(attributes(exporter.received.get(0)))
                .containsKeys("gen_ai.input.messages", "gen_ai.usage.input_tokens");
        assertThat(records(exporter.received).get(0).get("flags").asInt()).isEqualTo(SpanContext.RANDOM);
        assertThat(span.attributes().contains("gen_ai.input.messages")).isFalse();
    }

    @Test
    void sampledOut_contentForSpansOnly_isNotAskedFor() {
        sampler = Sampler.alwaysOff();
        start(ContentPolicy.builder().capture(ContentCapture.SPANS), options -> options.details(true));
        AtomicInteger asked = new AtomicInteger();
        Generation call = Generation.chat("openai", "m").input(() -> {
            asked.incrementAndGet();
            return List.of();
        });
        tracer.span(call).start().end();

        assertThat(asked).hasValue(0);
        assertThat(flushed()).hasSize(1);
    }

    @Test
    void sampledOut_costsNothingWhereNoEventIsAboutSpans() {
        ContentPolicy policy = ContentPolicy.builder().build();
        events = Events.builder()
                .environment(Environment.of(variables))
                .exporter(exporter)
                .details(false)
                .build(Resource.of(Attributes.empty()), clock, policy.withEvents());

        assertThat(events.seesSampledOut()).isFalse();
        assertThat(Events.off().seesSampledOut()).isFalse();
        assertThat(policy.seesSampledOut()).isFalse();
    }

    // ---- exceptions ----------------------------------------------------------------------------------------------

    private static IllegalStateException failure() {
        IllegalStateException failure = new IllegalStateException("rate limited");
        failure.setStackTrace(new StackTraceElement[] {new StackTraceElement("Client", "call", "Client.java", 7)});
        return failure;
    }

    @Test
    void exception_isWhatTheGoldenFileSays() throws IOException {
        variables.put("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "logs");
        start(ContentCapture.NONE);
        Span span = tracer.span(chat()).start();
        clock.advance(Duration.ofMillis(2));
        span.error(failure());

        // Before the span ends, which may be an hour later.
        assertGolden("exception.json", flushed());
    }

    @ParameterizedTest
    @CsvSource({
        ",                         0, 1",
        "logs,                     1, 0",
        "logs/dup,                 1, 1",
        "'logs,logs/dup',          1, 1",
        "'logs/dup,LOGS',          1, 1",
    })
    void exceptionSignal_decidesWhereAnExceptionIsTold(@Nullable String optIn, int onLogs, int onSpan) {
        if (optIn != null) {
            variables.put("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", optIn);
        }
        start(ContentCapture.NONE);
        Span span = tracer.span(chat()).start().error(failure());
        span.end();

        assertThat(flushed()).hasSize(onLogs);
        assertThat(span.events()).extracting(SpanEvent::name).hasSize(onSpan);
        assertThat(span.attributes().get("error.type")).isEqualTo("java.lang.IllegalStateException");
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void exceptionSignal_thatIsNotKnown_isWarnedOf() {
        variables.put("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "metrics");
        start(ContentCapture.NONE);

        assertThat(logs.warnings()).singleElement().asString().contains("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN=metrics");
    }

    @Test
    void exception_ofWhatIsNoCallOfAService_staysOnItsSpan() {
        start(ContentPolicy.builder(), options -> options.exceptions(ExceptionSignal.LOGS));
        Span tool = tracer.span(Tool.named("t")).start().error(failure());
        Span plain = tracer.span("plain").start().error(failure());

        assertThat(tool.events()).hasSize(1);
        assertThat(plain.events()).hasSize(1);
        assertThat(flushed()).isEmpty();
    }

    @Test
    void exception_thatNobodyTakes_staysOnItsSpan() {
        start(ContentPolicy.builder(), options -> options.exceptions(ExceptionSignal.LOGS));
        exporter.unwanted = true;
        Span span = tracer.span(chat()).start().error(failure());

        assertThat(span.events()).hasSize(1);
        assertThat(events.discarded()).isEqualTo(1);
    }

    // ---- evaluations ---------------------------------------------------------------------------------------------

    @Test
    void evaluations_areWhatTheGoldenFileSays() throws IOException {
        start(ContentCapture.NONE);
        Span span = end(chat());
        clock.advance(Duration.ofHours(1));
        events.evaluation(span.context(), "relevance")
                .score(0.75)
                .label("pass")
                .explanation("Names the city.")
                .responseId("chatcmpl-1")
                .record();
        clock.advance(Duration.ofSeconds(1));
        events.evaluation("chatcmpl-1", "user_feedback").label("thumbs_down").record();
        events.evaluation("chatcmpl-1", "toxicity")
                .failed(new TimeoutException())
                .record();

        assertGolden("evaluations.json", flushed());
    }

    @Test
    void evaluation_ofASpanOfAnotherProcess_namesIt() {
        start(ContentCapture.NONE);
        SpanContext remote =
                SpanContext.remote("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, TraceState.empty());
        events.evaluation(remote, "relevance").score(1).record();

        JsonNode event = records(flushed()).get(0);

        assertThat(event.get("traceId").asString()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
        assertThat(event.get("spanId").asString()).isEqualTo("b7ad6b7169203331");
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void evaluation_withAScoreThatIsNone_isRefusedAndCounted(double score) {
        start(ContentCapture.NONE);
        events.evaluation("id", "n").score(score).label("good").record();

        assertThat(flushed()).isEmpty();
        assertThat(events.refused()).isEqualTo(1);
        assertThat(logs.warnings()).singleElement().asString().contains("its score is not a finite number");
    }

    @Test
    void evaluation_thatSaysNothingOrOfNothing_isRefused_andNeverThrows() {
        start(ContentCapture.NONE);
        List<Evaluation> refused = new ArrayList<>();
        refused.add(events.evaluation("id", null).score(1));
        refused.add(events.evaluation("id", " ").score(1));
        refused.add(events.evaluation((String) null, "n").score(1));
        refused.add(events.evaluation((SpanContext) null, "n").score(1));
        refused.add(events.evaluation(SpanContext.invalid(), "n").score(1));
        refused.add(events.evaluation("id", "n"));
        refused.add(events.evaluation("id", "n").label(" ").explanation(null).failed(null));

        assertThatCode(() -> refused.forEach(Evaluation::record)).doesNotThrowAnyException();

        assertThat(flushed()).isEmpty();
        assertThat(events.refused()).isEqualTo(7);
        assertThat(events.ledger()).isEqualTo(Ledger.zero());
    }

    @Test
    void explanation_leavesWithoutCapture_andPassesTheRedactorOnce() {
        AtomicInteger asked = new AtomicInteger();
        ContentRedactor redactor = new ContentRedactor() {
            @Override
            public Message.@Nullable Part redact(Message.Part part) {
                return part;
            }

            @Override
            public @Nullable Object redact(String attribute, Object value) {
                asked.incrementAndGet();
                if (value.equals("broken")) {
                    throw new IllegalStateException(value.toString());
                }
                return attribute.equals("gen_ai.evaluation.explanation")
                        ? value.toString().replace("jane@example.com", "[email]")
                        : value;
            }
        };
        start(ContentPolicy.builder().redactor(redactor), options -> {});
        events.evaluation("id", "n").explanation("Leaks jane@example.com").record();
        events.evaluation("id", "n").label("bad").explanation("broken").record();

        String first = encode(flushed());

        assertThat(first).contains("Leaks [email]").doesNotContain("broken", "jane");
        assertThat(encode(exporter.received)).isEqualTo(first);
        assertThat(text(exporter.received.get(1), "gen_ai.evaluation.score.label"))
                .isEqualTo("bad");
        assertThat(asked).hasValue(2);
    }

    @Test
    void evaluation_withTextsWithoutEnd_isCutAndMarked() {
        start(ContentCapture.NONE);
        events.evaluation("id", "n")
                .label("\uD83D\uDE00".repeat(10_000))
                .explanation("e".repeat(1 << 20))
                .record();

        LogRecord event = flushed().get(0);

        assertThat(text(event, "gen_ai.evaluation.score.label")).hasSize(Evaluation.MAX_NAME);
        assertThat(text(event, "gen_ai.evaluation.explanation")).hasSize(Evaluation.MAX_EXPLANATION);
        assertThat(attributes(event)
                        .get("spanflux.truncated_values")
                        .get("intValue")
                        .asString())
                .isEqualTo("2");
        assertThat(event.estimatedBytes()).isBetween(Evaluation.MAX_EXPLANATION, 4 * Evaluation.MAX_EXPLANATION);
    }

    @Test
    void off_countsAndTellsOnce() {
        Events off = Events.off();
        off.evaluation("id", "n").score(1).record();
        off.evaluation("id", "n").score(1).record();
        off.evaluation("id", "n").record();

        assertThat(off.discarded()).isEqualTo(2);
        assertThat(off.refused()).isEqualTo(1);
        assertThat(off.isOn()).isFalse();
        assertThat(off).hasToString("Events{off}");
        off.flush(PATIENCE).block();
        off.shutdown(PATIENCE).block();
        off.close(PATIENCE).block();
        assertThat(off.ledger()).isEqualTo(Ledger.zero());
    }

    // ---- the queue -----------------------------------------------------------------------------------------------

    @Test
    void overload_dropsTheOldest_andCounts() {
        Sinks.Empty<Void> stalled = Sinks.empty();
        exporter.before = stalled.asMono();
        start(
                ContentPolicy.builder(),
                options -> options.pipeline(
                        pipeline -> pipeline.maxQueueSize(4).maxBatchSize(1).scheduleDelay(Duration.ZERO)));
        for (int i = 0; i < 100; i++) {
            events.evaluation("id", "n" + i).score(i).record();
        }
        stalled.tryEmitEmpty();
        flushed();

        Ledger ledger = events.ledger();
        assertThat(ledger.accepted()).isEqualTo(100);
        assertThat(ledger.sent()).isEqualTo(exporter.received.size()).isBetween(4L, 6L);
        assertThat(ledger.dropped(DropCause.QUEUE_FULL)).isEqualTo(100 - ledger.sent());
        assertThat(ledger.isBalanced()).isTrue();
        List<LogRecord> last = exporter.received.subList(exporter.received.size() - 4, exporter.received.size());
        assertThat(last)
                .extracting(event -> text(event, "gen_ai.evaluation.name"))
                .containsExactly("n96", "n97", "n98", "n99");
        assertThat(logs.warnings()).anySatisfy(warning -> assertThat(warning).contains("FakeExporter is full"));
    }

    @Test
    void destinationThatTakesNone_isNotQueuedFor() {
        start(ContentCapture.EVENTS);
        exporter.unwanted = true;
        end(chat());
        events.evaluation("id", "n").score(1).record();

        assertThat(events.discarded()).isEqualTo(2);
        assertThat(events.ledger()).isEqualTo(Ledger.zero());
        assertThat(flushed()).isEmpty();
    }

    @Test
    void close_laterEventsAreCounted() {
        start(ContentCapture.EVENTS);
        events.close(PATIENCE).block();
        end(chat());

        assertThat(events.ledger().dropped(DropCause.AFTER_CLOSE)).isEqualTo(1);
        assertThat(exporter.received).isEmpty();
    }

    @Test
    void exporterThatThrows_losesItsBatch_andNothingElse() {
        LogExporter throwing = batch -> {
            throw new NoClassDefFoundError("of the application");
        };
        start(ContentPolicy.builder(), options -> options.exporter(throwing));
        events.evaluation("id", "n").score(1).record();
        events.flush(PATIENCE).block();
        events.evaluation("id", "n").score(1).record();
        events.flush(PATIENCE).block();

        assertThat(events.ledger().dropped(DropCause.EXPORTER_FAILED)).isEqualTo(2);
    }

    @Test
    void export_waitsForWhatItIsToldToWaitFor() {
        Sinks.Empty<Void> prices = Sinks.empty();
        start(ContentPolicy.builder(), options -> options.exportAfter(prices.asMono()));
        events.evaluation("id", "n").score(1).record();
        events.flush(Duration.ofMillis(20)).block();
        assertThat(exporter.received).isEmpty();

        prices.tryEmitEmpty();

        assertThat(flushed()).hasSize(1);
    }

    @Test
    void builder_refusesNullsByName() {
        Events.Builder builder = Events.builder();
        assertThatThrownBy(() -> builder.exporter(null)).hasMessage("exporter == null");
        assertThatThrownBy(() -> builder.exceptions(null)).hasMessage("exceptions == null");
        assertThatThrownBy(() -> builder.environment(null)).hasMessage("environment == null");
        assertThatThrownBy(() -> builder.pipeline(null)).hasMessage("pipeline == null");
        assertThatThrownBy(() -> builder.exportAfter(null)).hasMessage("ready == null");
    }

    @Test
    void toString_saysHowEventsAreConfigured_andNoContent() {
        start(ContentCapture.NONE);
        assertThat(events.toString())
                .startsWith("Events{details=captured, exceptions=SPAN_EVENTS, RecordPipeline{exporter=FakeExporter")
                .contains("maxQueueSize=2048", "scheduleDelay=PT1S");
        assertThat(events.evaluation("id", "n").explanation("secret")).hasToString("Evaluation{name=n}");
    }
}
