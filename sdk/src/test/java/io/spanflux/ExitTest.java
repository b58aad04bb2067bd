// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.OtlpExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.trace.Span;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

/** Processes that end in every way, against collectors in every state: what they report is what the collector saw. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ExitTest {
    private static final int SPANS = 200;

    /** A collector that answers gets what a cold JVM on a busy machine may need; the others are given up after this. */
    private static final Duration SHORT = Duration.ofSeconds(2);

    private static final Duration LONG = Duration.ofSeconds(20);

    /** A busy machine starts and ends a JVM slowly; the bounds that are promised are those above. */
    private static final Duration SLACK = Duration.ofSeconds(15);

    @ParameterizedTest
    @CsvSource({
        "exit, healthy",
        "exit, slow",
        "exit, hung",
        "exit, refusing",
        "exit, resetting",
        "exit, unavailable",
        "sigterm, healthy",
        "sigterm, hung",
        "sigint, healthy",
        "return, healthy"
    })
    void reportAtTheEnd_isWhatTheCollectorSaw(String way, String collector) throws Exception {
        assumeFalse(
                way.equals("sigint") && ignoresInterrupts(), "started in the background: a child ignores SIGINT too");
        try (LoopbackServer server = LoopbackServer.start()) {
            server.otherwise(
                    switch (collector) {
                        case "slow" -> Behaviour.okAfter(300);
                        case "hung" -> Behaviour.hang();
                        case "resetting" -> Behaviour.reset();
                        case "unavailable" -> Behaviour.status(503, "");
                        default -> Behaviour.ok();
                    });
            String url = collector.equals("refusing")
                    ? "http://127.0.0.1:" + LoopbackServer.unusedPort() + "/v1/traces"
                    : server.url("/v1/traces");

            boolean answers = collector.equals("healthy") || collector.equals("slow");
            Duration timeout = answers ? LONG : SHORT;

            Ended ended = run(url, way, timeout);

            assertThat(ended.took).isLessThan(timeout.plus(SLACK));
            Ledger ledger = ended.ledger;
            assertThat(ledger.isBalanced()).as("%s", ledger).isTrue();
            // The one that is open when the process ends itself inside of it leaves too.
            int spans = way.equals("exit") ? SPANS + 1 : SPANS;
            assertThat(ledger.accepted()).isEqualTo(spans);
            Set<String> seen = new HashSet<>();
            server.requests().forEach(request -> seen.addAll(names(request.text())));
            if (answers) {
                assertThat(ledger.sent()).isEqualTo(spans);
                assertThat(seen).hasSize(spans);
            } else {
                assertThat(ledger.sent()).isZero();
                // What a collector saw and did not confirm may have arrived, and is not called lost.
                assertThat((long) seen.size()).isLessThanOrEqualTo(ledger.pending());
            }
        }
    }

    /** What is ignored where a process starts stays ignored in its children, and a shell does that in the background. */
    private static boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .mapToLong(line -> Long.parseUnsignedLong(
                        line.substring("SigIgn:".length()).trim(), 16))
                .anyMatch(mask -> (mask & 2) != 0);
    }

    private static Set<String> names(String body) {
        Set<String> names = new HashSet<>();
        if (!body.isEmpty()) {
            for (JsonNode span : JsonMapper.shared().readTree(body).at("/resourceSpans/0/scopeSpans/0/spans")) {
                names.add(span.get("name").asString());
            }
        }
        return names;
    }

    private record Ended(Ledger ledger, Duration took) {}

    private static Ended run(String url, String way, Duration timeout) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        url,
                        way,
                        timeout.toString())
                .start();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(out.readLine()).isEqualTo("ready");
            long begin = System.nanoTime();
            switch (way) {
                case "sigterm" -> child.toHandle().destroy();
                case "sigint" ->
                    new ProcessBuilder("kill", "-INT", String.valueOf(child.pid()))
                            .start()
                            .waitFor();
                default -> {
                    // It ends by itself.
                }
            }
            String line = out.readLine();
            String errors = new String(child.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            assertThat(line).as(errors).startsWith("ledger ");
            long[] numbers = List.of(line.substring("ledger ".length()).split(" ")).stream()
                    .mapToLong(Long::parseLong)
                    .toArray();
            Map<DropCause, Long> dropped = Map.of(DropCause.AFTER_CLOSE, numbers[3]);
            return new Ended(new Ledger(numbers[0], numbers[1], numbers[2], dropped, 0, numbers[4]), took);
        } finally {
            child.destroyForcibly();
        }
    }

    /** Ends its spans and then itself, as it is told. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws InterruptedException {
            Duration timeout = Duration.parse(arguments[2]);
            Spanflux spanflux = Spanflux.builder()
                    .environment(Environment.of(Map.of()))
                    .exporter(OtlpExporter.builder()
                            .environment(Environment.of(Map.of()))
                            .endpoint(arguments[0])
                            .build())
                    .exitTimeout(timeout)
                    .build();
            for (int i = 0; i < SPANS; i++) {
                spanflux.tracer().span("s" + i).start().end();
            }
            // Waits for the end that the library's own hook brings about, and tells what it knows then.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                Ledger ledger = spanflux.awaitClose(timeout.multipliedBy(2)).ledger();
                System.out.println("ledger " + ledger.accepted() + ' ' + ledger.sent() + ' ' + ledger.rejected() + ' '
                        + ledger.droppedTotal() + ' ' + ledger.pending());
            }));
            System.out.println("ready");
            switch (arguments[1]) {
                case "exit" -> {
                    Span span = spanflux.tracer().span("never ended").start();
                    System.exit(span.isRecording() ? 0 : 1);
                }
                case "return" -> {
                    // Nothing of the library keeps the process alive.
                }
                default -> Thread.sleep(60_000);
            }
        }
    }
}
