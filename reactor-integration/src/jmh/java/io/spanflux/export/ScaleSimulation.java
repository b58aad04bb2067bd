// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import com.sun.management.OperatingSystemMXBean;
import io.spanflux.Spanflux;
import io.spanflux.bench.Collector;
import io.spanflux.bench.Settings;
import io.spanflux.pipeline.Ledger;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/**
 * What a span costs as one thing grows and all others stay: the rate, attributes, content, open streams, exporters. Processor
 * time of the whole process, to collectors in processes of their own; the least of {@value #ROUNDS} rounds, in steps of the system's clock (10 ms). Prints a table for
 * each; one that is not a line says where it bends.
 */
public final class ScaleSimulation {
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 3;
    private static final int BATCH = 512;
    private static final int CHUNKS = 50;

    private static final String[] KEYS = keys();
    private static final int[] RATES = {10, 100, 1_000, 10_000, 100_000};
    private static final int[] ATTRIBUTES = {0, 8, 16, 32, 64, 128};
    private static final int[] KIBIBYTES = {1, 4, 16, 64, 256, 1_024};
    private static final int[] STREAMS = {1, 10, 100, 1_000, 10_000};

    private ScaleSimulation() {}

    /** An argument is how many seconds a round takes, 4 unless said otherwise. */
    public static void main(String[] arguments) throws IOException {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 4;
        try (Collector.Remote collector = new Collector.Remote()) {
            warmUp(collector.endpoint());
            rates(collector.endpoint(), seconds);
            attributes(collector.endpoint(), seconds);
            content(collector.endpoint(), seconds);
            streams(collector.endpoint());
        }
        exporters(seconds);
    }

    private static Spanflux spanflux(String... endpoints) {
        Spanflux.Builder builder = Spanflux.builder().serviceName("scale");
        for (String endpoint : endpoints) {
            builder.exporter(OtlpExporter.builder().endpoint(endpoint).build());
        }
        return builder.build();
    }

    private static String[] keys() {
        String[] keys = new String[128];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = "gen_ai.request.option_" + i;
        }
        return keys;
    }

    private static Span described(Tracer tracer, int attributes) {
        Span span = tracer.span("chat gpt-4o-mini").start();
        for (int i = 0; i < attributes; i++) {
            if (i % 2 == 0) {
                span.attribute(KEYS[i], "gpt-4o-mini-2024-07-18");
            } else {
                span.attribute(KEYS[i], 1_873);
            }
        }
        return span;
    }

    private static void warmUp(String endpoint) {
        Spanflux spanflux = spanflux(endpoint);
        Settings.print("spanflux", spanflux);
        flatOut(spanflux, 15, BATCH, () -> described(spanflux.tracer(), 25).end());
        end(spanflux);
    }

    /** So many spans at once, each time delivered before the next; nanoseconds of processor a span. */
    private static double flatOut(Spanflux spanflux, int seconds, int atOnce, Runnable span) {
        double least = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            long cpu = SYSTEM.getProcessCpuTime();
            long spans = 0;
            while (System.nanoTime() < end) {
                for (int i = 0; i < atOnce; i++) {
                    span.run();
                }
                spans += atOnce;
                spanflux.awaitFlush(Duration.ofSeconds(30));
            }
            least = Math.min(least, (double) (SYSTEM.getProcessCpuTime() - cpu) / spans);
        }
        return least;
    }

    private static Ledger end(Spanflux spanflux) {
        return spanflux.awaitClose(Duration.ofSeconds(30)).ledger();
    }

    private static void rates(String endpoint, int seconds) {
        System.out.printf("%n%12s %14s %14s %10s%n", "spans/s", "us CPU a span", "CPU of a core", "lost");
        for (int rate : RATES) {
            Spanflux spanflux = spanflux(endpoint);
            double least = Double.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                least = Math.min(least, paced(spanflux, rate, 2 * seconds));
            }
            Ledger ledger = end(spanflux);
            System.out.printf(
                    "%12d %14.2f %13.2f%% %10d%n",
                    rate, least / 1e3, least * rate / 1e7, ledger.accepted() - ledger.sent());
        }
    }

    private static double paced(Spanflux spanflux, int rate, int seconds) {
        long begin = System.nanoTime();
        long cpu = SYSTEM.getProcessCpuTime();
        long spans = 0;
        while (spans < (long) rate * seconds) {
            long due = (long) ((System.nanoTime() - begin) / 1e9 * rate);
            for (; spans < due; spans++) {
                described(spanflux.tracer(), 25).end();
            }
            LockSupport.parkNanos(Math.max(1_000_000, 1_000_000_000L / rate));
        }
        spanflux.awaitFlush(Duration.ofSeconds(30));
        return (double) (SYSTEM.getProcessCpuTime() - cpu) / spans;
    }

    private static void attributes(String endpoint, int seconds) {
        System.out.printf("%n%12s %14s %18s%n", "attributes", "us CPU a span", "ns an attribute");
        double none = 0;
        for (int count : ATTRIBUTES) {
            Spanflux spanflux = spanflux(endpoint);
            double cost = flatOut(
                    spanflux,
                    seconds,
                    BATCH,
                    () -> described(spanflux.tracer(), count).end());
            end(spanflux);
            none = count == 0 ? cost : none;
            System.out.printf(
                    "%12d %14.2f %18s%n",
                    count, cost / 1e3, count == 0 ? "" : String.format("%.0f", (cost - none) / count));
        }
    }

    private static void content(String endpoint, int seconds) {
        System.out.printf("%n%12s %14s %14s %10s%n", "KiB a span", "us CPU a span", "ns a KiB", "lost");
        for (int kibibytes : KIBIBYTES) {
            Spanflux spanflux = spanflux(endpoint);
            String text = "is it there yet? ".repeat(kibibytes * 1024 / 17);
            // A quarter of what the queue may hold; Java has two bytes for some characters.
            int atOnce = Math.min(BATCH, 8_192 / kibibytes);
            double cost = flatOut(
                    spanflux,
                    seconds,
                    atOnce,
                    () -> described(spanflux.tracer(), 25)
                            .attribute("text", text)
                            .end());
            Ledger ledger = end(spanflux);
            System.out.printf(
                    "%12d %14.2f %14.0f %10d%n",
                    kibibytes, cost / 1e3, cost / kibibytes, ledger.accepted() - ledger.sent());
        }
    }

    private static void streams(String endpoint) {
        System.out.printf("%n%12s %16s %16s %18s%n", "streams", "ns CPU a chunk", "of them ours", "bytes an open one");
        for (int count : STREAMS) {
            Spanflux spanflux = spanflux(endpoint);
            ReactiveTracer trace = ReactiveTracer.of(spanflux);
            int times = 4 + 40_000 / count;
            long bare = 0;
            long traced = 0;
            for (int i = 0; i < 2 * times; i++) {
                bare = (i == times ? 0 : bare) + chunks(open(count, flux -> flux));
                traced = (i == times ? 0 : traced)
                        + chunks(open(count, flux -> flux.transform(trace.chat("openai", "gpt-4o-mini"))));
                if (i % (1 + 1_000 / count) == 0) {
                    spanflux.awaitFlush(Duration.ofSeconds(30));
                }
            }
            double chunks = (double) times * count * CHUNKS;
            long before = used();
            List<Sinks.Many<Integer>> without = open(count, flux -> flux);
            long between = used();
            List<Sinks.Many<Integer>> with = open(count, flux -> flux.transform(trace.chat("openai", "gpt-4o-mini")));
            long bytes = used() - between - (between - before);
            System.out.printf(
                    "%12d %16.0f %16.0f %18s%n",
                    count,
                    traced / chunks,
                    (traced - bare) / chunks,
                    // A collection leaves some kilobytes more or less.
                    count < 100 ? "" : Long.toString(bytes / count));
            chunks(without);
            chunks(with);
            end(spanflux);
        }
    }

    /** So many streams that are open at once. */
    private static List<Sinks.Many<Integer>> open(int count, UnaryOperator<Flux<Integer>> operator) {
        List<Sinks.Many<Integer>> sinks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Sinks.Many<Integer> sink = Sinks.many().unicast().onBackpressureError();
            operator.apply(sink.asFlux()).subscribe();
            sinks.add(sink);
        }
        return sinks;
    }

    /** They get their chunks in turns, and end; nanoseconds of this thread until then. */
    private static long chunks(List<Sinks.Many<Integer>> sinks) {
        long begin = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < CHUNKS; i++) {
            for (Sinks.Many<Integer> sink : sinks) {
                sink.tryEmitNext(i);
            }
        }
        long nanos = THREADS.getCurrentThreadCpuTime() - begin;
        sinks.forEach(Sinks.Many::tryEmitComplete);
        return nanos;
    }

    private static long used() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static void exporters(int seconds) throws IOException {
        System.out.printf("%n%12s %14s %18s%n", "exporters", "us CPU a span", "us an exporter");
        List<Collector.Remote> collectors = new ArrayList<>();
        try {
            for (int count = 1; count <= 4; count++) {
                collectors.add(new Collector.Remote());
                Spanflux spanflux = spanflux(
                        collectors.stream().map(Collector.Remote::endpoint).toArray(String[]::new));
                double cost = flatOut(
                        spanflux,
                        seconds,
                        BATCH,
                        () -> described(spanflux.tracer(), 25).end());
                end(spanflux);
                System.out.printf("%12d %14.2f %18.2f%n", count, cost / 1e3, cost / 1e3 / count);
            }
        } finally {
            for (Collector.Remote collector : collectors) {
                collector.close();
            }
        }
    }
}
