// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The tail sampler between tracer and pipelines: what reaches the exporters, and what the ledger says of the rest. */
@Timeout(60)
class TailSamplingTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final InMemorySpanExporter memory = InMemorySpanExporter.create();
    private final Sinks.Empty<Void> down = Sinks.empty();
    private Spanflux spanflux;

    private void spanflux(Consumer<Spanflux.Builder> options) {
        Spanflux.Builder builder = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(memory)
                .tailSampling(tail -> tail.keepErrors());
        options.accept(builder);
        spanflux = builder.build();
    }

    @AfterEach
    void close() {
        down.tryEmitEmpty();
        spanflux.awaitClose(PATIENCE);
    }

    private Span root(String name) {
        return spanflux.tracer().span(name).start();
    }

    private Span child(String name, Span parent) {
        return spanflux.tracer().span(name).parent(parent).start();
    }

    private static Span failed(Span span) {
        return span.status(SpanStatus.ERROR);
    }

    private List<String> names() {
        return memory.spans().stream().map(Span::name).toList();
    }

    @Test
    void heldSpansArePending_andThoseOfDroppedTracesAreDropped_forEachExporter() {
        InMemorySpanExporter second = InMemorySpanExporter.create();
        spanflux(options -> options.exporter(second));
        Span kept = root("kept");
        failed(child("failed", kept)).end();
        Span dropped = root("dropped");
        child("fine", dropped).end();
        assertThat(spanflux.ledger()).isEqualTo(new Ledger(4, 0, 0, Map.of(), 0, 4));

        kept.end();
        dropped.end();
        DeliveryReport report = spanflux.awaitFlush(PATIENCE);

        Ledger each = new Ledger(4, 2, 0, Map.of(DropCause.SAMPLED_OUT, 2L), 0, 0);
        assertThat(spanflux.ledgers()).containsExactly(each, each);
        assertThat(report).isEqualTo(new DeliveryReport(each.plus(each), false));
        assertThat(report.isComplete()).isTrue();
        assertThat(names()).containsExactly("failed", "kept");
        assertThat(second.spans()).isEqualTo(memory.spans());
        assertThat(spanflux.tailSampler().counts().sampledOut()).isEqualTo(2);
    }

    @Test
    void awaitShutdown_decidesWhatIsHeld_andTheNextInvocationStartsAnew() {
        spanflux(options -> {});
        for (int invocation = 1; invocation <= 3; invocation++) {
            Span open = root("open");
            failed(child("failed", open)).end();
            child("fine", root("fine root")).end();

            DeliveryReport report = spanflux.awaitShutdown(PATIENCE);

            assertThat(report)
                    .isEqualTo(new DeliveryReport(
                            new Ledger(
                                    2 * invocation,
                                    invocation,
                                    0,
                                    Map.of(DropCause.SAMPLED_OUT, (long) invocation),
                                    0,
                                    0),
                            false));
        }
        assertThat(names()).containsExactly("failed", "failed", "failed");
    }

    @Test
    void awaitClose_decidesWhatIsHeld_andLaterSpansAreOnlyCounted() {
        spanflux(options -> {});
        failed(child("failed", root("open"))).end();
        child("fine", root("open")).end();

        DeliveryReport report = spanflux.awaitClose(PATIENCE);

        assertThat(report.ledger()).isEqualTo(new Ledger(2, 1, 0, Map.of(DropCause.SAMPLED_OUT, 1L), 0, 0));
        assertThat(names()).containsExactly("failed");
        failed(root("after")).end();
        assertThat(spanflux.ledger())
                .isEqualTo(new Ledger(3, 1, 0, Map.of(DropCause.SAMPLED_OUT, 1L, DropCause.AFTER_CLOSE, 1L), 0, 0));
    }

    @Test
    void flush_ofMoreThanAQueueTakes_losesNoSpanOfAKeptTrace_andKeepsTheirOrder() {
        spanflux(options ->
                options.pipeline(pipeline -> pipeline.maxQueueSize(64).maxBatchSize(16)));
        List<String> expected = new ArrayList<>();
        for (int trace = 0; trace < 1_000; trace++) {
            Span open = root("open");
            for (int span = 0; span < 4; span++) {
                String name = trace + "/" + span;
                failed(child(name, open)).end();
                expected.add(name);
            }
        }

        DeliveryReport report = spanflux.awaitFlush(PATIENCE);

        assertThat(report.isComplete()).isTrue();
        assertThat(names()).isEqualTo(expected);
        assertThat(report.ledger()).isEqualTo(new Ledger(4_000, 4_000, 0, Map.of(), 0, 0));
    }

    @Test
    void aDestinationThatIsDown_delaysOnlyItself() {
        spanflux(options -> options.exporter(stalledUntil(down))
                .pipeline(pipeline -> pipeline.maxQueueSize(64).maxBatchSize(16)));
        IntStream.range(0, 500).forEach(i -> failed(root("span " + i)).end());

        DeliveryReport report = spanflux.awaitFlush(Duration.ofSeconds(5));

        assertThat(report.timedOut()).isTrue();
        assertThat(memory.spans()).hasSize(500);
        assertThat(spanflux.ledgers()).allMatch(Ledger::isBalanced);
        assertThat(spanflux.ledgers().get(0)).isEqualTo(new Ledger(500, 500, 0, Map.of(), 0, 0));
        down.tryEmitEmpty();
        assertThat(spanflux.awaitFlush(PATIENCE).timedOut()).isFalse();
        Ledger late = spanflux.ledgers().get(1);
        assertThat(late.isBalanced()).isTrue();
        assertThat(late.sent() + late.dropped(DropCause.QUEUE_FULL)).isEqualTo(500);
    }

    private static SpanExporter stalledUntil(Sinks.Empty<Void> up) {
        return batch -> up.asMono().then(Mono.fromSupplier(() -> ExportResult.sent(batch.size())));
    }

    @Test
    void awaitShutdown_andAwaitClose_whereNothingMoves_keepToTheTime_andSayWhatIsPending() {
        SpanExporter never = batch -> Mono.never();
        spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(never)
                .pipeline(pipeline -> pipeline.maxQueueSize(8).maxBatchSize(4))
                .tailSampling(tail -> tail.keepErrors())
                .build();
        IntStream.range(0, 100).forEach(i -> failed(child("span", root("open"))).end());
        long start = System.nanoTime();

        DeliveryReport shutdown = spanflux.awaitShutdown(Duration.ofMillis(400));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
        assertThat(shutdown.timedOut()).isTrue();
        assertThat(shutdown.ledger()).isEqualTo(new Ledger(100, 0, 0, Map.of(), 0, 100));
        DeliveryReport close = spanflux.awaitClose(Duration.ofMillis(400));
        assertThat(close.timedOut()).isTrue();
        assertThat(close.ledger().isBalanced()).isTrue();
        assertThat(close.ledger().accepted()).isEqualTo(100);
        assertThat(close.ledger().pending()).isLessThanOrEqualTo(4);
        assertThat(close.ledger().dropped(DropCause.AFTER_CLOSE)).isPositive();
    }

    @Test
    void close_cancelledBeforeAnythingIsDecided_closesThePipelinesToo() {
        spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(stalledUntil(down))
                .pipeline(pipeline -> pipeline.maxQueueSize(8).maxBatchSize(4))
                .tailSampling(tail -> tail.keepErrors())
                .build();
        IntStream.range(0, 100).forEach(i -> failed(child("span", root("open"))).end());
        Disposable close = spanflux.close(PATIENCE).subscribe();

        close.dispose();

        long before = spanflux.ledger().dropped(DropCause.AFTER_CLOSE);
        root("after").end();
        assertThat(spanflux.ledger().dropped(DropCause.AFTER_CLOSE)).isEqualTo(before + 1);
        assertThat(spanflux.ledger().isBalanced()).isTrue();
    }

    @Test
    void manyProducers_withFlushesBetween_theLedgerOfEachExporterBalances() throws Exception {
        InMemorySpanExporter second = InMemorySpanExporter.create();
        spanflux(options -> options.exporter(second)
                .tailSampling(tail -> tail.maxTraces(50).maxDecisions(1 << 20).keepRatio(0.2)));
        int producers = 4;
        int each = 3_000;
        CyclicBarrier start = new CyclicBarrier(producers + 1);
        List<Thread> threads = new ArrayList<>();
        for (int producer = 0; producer < producers; producer++) {
            Thread thread = new Thread(() -> {
                try {
                    start.await();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                for (int i = 0; i < each; i++) {
                    Span root = root("root");
                    Span child = child("child", root);
                    (i % 7 == 0 ? failed(child) : child).end();
                    root.end();
                }
            });
            thread.start();
            threads.add(thread);
        }
        start.await();
        while (threads.stream().anyMatch(Thread::isAlive)) {
            DeliveryReport report = spanflux.awaitFlush(PATIENCE);
            assertThat(report.timedOut()).isFalse();
            for (Ledger ledger : spanflux.ledgers()) {
                assertThat(ledger.isBalanced()).isTrue();
                assertThat(ledger.pending()).isNotNegative();
            }
        }
        for (Thread thread : threads) {
            thread.join();
        }
        spanflux.awaitFlush(PATIENCE);

        List<InMemorySpanExporter> exporters = List.of(memory, second);
        for (int i = 0; i < exporters.size(); i++) {
            Ledger ledger = spanflux.ledgers().get(i);
            assertThat(ledger.isBalanced()).isTrue();
            assertThat(ledger.accepted()).isEqualTo(2L * producers * each);
            assertThat(ledger.pending()).isZero();
            assertThat(ledger.dropped(DropCause.SAMPLED_OUT)).isPositive();
            assertThat(exporters.get(i).spans()).hasSize((int) ledger.sent()).doesNotHaveDuplicates();
        }
    }

    @Test
    void tailSampling_thatKeepsNothing_isRefusedByName() {
        spanflux(options -> {});
        assertThatThrownBy(() -> Spanflux.builder()
                        .environment(Environment.of(Map.of()))
                        .exporter(memory)
                        .tailSampling(tail -> tail.maxTraces(5))
                        .build())
                .hasMessageStartingWith("nothing is kept");
        assertThat(spanflux).asString().contains("tailSampler=TailSampler{");
        assertThat(Spanflux.builder()
                        .environment(Environment.of(Map.of()))
                        .exporter(memory)
                        .build()
                        .tailSampler())
                .isNull();
    }
}
