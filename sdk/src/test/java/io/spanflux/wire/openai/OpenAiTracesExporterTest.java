// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.netty.util.LeakPresenceDetector;
import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.test.Race;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.TraceInfo;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The exporter as users configure it, against a real server. */
@Timeout(30)
class OpenAiTracesExporterTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final RetryPolicy QUICK =
            new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(50), Duration.ofSeconds(5));

    private final LoopbackServer server = LoopbackServer.start();
    private final Map<String, String> variables = new HashMap<>();
    private final Tracer tracer = Tracer.builder().build();
    private OpenAiTracesExporter exporter;

    @AfterEach
    void close() {
        if (exporter != null) {
            exporter.close().block(LONG);
        }
        server.close();
    }

    @AfterAll
    static void noBufferIsLeftBehind() {
        LeakPresenceDetector.check();
    }

    private OpenAiTracesExporter.Builder builder() {
        return OpenAiTracesExporter.builder()
                .environment(Environment.of(variables))
                .endpoint(server.url("/v1/traces/ingest"))
                .retryPolicy(QUICK);
    }

    private Span ended(String name, Scope scope) {
        Span span = tracer.span(name).scope(scope).start();
        span.end();
        return span;
    }

    private static Scope entered(TraceInfo trace) {
        return Scope.named("s").trace(trace).enteredIn(Scope.none());
    }

    private List<Span> batch(int count) {
        List<Span> batch = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            batch.add(ended("s" + i, Scope.none()));
        }
        return List.copyOf(batch);
    }

    private ExportResult export(OpenAiTracesExporter.Builder builder, int count) {
        exporter = builder.build();
        return exporter.export(batch(count)).block(LONG);
    }

    private List<String> keys() {
        return server.requests().stream()
                .map(request -> request.header("authorization"))
                .toList();
    }

    // ---- configuration -------------------------------------------------------------------------------------------

    @Test
    void unsetOptions_comeFromTheEnvironment() {
        variables.putAll(Map.of("OPENAI_API_KEY", "sk-env", "OPENAI_ORG_ID", "org-1", "OPENAI_PROJECT_ID", "proj-1"));
        assertThat(export(builder(), 1)).isEqualTo(ExportResult.sent(1));
        Request request = server.requests().get(0);
        assertThat(request.header("authorization")).isEqualTo("Bearer sk-env");
        assertThat(request.header("openai-organization")).isEqualTo("org-1");
        assertThat(request.header("openai-project")).isEqualTo("proj-1");
        assertThat(request.header("content-encoding")).isNull();
    }

    @Test
    void options_winOverTheEnvironment() {
        variables.putAll(Map.of(
                "OPENAI_API_KEY",
                "sk-env",
                "OPENAI_ORG_ID",
                "org-1",
                "OPENAI_PROJECT_ID",
                "p",
                "OPENAI_AGENTS_DISABLE_TRACING",
                "true"));
        export(
                builder()
                        .apiKey("sk-code")
                        .organization("o2")
                        .project("p2")
                        .disabled(false)
                        .header("X-Own", "1"),
                1);
        Request request = server.requests().get(0);
        assertThat(request.header("authorization")).isEqualTo("Bearer sk-code");
        assertThat(request.header("openai-organization")).isEqualTo("o2");
        assertThat(request.header("openai-project")).isEqualTo("p2");
        assertThat(request.header("x-own")).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "true", "TRUE"})
    void disabledByTheEnvironment_sendsNothing(String value) {
        variables.putAll(Map.of("OPENAI_API_KEY", "sk", "OPENAI_AGENTS_DISABLE_TRACING", value));
        assertThat(export(builder(), 3)).isEqualTo(ExportResult.dropped(DropCause.DISABLED, 3));
        exporter.disabled(false);
        assertThat(exporter.export(batch(2)).block(LONG)).isEqualTo(ExportResult.sent(2));
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void variablesThatCannotBeUsed_areWarnedOfWithoutTheirValue() {
        LogCapture logs = LogCapture.start();
        variables.putAll(Map.of("OPENAI_API_KEY", "sk\u00e9cret", "OPENAI_ORG_ID", "\u4e00rg"));
        exporter = builder().build();
        assertThat(logs.warnings().toString())
                .contains("OPENAI_API_KEY")
                .contains("OPENAI_ORG_ID")
                .doesNotContain("cret")
                .doesNotContain("rg,");
    }

    @Test
    void mistakes_areRefusedByName() {
        assertThatThrownBy(() -> builder().apiKey(" "))
                .hasMessage("apiKey is empty or has characters that HTTP does not allow");
        assertThatThrownBy(() -> builder().apiKey("sk\n")).hasMessageNotContaining("sk\n");
        assertThatThrownBy(() -> builder().apiKey(null)).hasMessage("apiKey == null");
        assertThatThrownBy(() -> builder().timeout(Duration.ZERO).build()).hasMessageContaining("timeout");
        assertThatThrownBy(() -> builder().endpoint("nonsense").build()).hasMessageContaining("endpoint");
    }

    // ---- keys ----------------------------------------------------------------------------------------------------

    @Test
    void spansWithoutAKey_waitForOne() throws Exception {
        LogCapture logs = LogCapture.start();
        exporter = builder().build();
        CompletableFuture<ExportResult> ten = exporter.export(batch(10)).toFuture();
        assertThat(ten).isNotDone();
        assertThat(logs.warnings()).singleElement().asString().contains("OPENAI_API_KEY");
        exporter.apiKey("sk-late");
        assertThat(ten.get()).isEqualTo(ExportResult.sent(10));
        assertThat(exporter.export(batch(3)).block(LONG)).isEqualTo(ExportResult.sent(3));
        exporter.apiKey("sk-rotated");
        exporter.export(batch(1)).block(LONG);
        assertThat(keys()).containsExactly("Bearer sk-late", "Bearer sk-late", "Bearer sk-rotated");
    }

    private Spanflux spanflux(int batchSize) {
        return Spanflux.builder()
                .environment(Environment.of(variables))
                .exporter(exporter)
                .pipeline(pipeline -> pipeline.maxBatchSize(batchSize))
                .build();
    }

    private List<String> spansThatArrived() {
        return server.requests().stream()
                .flatMap(request -> Arrays.stream(request.text().split("\\{\"object\":\"trace.span\",\"id\":\"", -1))
                        .skip(1))
                .map(item -> item.substring(0, item.indexOf('"')))
                .toList();
    }

    @Test
    void aKeyThatComesLate_losesNothingThatWaitsInTheRing() {
        exporter = builder().build();
        Spanflux spanflux = spanflux(4);
        for (int i = 0; i < 10; i++) {
            spanflux.tracer().span("early").start().end();
        }
        DeliveryReport early = spanflux.awaitFlush(Duration.ofMillis(200));
        assertThat(early.timedOut()).isTrue();
        assertThat(early.ledger().pending()).isEqualTo(10);
        exporter.apiKey("sk-late");
        for (int i = 0; i < 3; i++) {
            spanflux.tracer().span("late").start().end();
        }
        DeliveryReport late = spanflux.awaitClose(LONG);

        assertThat(late.ledger().sent()).isEqualTo(13);
        assertThat(spansThatArrived()).hasSize(13).doesNotHaveDuplicates();
        assertThat(keys()).containsOnly("Bearer sk-late");
    }

    @Test
    void aKeyThatIsRotatedWhileSpansLeave_losesNone() {
        exporter = builder().apiKey("sk-0").build();
        Spanflux spanflux = spanflux(8);
        Race.of(3)
                .run(
                        100,
                        round -> Race.round(
                                thread -> {
                                    if (thread == 0) {
                                        exporter.apiKey("sk-" + round);
                                    } else {
                                        for (int i = 0; i < 8; i++) {
                                            spanflux.tracer().span("s").start().end();
                                        }
                                    }
                                },
                                () -> {}));
        DeliveryReport report = spanflux.awaitClose(LONG);

        assertThat(report.ledger().sent()).isEqualTo(1_600);
        assertThat(spansThatArrived()).hasSize(1_600).doesNotHaveDuplicates();
        assertThat(keys()).allMatch(key -> key.matches("Bearer sk-[0-9]{1,2}")).hasSizeGreaterThan(1);
    }

    @Test
    void tracesWithKeys_doNotWaitForTheExportersOwn() throws Exception {
        exporter = builder().build();
        List<Span> batch = List.of(
                ended("own", Scope.none()),
                ended("keyed", entered(TraceInfo.named("w").exportKey("sk-a"))));
        CompletableFuture<ExportResult> result = exporter.export(batch).toFuture();
        server.awaitRequest(1);
        assertThat(keys()).containsExactly("Bearer sk-a");
        assertThat(result).isNotDone();
        exporter.disabled(true);
        assertThat(result.get()).isEqualTo(ExportResult.sent(1).plus(ExportResult.dropped(DropCause.DISABLED, 1)));
    }

    @Test
    void aRotatedKey_isUsedByTheNextAttempt() {
        server.then(exchange -> {
            exporter.apiKey("sk-2");
            exchange.answer(503, "");
        });
        assertThat(export(builder().apiKey("sk-1"), 1)).isEqualTo(ExportResult.sent(1));
        assertThat(keys()).containsExactly("Bearer sk-1", "Bearer sk-2");
    }

    @Test
    void aBatchOfSeveralKeys_thatIsCutShort_goesOnWhereItWas() {
        exporter = builder().build();
        List<Span> batch = List.of(
                ended("a", entered(TraceInfo.named("a").exportKey("sk-a"))),
                ended("b", entered(TraceInfo.named("b").exportKey("sk-b"))));
        server.then(Behaviour.ok()).then(Behaviour.hang());
        Disposable first = exporter.export(batch).subscribe();
        server.awaitRequest(2);
        first.dispose();
        assertThat(exporter.export(batch).block(LONG)).isEqualTo(ExportResult.sent(2));
        assertThat(keys()).containsExactly("Bearer sk-a", "Bearer sk-b", "Bearer sk-b");
    }

    @Test
    void keys_areNeverShown() {
        LogCapture logs = LogCapture.start();
        server.otherwise(exchange ->
                exchange.answer(401, "bad key: " + exchange.request().header("authorization")));
        exporter = builder().apiKey("sk-default-secret").build();
        List<Span> batch = List.of(
                ended("own", Scope.none()),
                ended("keyed", entered(TraceInfo.named("w").exportKey("sk-trace-secret"))));
        assertThat(exporter.export(batch).block(LONG)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 2));
        assertThat(keys()).containsExactly("Bearer sk-trace-secret", "Bearer sk-default-secret");
        assertThat(logs.warnings().toString() + exporter + batch)
                .contains("401")
                .doesNotContain("secret");
    }

    // ---- delivery ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {408, 409, 429, 500, 502, 503, 504, 599})
    void whatMayPass_isTriedAgain(int status) {
        server.then(Behaviour.status(status, ""));
        assertThat(export(builder().apiKey("sk"), 10)).isEqualTo(ExportResult.sent(10));
        assertThat(server.requests()).hasSize(2);
        assertThat(server.requests().get(1).text())
                .isEqualTo(server.requests().get(0).text());
    }

    @ParameterizedTest
    @ValueSource(ints = {302, 401, 403, 404, 422})
    void whatWillNotPass_isNotTriedAgain(int status) {
        server.otherwise(Behaviour.status(status, "", "Location: http://localhost:1/"));
        assertThat(export(builder().apiKey("sk"), 10)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 10));
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void whatTheServerForbids_isNotTriedAgain() {
        server.otherwise(Behaviour.status(503, "", "x-should-retry: false"));
        assertThat(export(builder().apiKey("sk"), 10)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 10));
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void theServersWait_isKeptToTheMillisecond() {
        server.then(Behaviour.status(429, "", "retry-after-ms: 700", "Retry-After: 60"));
        exporter = builder().apiKey("sk").build();
        long start = System.nanoTime();
        assertThat(exporter.export(batch(1)).block(LONG)).isEqualTo(ExportResult.sent(1));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(700));
    }

    @Test
    void aPoisonedSpan_isLostAlone_andItsTraceIsStillSaid() {
        server.otherwise(
                exchange -> exchange.answer(exchange.request().text().contains("\"poison\"") ? 400 : 200, "{}"));
        exporter = builder().apiKey("sk").build();
        Scope scope = entered(TraceInfo.named("w"));
        List<Span> batch = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            batch.add(ended(i == 0 ? "poison" : "fine", scope));
        }
        ExportResult result = exporter.export(List.copyOf(batch)).block(LONG);
        assertThat(result).isEqualTo(ExportResult.sent(15).plus(ExportResult.dropped(DropCause.REFUSED, 1)));
        String taken = server.requests().stream()
                .map(Request::text)
                .filter(text -> !text.contains("\"poison\""))
                .collect(Collectors.joining());
        assertThat(taken.split("\"object\":\"trace\"", -1)).as("once").hasSize(2);
        assertThat(taken.split("\"object\":\"trace.span\"", -1)).hasSize(16);
    }

    @Test
    void aTrace_isSaidOnceForManyBatches() {
        exporter = builder().apiKey("sk").build();
        Scope scope = entered(TraceInfo.named("w"));
        for (String name : Arrays.asList("a", "b", "c")) {
            exporter.export(List.of(ended(name, scope))).block(LONG);
        }
        exporter.apiKey("sk-of-another-account");
        exporter.export(List.of(ended("d", scope))).block(LONG);
        assertThat(server.requests().stream().map(request -> request.text().contains("\"object\":\"trace\"")))
                .containsExactly(true, false, false, true);
    }

    @Test
    void besideOtherExporters_itHasItsOwnLedger() {
        exporter = builder().apiKey("sk").build();
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(variables))
                .exporter(exporter)
                .build();
        Scope scope = entered(TraceInfo.named("w"));
        for (int i = 0; i < 300; i++) {
            spanflux.tracer().span("s").scope(scope).start().end();
        }
        DeliveryReport report = spanflux.awaitClose(LONG);
        assertThat(report.ledger().sent()).isEqualTo(300);
        assertThat(server.requests().stream()
                        .mapToInt(request -> request.text().split("\"object\":\"trace\"", -1).length - 1)
                        .sum())
                .isOne();
    }
}
