// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.bench.Collector;
import io.spanflux.bench.Exporting;
import io.spanflux.bench.GenAiSpans;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A new JVM, the library's start, and its first span on a server on loopback. As a benchmark it measures from the start of
 * the process to the span's arrival; {@link #main} lets the peers take turns, which a noisy machine asks for, and says
 * more: from the library's start to the answer, at once and with a span that comes 500 ms after the start.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 7)
@Fork(1)
@State(Scope.Benchmark)
public class ColdStartBenchmark {
    @Param({"spanflux", "otelJson", "otelProtobuf"})
    String peer;

    @Benchmark
    public Run first() throws IOException, InterruptedException {
        Run run = run(peer, 0);
        System.out.println(run.settings());
        return run;
    }

    /** What one new JVM took, in milliseconds, and what was in it. */
    public record Run(double toArrival, double sdkToAnswer, double spanToAnswer, String settings) {}

    private static Run run(String peer, int pauseMillis) throws IOException, InterruptedException {
        List<Long> arrivals = Collections.synchronizedList(new ArrayList<>());
        try (Collector collector = new Collector(arrivals::add)) {
            long begin = System.nanoTime();
            Process child = new ProcessBuilder(Collector.java(
                            List.of(Child.class.getName(), collector.endpoint(), peer, Integer.toString(pauseMillis))))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = child.waitFor();
            if (code != 0 || arrivals.size() != 1) {
                throw new IllegalStateException(peer + " ended with " + code + " and sent " + arrivals.size());
            }
            String[] lines = said.trim().split("\\R");
            String[] millis = lines[1].split(" ");
            return new Run(
                    (arrivals.get(0) - begin) / 1e6,
                    Double.parseDouble(millis[0]),
                    Double.parseDouble(millis[1]),
                    lines[0]);
        }
    }

    /** The new JVM. */
    static final class Child {
        public static void main(String[] arguments) throws InterruptedException {
            long start = System.nanoTime();
            Exporting exporting = Exporting.to(arguments[0], arguments[1], "none", new GenAiSpans(0));
            Thread.sleep(Long.parseLong(arguments[2]));
            long span = System.nanoTime();
            exporting.span();
            exporting.flush();
            long answer = System.nanoTime();
            exporting.printSettings();
            System.out.println((answer - start) / 1e6 + " " + (answer - span) / 1e6);
            exporting.close();
        }
    }

    /** Rounds, 9 unless said otherwise. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9;
        List<String> peers = List.of("spanflux", "otelJson", "otelProtobuf");
        Map<String, List<Double>> results = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (String peer : peers) {
                Run raw = run(peer, 0);
                if (round == 0) {
                    System.out.println(raw.settings());
                }
                add(results, "JVM start to arrival      " + peer, raw.toArrival());
                add(results, "SDK start to answer       " + peer, raw.sdkToAnswer());
                Run later = run(peer, 500);
                add(results, "span 500 ms later, answer " + peer, later.spanToAnswer());
            }
        }
        results.forEach((what, millis) -> {
            Collections.sort(millis);
            System.out.printf(
                    "%-42s median %6.0f ms, %6.0f to %.0f%n",
                    what, millis.get(millis.size() / 2), millis.get(0), millis.get(millis.size() - 1));
        });
    }

    private static void add(Map<String, List<Double>> results, String what, double millis) {
        results.computeIfAbsent(what, key -> new ArrayList<>()).add(millis);
    }
}
