// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.netty.util.LeakPresenceDetector;
import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.test.TlsFiles;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.Compression;
import io.spanflux.transport.RetryPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The exporter as users configure it, against a real server. */
@Timeout(30)
class OtlpExporterTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final RetryPolicy QUICK =
            new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(50), Duration.ofSeconds(5));

    private final LoopbackServer server = LoopbackServer.start();
    private final Map<String, String> variables = new HashMap<>();
    private final Tracer tracer = Tracer.builder().build();
    private OtlpExporter exporter;

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

    private OtlpExporter.Builder builder() {
        return OtlpExporter.builder().environment(Environment.of(variables));
    }

    private List<Span> batch(int count) {
        return Flux.range(0, count)
                .map(i -> {
                    Span span = tracer.span("s" + i).start();
                    span.end();
                    return span;
                })
                .collectList()
                .block();
    }

    private ExportResult export(OtlpExporter.Builder builder) {
        exporter = builder.build();
        return exporter.export(batch(1)).block(LONG);
    }

    private Request exported(OtlpExporter.Builder builder) {
        assertThat(export(builder)).isEqualTo(ExportResult.sent(1));
        return server.requests().get(0);
    }

    // ---- the request ---------------------------------------------------------------------------------------------

    @Test
    void export_isOtlpJsonByPost() {
        Request request = exported(builder().endpoint(server.url("/v1/traces")));
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.path()).isEqualTo("/v1/traces");
        assertThat(request.header("content-type")).isEqualTo("application/json");
        assertThat(request.header("user-agent")).isEqualTo("Spanflux-OTLP-Exporter-Java/" + SdkVersion.get());
        assertThat(request.text())
                .startsWith("{\"resourceSpans\":[{\"resource\":{")
                .contains("\"name\":\"s0\"");
    }

    @Test
    void header_aUserAgent_isPutBeforeOurs() {
        Request request = exported(builder().endpoint(server.url("/")).header("user-agent", "Support/2"));
        assertThat(request.header("user-agent")).isEqualTo("Support/2 Spanflux-OTLP-Exporter-Java/" + SdkVersion.get());
    }

    @ParameterizedTest
    @CsvSource({
        "/, /v1/traces",
        "'', /v1/traces",
        "/v1/traces, /v1/traces",
        "/custom, /custom",
        "/x/v1/traces/, /x/v1/traces/",
        "/p?key=1, /p?key=1",
        "?key=1, /v1/traces?key=1",
        "/?key=1, /v1/traces?key=1"
    })
    void endpoint_inCode_isUsedAsItIsUnlessItHasNoPath(String path, String expected) {
        assertThat(exported(builder().endpoint(server.url(path))).path()).isEqualTo(expected);
    }

    // ---- the environment -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "'', /v1/traces",
        "/, /v1/traces",
        "/base, /base/v1/traces",
        "/base/, /base/v1/traces",
        "?key=1, /v1/traces?key=1",
        "/base/?key=1, /base/v1/traces?key=1"
    })
    void environment_endpointOfAllSignals_getsThePathAppended(String path, String expected) {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(path));
        assertThat(exported(builder()).path()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"'', /", "/, /", "/base, /base", "/v1/traces, /v1/traces", "?key=1, /?key=1"})
    void environment_endpointOfTraces_isUsedAsItIs_andWins(String path, String expected) {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1/wrong");
        variables.put("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", server.url(path));
        assertThat(exported(builder()).path()).isEqualTo(expected);
    }

    @Test
    void environment_isOverruledByCode() {
        variables.put("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:1/wrong");
        variables.put("OTEL_EXPORTER_OTLP_HEADERS", "x-a=env,x-b=env");
        variables.put("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
        Request request = exported(
                builder().endpoint(server.url("/")).header("X-A", "code").compression(Compression.NONE));
        assertThat(request.header("x-a")).isEqualTo("code");
        assertThat(request.header("x-b")).isEqualTo("env");
        assertThat(request.header("content-encoding")).isNull();
    }

    @Test
    void environment_headers_arePercentDecoded_andThoseOfTracesReplaceTheOthers() {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_EXPORTER_OTLP_HEADERS", "x-all=1");
        variables.put("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=Bearer%20a%3Db%2C+c, x-tenant = t ");
        Request request = exported(builder());
        assertThat(request.header("authorization")).isEqualTo("Bearer a=b,+c");
        assertThat(request.header("x-tenant")).isEqualTo("t");
        assertThat(request.header("x-all")).isNull();
    }

    @Test
    void environment_headersThatCannotBeSent_areWarnedOfWithoutTheirValue() {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_EXPORTER_OTLP_HEADERS", "x-good=1,content-length=5,x-evil=hunter2%0d%0aX-Injected:%201");
        LogCapture logs = LogCapture.start();
        Request request = exported(builder());
        assertThat(request.header("x-good")).isEqualTo("1");
        assertThat(request.header("x-injected")).isNull();
        assertThat(logs.warnings())
                .hasSize(2)
                .allMatch(line -> line.contains("OTEL_EXPORTER_OTLP_HEADERS") && !line.contains("hunter2"));
    }

    @ParameterizedTest
    @CsvSource({"gzip, gzip", "GZIP, gzip", "none, ", "zstd, zstd", "ZSTD, zstd", "br, ", "'', "})
    void environment_compression(String value, String encoding) {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_EXPORTER_OTLP_COMPRESSION", value);
        LogCapture logs = LogCapture.start();
        Request request = exported(builder());
        assertThat(request.header("content-encoding")).isEqualTo(encoding);
        assertThat(request.text()).contains("\"name\":\"s0\"");
        assertThat(logs.warnings()).hasSize(value.equals("br") ? 1 : 0);
    }

    @Test
    void environment_timeout_boundsAnAttempt() {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_EXPORTER_OTLP_TIMEOUT", "200");
        variables.put("OTEL_BSP_EXPORT_TIMEOUT", "0");
        server.otherwise(Behaviour.hang());
        long start = System.nanoTime();
        assertThat(export(builder())).isEqualTo(ExportResult.dropped(DropCause.TIMED_OUT, 1));
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isBetween(190L, 9_000L);
    }

    @Test
    void environment_garbage_isWarnedOfByNameAndIgnored() {
        variables.put("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ht!tp://user:hunter2@nowhere");
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", server.url(""));
        variables.put("OTEL_EXPORTER_OTLP_TIMEOUT", "soon");
        variables.put("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        variables.put("OTEL_EXPORTER_OTLP_HEADERS", "no-equals-sign");
        variables.put("OTEL_BSP_EXPORT_TIMEOUT", "-1");
        LogCapture logs = LogCapture.start();
        assertThat(exported(builder()).path()).isEqualTo("/v1/traces");
        String all = String.join("\n", logs.warnings());
        assertThat(all)
                .contains(
                        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                        "OTEL_EXPORTER_OTLP_TIMEOUT=soon",
                        "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
                        "OTEL_EXPORTER_OTLP_HEADERS",
                        "OTEL_BSP_EXPORT_TIMEOUT=-1")
                .doesNotContain("hunter2");
    }

    @Test
    void environment_garbageForTraces_doesNotHideWhatHoldsForAllSignals() {
        variables.put("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "abc");
        variables.put("OTEL_EXPORTER_OTLP_TIMEOUT", "5000");
        variables.put("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "br");
        variables.put("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
        LogCapture logs = LogCapture.start();
        assertThat(builder().build().toString()).contains("timeout=PT5S", "compression=GZIP");
        assertThat(logs.warnings()).hasSize(2);
    }

    @Test
    void environment_theProtocolWeSpeak_isNotWarnedOf() {
        variables.put("OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/JSON");
        LogCapture logs = LogCapture.start();
        builder().build();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void environment_certificates(@TempDir Path folder) {
        TlsFiles localhost = TlsFiles.create(folder, "localhost");
        try (LoopbackServer secure = LoopbackServer.start(localhost.serverSockets(localhost), "https")) {
            variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", secure.url(""));
            variables.put(
                    "OTEL_EXPORTER_OTLP_CERTIFICATE", localhost.certificate().toString());
            variables.put(
                    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
                    localhost.certificate().toString());
            variables.put("OTEL_EXPORTER_OTLP_CLIENT_KEY", localhost.key().toString());
            assertThat(export(builder())).isEqualTo(ExportResult.sent(1));
        }
    }

    @Test
    void environment_certificatesThatCannotBeRead_failTheBuild() {
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4318");
        variables.put("OTEL_EXPORTER_OTLP_CERTIFICATE", "no/such.pem");
        assertThatThrownBy(() -> builder().build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("certificate cannot be read: " + Path.of("no/such.pem"));
        variables.remove("OTEL_EXPORTER_OTLP_CERTIFICATE");
        variables.put("OTEL_EXPORTER_OTLP_CLIENT_KEY", "no/such.pem");
        assertThatThrownBy(() -> builder().build()).hasMessageContaining("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE");
        variables.put("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
        builder().build();
    }

    // ---- the checklist: what a collector may do ------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"429", "502", "503", "504"})
    void export_anOverloadedCollector_isTriedAgainUntilItTakesTheBatch(int status) {
        server.then(Behaviour.status(status, "busy")).then(Behaviour.status(status, "busy"));
        assertThat(export(builder().endpoint(server.url("/")).retryPolicy(QUICK)))
                .isEqualTo(ExportResult.sent(1));
        assertThat(server.requests()).hasSize(3);
        assertThat(server.requests().get(2).text())
                .isEqualTo(server.requests().get(0).text());
    }

    @Test
    void export_aCollectorThatResetsClosesHangsAndCutsOff_getsTheBatchInTheEnd() {
        server.then(Behaviour.reset())
                .then(Behaviour.close())
                .then(Behaviour.resetMidBody())
                .then(Behaviour.hang());
        assertThat(export(builder().endpoint(server.url("/")).retryPolicy(QUICK).timeout(Duration.ofMillis(300))))
                .isEqualTo(ExportResult.sent(1));
        assertThat(server.requests()).hasSize(5);
    }

    @Test
    void export_retryAfter_isObeyed() {
        server.then(Behaviour.status(503, "", "Retry-After: 1"));
        long start = System.nanoTime();
        assertThat(export(builder().endpoint(server.url("/")).retryPolicy(QUICK)))
                .isEqualTo(ExportResult.sent(1));
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isGreaterThanOrEqualTo(1_000);
    }

    @Test
    void export_aResponseBeyondTheBound_losesTheBatchAndIsNotTriedAgain() {
        server.otherwise(Behaviour.body(5 * 1024 * 1024));
        assertThat(export(builder().endpoint(server.url("/")).retryPolicy(QUICK))
                        .sent())
                .isZero();
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void export_aCollectorThatRejectsSome_isBelieved() {
        server.otherwise(Behaviour.status(200, "{\"partialSuccess\":{\"rejectedSpans\":\"3\"}}"));
        exporter = builder().endpoint(server.url("/")).build();
        assertThat(exporter.export(batch(5)).block(LONG)).isEqualTo(new ExportResult(2, 3, Map.of()));
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void export_aLargeBatch_leavesInChunksAndArrivesWhole() {
        exporter = builder()
                .endpoint(server.url("/"))
                .compression(Compression.GZIP)
                .build();
        assertThat(exporter.export(batch(5_000)).block(LONG)).isEqualTo(ExportResult.sent(5_000));
        String text = server.requests().get(0).text();
        assertThat(text).contains("\"s0\"").contains("\"s4999\"").endsWith("]}]}");
    }

    @Test
    void close_thenExport_connectsAgain() {
        exporter = builder().endpoint(server.url("/")).build();
        for (int i = 1; i <= 3; i++) {
            assertThat(exporter.export(batch(1)).block(LONG)).isEqualTo(ExportResult.sent(1));
            exporter.close().block(LONG);
        }
        assertThat(server.connectionCount()).isEqualTo(3);
    }

    @Test
    void retryNow_cutsShortTheWait() {
        server.then(Behaviour.status(503, ""));
        RetryPolicy slow = new RetryPolicy(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(10));
        exporter = builder().endpoint(server.url("/")).retryPolicy(slow).build();
        Mono<ExportResult> exporting = exporter.export(batch(1)).cache();
        exporting.subscribe();
        server.awaitRequest(1);
        // However far the first attempt has come: one that has not failed yet is hurried when it has.
        exporter.retryNow();
        assertThat(exporting.block(LONG)).isEqualTo(ExportResult.sent(1));
    }

    // ---- mistakes in code ----------------------------------------------------------------------------------------

    @Test
    void build_refusesMistakesInCode_byName() {
        assertThatThrownBy(() -> builder().endpoint("collector:4318").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("endpoint")
                .hasMessageContaining("collector:4318");
        assertThatThrownBy(() -> builder().timeout(Duration.ZERO).build()).hasMessageContaining("timeout");
        assertThatThrownBy(() -> builder().header("bad name", "x").build()).hasMessageContaining("bad name");
        assertThatThrownBy(() -> builder()
                        .endpoint("https://localhost")
                        .transport(sender -> sender.certificate(Path.of("no/such.pem")))
                        .build())
                .hasMessageContaining("certificate")
                .hasMessageContaining("such.pem");
        assertThatThrownBy(() -> builder().endpoint(null)).hasMessage("endpoint == null");
    }

    @Test
    void toString_keepsSecretsToItself() {
        assertThat(builder()
                        .endpoint("https://c.test/v1/traces?key=hunter2")
                        .header("x-key", "hunter2")
                        .build()
                        .toString())
                .contains("c.test", "x-key")
                .doesNotContain("hunter2");
    }
}
