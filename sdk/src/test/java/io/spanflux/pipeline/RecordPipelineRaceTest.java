// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/** The pipeline under real threads: whatever races, each span is accounted for once. */
@Timeout(60)
class RecordPipelineRaceTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private RecordPipeline<Span> pipeline;

    @AfterEach
    void close() {
        pipeline.close(LONG).block(LONG);
    }

    /** Counts what arrives, checks that each producer's spans arrive in order and once. */
    private static final class CheckingExporter implements SpanExporter {
        private final Mono<?> before;
        private final long[] last;
        private final AtomicReference<String> complaint = new AtomicReference<>();
        private final AtomicBoolean busy = new AtomicBoolean();
        private volatile long arrived;

        CheckingExporter(int producers, Mono<?> before) {
            this.before = before;
            this.last = new long[producers];
            Arrays.fill(last, -1);
        }

        @Override
        public Mono<ExportResult> export(List<Span> batch) {
            return Mono.defer(() -> {
                if (!busy.compareAndSet(false, true)) {
                    complaint.compareAndSet(null, "two batches at once");
                }
                return before.then(Mono.fromSupplier(() -> take(batch)));
            });
        }

        private ExportResult take(List<Span> batch) {
            for (Span span : batch) {
                Numbered numbered = Numbered.of(span);
                if (numbered.number() <= last[numbered.producer()]) {
                    complaint.compareAndSet(null, "span " + numbered.number() + " after " + last[numbered.producer()]);
                }
                last[numbered.producer()] = numbered.number();
            }
            arrived += batch.size();
            busy.set(false);
            return ExportResult.sent(batch.size());
        }
    }

    private static List<Thread> producers(int count, CyclicBarrier start, long spans, RecordPipeline<Span> pipeline) {
        List<Thread> threads = new ArrayList<>();
        for (int producer = 0; producer < count; producer++) {
            int number = producer;
            Thread thread = new Thread(() -> {
                await(start);
                for (long i = 0; i < spans; i++) {
                    pipeline.accept(Numbered.span(number, i, 0));
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

    @ParameterizedTest(name = "{0} producers, a queue of {1}, batches of {2}, exporter takes {3} us")
    @CsvSource({
        "1, 2048, 512, 0",
        "2, 2048, 512, 0",
        "4, 2048, 512, 0",
        "8, 2048, 512, 0", //
        "4, 16, 4, 0",
        "4, 1, 1, 0",
        "8, 100, 7, 0", //
        "4, 2048, 512, 2000",
        "8, 64, 16, 500",
        "4, 3, 2, 200"
    })
    void accept_fromManyThreads_balancesAtEachQuietPoint(int producers, int queue, int batch, int exportMicros) {
        Mono<?> before = exportMicros == 0
                ? Mono.empty()
                : Mono.delay(Duration.ofNanos(1_000L * exportMicros)).then();
        for (int round = 0; round < 3; round++) {
            CheckingExporter exporter = new CheckingExporter(producers, before);
            pipeline = RecordPipeline.builder(exporter)
                    .maxQueueSize(queue)
                    .maxBatchSize(batch)
                    .build();
            long each = 20_000;

            join(producers(producers, new CyclicBarrier(producers), each, pipeline));
            pipeline.flush().block(LONG);

            Ledger ledger = pipeline.ledger();
            assertThat(exporter.complaint).hasValue(null);
            assertThat(ledger.isBalanced()).isTrue();
            assertThat(ledger.accepted()).isEqualTo(producers * each);
            assertThat(ledger.pending()).isZero();
            assertThat(ledger.sent()).isEqualTo(exporter.arrived);
            assertThat(ledger.dropped(DropCause.QUEUE_FULL)).isEqualTo(ledger.droppedTotal());
            pipeline.close(LONG).block(LONG);
        }
    }

    @Test
    void accept_whileTheExporterStalls_theNewestSurvive() {
        int producers = 4;
        long each = 50_000;
        Sinks.Empty<Void> stalled = Sinks.empty();
        List<Span> arrived = new ArrayList<>();
        Sinks.Empty<Void> called = Sinks.empty();
        pipeline = RecordPipeline.<Span>builder(batch -> {
                    called.tryEmitEmpty();
                    return stalled.asMono().then(Mono.fromSupplier(() -> {
                        arrived.addAll(batch);
                        return ExportResult.sent(batch.size());
                    }));
                })
                .build();
        // A batch first, so that the exporter stalls before the queue overflows and not whenever its thread comes to
        // run.
        long underWay = 512;
        for (long i = 0; i < underWay; i++) {
            pipeline.accept(Numbered.span(0, i - underWay, 0));
        }
        called.asMono().block(LONG);

        join(producers(producers, new CyclicBarrier(producers), each, pipeline));
        assertThat(pipeline.ledger().pending()).isEqualTo(underWay + 2_048);
        stalled.tryEmitEmpty();
        pipeline.flush().block(LONG);

        assertThat(pipeline.ledger().isBalanced()).isTrue();
        assertThat(pipeline.ledger().pending()).isZero();
        // Each producer's survivors are the last it made. A producer that lost its processor for a whole lap may have
        // put
        // one older span in the place of a newer one; see RecordRing.
        List<Span> queued = arrived.subList((int) underWay, arrived.size());
        assertThat(queued).hasSizeBetween(2_048 - producers, 2_048);
        long strays = 0;
        for (int producer = 0; producer < producers; producer++) {
            int own = producer;
            List<Long> numbers = queued.stream()
                    .map(Numbered::of)
                    .filter(numbered -> numbered.producer() == own)
                    .map(Numbered::number)
                    .toList();
            strays += numbers.stream()
                    .filter(number -> number < each - numbers.size() - producers)
                    .count();
        }
        assertThat(strays).isLessThanOrEqualTo(producers);
    }

    @Test
    void flushAndShutdown_whileProducersRun_accountForEverything() {
        int producers = 3;
        long each = 60_000;
        CheckingExporter exporter = new CheckingExporter(producers, Mono.empty());
        pipeline = RecordPipeline.builder(exporter)
                .maxQueueSize(512)
                .maxBatchSize(64)
                .build();
        CyclicBarrier start = new CyclicBarrier(producers + 1);
        List<Thread> threads = producers(producers, start, each, pipeline);
        await(start);

        while (threads.stream().anyMatch(Thread::isAlive)) {
            Mono.when(pipeline.flush(), pipeline.shutdown(LONG), pipeline.flush())
                    .block(LONG);
            assertThat(pipeline.ledger().isBalanced()).isTrue();
        }
        Boolean timedOut = pipeline.shutdown(LONG).block(LONG);

        assertThat(timedOut).isFalse();
        assertThat(exporter.complaint).hasValue(null);
        assertThat(pipeline.ledger().accepted()).isEqualTo(producers * each);
        assertThat(pipeline.ledger().pending()).isZero();
        assertThat(pipeline.ledger().sent()).isEqualTo(exporter.arrived);
    }

    @Test
    void close_whileProducersRun_accountsForEverything() {
        for (int round = 0; round < 20; round++) {
            int producers = 3;
            long each = 5_000;
            CheckingExporter exporter = new CheckingExporter(producers, Mono.empty());
            pipeline = RecordPipeline.builder(exporter)
                    .maxQueueSize(256)
                    .maxBatchSize(32)
                    // No tick may repair a wake-up that was missed.
                    .scheduleDelay(Duration.ofHours(1))
                    .build();
            CyclicBarrier start = new CyclicBarrier(producers + 1);
            List<Thread> threads = producers(producers, start, each, pipeline);
            await(start);

            pipeline.close(LONG).block(LONG);
            join(threads);

            Ledger ledger = pipeline.ledger();
            assertThat(exporter.complaint).hasValue(null);
            assertThat(ledger.isBalanced()).isTrue();
            assertThat(ledger.accepted()).isEqualTo(producers * each);
            assertThat(ledger.pending()).isZero();
            assertThat(ledger.sent()).isEqualTo(exporter.arrived);
        }
    }

    @Test
    void export_isSubscribedToOnTheWorkerOnly() {
        AtomicReference<String> stranger = new AtomicReference<>();
        pipeline = RecordPipeline.<Span>builder(batch -> Mono.defer(() -> {
                    String thread = Thread.currentThread().getName();
                    if (!thread.startsWith("spanflux-pipeline")) {
                        stranger.set(thread);
                    }
                    return Mono.just(ExportResult.sent(batch.size()))
                            .delayElement(Duration.ofNanos(1_000), Schedulers.parallel());
                }))
                .maxQueueSize(4096)
                .maxBatchSize(2)
                .build();
        for (int i = 0; i < 2_000; i++) {
            pipeline.accept(Numbered.span(i));
        }
        pipeline.flush().block(LONG);
        assertThat(stranger).hasValue(null);
        assertThat(pipeline.ledger().sent()).isEqualTo(2_000);
    }

    /** Who waits is answered while others come and leave. Each thread waits before it goes on, as requests do. */
    @Test
    void flush_ofManyThreadsAtOnce_isAnsweredEachTime() throws InterruptedException {
        pipeline = RecordPipeline.<Span>builder(batch -> Mono.just(ExportResult.sent(batch.size())))
                .build();
        int count = 4;
        int rounds = 5_000;
        CyclicBarrier start = new CyclicBarrier(count);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int producer = 0; producer < count; producer++) {
            int number = producer;
            Thread thread = new Thread(() -> {
                await(start);
                try {
                    for (int i = 0; i < rounds; i++) {
                        pipeline.accept(Numbered.span(number, i, 0));
                        pipeline.flush().block(LONG);
                    }
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failure).hasValue(null);
        assertThat(pipeline.ledger().sent()).isEqualTo((long) count * rounds);
    }
}
