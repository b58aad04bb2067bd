// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.config.Environment;
import io.spanflux.spool.Spool;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.RetryPolicy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Processes that are killed while they write to the spool or send from it. What a process had said to be in the spool
 * arrives at least once and whole; what it had only in memory is lost.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class SpoolKillTest {
    private static final String MARK = "spooled ";

    /** How many pairs of processes are killed; {@code -Dspanflux.kill.rounds=100} for the long form. */
    private static final int ROUNDS = Integer.getInteger("spanflux.kill.rounds", 2);

    @TempDir
    Path folder;

    @Test
    void whatWasInTheSpool_arrivesWhole() throws Exception {
        List<String> arrived = new ArrayList<>();
        AtomicBoolean up = new AtomicBoolean();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Set<String> promised = new HashSet<>();
        try (LoopbackServer server = LoopbackServer.start()) {
            // Every third request while processes are killed is answered: some die between an answer and its deletion.
            server.otherwise(exchange -> {
                synchronized (arrived) {
                    if (!up.get() && arrived.size() % 3 == 1) {
                        arrived.add("");
                        exchange.answer(503, "");
                        return;
                    }
                    names(exchange.request().text()).forEach(arrived::add);
                }
                exchange.answer(200, "{}");
            });
            for (int round = 0; round < ROUNDS; round++) {
                // Two at a time on the same folder, which the next two take over.
                String url = server.url("/v1/traces");
                int millis = random.nextInt(1_500);
                int otherMillis = random.nextInt(1_500);
                String tag = "r" + round;
                CompletableFuture<Set<String>> beside =
                        CompletableFuture.supplyAsync(() -> killed(tag + "b", url, otherMillis));
                promised.addAll(killed(tag + "a", url, millis));
                promised.addAll(beside.join());
            }
            up.set(true);
            Spool spool = Spool.builder(folder).build();
            OtlpExporter last = exporter(server.url("/v1/traces"), spool);
            long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
            Set<String> missing = new HashSet<>(promised);
            while (!missing.isEmpty() && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(10);
                synchronized (arrived) {
                    missing.removeAll(arrived);
                }
            }
            last.close().block(Duration.ofSeconds(10));

            Map<String, Integer> times = new HashMap<>();
            synchronized (arrived) {
                arrived.stream().filter(name -> !name.isEmpty()).forEach(name -> times.merge(name, 1, Integer::sum));
            }
            long twice = times.values().stream().filter(count -> count > 1).count();
            System.out.println("kill: rounds=" + ROUNDS + " promised=" + promised.size() + " missing=" + missing.size()
                    + " arrived=" + times.size() + " more than once=" + twice + " damaged="
                    + spool.counts().damaged() + " seed=" + seed);
            assertThat(missing).as("seed %d", seed).isEmpty();
            assertThat(spool.counts().damaged()).isZero();
            assertThat(promised).isNotEmpty();
        }
    }

    /** A span's name says its length, so that a cut one would be seen. */
    private static List<String> names(String body) {
        List<String> names = new ArrayList<>();
        for (JsonNode span : JsonMapper.shared().readTree(body).at("/resourceSpans/0/scopeSpans/0/spans")) {
            assertThat(span.path("attributes").toString()).contains(padding());
            names.add(span.get("name").asString());
        }
        return names;
    }

    private static String padding() {
        return "x".repeat(2_000);
    }

    /** Starts a process, kills it so many milliseconds after its first word, and returns what it had said by then. */
    private Set<String> killed(String tag, String url, int millis) {
        try {
            return startedAndKilled(tag, url, millis);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Set<String> startedAndKilled(String tag, String url, int millis) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        folder.toString(),
                        url,
                        tag)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
        BufferedReader out = new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
        lines.add(String.valueOf(out.readLine()));
        Thread reader = new Thread(() -> out.lines().forEach(lines::add), "kill-test-reader");
        reader.start();
        boolean ended = child.waitFor(millis, TimeUnit.MILLISECONDS);
        assertThat(ended).as("ended by itself: %s", lines).isFalse();
        // By its handle: the process object would close the pipe, and what had been said last would be missed.
        child.toHandle().destroyForcibly();
        child.waitFor();
        reader.join();
        Set<String> promised = new HashSet<>();
        for (String line : lines) {
            // The last line may be cut.
            if (line.startsWith(MARK) && line.endsWith(".")) {
                promised.addAll(
                        List.of(line.substring(MARK.length(), line.length() - 1).split(",")));
            }
        }
        return promised;
    }

    private static OtlpExporter exporter(String url, Spool spool) {
        return OtlpExporter.builder()
                .environment(Environment.of(Map.of()))
                .endpoint(url)
                .retryPolicy(new RetryPolicy(Duration.ofMillis(50), Duration.ofMillis(200), Duration.ofSeconds(5)))
                .spool(spool)
                .build();
    }

    /** Exports as fast as it can and says which spans the spool has; killed by its parent. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            Tracer tracer = Tracer.builder().build();
            OtlpExporter exporter =
                    exporter(arguments[1], Spool.builder(Path.of(arguments[0])).build());
            int number = 0;
            while (true) {
                List<Span> batch = new ArrayList<>();
                StringBuilder line = new StringBuilder(MARK);
                for (int i = 0; i < 1 + number % 20; i++) {
                    String name = arguments[2] + '-' + number++;
                    Span span =
                            tracer.span(name).attribute("padding", padding()).start();
                    span.end();
                    batch.add(span);
                    line.append(i == 0 ? "" : ",").append(name);
                }
                ExportResult result = exporter.export(batch).block();
                if (result != null && result.spooled() == batch.size()) {
                    System.out.println(line.append('.'));
                }
            }
        }
    }
}
