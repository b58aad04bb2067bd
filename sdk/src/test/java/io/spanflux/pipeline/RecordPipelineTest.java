// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The pipeline on one thread, in virtual time: what it does and when. */
class RecordPipelineTest {
    private VirtualTimeScheduler time;
    private TickCountingScheduler scheduler;

    @BeforeEach
    void virtualTime() {
        time = VirtualTimeScheduler.getOrSet();
        scheduler = new TickCountingScheduler(time);
    }

    @AfterEach
    void realTime() {
        VirtualTimeScheduler.reset();
    }

    private RecordPipeline<Span> pipeline(SpanExporter exporter) {
        return pipeline(exporter, builder -> {});
    }

    private RecordPipeline<Span> pipeline(SpanExporter exporter, Consumer<RecordPipeline.Builder<Span>> options) {
        RecordPipeline.Builder<Span> builder = RecordPipeline.builder(exporter).scheduler(scheduler);
        options.accept(builder);
        return builder.build();
    }

    /** Spans numbered from {@code from} to {@code to}, the latter not included; then the worker runs. */
    private void accept(RecordPipeline<Span> pipeline, long from, long to) {
        for (long i = from; i < to; i++) {
            pipeline.accept(Numbered.span(i));
        }
        time.advanceTime();
    }

    private static List<Long> range(long from, long to) {
        return LongStream.range(from, to).boxed().toList();
    }

    // ---- when batches leave --------------------------------------------------------------------------------------

    @Test
    void accept_aFullBatch_leavesAtOnce() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter, options -> options.maxBatchSize(4));

        accept(pipeline, 0, 3);
        assertThat(exporter.batches).isEmpty();
        accept(pipeline, 3, 4);

        assertThat(exporter.numbers(0)).isEqualTo(range(0, 4));
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(4, 4, 0, Map.of(), 0, 0));
    }

    @Test
    void accept_aPartialBatch_leavesAfterTheDelay() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter);

        accept(pipeline, 0, 3);
        time.advanceTimeBy(Duration.ofMillis(4_999));
        assertThat(exporter.batches).isEmpty();
        time.advanceTimeBy(Duration.ofMillis(1));

        assertThat(exporter.numbers(0)).isEqualTo(range(0, 3));
        assertThat(scheduler.ticking()).isEqualTo(1);
    }

    @Test
    void accept_aBatchFullOfBytes_leavesAtOnce() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.maxBatchBytes(100_000).maxQueueBytes(1 << 20));
        // Larger than its share of the queue's bytes, so that the worker looks at it.
        pipeline.accept(Numbered.span(0, 0, 60_000));
        time.advanceTime();
        assertThat(exporter.batches).isEmpty();

        pipeline.accept(Numbered.span(0, 1, 60_000));
        time.advanceTime();

        assertThat(exporter.numbers(0)).isEqualTo(range(0, 2));
    }

    @Test
    void accept_bytesOfABatch_wakeTheWorker_beforeItsCountDoes() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.maxBatchBytes(64 * 1024).scheduleDelay(Duration.ofHours(1)));

        for (int i = 0; i < 500; i++) {
            pipeline.accept(Numbered.span(0, i, 20_000));
            time.advanceTime();
        }

        assertThat(exporter.batches)
                .hasSize(125)
                .allSatisfy(batch -> assertThat(batch).hasSize(4));
    }

    /** Waking costs a caller microseconds, and spans with content are large more often than not. */
    @Test
    void accept_largeSpans_wakeTheWorkerByWhatTheyTakeTogether() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.maxBatchBytes(4 << 20).scheduleDelay(Duration.ofHours(1)));

        for (int i = 0; i < 300; i++) {
            pipeline.accept(Numbered.span(0, i, 10_000));
            time.advanceTime();
        }

        assertThat(exporter.batches).isEmpty();
        assertThat(scheduler.tasks()).hasValueLessThan(10);
    }

    @Test
    void accept_smallSpansAboveALargeOne_leaveWhenTheBytesAreThere() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.maxBatchBytes(256 * 1024).scheduleDelay(Duration.ofHours(1)));
        Span large = Numbered.span(0, 0, 200_000);
        Span small = Numbered.span(0, 1, 100);
        // Smaller than their share, so that none of them wakes the worker by itself.
        assertThat(small.estimatedBytes()).isLessThan(512);

        pipeline.accept(large);
        time.advanceTime();
        int needed = (256 * 1024 - large.estimatedBytes()) / small.estimatedBytes() + 1;
        for (int i = 0; i < needed; i++) {
            assertThat(exporter.batches).isEmpty();
            pipeline.accept(small);
            time.advanceTime();
        }

        assertThat(exporter.batches).hasSize(1);
        assertThat(exporter.batches.get(0)).hasSize(needed + 1);
    }

    @Test
    void accept_aDelayWithoutEnd_isAsLongAsCanBeCounted() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.scheduleDelay(ChronoUnit.FOREVER.getDuration()));

        accept(pipeline, 0, 1);
        StepVerifier.create(pipeline.flush()).then(time::advanceTime).verifyComplete();

        assertThat(pipeline.ledger().sent()).isEqualTo(1);
        assertThat(pipeline.toString()).contains("scheduleDelay=PT2562047H47M16.854775807S");
    }

    @Test
    void accept_withoutDelay_leavesOneByOne() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(
                exporter, options -> options.scheduleDelay(Duration.ZERO).maxBatchSize(1));

        accept(pipeline, 0, 1);
        accept(pipeline, 1, 2);

        assertThat(exporter.batches).hasSize(2);
        assertThat(scheduler.ticking()).isZero();
    }

    @Test
    void accept_manyBatches_leavesInOrderOneAtATime() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter, options -> options.maxBatchSize(4));

        accept(pipeline, 0, 10);
        assertThat(exporter.batches).hasSize(1);
        exporter.succeed();
        time.advanceTime();
        assertThat(exporter.batches).hasSize(2);
        exporter.succeed();
        time.advanceTime();

        assertThat(exporter.numbers(0)).isEqualTo(range(0, 4));
        assertThat(exporter.numbers(1)).isEqualTo(range(4, 8));
        assertThat(exporter.batches).hasSize(2);
        assertThat(pipeline.ledger().pending()).isEqualTo(2);
    }

    @Test
    void batch_isImmutable() {
        FakeExporter exporter = FakeExporter.immediate();
        accept(pipeline(exporter, options -> options.maxBatchSize(1)), 0, 1);
        List<Span> batch = exporter.batches.get(0);

        assertThatThrownBy(batch::clear).isInstanceOf(UnsupportedOperationException.class);
    }

    // ---- bounds --------------------------------------------------------------------------------------------------

    @Test
    void accept_whileTheExporterStalls_keepsExactlyTheNewestAndHidesNothing() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        LogCapture logs = LogCapture.start();

        accept(pipeline, 0, 512);
        accept(pipeline, 512, 10_000);

        assertThat(exporter.batches).hasSize(1);
        assertThat(pipeline.ledger())
                .isEqualTo(
                        new Ledger(10_000, 0, 0, Map.of(DropCause.QUEUE_FULL, 10_000L - 512 - 2_048), 0, 512 + 2_048));

        exporter.recover().succeed();
        time.advanceTimeBy(Duration.ofSeconds(5));

        List<Long> exported = exporter.batches.stream()
                .skip(1)
                .flatMap(batch -> Numbered.numbers(batch).stream())
                .toList();
        assertThat(exported).isEqualTo(range(10_000 - 2_048, 10_000));
        assertThat(pipeline.ledger())
                .isEqualTo(new Ledger(10_000, 2_560, 0, Map.of(DropCause.QUEUE_FULL, 7_440L), 0, 0));
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .contains("The queue of FakeExporter is full", "7440 record(s)", "maxQueueSize=2048", "Raise");
    }

    @Test
    void room_isWhatCanBeAcceptedWithoutLoss() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.maxQueueSize(10).maxBatchSize(4));
        assertThat(pipeline.room()).isEqualTo(10);

        accept(pipeline, 0, 3);
        assertThat(pipeline.room()).isEqualTo(7);
        accept(pipeline, 3, 4);
        assertThat(pipeline.room()).isEqualTo(10);
        accept(pipeline, 4, 14);
        assertThat(pipeline.room()).isZero();
        assertThat(pipeline.ledger().droppedTotal()).isZero();
        accept(pipeline, 14, 20);
        assertThat(pipeline.room()).isZero();
        exporter.recover().succeed();
        time.advanceTime();

        assertThat(pipeline.room()).isGreaterThanOrEqualTo(8);
    }

    @Test
    void accept_moreBytesThanTheBound_dropsTheOldestUntilTheRestFits() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.maxQueueBytes(1 << 20).maxBatchSize(1));
        accept(pipeline, 0, 1);
        assertThat(exporter.batches).hasSize(1);

        for (int i = 1; i <= 20; i++) {
            pipeline.accept(Numbered.span(0, i, 100_000));
        }
        time.advanceTime();

        // Ten of them weigh 1,002,560 estimated bytes, eleven more than the bound.
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(21, 0, 0, Map.of(DropCause.BYTES_FULL, 10L), 0, 11));
        exporter.recover().succeed();
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(exporter.numbers(1)).containsExactly(11L);
        assertThat(pipeline.ledger().isBalanced()).isTrue();
        assertThat(pipeline.ledger().pending()).isZero();
    }

    @Test
    void accept_bytesAreForgottenOnceSpansHaveLeft() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline =
                pipeline(exporter, options -> options.maxQueueBytes(1 << 20).maxBatchSize(4));

        for (int i = 0; i < 400; i++) {
            pipeline.accept(Numbered.span(0, i, 100_000));
            time.advanceTime();
        }

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(400, 400, 0, Map.of(), 0, 0));
    }

    // ---- exporters that fail -------------------------------------------------------------------------------------

    static Stream<Arguments> failures() {
        return Stream.of(
                failure("throws", batch -> {
                    throw new IllegalStateException("boom");
                }),
                failure("throws an error of the class loader", batch -> {
                    throw new NoClassDefFoundError("gone");
                }),
                failure(
                        "throws an error of the class loader when it is subscribed to",
                        batch -> Mono.fromCallable(() -> {
                            throw new NoClassDefFoundError("gone");
                        })),
                failure(
                        "runs out of memory",
                        batch -> Mono.fromCallable(() -> {
                            throw new OutOfMemoryError("not really");
                        })),
                failure("returns null", batch -> null),
                failure("fails", batch -> Mono.error(new TimeoutException())),
                failure("completes without a result", batch -> Mono.empty()),
                failure("accounts for more than there was", batch -> Mono.just(ExportResult.sent(batch.size() + 1))));
    }

    private static Arguments failure(String name, Function<List<Span>, Mono<ExportResult>> answer) {
        return Arguments.of(name, answer);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void export_anExporterThatFails_losesItsBatchAndNothingElse(
            String name, Function<List<Span>, Mono<ExportResult>> answer) {
        FakeExporter exporter = FakeExporter.stalled().answer(answer);
        RecordPipeline<Span> pipeline = pipeline(exporter, options -> options.maxBatchSize(2));

        accept(pipeline, 0, 2);
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(2, 0, 0, Map.of(DropCause.EXPORTER_FAILED, 2L), 0, 0));
        exporter.recover();
        accept(pipeline, 2, 4);

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(4, 2, 0, Map.of(DropCause.EXPORTER_FAILED, 2L), 0, 0));
    }

    @Test
    void export_aResultThatLeavesSpansOut_countsTheseAsFailed() {
        FakeExporter exporter = FakeExporter.stalled()
                .answer(batch -> Mono.just(new ExportResult(1, 1, Map.of(DropCause.REFUSED, 1L))));
        RecordPipeline<Span> pipeline = pipeline(exporter, options -> options.maxBatchSize(5));

        accept(pipeline, 0, 5);

        assertThat(pipeline.ledger())
                .isEqualTo(new Ledger(5, 1, 1, Map.of(DropCause.REFUSED, 1L, DropCause.EXPORTER_FAILED, 2L), 0, 0));
    }

    @Test
    void export_anExporterWithoutAName_isWarnedOfAllTheSame() {
        SpanExporter exporter = new SpanExporter() {
            @Override
            public Mono<ExportResult> export(List<Span> batch) {
                return Mono.just(ExportResult.sent(0));
            }

            @Override
            public String toString() {
                throw new IllegalStateException("nameless");
            }
        };
        RecordPipeline<Span> pipeline = pipeline(exporter);
        LogCapture logs = LogCapture.start();

        for (int i = 0; i < 2; i++) {
            accept(pipeline, i, i + 1);
            StepVerifier.create(pipeline.flush()).then(time::advanceTime).verifyComplete();
        }

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(2, 0, 0, Map.of(DropCause.EXPORTER_FAILED, 2L), 0, 0));
        assertThat(logs.warnings()).singleElement().asString().contains("accounted for 0 of 1", "RecordPipelineTest");
    }

    @Test
    void export_spansThatComeWhileTheExporterIsCalled_areNotTakenForLost() {
        AtomicReference<RecordPipeline<Span>> own = new AtomicReference<>();
        AtomicReference<Ledger> meanwhile = new AtomicReference<>();
        FakeExporter exporter = FakeExporter.immediate();
        exporter.answer(batch -> {
            exporter.recover();
            for (int i = 4; i < 8; i++) {
                own.get().accept(Numbered.span(i));
            }
            meanwhile.set(own.get().ledger());
            return Mono.just(ExportResult.sent(batch.size()));
        });
        RecordPipeline<Span> pipeline = pipeline(exporter, options -> options.maxQueueSize(4));
        own.set(pipeline);

        accept(pipeline, 0, 4);

        assertThat(meanwhile).hasValue(new Ledger(8, 0, 0, Map.of(), 0, 8));
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(8, 8, 0, Map.of(), 0, 0));
    }

    @Test
    void export_anExporterThatFailsInRetryNow_isWarnedOf() {
        FakeExporter exporter = FakeExporter.immediate();
        exporter.onRetry = () -> {
            throw new NoClassDefFoundError("gone");
        };
        RecordPipeline<Span> pipeline = pipeline(exporter);
        LogCapture logs = LogCapture.start();

        StepVerifier.create(pipeline.flush()).then(time::advanceTime).verifyComplete();

        assertThat(logs.warnings()).singleElement().asString().contains("retryNow");
    }

    @Test
    void loop_whateverIsThrownInIt_goesOnAfterAMoment() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        LogCapture logs = LogCapture.start();
        scheduler.failOnce(new NoClassDefFoundError("gone"));

        accept(pipeline, 0, 3);
        assertThat(logs.warnings()).singleElement().asString().contains("A pipeline failed");
        time.advanceTimeBy(Duration.ofSeconds(6));

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(3, 3, 0, Map.of(), 0, 0));
    }

    // ---- flush ---------------------------------------------------------------------------------------------------

    @Test
    void flush_exportsWhatWaits_andCompletesWhenItsFateIsKnown() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);

        AtomicBoolean complete = new AtomicBoolean();
        pipeline.flush().doOnTerminate(() -> complete.set(true)).subscribe();
        time.advanceTimeBy(Duration.ofHours(1));
        assertThat(exporter.numbers(0)).isEqualTo(range(0, 3));
        assertThat(complete).isFalse();

        exporter.succeed();
        time.advanceTime();
        assertThat(complete).isTrue();
    }

    @Test
    void flush_withNothingToDo_completes() {
        RecordPipeline<Span> pipeline = pipeline(FakeExporter.immediate());
        StepVerifier.create(pipeline.flush()).then(time::advanceTime).verifyComplete();
        assertThat(scheduler.ticking()).isZero();
    }

    @Test
    void flush_doesNotWaitForSpansThatCameLater() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);

        StepVerifier.create(pipeline.flush())
                .then(time::advanceTime)
                .then(() -> {
                    accept(pipeline, 3, 2_000);
                    exporter.succeed();
                    time.advanceTime();
                })
                .verifyComplete();
        assertThat(exporter.batches).hasSize(2);
    }

    @Test
    void flush_twoAtOnce_bothComplete() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);

        StepVerifier.create(Mono.when(pipeline.flush(), pipeline.flush()))
                .then(time::advanceTime)
                .then(() -> {
                    exporter.succeed();
                    time.advanceTime();
                })
                .verifyComplete();
        assertThat(exporter.batches).hasSize(1);
    }

    @Test
    void flush_hurriesTheExporter() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        pipeline.flush().subscribe();
        assertThat(exporter.retries).isEqualTo(1);
    }

    @Test
    void flush_cancelled_endsTheWaitAndNothingElse() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);

        pipeline.flush().subscribe().dispose();
        time.advanceTime();

        assertThat(exporter.batches).hasSize(1);
        assertThat(exporter.cancelled).isZero();
    }

    // ---- shutdown ------------------------------------------------------------------------------------------------

    @Test
    void shutdown_exportsWhatWaits_closesTheExporter_andLeavesNothingScheduled() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 600);

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(600, 600, 0, Map.of(), 0, 0));
        assertThat(exporter.closes).isEqualTo(1);
        assertThat(scheduler.ticking()).isZero();
    }

    @Test
    void shutdown_neverUsed_closesAndReports() {
        FakeExporter exporter = FakeExporter.immediate();
        StepVerifier.create(pipeline(exporter).shutdown(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();
        assertThat(scheduler.ticking()).isZero();
    }

    @Test
    void shutdown_thenAnotherSpan_wakesThePipelineAgain() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        for (int round = 1; round <= 3; round++) {
            accept(pipeline, 0, 2);
            StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                    .then(time::advanceTime)
                    .expectNext(false)
                    .verifyComplete();
            assertThat(exporter.closes).isEqualTo(round);
            assertThat(pipeline.ledger()).isEqualTo(new Ledger(2L * round, 2L * round, 0, Map.of(), 0, 0));
        }
        accept(pipeline, 0, 1);
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(7, 7, 0, Map.of(), 0, 0));
    }

    @Test
    void shutdown_anExporterThatHangs_endsInTimeAndKeepsTheBatch() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 600);

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .then(() -> time.advanceTimeBy(Duration.ofMillis(4_499)))
                .then(() -> assertThat(exporter.cancelled).isZero())
                .then(() -> time.advanceTimeBy(Duration.ofMillis(501)))
                .expectNext(true)
                .verifyComplete();

        assertThat(exporter.cancelled).isEqualTo(1);
        assertThat(exporter.closes).isEqualTo(1);
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(600, 0, 0, Map.of(), 0, 600));
        assertThat(scheduler.ticking()).isZero();

        // The next invocation: the batch that was cut off goes first, whole and in order.
        exporter.recover();
        accept(pipeline, 600, 601);
        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();
        assertThat(exporter.numbers(1)).isEqualTo(range(0, 512));
        assertThat(exporter.numbers(2)).isEqualTo(range(512, 601));
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(601, 601, 0, Map.of(), 0, 0));
    }

    @Test
    void shutdown_afterOneThatRanOutOfTime_triesWhatWasLeft() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);
        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(1)))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(1)))
                .expectNext(true)
                .verifyComplete();
        exporter.recover();

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(1)))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(3, 3, 0, Map.of(), 0, 0));
    }

    @Test
    void flush_afterAShutdownThatRanOutOfTime_triesWhatWasLeft() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);
        pipeline.shutdown(Duration.ofSeconds(1)).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));
        exporter.recover();

        StepVerifier.create(pipeline.flush()).then(time::advanceTime).verifyComplete();
        assertThat(pipeline.ledger().sent()).isEqualTo(3);
    }

    @Test
    void shutdown_spansAcceptedMeanwhile_doNotDelayIt_andWakeThePipelineAfterwards() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter, options -> options.maxBatchSize(4));
        accept(pipeline, 0, 3);

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .then(() -> {
                    // More than a batch of them, so that there is reason to export them at once.
                    accept(pipeline, 3, 10);
                    exporter.succeed();
                    time.advanceTime();
                })
                .expectNext(false)
                .verifyComplete();
        assertThat(exporter.closes).isEqualTo(1);
        assertThat(exporter.cancelled).isZero();

        exporter.recover().underWay.forEach(sink -> sink.success(ExportResult.sent(4)));
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(10, 10, 0, Map.of(), 0, 0));
        assertThat(exporter.batches).hasSize(3);
    }

    @Test
    void shutdown_underSteadyTraffic_takesAsLongAsItsOwnSpans() {
        FakeExporter exporter = FakeExporter.stalled()
                .answer(batch -> Mono.delay(Duration.ofMillis(20)).thenReturn(ExportResult.sent(batch.size())));
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 200);
        AtomicReference<Boolean> timedOut = new AtomicReference<>();
        pipeline.shutdown(Duration.ofSeconds(3)).subscribe(timedOut::set);

        for (int i = 200; i < 240; i++) {
            accept(pipeline, i, i + 1);
            time.advanceTimeBy(Duration.ofMillis(1));
        }

        assertThat(timedOut).hasValue(false);
        assertThat(exporter.numbers(0)).hasSizeGreaterThanOrEqualTo(200);
        time.advanceTimeBy(Duration.ofSeconds(6));
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(240, 240, 0, Map.of(), 0, 0));
        assertThat(exporter.batches).hasSize(2);
    }

    @Test
    void shutdown_spanAcceptedWhileTheExporterCloses_wakesThePipelineAfterwards() {
        FakeExporter exporter = FakeExporter.immediate();
        exporter.close = Mono.delay(Duration.ofMillis(100)).then();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                .then(() -> time.advanceTimeBy(Duration.ofMillis(50)))
                .then(() -> {
                    accept(pipeline, 3, 4);
                    assertThat(exporter.batches).hasSize(1);
                })
                .then(() -> time.advanceTimeBy(Duration.ofMillis(50)))
                .expectNext(false)
                .verifyComplete();
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(4, 4, 0, Map.of(), 0, 0));
    }

    @Test
    void shutdown_besideAShorterOne_triesAgain_andReportsItsOwnOutcome() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);
        AtomicReference<Boolean> longer = new AtomicReference<>();
        AtomicReference<Boolean> shorter = new AtomicReference<>();
        pipeline.shutdown(Duration.ofSeconds(5)).subscribe(longer::set);
        pipeline.shutdown(Duration.ofSeconds(1)).subscribe(shorter::set);

        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(shorter).hasValue(true);
        assertThat(longer).hasValue(null);
        // The shorter one gave up and cut the batch off; the longer one tries it again.
        assertThat(exporter.cancelled).isEqualTo(1);
        assertThat(exporter.batches).hasSize(2);
        exporter.succeed();
        time.advanceTime();
        assertThat(longer).hasValue(false);
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(3, 3, 0, Map.of(), 0, 0));
    }

    @Test
    void shutdown_twoAtOnceOfAHungExporter_bothTakeTheirTimeAndSaySo() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);
        AtomicReference<Boolean> longer = new AtomicReference<>();
        pipeline.shutdown(Duration.ofSeconds(5)).subscribe(longer::set);
        pipeline.shutdown(Duration.ofSeconds(1)).subscribe();

        time.advanceTimeBy(Duration.ofMillis(4_400));
        assertThat(longer).hasValue(null);
        time.advanceTimeBy(Duration.ofMillis(600));

        assertThat(longer).hasValue(true);
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(3, 0, 0, Map.of(), 0, 3));
        assertThat(scheduler.ticking()).isZero();
    }

    @Test
    void shutdown_anExporterThatCannotClose_isReportedAndHarmless() {
        FakeExporter exporter = FakeExporter.immediate();
        exporter.close = Mono.error(new IllegalStateException("stuck"));
        RecordPipeline<Span> pipeline = pipeline(exporter);
        LogCapture logs = LogCapture.start();
        accept(pipeline, 0, 1);

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();
        assertThat(logs.warnings()).singleElement().asString().contains("failed to close");
        exporter.close = Mono.never();
        accept(pipeline, 1, 2);

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(5)))
                .expectNext(false)
                .verifyComplete();
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(2, 2, 0, Map.of(), 0, 0));

        // What never ends does not keep the pipeline asleep.
        accept(pipeline, 2, 3);
        time.advanceTimeBy(Duration.ofSeconds(5));
        assertThat(pipeline.ledger().sent()).isEqualTo(3);
    }

    @Test
    void shutdown_withoutTimeAndNothingToDo_isInTime() {
        RecordPipeline<Span> pipeline = pipeline(FakeExporter.immediate());
        StepVerifier.create(pipeline.shutdown(Duration.ZERO))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();

        accept(pipeline, 0, 1);
        pipeline.flush().subscribe();
        time.advanceTime();
        StepVerifier.create(pipeline.shutdown(Duration.ZERO))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();
    }

    @Test
    void shutdown_withoutTime_closesTheExporterAllTheSame_onceTheBatchIsLetGoOf() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);
        pipeline.flush().subscribe().dispose();
        time.advanceTime();
        exporter.close = Mono.fromRunnable(
                () -> assertThat(exporter.cancelled).as("before it is closed").isEqualTo(1));

        pipeline.shutdown(Duration.ZERO).subscribe();
        time.advanceTime();

        assertThat(exporter.closes).isEqualTo(1);
        assertThat(scheduler.ticking()).isZero();
        exporter.recover();
        StepVerifier.create(pipeline.flush()).then(time::advanceTime).verifyComplete();
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(3, 3, 0, Map.of(), 0, 0));
    }

    @Test
    void shutdown_anExporterThatClosesSlowly_isNotCancelled() {
        FakeExporter exporter = FakeExporter.immediate();
        AtomicBoolean closed = new AtomicBoolean();
        exporter.close = Mono.delay(Duration.ofMinutes(1))
                .doOnNext(tick -> closed.set(true))
                .then();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 1);

        StepVerifier.create(pipeline.shutdown(Duration.ofSeconds(1)))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(1)))
                .expectNext(false)
                .verifyComplete();
        time.advanceTimeBy(Duration.ofMinutes(1));

        assertThat(closed).isTrue();
        assertThat(exporter.closes).isEqualTo(1);
    }

    @Test
    void shutdown_cancelled_leavesThePipelineAwake() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 3);

        pipeline.shutdown(Duration.ofSeconds(5)).subscribe().dispose();
        time.advanceTimeBy(Duration.ofSeconds(5));

        assertThat(exporter.closes).isZero();
        assertThat(exporter.cancelled).isZero();
        exporter.succeed();
        time.advanceTime();
        assertThat(pipeline.ledger().sent()).isEqualTo(3);
    }

    @Test
    void shutdown_withoutTime_reportsAtOnce() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 1);
        StepVerifier.create(pipeline.shutdown(Duration.ZERO))
                .then(time::advanceTime)
                .expectNext(true)
                .verifyComplete();
        assertThat(pipeline.ledger().isBalanced()).isTrue();
    }

    // ---- close ---------------------------------------------------------------------------------------------------

    @Test
    void close_isFinal_andCountsWhatComesLater() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 2);
        StepVerifier.create(pipeline.close(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();

        accept(pipeline, 2, 5);

        assertThat(exporter.batches).hasSize(1);
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(5, 2, 0, Map.of(DropCause.AFTER_CLOSE, 3L), 0, 0));
        StepVerifier.create(pipeline.flush()).verifyComplete();
    }

    // A loop without an end does not hear an interrupt.
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    @Test
    void close_aSpanThatComesInBetween_isCounted_andTheWorkerEnds() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 1);
        // The queue has been found empty, and the pipeline is not closed yet.
        exporter.close = Mono.fromRunnable(() -> pipeline.accept(Numbered.span(1)));

        StepVerifier.create(pipeline.close(Duration.ofSeconds(5)))
                .then(time::advanceTime)
                .expectNext(false)
                .verifyComplete();

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(2, 1, 0, Map.of(DropCause.AFTER_CLOSE, 1L), 0, 0));
        assertThat(scheduler.ticking()).isZero();
    }

    @Test
    void close_outOfTime_dropsWhatWaitsAndLeavesPendingWhatMayHaveArrived() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter, options -> options.maxBatchSize(2));
        accept(pipeline, 0, 5);

        StepVerifier.create(pipeline.close(Duration.ofSeconds(1)))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(1)))
                .expectNext(true)
                .verifyComplete();

        assertThat(pipeline.ledger()).isEqualTo(new Ledger(5, 0, 0, Map.of(DropCause.AFTER_CLOSE, 3L), 0, 2));
        StepVerifier.create(pipeline.close(Duration.ofSeconds(1)))
                .expectNext(true)
                .verifyComplete();
    }

    @Test
    void close_withoutTime_letsGoOfTheBatchAndThenClosesTheExporterToTheEnd() {
        FakeExporter exporter = FakeExporter.stalled();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 1);
        pipeline.flush().subscribe();
        time.advanceTime();
        AtomicBoolean closed = new AtomicBoolean();
        exporter.close = Mono.defer(() -> {
            assertThat(exporter.cancelled).as("before it is closed").isEqualTo(1);
            return Mono.delay(Duration.ofMinutes(1))
                    .doOnNext(tick -> closed.set(true))
                    .then();
        });

        StepVerifier.create(pipeline.close(Duration.ZERO))
                .then(time::advanceTime)
                .expectNext(true)
                .verifyComplete();
        time.advanceTimeBy(Duration.ofMinutes(1));

        assertThat(closed).isTrue();
        assertThat(exporter.closes).isEqualTo(1);
        assertThat(pipeline.ledger()).isEqualTo(new Ledger(1, 0, 0, Map.of(), 0, 1));
    }

    @Test
    void close_twice_closesTheExporterOnce() {
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = pipeline(exporter);
        accept(pipeline, 0, 1);
        for (int i = 0; i < 2; i++) {
            StepVerifier.create(pipeline.close(Duration.ofSeconds(1)))
                    .then(time::advanceTime)
                    .expectNext(false)
                    .verifyComplete();
        }
        assertThat(exporter.closes).isEqualTo(1);
    }

    // ---- configuration -------------------------------------------------------------------------------------------

    @Test
    void build_refusesWhatMakesNoSense_byNameAndValue() {
        RecordPipeline.Builder<Span> builder = RecordPipeline.builder(FakeExporter.immediate());
        assertRefused(() -> builder.maxQueueSize(0), "maxQueueSize", "0");
        assertRefused(() -> builder.maxQueueSize(-1), "maxQueueSize", "-1");
        assertRefused(() -> builder.maxQueueBytes(10), "maxQueueBytes", "10");
        assertRefused(() -> builder.maxBatchSize(-5), "maxBatchSize", "-5");
        assertRefused(() -> builder.maxBatchBytes(0), "maxBatchBytes", "0");
        assertRefused(() -> builder.scheduleDelay(Duration.ofSeconds(-1)), "scheduleDelay", "PT-1S");
        assertRefused(
                () -> RecordPipeline.builder(FakeExporter.immediate())
                        .maxQueueSize(128)
                        .maxBatchSize(512)
                        .build(),
                "maxBatchSize > maxQueueSize",
                "512 > 128");
        assertRefused(
                () -> RecordPipeline.builder(FakeExporter.immediate())
                        .scheduler(Schedulers.immediate())
                        .build(),
                "scheduler cannot run tasks later",
                "Immediate");
        assertThatThrownBy(() -> RecordPipeline.builder(null)).hasMessage("exporter == null");
    }

    private static void assertRefused(Runnable setting, String name, String value) {
        assertThatThrownBy(setting::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(value);
    }

    @Test
    void build_defaults() {
        assertThat(pipeline(FakeExporter.immediate()))
                .hasToString("RecordPipeline{exporter=FakeExporter, maxQueueSize=2048, maxQueueBytes=67108864,"
                        + " maxBatchSize=512, maxBatchBytes=4194304, scheduleDelay=PT5S}");
        assertThat(pipeline(FakeExporter.immediate(), options -> options.maxQueueSize(100)))
                .asString()
                .contains("maxBatchSize=100");
    }

    @Test
    void accept_whenItsSchedulerWasDisposed_neitherThrowsNorHangs() {
        Scheduler disposed = Schedulers.fromExecutorService(Executors.newSingleThreadScheduledExecutor());
        FakeExporter exporter = FakeExporter.immediate();
        RecordPipeline<Span> pipeline = RecordPipeline.builder(exporter)
                .scheduler(disposed)
                .maxBatchSize(1)
                .build();
        disposed.dispose();
        LogCapture logs = LogCapture.start();

        for (int i = 0; i < 10; i++) {
            pipeline.accept(Numbered.span(i));
        }

        assertThat(pipeline.ledger().pending()).isEqualTo(10);
        assertThat(logs.warnings()).singleElement().asString().contains("disposed");
    }

    /** The sink remembers its last batch; an application that falls silent must not keep its last 512 spans for that. */
    @Test
    void settledRecords_areNotHeld() throws InterruptedException {
        List<WeakReference<Span>> exported = new CopyOnWriteArrayList<>();
        RecordPipeline<Span> pipeline = RecordPipeline.<Span>builder(new SpanExporter() {
                    @Override
                    public Mono<ExportResult> export(List<Span> batch) {
                        batch.forEach(span -> exported.add(new WeakReference<>(span)));
                        return Mono.just(ExportResult.sent(batch.size()));
                    }
                })
                .build();
        Tracer tracer = Tracer.builder().build();
        for (int i = 0; i < 100; i++) {
            Span span = tracer.span("s" + i).start();
            span.end();
            pipeline.accept(span);
        }
        pipeline.flush().block(Duration.ofSeconds(30));
        for (int i = 0; i < 100 && exported.stream().anyMatch(span -> !span.refersTo(null)); i++) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(50);
        }

        assertThat(exported).hasSize(100).allMatch(span -> span.refersTo(null));
        pipeline.close(Duration.ofSeconds(5)).block(Duration.ofSeconds(30));
    }
}
