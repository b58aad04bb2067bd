// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanGrouping;
import io.spanflux.genai.Agent;
import io.spanflux.genai.ContentRedactor;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Message.Part;
import io.spanflux.genai.Tool;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(60)
class SpectExporterTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String KEY = "sk-very-secret-key";

    private final LoopbackServer server = LoopbackServer.start();
    private SpectExporter spect;
    private Spanflux spanflux;

    private void spanflux(Consumer<SpectExporter.Builder> options) {
        spanflux(options, more -> {});
    }

    private void spanflux(Consumer<SpectExporter.Builder> options, Consumer<Spanflux.Builder> more) {
        SpectExporter.Builder builder = SpectExporter.builder()
                .organizationId("org")
                .apiKey(KEY)
                .collectorUrl(server.url("/base/"))
                .retryPolicy(RetryPolicy.DEFAULT.withMaxAge(Duration.ofSeconds(5)));
        options.accept(builder);
        spect = builder.build();
        Spanflux.Builder of = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .captureContent(true)
                .pipeline(pipeline -> pipeline.scheduleDelay(Duration.ofMillis(20)))
                .exporter(spect);
        more.accept(of);
        spanflux = of.build();
    }

    @AfterEach
    void close() {
        if (spanflux != null) {
            spanflux.awaitClose(Duration.ofSeconds(2));
        }
        server.close();
    }

    private Span root(String name) {
        return spanflux.tracer().span(name).start();
    }

    private Span child(String name, Span parent) {
        return spanflux.tracer().span(name).parent(parent).start();
    }

    private static JsonNode json(String text) {
        return JsonMapper.builder().build().readTree(text);
    }

    private JsonNode body(int number) {
        return json(server.awaitRequest(number).text());
    }

    private static List<JsonNode> spans(JsonNode body) {
        return StreamSupport.stream(
                        body.get("metadata").get("result").get("spans").spliterator(), false)
                .toList();
    }

    private static List<String> names(JsonNode body) {
        return spans(body).stream().map(span -> span.get("name").asString()).toList();
    }

    private static Ledger ledger(long accepted, long sent, Map<DropCause, Long> dropped, long pending) {
        return new Ledger(accepted, sent, 0, dropped, 0, pending);
    }

    // ---- what ordinary traces become -----------------------------------------------------------------------------

    @Test
    void anAgent_isASession_withItsCallsToolsAndSubagents() {
        spanflux(options -> {});
        Span agent = spanflux.tracer()
                .span(Agent.named("support").input(() -> List.of(Message.user("Weather?"))))
                .attribute("tenant", "acme")
                .start();
        Span asks = spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4.1").stream(true)
                        .temperature(0.5)
                        .usage(10, 5)
                        .finishReason("tool_calls")
                        .output(() -> List.of(
                                Message.of("assistant", new Part.ToolCall("c1", "weather", Map.of("city", "Oslo"))))))
                .parent(agent)
                .start();
        asks.end();
        Span tool = spanflux.tracer()
                .span(Tool.named("weather")
                        .callId("c1")
                        .arguments(() -> Map.of("city", "Oslo"))
                        .result(() -> Map.of("degrees", 2.5)))
                .parent(agent)
                .start();
        child("http", tool).end();
        tool.end();
        Span helper = spanflux.tracer()
                .span(Agent.named("writer").input(() -> List.of(Message.user("Write it up."))))
                .parent(agent)
                .attribute("gen_ai.tool.call.id", "c2")
                .attribute(SpectAttributes.SUBAGENT_SOURCE, "handoff")
                .start();
        spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4.1-mini")
                        .responseModel("gpt-4.1-mini-2026")
                        .responseId("resp_1")
                        .usage(20, 7)
                        .finishReason("stop")
                        .input(() -> List.of(Message.toolResponse("c1", Map.of("degrees", 2.5))))
                        .output(() -> List.of(Message.assistant("2.5 degrees."))))
                .parent(helper)
                .start()
                .end();
        helper.end();
        agent.end();

        JsonNode body = body(1);
        assertThat(body.get("name").asString()).isEqualTo("support");
        assertThat(body.get("model").toString()).isEqualTo("{\"id\":\"gpt-4.1\",\"provider\":\"openai\"}");
        assertThat(body.get("metadata").get("request").toString()).isEqualTo("{\"tenant\":\"acme\"}");
        List<JsonNode> spans = spans(body);
        assertThat(spans.stream().map(span -> span.path("kind").asString("-")))
                .containsExactly("user", "stream", "tool-call", "tool-result", "-", "subagent", "generate");
        JsonNode stream = spans.get(1);
        assertThat(stream.get("messages").get(0).get("content").toString())
                .isEqualTo("[{\"type\":\"tool-call\",\"toolCallId\":\"c1\",\"toolName\":\"weather\","
                        + "\"input\":{\"city\":\"Oslo\"}}]");
        assertThat(stream.get("metadata").get("gen_ai.request.temperature").asDouble())
                .isEqualTo(0.5);
        assertThat(stream.get("metadata").get("gen_ai.usage.input_tokens").asInt())
                .isEqualTo(10);
        assertThat(stream.has("parentId")).isFalse();
        assertThat(spans.get(2).get("tool").toString())
                .isEqualTo("{\"toolCallId\":\"c1\",\"toolName\":\"weather\",\"parameters\":{\"city\":\"Oslo\"}}");
        assertThat(spans.get(3).get("tool").toString())
                .isEqualTo("{\"result\":{\"degrees\":2.5},\"toolCallId\":\"c1\",\"toolName\":\"weather\"}");
        assertThat(spans.get(3).get("parentId")).isEqualTo(spans.get(2).get("id"));
        assertThat(spans.get(4).get("parentId")).isEqualTo(spans.get(2).get("id"));
        assertThat(spans.get(5).get("subagent").toString())
                .isEqualTo("{\"toolCallId\":\"c2\",\"subagentType\":\"writer\",\"input\":\"Write it up.\","
                        + "\"source\":\"handoff\"}");
        JsonNode last = spans.get(6);
        assertThat(last.get("parentId")).isEqualTo(spans.get(5).get("id"));
        assertThat(last.get("messages").get(0).get("toolCallId").asString()).isEqualTo("c1");
        assertThat(last.get("messages")
                        .get(0)
                        .get("content")
                        .get(0)
                        .get("output")
                        .toString())
                .isEqualTo("{\"type\":\"json\",\"value\":{\"degrees\":2.5}}");
        JsonNode response = body.get("response");
        assertThat(response.get("text").asString()).isEqualTo("2.5 degrees.");
        assertThat(response.get("model").asString()).isEqualTo("gpt-4.1-mini-2026");
        assertThat(response.get("id").asString()).isEqualTo("resp_1");
        assertThat(response.get("finishReasons").toString()).isEqualTo("[\"stop\"]");
        assertThat(response.get("usage").toString())
                .isEqualTo("{\"inputTokens\":30,\"outputTokens\":12,\"totalTokens\":42}");
        List<String> ids = spans.stream().map(span -> span.get("id").asString()).toList();
        assertThat(ids).doesNotHaveDuplicates();
    }

    @Test
    void aCallWithoutAnAgent_isASessionAndASpanOfIt() {
        spanflux(options -> {});
        Span call = spanflux.tracer().span(Generation.chat("openai", "m")).start();
        child("below", call).end();
        call.error(new IllegalStateException("no quota")).end();

        JsonNode body = body(1);
        assertThat(names(body)).containsExactly("chat m", "below");
        assertThat(spans(body).get(0).get("error").get("type").asString()).isEqualTo("java.lang.IllegalStateException");
        assertThat(spans(body).get(0).get("error").get("stack").asString()).contains("no quota");
        assertThat(body.get("metadata")
                        .get("result")
                        .get("error")
                        .get("message")
                        .asString())
                .isEqualTo("no quota");
        assertThat(spans(body).get(1).get("parentId"))
                .isEqualTo(spans(body).get(0).get("id"));
    }

    @Test
    void content_leavesOnlyWhereItIsCaptured() {
        spanflux(options -> {}, more -> more.captureContent(false));
        spanflux.tracer()
                .span(Generation.chat("openai", "m").output(() -> List.of(Message.assistant("private"))))
                .start()
                .end();

        assertThat(server.awaitRequest(1).text()).doesNotContain("private").doesNotContain("messages\": [{");
    }

    @Test
    void redactedContent_isWhatLeavesAndWhatOnTraceSees() {
        List<String> shown = new CopyOnWriteArrayList<>();
        spanflux(
                options -> options.onTrace(shown::add),
                more -> more.content(content -> content.redactor(new ContentRedactor() {
                    @Override
                    public Part redact(Part part) {
                        return new Part.Text("[gone]");
                    }

                    @Override
                    public Object redact(String attribute, Object value) {
                        return null;
                    }
                })));
        spanflux.tracer()
                .span(Generation.chat("openai", "m").output(() -> List.of(Message.assistant("private"))))
                .start()
                .end();

        String sent = server.awaitRequest(1).text();
        assertThat(sent).contains("[gone]").doesNotContain("private");
        assertThat(shown).containsExactly(sent);
    }

    @Test
    void hostileValues_neverMakeABodyThatIsNoJson() {
        spanflux(options -> options.maxSessionBytes(60 << 20));
        SpectSession session = spect.observer(spanflux.tracer())
                .startSession("lone \uD800 \u0000 \u007f", about -> about.model("m\uDC00"));
        session.metadata("null", null)
                .metadata("list", Arrays.asList(1, null, Double.NaN, "\uD800"))
                .metadata("spect", Map.of("k", 1L))
                .resultMetadata(Attributes.of("spans", "not these").with("ok", true));
        session.span(Generation.chat("p", "m")
                        .output(() -> List.of(Message.of(
                                "assistant",
                                new Part.Text("x".repeat(20_000_000)),
                                new Part.ToolCall(null, "t", "{broken"),
                                new Part.ToolCall("i", "t", Map.of("nan", Double.NaN)),
                                Part.Blob.of("image", "image/png", new byte[] {1, 2})))))
                .start()
                .end();
        session.send().subscribe();

        JsonNode body = body(1);
        assertThat(body.get("name").asString()).isEqualTo("lone \uFFFD \u0000 \u007f");
        assertThat(body.get("model").get("id").asString()).isEqualTo("m\uFFFD");
        assertThat(body.get("metadata").get("spect").toString()).isEqualTo("{\"k\":1}");
        assertThat(body.get("metadata").get("result").get("ok").asBoolean()).isTrue();
        assertThat(body.get("metadata").get("request").get("spect.result.spans").asString())
                .isEqualTo("not these");
        assertThat(spans(body)).hasSize(1);
        assertThat(server.requests().get(0).body().length).isLessThan(2_000_000);
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
    }

    // ---- sessions ------------------------------------------------------------------------------------------------

    @Test
    void interleavedSessions_areABodyEach() {
        spanflux(options -> {});
        int count = 40;
        List<Span> roots = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            roots.add(root("session-" + i));
        }
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < count; i++) {
                child("span-" + i, roots.get(i)).end();
            }
        }
        roots.forEach(Span::end);
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();

        assertThat(server.requests()).hasSize(count);
        for (LoopbackServer.Request request : server.requests()) {
            JsonNode body = json(request.text());
            String number = body.get("name").asString().substring("session-".length());
            assertThat(names(body)).containsExactly("span-" + number, "span-" + number, "span-" + number);
            assertThat(body.get("metadata").get("result").has("spanflux")).isFalse();
        }
        assertThat(spanflux.ledger()).isEqualTo(ledger(count, count, Map.of(), 0));
    }

    @Test
    void aSessionThatIsHeld_isPending_andLeavesMarkedAtTheShutdown() {
        spanflux(options -> {});
        Span agent = spanflux.tracer().span(Agent.named("long")).start();
        child("first", agent).end();
        assertThat(spanflux.ledger()).isEqualTo(ledger(1, 0, Map.of(), 1));

        DeliveryReport report = spanflux.awaitShutdown(PATIENCE);

        assertThat(report.isComplete()).isTrue();
        assertThat(spanflux.ledger()).isEqualTo(ledger(1, 1, Map.of(), 0));
        JsonNode part = body(1);
        assertThat(part.get("name").asString()).isEqualTo("long");
        assertThat(part.get("metadata").get("result").get("spanflux").toString())
                .isEqualTo("{\"part\":1,\"cut\":\"flush\"}");
        assertThat(spect.cuts()).isEqualTo(Map.of(SpectCut.FLUSH, 1L));

        child("second", agent).end();
        agent.end();
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        JsonNode rest = body(2);
        assertThat(names(rest)).containsExactly("second");
        assertThat(rest.get("id")).isEqualTo(part.get("id"));
        assertThat(rest.get("metadata").get("result").get("spanflux").toString())
                .isEqualTo("{\"part\":2}");
        assertThat(spanflux.ledger()).isEqualTo(ledger(2, 2, Map.of(), 0));
    }

    @Test
    void awaitClose_deliversWhatIsHeld_andCountsWhatEndsLater() {
        spanflux(options -> {});
        Span agent = root("agent");
        child("child", agent).end();

        assertThat(spanflux.awaitClose(PATIENCE).isComplete()).isTrue();
        agent.end();

        assertThat(names(body(1))).containsExactly("child");
        assertThat(spanflux.ledger()).isEqualTo(ledger(2, 1, Map.of(DropCause.AFTER_CLOSE, 1L), 0));
    }

    @Test
    void behindATailSampler_aKeptTraceIsASession() {
        spanflux(options -> {}, more -> more.tailSampling(tail -> tail.keepErrors()));
        Span kept = root("kept");
        child("failed", kept).status(SpanStatus.ERROR).end();
        kept.end();
        Span dropped = root("dropped");
        child("fine", dropped).end();
        dropped.end();

        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();

        assertThat(names(body(1))).containsExactly("failed");
        assertThat(server.requests()).hasSize(1);
        assertThat(spanflux.ledger()).isEqualTo(ledger(1, 1, Map.of(), 0));
    }

    // ---- delivery ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504})
    void anAnswerThatMayChange_isTriedAgain(int status) {
        server.then(Behaviour.status(status, "busy"));
        spanflux(options -> {});
        root("session").end();

        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();

        assertThat(server.requests()).hasSize(2);
        assertThat(server.requests().get(1).text())
                .isEqualTo(server.requests().get(0).text());
        assertThat(spanflux.ledger()).isEqualTo(ledger(1, 1, Map.of(), 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {302, 400, 401, 404, 413, 501})
    void anAnswerThatWillNotChange_losesThatSessionOnly_andIsWarnedOfWithoutTheKey(int status) {
        LogCapture log = LogCapture.start();
        server.then(Behaviour.status(status, "Authorization: Bearer " + KEY, "Location: http://127.0.0.1:1/"));
        spanflux(options -> {});
        root("first").end();
        spanflux.awaitFlush(PATIENCE);
        root("second").end();
        spanflux.awaitFlush(PATIENCE);

        assertThat(server.requests()).hasSize(2);
        assertThat(spanflux.ledger()).isEqualTo(ledger(2, 1, Map.of(DropCause.REFUSED, 1L), 0));
        assertThat(log.warnings()).anySatisfy(line -> assertThat(line).contains("answered " + status));
        assertThat(log.events().toString()).doesNotContain(KEY);
        assertThat(spect.toString() + spanflux).doesNotContain(KEY);
    }

    @Test
    void sessions_areSentSideBySide_asManyAsThereAreConnections() {
        server.otherwise(Behaviour.okAfter(300));
        spanflux(options -> {});
        for (int i = 0; i < 24; i++) {
            root("session").end();
        }
        long start = System.nanoTime();

        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(24 * 300 / 2));
        assertThat(server.requests()).hasSize(24);
        assertThat(server.connectionCount()).isEqualTo(SpectExporter.CONCURRENT_SESSIONS);
    }

    @Test
    void anExportThatIsCutShort_doesNotSendAgainWhatIsSettled() {
        server.then(Behaviour.ok()).then(Behaviour.hang());
        spanflux(options -> options.timeout(Duration.ofSeconds(3)));
        Tracer tracer = Tracer.builder().build();
        List<Span> batch = new ArrayList<>();
        SpanGrouping grouping = spect.grouping(batch::add);
        for (String name : List.of("one", "two")) {
            Span span = tracer.span(name).start();
            span.end();
            grouping.accept(span);
        }
        Mono<ExportResult> export = spect.export(batch);
        StepVerifier.create(export.timeout(Duration.ofMillis(700), Mono.empty()))
                .expectComplete()
                .verify(PATIENCE);
        int before = server.requests().size();

        StepVerifier.create(export)
                .assertNext(result -> assertThat(result.sent()).isEqualTo(2))
                .expectComplete()
                .verify(PATIENCE);

        assertThat(server.requests()).hasSize(before + 1);
    }

    @Test
    void manyLargeSessions_leaveTheRingByItsBytes_countedAsSessions() {
        server.otherwise(Behaviour.hang());
        spanflux(
                options -> options.maxSessionBytes(1 << 20),
                more -> more.pipeline(pipeline -> pipeline.maxQueueSize(4).maxBatchSize(1)));
        for (int i = 0; i < 50; i++) {
            root("session").attribute("text", "x".repeat(10_000)).end();
        }
        DeliveryReport report = spanflux.awaitFlush(Duration.ofMillis(300));

        assertThat(report.isComplete()).isFalse();
        Ledger ledger = spanflux.ledger();
        assertThat(ledger.isBalanced()).isTrue();
        assertThat(ledger.accepted()).isEqualTo(50);
        assertThat(ledger.dropped(DropCause.QUEUE_FULL)).isGreaterThanOrEqualTo(40);
        assertThat(ledger.sent()).isZero();
    }

    // ---- the observer --------------------------------------------------------------------------------------------

    @Test
    void send_completesWhenTheCollectorHasAnswered_andSendsOnce() {
        spanflux(options -> {});
        SpectSession session = spect.observer(spanflux.tracer()).startSession("s");
        assertThat(session.root().hasEnded()).isFalse();
        Mono<Void> send = session.send();
        assertThat(session.root().hasEnded()).as("cold").isFalse();

        StepVerifier.create(send.subscribeOn(Schedulers.parallel()))
                .expectComplete()
                .verify(PATIENCE);
        assertThat(server.requests()).hasSize(1);
        StepVerifier.create(session.send()).expectComplete().verify(PATIENCE);
        StepVerifier.create(session.sendError(new IllegalStateException("late")))
                .expectComplete()
                .verify(PATIENCE);
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void send_neverBlocks_andIsOverAfterItsTimeout_whileTheSessionIsTriedFurther() {
        server.then(Behaviour.hang());
        spanflux(options -> options.sendTimeout(Duration.ofMillis(200)).timeout(Duration.ofMillis(600)));
        SpectSession session = spect.observer(spanflux.tracer()).startSession("s");

        StepVerifier.create(session.send().subscribeOn(Schedulers.parallel()))
                .expectComplete()
                .verify(Duration.ofSeconds(3));

        assertThat(spanflux.ledger().sent()).isZero();
        assertThat(spanflux.ledger().pending()).isEqualTo(1);
        server.awaitRequest(2);
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        assertThat(spanflux.ledger().sent()).isEqualTo(1);
    }

    @Test
    void send_raisesWhatLostTheSession_onlyWhereAsked() {
        server.then(Behaviour.status(400, "no")).then(Behaviour.status(400, "no"));
        spanflux(options -> options.raiseSendErrors(true).logFailures(false));
        LogCapture log = LogCapture.start();

        StepVerifier.create(spect.observer(spanflux.tracer()).startSession("s").send())
                .expectErrorSatisfies(failure -> assertThat(failure)
                        .isInstanceOf(SpectDeliveryException.class)
                        .hasMessageContaining("REFUSED"))
                .verify(PATIENCE);
        assertThat(log.warnings()).isEmpty();
    }

    @Test
    void send_ofACancelledSubscriber_deliversAllTheSame() {
        spanflux(options -> {});
        spect.observer(spanflux.tracer()).startSession("s").send().subscribe().dispose();

        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void aSession_takesWhatIsTracedInItsContext() {
        spanflux(options -> {});
        SpectSession session = spect.observer(spanflux.tracer()).startSession("s");
        Mono.deferContextual(context -> {
                    spanflux.tracer().span("inside").parent(context).start().end();
                    return session.send();
                })
                .contextWrite(session::storeIn)
                .subscribe();

        assertThat(names(body(1))).containsExactly("inside");
    }

    @Test
    void aSession_mayBeGivenKindsOfItsOwn() {
        spanflux(options -> {});
        SpectSession session = spect.observer(spanflux.tracer()).startSession("s");
        for (String kind : List.of("reasoning", "response", "tool-result")) {
            session.span(kind, Tool.named(kind).callId("c").result(() -> "done"))
                    .start()
                    .end();
        }
        session.send().subscribe();

        List<JsonNode> spans = spans(body(1));
        assertThat(spans.stream().map(span -> span.get("kind").asString()).collect(Collectors.toList()))
                .containsExactly("reasoning", "response", "tool-result");
        assertThat(spans.get(2).get("tool").toString())
                .isEqualTo("{\"result\":\"done\",\"toolCallId\":\"c\",\"toolName\":\"tool-result\"}");
    }

    @Test
    void send_ofManySessionsAtOnce_completesForEach() {
        spanflux(options -> {});
        SpectObserver observer = spect.observer(spanflux.tracer());

        StepVerifier.create(Flux.range(0, 200)
                        .flatMap(i -> observer.startSession("s" + i).send().thenReturn(i), 200)
                        .count())
                .expectNext(200L)
                .expectComplete()
                .verify(PATIENCE);
        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        assertThat(spanflux.ledger()).isEqualTo(ledger(200, 200, Map.of(), 0));
    }

    // ---- callback, local mode, options ---------------------------------------------------------------------------

    @Test
    void local_showsSessionsAndSendsNothing() {
        List<String> shown = new CopyOnWriteArrayList<>();
        spect = SpectExporter.builder()
                .organizationId("org")
                .local(true)
                .onTrace(shown::add)
                .build();
        spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(spect)
                .build();
        root("here").end();

        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        assertThat(shown).hasSize(1);
        assertThat(json(shown.get(0)).get("name").asString()).isEqualTo("here");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void local_reportsWhatTheCallbackFailedOn_asLost() {
        spanflux(options -> options.local(true).onTrace(body -> {
            throw new IllegalStateException("a callback's");
        }));
        root("here").end();

        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isFalse();
        assertThat(spanflux.ledger()).isEqualTo(ledger(1, 0, Map.of(DropCause.EXPORTER_FAILED, 1L), 0));
    }

    @Test
    void send_ofASessionThatSomebodyEnded_doesNotWait() {
        spanflux(options -> {});
        SpectSession session = spect.observer(spanflux.tracer()).startSession("s");
        session.root().end();

        StepVerifier.create(session.send()).expectComplete().verify(Duration.ofSeconds(2));
        assertThat(session.toString()).contains("name=s");
    }

    @Test
    void onTrace_mayBlockAndThrow_andBreaksNothing() {
        AtomicBoolean called = new AtomicBoolean();
        spanflux(options -> options.onTrace(body -> {
            called.set(true);
            assertThat(Schedulers.isInNonBlockingThread()).isFalse();
            throw new AssertionError("a callback's");
        }));
        SpectSession session = spect.observer(spanflux.tracer()).startSession("s");

        StepVerifier.create(session.send()).expectComplete().verify(PATIENCE);

        assertThat(called).isTrue();
        assertThat(spect.callbackFailures()).isEqualTo(1);
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void url_andHeaders_areAsConfigured() {
        spanflux(options -> options.organizationId("org/\u00e4 b&c")
                .header("X-Team", "a")
                .header("authorization", "Basic Zm9vOmJhcg=="));
        root("s").end();

        LoopbackServer.Request request = server.awaitRequest(1);
        assertThat(request.path()).isEqualTo("/base/traces?name=org/%C3%A4%20b%26c");
        assertThat(request.header("x-team")).isEqualTo("a");
        assertThat(request.header("authorization")).isEqualTo("Basic Zm9vOmJhcg==");
        assertThat(request.headerLines().stream()
                        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("authorization")))
                .hasSize(1);
    }

    @Test
    void build_refusesMistakesByName_withoutTheKey() {
        assertThatThrownBy(() -> SpectExporter.builder().apiKey(KEY).build()).hasMessage("organizationId is not set");
        assertThatThrownBy(() -> SpectExporter.builder().organizationId(" ")).hasMessage("organizationId is blank");
        assertThatThrownBy(() -> SpectExporter.builder().organizationId("o").build())
                .hasMessage("apiKey is not set, and local is false");
        assertThatThrownBy(() -> SpectExporter.builder().apiKey(KEY + "\n"))
                .hasMessageStartingWith("apiKey")
                .hasMessageNotContaining(KEY);
        assertThatThrownBy(() -> SpectExporter.builder().collectorUrl("http://h/?a=b"))
                .hasMessageStartingWith("collectorUrl");
        assertThatThrownBy(() -> SpectExporter.builder().collectorUrl("ftp://h"))
                .hasMessageStartingWith("collectorUrl");
        assertThatThrownBy(() ->
                        SpectExporter.builder().organizationId("o").local(true).build())
                .hasMessageContaining("onTrace");
        assertThatThrownBy(() -> SpectExporter.builder().maxSessions(0)).hasMessageContaining("maxSessions");
        assertThatThrownBy(() -> SpectExporter.builder().maxHoldTime(Duration.ZERO))
                .hasMessageContaining("maxHoldTime");
    }
}
