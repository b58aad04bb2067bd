// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.sampling.TailCounts.Reason;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/** The tail stage under real threads: whatever races, a trace is passed on whole or not at all, and the numbers add up. */
@Timeout(60)
class TailSamplerRaceTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int SPANS_OF_A_TRACE = 4;

    private final Queue<Span> passed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger kept = new AtomicInteger();
    private TailSampler tail;
    private Tracer tracer;

    private void stage(TailSampler.Builder builder) {
        tail = builder.build();
        tracer = Tracer.builder().handler(tail).build();
    }

    private TailSampler.Builder builder() {
        return TailSampler.builder(
                new SpanHandler() {
                    @Override
                    public void onEnd(Span span) {
                        passed.add(span);
                    }
                },
                List.of());
    }

    @AfterEach
    void close() {
        tail.close(LONG).block(LONG);
    }

    /** A root with children, every fifth with an error; the last span of every third ends on another thread. */
    private void trace(int number) {
        Span root = tracer.span("root").start();
        boolean fails = number % 5 == 0;
        kept.addAndGet(fails ? 1 : 0);
        for (int i = 1; i < SPANS_OF_A_TRACE - 1; i++) {
            tracer.span("child " + i).parent(root).start().end();
        }
        Span last = tracer.span("child last").parent(root).start();
        if (fails) {
            last.status(SpanStatus.ERROR);
        }
        if (number % 3 == 0) {
            root.end();
            Schedulers.parallel().schedule(last::end);
        } else {
            last.end();
            root.end();
        }
    }

    private List<Thread> producers(int count, int each, CyclicBarrier start) {
        List<Thread> threads = new ArrayList<>();
        for (int producer = 0; producer < count; producer++) {
            Thread thread = new Thread(() -> {
                await(start);
                for (int i = 0; i < each; i++) {
                    trace(i);
                }
            });
            thread.start();
            threads.add(thread);
        }
        return threads;
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void join(List<Thread> threads) {
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static void balances(TailCounts counts) {
        assertThat(counts.passedOn() + counts.sampledOut() + counts.overflowed() + counts.lost() + counts.held())
                .isEqualTo(counts.handedOver());
        assertThat(counts.held()).isNotNegative();
        assertThat(counts.lost()).isNotNegative();
    }

    /** Waits for the spans that others end; a flush before would decide without them. */
    private void settle(long spans) {
        while (tail.counts().handedOver() < spans) {
            Thread.onSpinWait();
        }
        tail.flush().block(LONG);
    }

    @ParameterizedTest(name = "{0} producers of {1} traces")
    @CsvSource({"1, 8000", "2, 8000", "4, 4000", "8, 2000"})
    void traces_fromManyThreads_arePassedOnWholeOrNotAtAll(int producers, int each) {
        // No more than the hand-over takes, however long the stage waits for a processor.
        stage(builder().keepErrors().maxTraces(1 << 20).maxDecisions(1 << 20));

        List<Thread> threads = producers(producers, each, new CyclicBarrier(producers));
        while (threads.stream().anyMatch(Thread::isAlive)) {
            balances(tail.counts());
        }
        join(threads);
        settle((long) producers * each * SPANS_OF_A_TRACE);

        TailCounts counts = tail.counts();
        balances(counts);
        assertThat(counts.overflowed()).isZero();
        assertThat(counts.handedOver()).isEqualTo((long) producers * each * SPANS_OF_A_TRACE);
        assertThat(counts.traces(Reason.ERROR)).isEqualTo(kept.get());
        assertThat(counts.traces(Reason.NONE)).isEqualTo((long) producers * each - kept.get());
        assertThat(counts.passedOn()).isEqualTo((long) kept.get() * SPANS_OF_A_TRACE);
        assertThat(counts.sampledOut()).isEqualTo(((long) producers * each - kept.get()) * SPANS_OF_A_TRACE);
        assertThat(counts.held()).isZero();
        assertWholeAndInOrder();
    }

    /** The spans of each trace that was passed on are all there, each once, those of one thread as they ended. */
    private void assertWholeAndInOrder() {
        Map<HeldTrace.Id, List<String>> byTrace = new HashMap<>();
        passed.forEach(span -> byTrace.computeIfAbsent(HeldTrace.Id.of(span), id -> new ArrayList<>())
                .add(span.name()));
        assertThat(byTrace).hasSize(kept.get());
        assertThat(byTrace.values()).allSatisfy(names -> {
            assertThat(names).containsExactlyInAnyOrder("child 1", "child 2", "child last", "root");
            assertThat(names.indexOf("child 1")).isLessThan(names.indexOf("child 2"));
            assertThat(names.indexOf("child 2")).isLessThan(names.indexOf("root"));
        });
    }

    @Test
    void flush_whileProducersRun_losesNothing() {
        int producers = 3;
        int each = 6_000;
        stage(builder().keepRatio(1).maxTraces(100).maxDecisions(10));
        CyclicBarrier start = new CyclicBarrier(producers + 1);
        List<Thread> threads = producers(producers, each, start);
        await(start);

        while (threads.stream().anyMatch(Thread::isAlive)) {
            long before = tail.counts().handedOver();
            tail.flush().block(LONG);
            TailCounts counts = tail.counts();
            balances(counts);
            assertThat(counts.passedOn() + counts.overflowed()).isGreaterThanOrEqualTo(before);
        }
        join(threads);
        settle((long) producers * each * SPANS_OF_A_TRACE);

        TailCounts counts = tail.counts();
        assertThat(counts.passedOn() + counts.overflowed()).isEqualTo((long) producers * each * SPANS_OF_A_TRACE);
        assertThat(passed).hasSize((int) counts.passedOn()).doesNotHaveDuplicates();
    }

    @Test
    void close_whileProducersRun_accountsForEverything() {
        for (int round = 0; round < 20; round++) {
            int producers = 3;
            int each = 500;
            passed.clear();
            // No tick may repair a wake-up that was missed.
            stage(builder().keepErrors().maxHoldTime(Duration.ofHours(1)));
            CyclicBarrier start = new CyclicBarrier(producers + 1);
            List<Thread> threads = producers(producers, each, start);
            await(start);

            assertThat(tail.close(LONG).block(LONG)).isFalse();
            join(threads);
            long all = (long) producers * each * SPANS_OF_A_TRACE;
            while (tail.counts().handedOver() < all) {
                Thread.onSpinWait();
            }

            TailCounts counts = tail.counts();
            balances(counts);
            assertThat(counts.handedOver()).isEqualTo(all);
            assertThat(counts.held()).isZero();
            assertThat(counts.lost()).isZero();
            assertThat(passed).hasSize((int) counts.passedOn()).doesNotHaveDuplicates();
        }
    }

    @Test
    void onEnd_andClose_withAStageThatHangs_takeNoLongerThanPromised() throws InterruptedException {
        CountDownLatch hanging = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        stage(builder().keep(spans -> {
            hanging.countDown();
            // Nothing that BlockHound sees: it would end the hanging.
            while (released.getCount() > 0) {}
            return true;
        }));
        try {
            tracer.span("first").start().end();
            hanging.await();
            for (int i = 0; i < 1_000; i++) {
                tracer.span("more").start().end();
            }
            assertThat(tail.counts().held()).isEqualTo(1_001);
            long start = System.nanoTime();

            Boolean timedOut = tail.close(Duration.ofMillis(200)).block(LONG);

            assertThat(timedOut).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(190), Duration.ofSeconds(5));
            TailCounts counts = tail.counts();
            balances(counts);
            // What the stage had not taken over is passed on, the one in its hands is lost.
            assertThat(counts.passedOn()).isEqualTo(1_000);
            assertThat(counts.lost()).isEqualTo(1);
        } finally {
            released.countDown();
        }
    }
}
