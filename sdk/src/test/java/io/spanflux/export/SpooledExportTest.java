// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.config.Environment;
import io.spanflux.pipeline.Ledger;
import io.spanflux.pipeline.RecordPipeline;
import io.spanflux.spool.Spool;
import io.spanflux.test.HttpThreads;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.RetryPolicy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** An exporter with a spool as users configure it, against a real server and a real disk. */
@Timeout(120)
class SpooledExportTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final RetryPolicy QUICK =
            new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(100), Duration.ofSeconds(5));

    /** How long an outage lasts; {@code -Dspanflux.outage.seconds=20} for the long form. */
    private static final int OUTAGE_SECONDS = Integer.getInteger("spanflux.outage.seconds", 2);

    private static final int RATE = 200;

    @TempDir
    Path folder;

    private final HttpThreads threads = new HttpThreads();
    private final LoopbackServer server = LoopbackServer.start();
    private final Tracer tracer = Tracer.builder().build();
    private final List<OtlpExporter> exporters = new ArrayList<>();
    private Spool spool;

    @AfterEach
    void close() throws InterruptedException {
        exporters.forEach(exporter -> exporter.close().block(LONG));
        server.close();
        await("a closed exporter has no thread", () -> threads.count() == 0);
    }

    private OtlpExporter exporter() {
        spool = Spool.builder(folder).build();
        OtlpExporter exporter = OtlpExporter.builder()
                .environment(Environment.of(Map.of()))
                .endpoint(server.url("/v1/traces"))
                .header("x-api-key", "very-secret-key")
                .timeout(Duration.ofSeconds(10))
                .retryPolicy(QUICK)
                .spool(spool)
                .build();
        exporters.add(exporter);
        return exporter;
    }

    private Span span(Tracer of, String name) {
        Span span = of.span(name).start();
        span.end();
        return span;
    }

    private List<Span> batch(String... names) {
        return Stream.of(names).map(name -> span(tracer, name)).toList();
    }

    private static List<String> names(Request request) {
        List<String> names = new ArrayList<>();
        for (JsonNode span : JsonMapper.shared().readTree(request.text()).at("/resourceSpans/0/scopeSpans/0/spans")) {
            names.add(span.get("name").asString());
        }
        return names;
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 502, 503, 504})
    void overloadedServer_sendsTheBatchToTheSpool_whichIsSentLaterInOrder(int status) throws Exception {
        AtomicBoolean down = new AtomicBoolean(true);
        server.otherwise(exchange -> exchange.answer(down.get() ? status : 200, "{}"));
        OtlpExporter exporter = exporter();

        assertThat(exporter.export(batch("a", "b")).block(LONG)).isEqualTo(ExportResult.spooled(2));
        assertThat(exporter.export(batch("c")).block(LONG)).isEqualTo(ExportResult.spooled(1));
        assertThat(exporter.afterSpool().total()).isZero();
        down.set(false);
        await("sent", () -> exporter.afterSpool().equals(ExportResult.sent(3)));

        List<Request> requests = server.requests();
        assertThat(names(requests.get(requests.size() - 2))).containsExactly("a", "b");
        assertThat(names(requests.get(requests.size() - 1))).containsExactly("c");
        await("deleted", () -> !spool.isWaiting());
        assertThat(exporter.export(batch("d")).block(LONG)).isEqualTo(ExportResult.sent(1));
    }

    @Test
    void retryAfter_holdsForWhatWaitsInTheSpool() throws Exception {
        List<Long> times = new CopyOnWriteArrayList<>();
        server.then(exchange -> {
            times.add(System.nanoTime());
            exchange.answer(429, "", "Retry-After: 1");
        });
        server.otherwise(exchange -> {
            times.add(System.nanoTime());
            exchange.answer(200, "{}");
        });

        assertThat(exporter().export(batch("a")).block(LONG)).isEqualTo(ExportResult.spooled(1));

        await("sent", () -> times.size() == 2);
        assertThat(times.get(1) - times.get(0)).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(990));
    }

    @Test
    void refusedStatus_isNoMatterForTheSpool() {
        server.otherwise(Behaviour.status(401, ""));

        assertThat(exporter().export(batch("a")).block(LONG)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 1));
        assertThat(spool.counts().written()).isZero();
    }

    @Test
    void refusedEntry_isSplitUntilOnlyTheCulpritIsLost() throws Exception {
        server.then(Behaviour.status(503, ""));
        server.otherwise(exchange -> exchange.answer(names(exchange.request()).contains("poison") ? 400 : 200, "{}"));
        OtlpExporter exporter = exporter();

        exporter.export(batch("a", "b", "poison", "c", "d", "e", "f", "g")).block(LONG);

        ExportResult expected = new ExportResult(7, 0, Map.of(DropCause.REFUSED, 1L));
        await("settled", () -> exporter.afterSpool().equals(expected));
        Set<String> arrived = new HashSet<>();
        server.requests().stream()
                .map(SpooledExportTest::names)
                .filter(names -> !names.contains("poison"))
                .forEach(arrived::addAll);
        assertThat(arrived).containsExactlyInAnyOrder("a", "b", "c", "d", "e", "f", "g");
    }

    @Test
    void partialSuccess_countsForWhatWaitedToo() throws Exception {
        server.then(Behaviour.status(503, ""));
        server.otherwise(Behaviour.status(200, "{\"partialSuccess\":{\"rejectedSpans\":\"1\"}}"));
        OtlpExporter exporter = exporter();

        exporter.export(batch("a", "b")).block(LONG);

        await("settled", () -> exporter.afterSpool().equals(new ExportResult(1, 1, Map.of())));
    }

    @Test
    void spansOfTwoResources_areTwoEntries() throws Exception {
        server.then(Behaviour.status(503, ""));
        Tracer other = Tracer.builder()
                .resource(Resource.of(Map.of("service.name", "other")))
                .build();
        OtlpExporter exporter = exporter();

        exporter.export(List.of(span(tracer, "a"), span(other, "b"), span(other, "c")))
                .block(LONG);

        await("sent", () -> exporter.afterSpool().equals(ExportResult.sent(3)));
        assertThat(names(server.requests().get(1))).containsExactly("a");
        assertThat(names(server.requests().get(2))).containsExactly("b", "c");
        assertThat(server.requests().get(2).text()).contains("other");
    }

    @Test
    void restart_sendsWhatWaits_withoutASpan() throws Exception {
        server.otherwise(Behaviour.status(503, ""));
        OtlpExporter before = exporter();
        before.export(batch("a")).block(LONG);
        before.export(batch("b")).block(LONG);
        before.close().block(LONG);
        int attempts = server.requests().size();
        server.otherwise(Behaviour.ok());

        OtlpExporter after = exporter();

        assertThat(names(server.awaitRequest(attempts + 1))).containsExactly("a");
        assertThat(names(server.awaitRequest(attempts + 2))).containsExactly("b");
        await("settled", () -> spool.counts().settled() == 2);
        // They were accepted by another process, which reported them.
        assertThat(after.afterSpool().total()).isZero();
    }

    @Test
    void diskThatRefuses_leavesTheBatchInMemory_andItIsSent() throws Exception {
        Files.delete(folder);
        Files.writeString(folder, "not a folder");
        server.then(Behaviour.status(503, "")).then(Behaviour.status(503, "")).then(Behaviour.reset());
        LogCapture logs = LogCapture.start();

        assertThat(exporter().export(batch("a")).block(LONG)).isEqualTo(ExportResult.sent(1));

        assertThat(spool.counts().failedWrites()).isEqualTo(1);
        assertThat(logs.warnings()).anyMatch(warning -> warning.contains("the spans stay in memory"));
    }

    @Test
    void diskThatRefuses_givesUpAtTheAgeOfThePolicy() throws Exception {
        Files.delete(folder);
        Files.writeString(folder, "not a folder");
        server.otherwise(Behaviour.status(503, ""));
        spool = Spool.builder(folder).build();
        OtlpExporter exporter = OtlpExporter.builder()
                .environment(Environment.of(Map.of()))
                .endpoint(server.url("/v1/traces"))
                .retryPolicy(QUICK.withMaxAge(Duration.ofMillis(300)))
                .spool(spool)
                .build();
        exporters.add(exporter);

        assertThat(exporter.export(batch("a")).block(LONG)).isEqualTo(ExportResult.dropped(DropCause.TIMED_OUT, 1));
    }

    @Test
    void files_holdNoHeaders() throws IOException {
        server.otherwise(Behaviour.status(503, ""));
        exporter().export(batch("a")).block(LONG);

        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> entries =
                    files.filter(file -> file.toString().endsWith(".entry")).toList();
            assertThat(entries).hasSize(1);
            assertThat(Files.readString(entries.get(0), StandardCharsets.ISO_8859_1))
                    .contains("\"name\":\"a\"")
                    .doesNotContain("secret", "api-key", "localhost");
        }
    }

    // ---- through the pipeline ------------------------------------------------------------------------------------

    @Test
    void shutdown_ofAHangingServer_spoolsTheBatchUnderWayAndTheQueue() throws Exception {
        server.otherwise(Behaviour.hang());
        RecordPipeline<Span> pipeline =
                RecordPipeline.builder(exporter()).maxBatchSize(10).build();
        for (int i = 0; i < 35; i++) {
            pipeline.accept(span(tracer, "s" + i));
        }
        server.awaitRequest(1);

        boolean timedOut =
                Boolean.TRUE.equals(pipeline.close(Duration.ofMillis(1_500)).block(LONG));

        Ledger ledger = pipeline.ledger();
        assertThat(timedOut).isFalse();
        assertThat(ledger.spooled()).isEqualTo(35);
        assertThat(ledger.isBalanced()).as("%s", ledger).isTrue();
        server.otherwise(Behaviour.ok());
        exporter();
        await("sent", () -> spool.counts().settled() == 35);
    }

    @Test
    void ledger_movesFromSpooledToWhatBecameOfIt() throws Exception {
        AtomicBoolean down = new AtomicBoolean(true);
        server.otherwise(
                exchange -> exchange.answer(down.get() ? 503 : 200, "{\"partialSuccess\":{\"rejectedSpans\":\"1\"}}"));
        RecordPipeline<Span> pipeline = RecordPipeline.builder(exporter()).build();
        batch("a", "b", "c").forEach(pipeline::accept);
        pipeline.flush().block(LONG);
        Ledger waiting = pipeline.ledger();
        assertThat(waiting.spooled()).isEqualTo(3);
        assertThat(waiting.pending()).isZero();
        assertThat(waiting.isBalanced()).isTrue();

        down.set(false);
        await("settled", () -> {
            Ledger now = pipeline.ledger();
            assertThat(now.isBalanced()).as("%s", now).isTrue();
            return now.spooled() == 0;
        });

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(3, 2, 1, Map.of(), 0, 0));
        pipeline.close(LONG).block(LONG);
    }

    @ParameterizedTest
    @ValueSource(strings = {"refused", "503", "reset"})
    void outage_losesNothing_acrossARestart(String kind) throws Exception {
        outage(kind, true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"refused", "503", "reset"})
    void outage_withoutASpool_losesNothingWhileMemoryHolds(String kind) throws Exception {
        outage(kind, false);
    }

    private void outage(String kind, boolean spooled) throws Exception {
        AtomicBoolean down = new AtomicBoolean(true);
        int refusing = LoopbackServer.unusedPort();
        List<String> acknowledged = new CopyOnWriteArrayList<>();
        server.otherwise(exchange -> {
            if (!down.get()) {
                acknowledged.addAll(names(exchange.request()));
                exchange.answer(200, "{}");
            } else if (kind.equals("503")) {
                exchange.answer(503, "");
            } else {
                exchange.reset();
            }
        });
        int count = RATE * OUTAGE_SECONDS;
        RecordPipeline<Span> first = pipeline(down, kind, refusing, spooled);
        long begin = System.nanoTime();
        for (int i = 0; i < count; i++) {
            first.accept(span(tracer, "s" + i));
            long due = begin + (i + 1) * TimeUnit.SECONDS.toNanos(1) / RATE;
            TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
        }
        if (spooled) {
            first.close(Duration.ofSeconds(5)).block(LONG);
            Ledger ledger = first.ledger();
            assertThat(ledger.spooled() + ledger.sent()).as("%s", ledger).isEqualTo(count);
            assertThat(ledger.droppedTotal()).isZero();
            assertThat(ledger.isBalanced()).isTrue();
        }
        down.set(false);
        RecordPipeline<Span> last = spooled ? pipeline(down, kind, refusing, true) : first;
        if (spooled) {
            last.accept(span(tracer, "after"));
        }
        Set<String> expected =
                new HashSet<>(IntStream.range(0, count).mapToObj(i -> "s" + i).toList());
        await("all arrived", () -> new HashSet<>(acknowledged).containsAll(expected));
        last.close(Duration.ofSeconds(5)).block(LONG);
        System.out.println("outage " + kind + (spooled ? ", spool" : ", memory") + ", " + OUTAGE_SECONDS + " s: "
                + count + " spans, 0 lost, " + (acknowledged.size() - new HashSet<>(acknowledged).size()) + " twice");
        assertThat(last.ledger().droppedTotal()).isZero();
        assertThat(last.ledger().isBalanced()).isTrue();
    }

    private RecordPipeline<Span> pipeline(AtomicBoolean down, String kind, int unusedPort, boolean spooled) {
        spool = Spool.builder(folder).build();
        OtlpExporter.Builder builder = OtlpExporter.builder()
                .environment(Environment.of(Map.of()))
                .endpoint(server.url("/v1/traces"))
                .timeout(Duration.ofSeconds(10))
                .retryPolicy(QUICK.withMaxAge(Duration.ofMinutes(5)));
        if (kind.equals("refused")) {
            // The same URL, so that the spool is meant for it; the way there is what fails.
            builder.transport(sender -> sender.httpClient(client -> client.remoteAddress(
                    () -> new InetSocketAddress("127.0.0.1", down.get() ? unusedPort : server.port()))));
        }
        if (spooled) {
            builder.spool(spool);
        }
        OtlpExporter exporter = builder.build();
        exporters.add(exporter);
        return RecordPipeline.builder(exporter)
                .maxQueueSize(8_192)
                .maxBatchSize(50)
                .scheduleDelay(Duration.ofMillis(100))
                .build();
    }
}
