// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.netty.util.LeakPresenceDetector;
import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.OtlpExporter;
import io.spanflux.genai.Generation;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The preset as users configure it, against a real server. */
@Timeout(30)
class TracenticExporterTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final RetryPolicy QUICK =
            new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(50), Duration.ofSeconds(5));

    private final LoopbackServer server = LoopbackServer.start();
    private final Tracer tracer = Tracer.builder().build();
    private TracenticExporter exporter;

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

    private TracenticExporter.Builder builder() {
        return TracenticExporter.builder()
                .apiKey("tr-secret-key")
                .endpoint(server.url(""))
                .retryPolicy(QUICK);
    }

    private List<Span> batch(int count) {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Span span = tracer.span("s" + i).start();
            span.end();
            spans.add(span);
        }
        return List.copyOf(spans);
    }

    private ExportResult export(TracenticExporter.Builder builder, int count) {
        exporter = builder.build();
        return exporter.export(batch(count)).block(LONG);
    }

    // ---- the request ---------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "'', /v1/ingest",
        "/, /v1/ingest",
        "///, /v1/ingest",
        "/base, /base/v1/ingest",
        "/base/, /base/v1/ingest"
    })
    void endpoint_getsThePathAppended(String path, String expected) {
        assertThat(export(builder().endpoint(server.url(path)), 1)).isEqualTo(ExportResult.sent(1));
        assertThat(server.requests().get(0).path()).isEqualTo(expected);
    }

    @Test
    void aLargeBody_hasAContentLength() {
        assertThat(export(builder(), 3_000)).isEqualTo(ExportResult.sent(3_000));
        assertThat(server.requests().get(0).chunked()).isFalse();
        assertThat(server.requests().get(0).body().length).isGreaterThan(200_000);
    }

    @Test
    void connection_isKept() {
        exporter = builder().build();
        for (int i = 0; i < 5; i++) {
            exporter.export(batch(1)).block(LONG);
        }
        assertThat(server.connectionCount()).isEqualTo(1);
    }

    // ---- defaults ------------------------------------------------------------------------------------------------

    @Test
    void defaults_areTheirs() {
        TracenticExporter preset = TracenticExporter.builder().apiKey("k").build();
        assertThat(preset.toString())
                .contains(
                        "https://tracentic.dev/v1/ingest",
                        "timeout=PT30S",
                        "compression=NONE",
                        "count=128, keyLength=256, valueLength=4096",
                        "x-tracentic-api-key");
        assertThat(preset.globals().isEmpty()).isTrue();
        assertThat(TracenticExporter.MAX_ATTRIBUTES).isEqualTo(128);
        assertThat(TracenticExporter.MAX_KEY_LENGTH).isEqualTo(256);
        assertThat(TracenticExporter.MAX_VALUE_LENGTH).isEqualTo(4096);
        assertThat(preset.toString()).contains(RetryPolicy.DEFAULT.toString());
    }

    @Test
    void settings_reachTheWire() {
        export(
                builder()
                        .serviceName("bot")
                        .deploymentEnvironment("staging")
                        .globals(Attributes.of("region", "eu").with("team", "x"))
                        .maxAttributes(1)
                        .maxKeyLength(3)
                        .maxValueLength(1),
                1);
        assertThat(server.requests().get(0).text())
                .contains("{\"stringValue\":\"bot\"}", "{\"stringValue\":\"staging\"}")
                .contains("{\"key\":\"reg\",\"value\":{\"stringValue\":\"e\"}}")
                .doesNotContain("team");
        assertThat(exporter.droppedAttributes()).isEqualTo(1);
        assertThat(exporter.cutAttributes()).isEqualTo(2 + 1);
        assertThat(exporter.globals().asMap()).containsOnlyKeys("region", "team");
    }

    @Test
    void timeout_isOfOneAttempt() {
        server.then(Behaviour.hang());
        assertThat(export(builder().timeout(Duration.ofMillis(200)), 1)).isEqualTo(ExportResult.sent(1));
        assertThat(server.requests()).hasSize(2);
    }

    // ---- mistakes ------------------------------------------------------------------------------------------------

    @Test
    void build_refusesMistakes_byName() {
        assertThatThrownBy(() -> TracenticExporter.builder().build()).hasMessageContaining("apiKey");
        assertThatThrownBy(() -> builder().apiKey(" ")).hasMessage("apiKey is blank");
        assertThatThrownBy(() -> builder().serviceName("")).hasMessage("serviceName is blank");
        assertThatThrownBy(() -> builder().deploymentEnvironment("")).hasMessage("deploymentEnvironment is blank");
        assertThatThrownBy(() -> builder().endpoint("tracentic.dev").build()).hasMessageContaining("endpoint");
        assertThatThrownBy(() -> builder().endpoint(null)).hasMessage("endpoint == null");
        assertThatThrownBy(() -> builder().endpoint("https://a?key=hunter2").build())
                .hasMessageContaining("endpoint")
                .hasMessageNotContaining("hunter2");
        assertThatThrownBy(() -> builder().timeout(Duration.ZERO).build()).hasMessageContaining("timeout");
        assertThatThrownBy(() -> builder().globals(null)).hasMessage("globals == null");
    }

    @Test
    void apiKey_isKeptToItself() {
        LogCapture logs = LogCapture.start();
        server.otherwise(Behaviour.status(401, "{\"error\":\"key tr-secret-key is unknown\"}"));
        assertThat(export(builder(), 1)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 1));
        assertThat(exporter.toString()).contains("x-tracentic-api-key").doesNotContain("secret");
        assertThat(logs.warnings()).isNotEmpty();
        assertThat(logs.warnings().toString()).contains("401").doesNotContain("secret");
        assertThatThrownBy(() -> builder().apiKey("bad\nsecret").build())
                .hasMessageContaining("x-tracentic-api-key")
                .hasMessageNotContaining("secret");
    }

    // ---- local -----------------------------------------------------------------------------------------------------

    @Test
    void local_needsNoKeyAndSendsNothing() {
        exporter =
                TracenticExporter.builder().endpoint(server.url("")).local(true).build();

        assertThat(exporter.export(batch(3)).block(LONG)).isEqualTo(ExportResult.dropped(DropCause.DISABLED, 3));
        exporter.retryNow();
        exporter.close().block(LONG);
        assertThat(exporter).hasToString("TracenticExporter{local}");
        assertThat(export(builder().local(true), 1)).isEqualTo(ExportResult.dropped(DropCause.DISABLED, 1));
        assertThat(server.requests()).isEmpty();
        assertThat(export(builder().local(false), 1)).isEqualTo(ExportResult.sent(1));
    }

    // ---- what a server may do ------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504})
    void anOverloadedServer_getsTheBatchInTheEnd(int status) {
        server.then(Behaviour.status(status, "busy"));
        assertThat(export(builder(), 128)).isEqualTo(ExportResult.sent(128));
        assertThat(server.requests()).hasSize(2);
        assertThat(server.requests().get(1).text())
                .isEqualTo(server.requests().get(0).text());
    }

    @Test
    void aServerThatClosesAndResets_getsTheBatchInTheEnd() {
        server.then(Behaviour.close()).then(Behaviour.reset()).then(Behaviour.resetMidBody());
        assertThat(export(builder(), 128)).isEqualTo(ExportResult.sent(128));
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 401, 403, 404, 409, 501})
    void anyOtherRefusal_isFinal(int status) {
        server.otherwise(Behaviour.status(status, "no", "Location: " + server.url("/elsewhere")));
        assertThat(export(builder(), 3)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 3));
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void aWrongPath_isExplainedWithoutOtlps() {
        LogCapture logs = LogCapture.start();
        server.otherwise(Behaviour.status(404, "no"));
        export(builder(), 1);
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .contains("answered 404", "endpoint")
                .doesNotContain("OTLP");
    }

    @Test
    void aServerThatStaysAtFault_isGivenUpByAge() {
        LogCapture logs = LogCapture.start();
        server.otherwise(Behaviour.status(500, "no"));
        RetryPolicy brief = new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(50), Duration.ofMillis(200));
        assertThat(export(builder().retryPolicy(brief), 3)).isEqualTo(ExportResult.dropped(DropCause.TIMED_OUT, 3));
        assertThat(server.requests()).hasSizeGreaterThan(1);
        assertThat(logs.warnings()).last().asString().contains("answered 500", "given up after the retry time");
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 413})
    void aPoisonedBatch_losesItsCulpritOnly(int status) {
        server.otherwise(
                exchange -> exchange.answer(exchange.request().text().contains("\"s77\"") ? status : 202, "{}"));
        assertThat(export(builder(), 128)).isEqualTo(new ExportResult(127, 0, Map.of(DropCause.REFUSED, 1L)));
    }

    @Test
    void whatALimitTakes_isCountedOnceASpan_howeverOftenItIsTried() {
        server.then(Behaviour.status(503, "busy")).then(Behaviour.status(503, "busy"));
        server.otherwise(
                exchange -> exchange.answer(exchange.request().text().contains("\"poison\"") ? 400 : 200, "{}"));
        exporter = builder().maxAttributes(1).build();
        List<Span> batch = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Span span = tracer.span(i == 5 ? "poison" : "s")
                    .start()
                    .attribute("a", 1)
                    .attribute("b", 2);
            span.end();
            batch.add(span);
        }
        ExportResult expected = new ExportResult(7, 0, Map.of(DropCause.REFUSED, 1L));
        assertThat(exporter.export(List.copyOf(batch)).block(LONG)).isEqualTo(expected);
        assertThat(exporter.droppedAttributes()).isEqualTo(8);
        assertThat(exporter.export(List.copyOf(batch.subList(0, 2))).block(LONG))
                .isEqualTo(ExportResult.sent(2));
        assertThat(exporter.droppedAttributes()).as("another batch").isEqualTo(10);
    }

    @Test
    void aBodyOfTheAnswer_meansNothing() {
        server.otherwise(Behaviour.status(202, "<html>accepted</html>"));
        assertThat(export(builder(), 3)).isEqualTo(ExportResult.sent(3));
    }

    // ---- beside others -------------------------------------------------------------------------------------------

    private static void record(Spanflux spanflux, int count) {
        for (int i = 0; i < count; i++) {
            spanflux.tracer().span("s" + i).start().end();
        }
    }

    @Test
    void aDeadTracentic_costsTheOtherNothing() {
        server.otherwise(Behaviour.hang());
        InMemorySpanExporter other = InMemorySpanExporter.create();
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(builder().build())
                .exporter(other)
                .build();
        record(spanflux, 1_000);
        DeliveryReport report = spanflux.awaitFlush(Duration.ofSeconds(2));
        assertThat(other.spans()).hasSize(1_000);
        assertThat(report.timedOut()).as("the dead one is waited for").isTrue();
        assertThat(spanflux.ledgers().get(0).pending()).isEqualTo(1_000);
        assertThat(spanflux.ledgers().get(1).sent()).isEqualTo(1_000);
        server.close();
        spanflux.awaitClose(Duration.ofMillis(200));
    }

    @Test
    void aDeadOther_costsTracenticNothing() {
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(OtlpExporter.builder()
                        .environment(Environment.of(Map.of()))
                        .endpoint("http://localhost:" + LoopbackServer.unusedPort())
                        .build())
                .exporter(builder().build())
                .build();
        record(spanflux, 1_000);
        spanflux.awaitFlush(Duration.ofSeconds(2));
        assertThat(spanflux.ledgers().get(0).sent()).isZero();
        assertThat(spanflux.ledgers().get(1).sent()).isEqualTo(1_000);
        spanflux.awaitClose(Duration.ofMillis(200));
    }

    @Test
    void aHundredRequestsAtOnce_keepTheirUsersApart() {
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(builder().build())
                .build();
        Flux.range(0, 100)
                .flatMap(
                        i -> Mono.deferContextual(context -> {
                                    Span span = spanflux.tracer().start(Generation.chat("p", "m" + i + "."), context);
                                    return Mono.delay(Duration.ofMillis(5)).doOnTerminate(span::end);
                                })
                                .contextWrite(Scope.named("request").attribute("user_id", "u" + i + "."))
                                .subscribeOn(Schedulers.parallel()),
                        100)
                .blockLast(LONG);
        assertThat(spanflux.awaitClose(LONG).timedOut()).isFalse();
        String all = server.requests().stream().map(Request::text).collect(Collectors.joining());
        Pattern pair = Pattern.compile(
                "\"u(\\d+)\\.\"}},\\{\"key\":\"llm.provider\",\"value\":"
                        + "\\{\"stringValue\":\"p\"}},\\{\"key\":\"llm.request.model\",\"value\":\\{\"stringValue\":\"m(\\d+)\\.\"");
        assertThat(pair.matcher(all).results())
                .hasSize(100)
                .allSatisfy(match -> assertThat(match.group(1)).isEqualTo(match.group(2)));
    }
}
