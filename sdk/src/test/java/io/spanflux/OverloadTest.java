// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.OtlpExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.BlockHoundGuard;
import io.spanflux.test.ReceiverProcess;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.scheduler.NonBlocking;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Eight threads that end spans as fast as they can, against a collector that is far too slow. Who sends, who counts, and who
 * compares are three processes.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class OverloadTest {
    private static final int THREADS = 8;

    /** How many spans; {@code -Dspanflux.overload.spans=1000000} for the long form. */
    private static final int SPANS = Integer.getInteger("spanflux.overload.spans", 100_000);

    private static final int QUEUE = 2_048;

    @Test
    void overload_costsTheOldestSpansOnly_andIsAccountedFor() throws Exception {
        try (ReceiverProcess receiver = ReceiverProcess.start(50)) {
            Map<String, Long> told = produce(receiver.url("/v1/traces"));
            ReceiverProcess.Counts seen = receiver.counts();
            System.out.println("overload: " + told + " " + seen);

            // To the last span, and as the receiver saw it.
            assertThat(told.get("accepted")).isEqualTo(SPANS);
            assertThat(told.get("pending")).isZero();
            assertThat(told.get("sent")).isEqualTo(seen.distinct());
            assertThat(told.get("queueFull")).isEqualTo(SPANS - seen.distinct());
            assertThat(seen.twice()).isZero();
            assertThat(seen.refused()).isZero();

            // The newest survive. A thread that loses its processor between two instructions for a whole lap of the
            // queue may cost one of them.
            assertThat(seen.names().get("last")).isBetween(QUEUE - (long) THREADS, (long) QUEUE);
            assertThat(told.get("queueFull")).isGreaterThan(SPANS / 10);

            // The caller never waits: not for a lock, not for a monitor, not for another thread. That is asked of the
            // JVM, which records each wait of these threads, however short, with its place.
            assertThat(told.get("blockingCalls")).isZero();
            assertThat(told.get("waits")).isZero();
            assertThat(told.get("allocatedPerSpan")).isLessThan(4_096);

            // Several times as much went through as the process has memory; its limits, 64 MiB of heap and 32 direct,
            // held.
            assertThat(told.get("peakDirectBytes")).isLessThan(16L << 20);
            assertThat(told.get("heapAfter") - told.get("heapBefore")).isLessThan(4L << 20);
        }
    }

    private static Map<String, Long> produce(String url) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:MaxDirectMemorySize=32m",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-XX:+UseSerialGC",
                        "-XX:+EnableDynamicAgentLoading",
                        "-XX:+AllowRedefinitionToAddDeleteMethods",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Producer.class.getName(),
                        url,
                        String.valueOf(SPANS))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(child.waitFor()).as(out).isZero();
            Map<String, Long> numbers = new HashMap<>();
            for (String line : out.lines().toList()) {
                String[] words = line.split("=");
                numbers.put(words[0], Long.parseLong(words[1]));
            }
            return numbers;
        } finally {
            child.destroyForcibly();
        }
    }

    /** Ends its spans, waits until what has survived is delivered, and says what it knows. */
    static final class Producer {
        private static final List<String> WAITS =
                List.of("jdk.JavaMonitorEnter", "jdk.JavaMonitorWait", "jdk.ThreadPark", "jdk.ThreadSleep");
        private static final String TEXT = "x".repeat(2_000);
        private static final ThreadMXBean THREADS_BEAN = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        private final Spanflux spanflux;
        private final LongAdder allocated = new LongAdder();

        private Producer(Spanflux spanflux) {
            this.spanflux = spanflux;
        }

        public static void main(String[] arguments) throws IOException, InterruptedException {
            // Whoever asks for violations has the agent installed.
            BlockHoundGuard.takeViolations();
            Spanflux spanflux = Spanflux.builder()
                    .environment(Environment.of(Map.of()))
                    .exporter(OtlpExporter.builder()
                            .environment(Environment.of(Map.of()))
                            .endpoint(arguments[0])
                            .timeout(Duration.ofSeconds(60))
                            .build())
                    .pipeline(pipeline -> pipeline.maxQueueSize(QUEUE))
                    .closeOnExit(false)
                    .build();
            new Producer(spanflux).run(Integer.parseInt(arguments[1]));
        }

        private void run(int spans) throws IOException, InterruptedException {
            // What is opened, loaded and compiled once.
            int first = 20_000;
            end("first", first);
            spanflux.awaitFlush(Duration.ofSeconds(60));
            long heapBefore = heap();
            AtomicBoolean over = new AtomicBoolean();
            long[] peak = {0};
            Thread sampler = new Thread(() -> {
                while (!over.get()) {
                    peak[0] = Math.max(peak[0], direct());
                    LockSupport.parkNanos(500_000);
                }
            });
            sampler.start();
            Recording recording = new Recording();
            for (String wait : WAITS) {
                recording.enable(wait).withThreshold(Duration.ZERO).withStackTrace();
            }
            recording.start();
            inParallel("span", (spans - first - QUEUE) / THREADS);
            inParallel("last", QUEUE / THREADS);
            recording.stop();
            long waits = waits(recording);
            Ledger ledger = spanflux.awaitFlush(Duration.ofSeconds(120)).ledger();
            over.set(true);
            sampler.join();
            say("accepted", ledger.accepted());
            say("sent", ledger.sent());
            say("queueFull", ledger.dropped(DropCause.QUEUE_FULL));
            say("pending", ledger.pending());
            say("blockingCalls", BlockHoundGuard.takeViolations().size());
            say("waits", waits);
            say("allocatedPerSpan", allocated.sum() / spans);
            say("peakDirectBytes", peak[0]);
            say("heapBefore", heapBefore);
            say("heapAfter", heap());
            spanflux.awaitClose(Duration.ofSeconds(10));
        }

        private void inParallel(String name, int each) throws InterruptedException {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                threads.add(new Watched(() -> measured(name, each)));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
        }

        private void measured(String name, int count) {
            long id = Thread.currentThread().getId();
            long bytesBefore = THREADS_BEAN.getThreadAllocatedBytes(id);
            end(name, count);
            allocated.add(THREADS_BEAN.getThreadAllocatedBytes(id) - bytesBefore);
        }

        private void end(String name, int count) {
            for (int i = 0; i < count; i++) {
                spanflux.tracer().span(name).attribute("text", TEXT + i).start().end();
            }
        }

        /**
         * How often those who end spans had to wait while they ended them, but for the JVM to load a class. What a thread
         * waits for on its way out, its group or who joins it, is not of our making.
         */
        private static long waits(Recording recording) throws IOException {
            Path file = Files.createTempFile("overload", ".jfr");
            try {
                recording.dump(file);
                List<RecordedEvent> waits = RecordingFile.readAllEvents(file).stream()
                        .filter(event -> event.getThread() != null
                                && Watched.NAME.equals(event.getThread().getJavaName()))
                        .filter(event -> passes(event, "end") && !passes(event, "loadClass"))
                        .toList();
                waits.forEach(System.err::println);
                return waits.size();
            } finally {
                recording.close();
                Files.delete(file);
            }
        }

        private static boolean passes(RecordedEvent event, String method) {
            return event.getStackTrace() != null
                    && event.getStackTrace().getFrames().stream()
                            .anyMatch(frame -> frame.getMethod().getName().equals(method));
        }

        private static long direct() {
            return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                    .metric()
                    .usedDirectMemory();
        }

        private static long heap() {
            System.gc();
            return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        }

        private static void say(String name, long number) {
            System.out.println(name + '=' + number);
        }
    }

    /** One that BlockHound watches. */
    private static final class Watched extends Thread implements NonBlocking {
        static final String NAME = "caller";

        Watched(Runnable body) {
            super(body, NAME);
        }
    }
}
