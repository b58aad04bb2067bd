// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.util.ResourceLeakDetector;
import io.spanflux.config.Environment;
import io.spanflux.export.OtlpExporter;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Usage;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.ReceiverProcess;
import io.spanflux.trace.Span;
import io.spanflux.transport.Compression;
import io.spanflux.transport.RetryPolicy;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Minutes of mixed load against collectors that fail in every way, each in a JVM of its own. Prints the ledgers beside what
 * the collectors counted, and what is in use before and after; the exit code says whether it held. CONTRIBUTING.md has the
 * command.
 */
final class Soak {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int THREADS = 4;
    private static final int SPANS_PER_SECOND_AND_THREAD = 250;
    private static final long SLACK_BYTES = 4L << 20;

    private final ReceiverProcess plain = ReceiverProcess.start(2);
    private final ReceiverProcess spooled = ReceiverProcess.start(2);
    private final LongAdder produced = new LongAdder();
    private final Path folder;
    private boolean held = true;

    private Soak() throws IOException {
        this.folder = Files.createTempDirectory("spanflux-soak");
    }

    public static void main(String[] arguments) throws Exception {
        Duration time = Duration.ofSeconds((long) (60 * Double.parseDouble(arguments[0])));
        Soak soak = new Soak();
        try {
            soak.run(time);
        } finally {
            soak.plain.close();
            soak.spooled.close();
            try (Stream<Path> files = Files.walk(soak.folder)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
        System.out.println(soak.held ? "It held." : "It did not hold.");
        System.exit(soak.held ? 0 : 1);
    }

    private void run(Duration time) throws IOException, InterruptedException {
        LeakCounter.proveThatItWorks();
        // Whatever is loaded once and stays is there when the first count is taken.
        Spanflux first = build();
        load(first, Duration.ofSeconds(15));
        settle(first);
        Use before = Use.now();
        produced.reset();
        long plainBefore = plain.counts().distinct();
        long spooledBefore = spooled.counts().distinct();

        Spanflux spanflux = build();
        load(spanflux, time);
        List<Ledger> ledgers = settle(spanflux);
        compare("plain", ledgers.get(0), plain.counts(), plainBefore);
        compare("spooled", ledgers.get(1), spooled.counts(), spooledBefore);
        Use after = Use.now();
        System.out.println("before: " + before);
        System.out.println("after:  " + after);
        check("heap", after.heap <= before.heap + SLACK_BYTES);
        check("direct memory", after.direct <= before.direct + SLACK_BYTES);
        Set<String> more = new TreeSet<>(after.threads);
        more.removeAll(before.threads);
        check("threads " + more, more.isEmpty());
        check("threads of ours", after.ourThreads == 0);
        check("sockets, event loops and files of the spool", after.descriptors <= before.descriptors);
        System.out.println("leaks:  " + LeakCounter.LEAKS.get());
        check("leaked buffers", LeakCounter.LEAKS.get() == 0);
    }

    private Spanflux build() {
        RetryPolicy patient = new RetryPolicy(Duration.ofMillis(100), Duration.ofSeconds(2), Duration.ofMinutes(5));
        return Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", plain.url(""))))
                .exporter(OtlpExporter.builder()
                        .environment(Environment.of(Map.of()))
                        .endpoint(plain.url("/v1/traces"))
                        .compression(Compression.GZIP)
                        .retryPolicy(patient)
                        .build())
                .exporter(OtlpExporter.builder()
                        .environment(Environment.of(Map.of()))
                        .endpoint(spooled.url("/v1/traces"))
                        .retryPolicy(patient)
                        .spool(folder)
                        .build())
                .pipeline(pipeline -> pipeline.scheduleDelay(Duration.ofMillis(500)))
                .metrics(metrics -> {})
                .events(events -> {})
                .captureContent(true)
                .closeOnExit(false)
                .build();
    }

    /** Traces on some threads while the collectors go through their troubles; flushes and shuts down in between. */
    private void load(Spanflux spanflux, Duration time) throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Random random = new Random(i);
            Thread thread = new Thread(
                    () -> {
                        while (!over.get()) {
                            trace(spanflux, random);
                            pause(Duration.ofSeconds(2).dividedBy(SPANS_PER_SECOND_AND_THREAD));
                        }
                    },
                    "soak-" + i);
            threads.add(thread);
            thread.start();
        }
        long end = System.nanoTime() + time.toNanos();
        for (int phase = 0; System.nanoTime() < end; phase++) {
            switch (phase % 5) {
                case 0 -> both(ReceiverProcess::fail);
                case 1 -> both(ReceiverProcess::heal);
                case 2 -> both(ReceiverProcess::down);
                case 3 -> both(ReceiverProcess::up);
                default -> spanflux.awaitShutdown(Duration.ofSeconds(2));
            }
            pause(Duration.ofSeconds(phase % 5 == 2 ? 1 : 3));
            spanflux.awaitFlush(Duration.ofSeconds(1));
        }
        over.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        both(ReceiverProcess::heal);
        both(ReceiverProcess::up);
    }

    private void both(Consumer<ReceiverProcess> action) {
        action.accept(plain);
        action.accept(spooled);
    }

    /** An agent's span with a model call in it; one in a hundred is large, one in ten fails. */
    private void trace(Spanflux spanflux, Random random) {
        Span agent = spanflux.tracer()
                .span("agent")
                .attribute("turn", random.nextInt())
                .start();
        int size = random.nextInt(100) == 0 ? 100_000 : random.nextInt(4_000);
        Span call = spanflux.tracer()
                .span(Generation.chat("openai", "gpt-4o-mini")
                        .append("y".repeat(size))
                        .usage(Usage.of(10, 20)))
                .parent(agent)
                .start();
        if (random.nextInt(10) == 0) {
            call.error(new IllegalStateException("as the soak wants it"));
        }
        call.end();
        agent.end();
        produced.add(2);
    }

    private static void pause(Duration time) {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until the fate of every span is known, and closes. */
    private List<Ledger> settle(Spanflux spanflux) {
        long deadline = System.nanoTime() + LONG.toNanos();
        do {
            spanflux.awaitFlush(LONG);
            pause(Duration.ofMillis(100));
        } while (spanflux.ledger().pending() + spanflux.ledger().spooled() > 0 && System.nanoTime() < deadline);
        spanflux.awaitClose(LONG);
        return spanflux.ledgers();
    }

    private void compare(String name, Ledger ledger, ReceiverProcess.Counts seen, long before) {
        long distinct = seen.distinct() - before;
        System.out.println(name + ": " + ledger);
        System.out.println(name + ", the collector: confirmed " + distinct + ", came again " + seen.twice()
                + ", requests that failed " + seen.refused());
        check(name + ": balanced", ledger.isBalanced());
        check(name + ": all that was produced", ledger.accepted() == produced.sum());
        check(name + ": the fate of each is known", ledger.pending() == 0 && ledger.spooled() == 0);
        check(name + ": what is called sent has arrived", ledger.sent() <= distinct);
        // An answer that was cut off is no answer; what it was about may be lost later and be there all the same.
        check(name + ": what has arrived was sent or lost", distinct <= ledger.sent() + ledger.droppedTotal());
        check(name + ": not idle", ledger.sent() > 0 && seen.refused() > 0);
    }

    private void check(String what, boolean holds) {
        if (!holds) {
            held = false;
            System.out.println("FAILED: " + what);
        }
    }

    /** What is in use: bytes after a collection, threads but those that Reactor lends for a minute, open descriptors. */
    private record Use(long heap, long direct, Set<String> threads, long ourThreads, long descriptors) {
        static Use now() throws IOException {
            long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
            // A thread that has done its work needs a moment to be gone, the one that Netty has for all a second.
            while (threads("spanflux", "globalEventExecutor").count() > 0 && System.nanoTime() < deadline) {
                pause(Duration.ofMillis(50));
            }
            for (int i = 0; i < 3; i++) {
                System.gc();
                pause(Duration.ofMillis(200));
            }
            // Leaks are found by whoever allocates next.
            for (int i = 0; i < 100; i++) {
                ByteBufAllocator.DEFAULT.directBuffer(64).release();
            }
            long direct = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                    .metric()
                    .usedDirectMemory();
            return new Use(
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                    direct,
                    threads("")
                            .filter(name -> !name.startsWith("boundedElastic"))
                            .collect(Collectors.toCollection(TreeSet::new)),
                    threads("spanflux").count(),
                    openDescriptors());
        }

        private static Stream<String> threads(String... prefixes) {
            return Thread.getAllStackTraces().keySet().stream()
                    .map(Thread::getName)
                    .filter(name -> Stream.of(prefixes).anyMatch(name::startsWith));
        }

        /** Linux knows; elsewhere there are none to compare. */
        private static long openDescriptors() throws IOException {
            Path list = Path.of("/proc/self/fd");
            long count = 0;
            if (Files.isDirectory(list)) {
                try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(list)) {
                    for (Path each : descriptors) {
                        count += isOfInterest(each) ? 1 : 0;
                    }
                }
            }
            return count;
        }

        private static boolean isOfInterest(Path descriptor) throws IOException {
            try {
                String target = Files.readSymbolicLink(descriptor).toString();
                return target.startsWith("socket:")
                        || target.startsWith("anon_inode:")
                        || target.contains("spanflux-soak");
            } catch (NoSuchFileException e) {
                return false;
            }
        }
    }

    /** Netty's own detector, which would only log. Named on the command line. */
    public static final class LeakCounter<T> extends ResourceLeakDetector<T> {
        private static final AtomicInteger LEAKS = new AtomicInteger();
        private static volatile boolean proven;

        public LeakCounter(Class<T> type, int samplingInterval) {
            super(type, samplingInterval);
        }

        /** The one that Netty looks for first. */
        public LeakCounter(Class<T> type, int samplingInterval, long maxActive) {
            this(type, samplingInterval);
        }

        /** A detector that finds nothing must be one that could. */
        private static void proveThatItWorks() {
            ByteBufAllocator.DEFAULT.directBuffer(64);
            for (int i = 0; i < 20; i++) {
                System.gc();
                pause(Duration.ofMillis(50));
                ByteBufAllocator.DEFAULT.directBuffer(64).release();
            }
            if (LEAKS.get() == 0) {
                throw new IllegalStateException(
                        "Netty's leak detector does not work: is it named on the command line?");
            }
            proven = true;
            LEAKS.set(0);
        }

        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String type, String records) {
            leaked(type + records);
        }

        @Override
        protected void reportUntracedLeak(String type) {
            leaked(type);
        }

        private static void leaked(String what) {
            LEAKS.incrementAndGet();
            if (proven) {
                System.out.println("LEAK: " + what);
            }
        }
    }
}
