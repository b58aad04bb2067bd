// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.transport.RetryPolicy;
import io.spanflux.transport.SendingWatch;
import io.spanflux.wire.tracentic.TracenticExporter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

/** What debug(true) shows on stderr. */
@Timeout(60)
class SpanfluxDebugTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
    private final LoopbackServer server = LoopbackServer.start(Behaviour.status(503, "{}"));
    private Spanflux spanflux;

    @AfterEach
    void close() {
        if (spanflux != null) {
            spanflux.awaitClose(PATIENCE);
        }
        server.close();
    }

    /** Stderr is the test's while the Spanflux is built, which is when it is chosen. */
    private Spanflux built(Spanflux.Builder builder) {
        PrintStream usual = System.err;
        System.setErr(out);
        try {
            spanflux = builder.environment(Environment.of(Map.of())).build();
        } finally {
            System.setErr(usual);
        }
        return spanflux;
    }

    private TracenticExporter tracentic() {
        return TracenticExporter.builder()
                .apiKey("tr-secret-key")
                .endpoint(server.url(""))
                .retryPolicy(new RetryPolicy(Duration.ofMillis(20), Duration.ofMillis(50), Duration.ofSeconds(5)))
                .build();
    }

    private List<String> lines() {
        return printed.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> line.replace(server.url(""), "http://server"))
                .collect(Collectors.toList());
    }

    @Test
    void debug_showsEnqueueFlushAnswersAndShutdown_butNoContentAndNoKey() {
        built(Spanflux.builder().debug(true).exporter(tracentic()));
        Span span = spanflux.tracer().span("private name").start().attribute("key", "private value");
        span.end();
        spanflux.tracer().span("another").start().end();
        spanflux.awaitFlush(PATIENCE);
        spanflux.awaitShutdown(PATIENCE);

        assertThat(lines())
                .containsSubsequence(
                        "[spanflux] TracenticExporter: enqueue, 1 in the queue",
                        "[spanflux] TracenticExporter: enqueue, 2 in the queue",
                        "[spanflux] TracenticExporter: flush 2",
                        "[spanflux] sending 2 to http://server/v1/ingest",
                        "[spanflux] http://server/v1/ingest answered 503 to 2",
                        "[spanflux] sending 2 to http://server/v1/ingest",
                        "[spanflux] http://server/v1/ingest answered 200 to 2",
                        "[spanflux] TracenticExporter: settled 2, 2 sent, 0 rejected, dropped {}",
                        "[spanflux] shutdown within " + PATIENCE);
        assertThat(lines()).last().asString().startsWith("[spanflux] shutdown done: DeliveryReport[");
        assertThat(lines().toString()).doesNotContain("private").doesNotContain("secret");
    }

    @Test
    void debug_aServerThatIsNotThere_isNamedWithTheFailure() {
        server.close();
        built(Spanflux.builder().debug(true).exporter(tracentic()));
        spanflux.tracer().span("s").start().end();
        spanflux.awaitFlush(Duration.ofMillis(500));
        spanflux.awaitClose(Duration.ofMillis(500));

        assertThat(lines()).anyMatch(line -> line.contains("/v1/ingest did not answer to 1: "));
    }

    @Test
    void debug_aPartOfABatch_isCountedAsThat() {
        server.otherwise(Behaviour.status(400, "{}"));
        built(Spanflux.builder().debug(true).exporter(tracentic()));
        spanflux.tracer().span("a").start().end();
        spanflux.tracer().span("b").start().end();
        spanflux.awaitFlush(PATIENCE);

        assertThat(lines()).contains("[spanflux] http://server/v1/ingest answered 400 to 1");
    }

    @Test
    void byDefault_printsNothing() {
        InMemorySpanExporter exporter = InMemorySpanExporter.create();
        built(Spanflux.builder().exporter(exporter));
        spanflux.tracer().span("s").start().end();
        spanflux.awaitShutdown(PATIENCE);

        assertThat(exporter.spans()).hasSize(1);
        assertThat(lines()).isEmpty();
    }

    // ---- the output itself ---------------------------------------------------------------------------------------

    @Test
    void line_aStreamThatHangs_costsNobodyTime_andIsBounded() throws InterruptedException {
        CountDownLatch hung = new CountDownLatch(1);
        CountDownLatch free = new CountDownLatch(1);
        DebugOutput output = new DebugOutput(new PrintStream(printed, true, StandardCharsets.UTF_8) {
            @Override
            public void println(String line) {
                hung.countDown();
                try {
                    free.await(20, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                super.println(line);
            }
        });
        output.line("first");
        assertThat(hung.await(20, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < DebugOutput.MAX_WAITING + 10; i++) {
            output.line("line " + i);
        }
        free.countDown();
        output.printed().block(PATIENCE);
        Mono.delay(Duration.ofMillis(1))
                .repeat(() -> lines().size() < DebugOutput.MAX_WAITING + 2)
                .blockLast(PATIENCE);

        assertThat(lines()).hasSize(DebugOutput.MAX_WAITING + 2);
        assertThat(lines()).startsWith("[spanflux] first", "[spanflux] line 0");
        assertThat(lines()).contains("[spanflux] 10 more line(s) left out");
    }

    @Test
    void line_byManyThreads_isPrintedOnceAndInTheirOrder() {
        DebugOutput output = new DebugOutput(out);
        List<Thread> threads = IntStream.range(0, 4)
                .mapToObj(thread -> new Thread(() -> {
                    for (int i = 0; i < 200; i++) {
                        output.line(thread + "-" + String.format("%03d", i));
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        threads.forEach(thread -> {
            try {
                thread.join(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        output.printed().block(PATIENCE);

        assertThat(lines()).hasSize(800).doesNotHaveDuplicates();
        for (int thread = 0; thread < 4; thread++) {
            String mine = "[spanflux] " + thread + "-";
            assertThat(lines()).filteredOn(line -> line.startsWith(mine)).isSorted();
        }
    }

    @Test
    void watch_countsWhatItIsToldToCount() {
        DebugOutput output = new DebugOutput(out);
        SendingWatch watch = output.watch(5).of(2);
        watch.sending("http://x");
        watch.failed("http://x", new IllegalStateException("secret"));
        output.printed().block(PATIENCE);

        assertThat(lines())
                .containsExactly(
                        "[spanflux] sending 2 to http://x",
                        "[spanflux] http://x did not answer to 2: IllegalStateException");
    }
}
