// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.OtlpExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.testing.SpanVerifier;
import io.spanflux.trace.Span;
import io.spanflux.transport.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(30)
class SpanfluxTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Environment NONE = Environment.of(Map.of());

    private static Spanflux spanflux(LoopbackServer server) {
        return Spanflux.builder()
                .environment(NONE)
                .serviceName("test")
                .exporter(OtlpExporter.builder()
                        .environment(NONE)
                        .endpoint(server.url("/v1/traces"))
                        .build())
                .build();
    }

    @Test
    void awaitShutdown_threeWarmInvocations_deliverEverythingAndReportTruthfully() {
        try (LoopbackServer server = LoopbackServer.start()) {
            Spanflux spanflux = spanflux(server);
            Ledger before = Ledger.zero();
            for (int invocation = 1; invocation <= 3; invocation++) {
                for (int i = 0; i < 10; i++) {
                    spanflux.tracer().span("span").start().end();
                }
                DeliveryReport report = spanflux.awaitShutdown(PATIENCE);

                assertThat(report.timedOut()).isFalse();
                assertThat(report.isComplete()).isTrue();
                Ledger now = report.ledger();
                assertThat(now.since(before)).isEqualTo(new Ledger(10, 10, 0, Map.of(), 0, 0));
                assertThat(server.requests()).hasSize(invocation);
                before = now;
            }
            assertThat(server.connectionCount()).isEqualTo(3);
            spanflux.awaitClose(PATIENCE);
        }
    }

    @Test
    void awaitShutdown_hungCollector_returnsInTimeAndSaysWhatMayHaveArrived() {
        try (LoopbackServer server = LoopbackServer.start().otherwise(Behaviour.hang())) {
            Spanflux spanflux = spanflux(server);
            spanflux.tracer().span("span").start().end();
            long start = System.nanoTime();

            DeliveryReport report = spanflux.awaitShutdown(Duration.ofMillis(800));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
            assertThat(report.timedOut()).isTrue();
            assertThat(report.ledger()).isEqualTo(new Ledger(1, 0, 0, Map.of(), 0, 1));
            server.otherwise(Behaviour.ok());
            spanflux.tracer().span("span").start().end();

            DeliveryReport second = spanflux.awaitShutdown(PATIENCE);

            assertThat(second.timedOut()).isFalse();
            assertThat(second.ledger()).isEqualTo(new Ledger(2, 2, 0, Map.of(), 0, 0));
        }
    }

    @Test
    void exporter_withAPipelineOfItsOwn_winsOverWhatHoldsForAll() {
        InMemorySpanExporter immediate = InMemorySpanExporter.create();
        InMemorySpanExporter patient = InMemorySpanExporter.create();
        Spanflux spanflux = Spanflux.builder()
                .environment(NONE)
                .exporter(immediate, pipeline -> pipeline.maxBatchSize(1))
                .exporter(patient)
                .pipeline(pipeline -> pipeline.maxBatchSize(512).scheduleDelay(Duration.ofHours(1)))
                .build();
        try {
            spanflux.tracer().span("span").start().end();

            Flux.interval(Duration.ofMillis(5))
                    .filter(tick -> immediate.spans().size() == 1)
                    .blockFirst(Duration.ofSeconds(30));
            assertThat(patient.spans()).isEmpty();
        } finally {
            spanflux.awaitClose(PATIENCE);
        }
        assertThat(patient.spans()).hasSize(1);
    }

    @Test
    void awaitShutdown_manyTimes_reportsEachSpanAsSent() {
        Spanflux spanflux = Spanflux.builder()
                .environment(NONE)
                .exporter(InMemorySpanExporter.create())
                .build();
        for (int i = 1; i <= 5_000; i++) {
            spanflux.tracer().span("span").start().end();

            DeliveryReport report = spanflux.awaitShutdown(PATIENCE);

            assertThat(report).isEqualTo(new DeliveryReport(new Ledger(i, i, 0, Map.of(), 0, 0), false));
        }
        spanflux.awaitClose(PATIENCE);
    }

    @Test
    void awaitShutdown_manyAtOnce_answersAllOfThemTruthfully() {
        try (LoopbackServer server = LoopbackServer.start().otherwise(Behaviour.okAfter(50))) {
            Spanflux spanflux = spanflux(server);
            for (int i = 0; i < 100; i++) {
                spanflux.tracer().span("span").start().end();
            }

            List<DeliveryReport> reports = Flux.range(0, 12)
                    .flatMap(
                            call -> Mono.fromCallable(() -> switch (call % 3) {
                                        case 0 -> spanflux.awaitFlush(PATIENCE);
                                        case 1 -> spanflux.awaitShutdown(PATIENCE);
                                        default ->
                                            Objects.requireNonNull(
                                                    spanflux.shutdown(PATIENCE).block());
                                    })
                                    .subscribeOn(Schedulers.boundedElastic()),
                            12)
                    .collectList()
                    .block();

            assertThat(reports)
                    .hasSize(12)
                    .containsOnly(new DeliveryReport(new Ledger(100, 100, 0, Map.of(), 0, 0), false));
            spanflux.awaitClose(PATIENCE);
        }
    }

    @Test
    void shutdown_twiceInARow_saysTheSameAndConnectsToNobody() {
        try (LoopbackServer server = LoopbackServer.start()) {
            Spanflux spanflux = spanflux(server);
            spanflux.tracer().span("span").start().end();
            DeliveryReport first = spanflux.awaitShutdown(PATIENCE);

            DeliveryReport second = spanflux.awaitShutdown(PATIENCE);

            assertThat(second).isEqualTo(first);
            assertThat(server.requests()).hasSize(1);
            assertThat(server.connectionCount()).isEqualTo(1);
        }
    }

    @Test
    void flush_duringAWaitBeforeTheNextAttempt_triesAtOnce() {
        try (LoopbackServer server = LoopbackServer.start(Behaviour.status(503, ""))) {
            Spanflux spanflux = Spanflux.builder()
                    .environment(NONE)
                    .exporter(OtlpExporter.builder()
                            .environment(NONE)
                            .endpoint(server.url("/v1/traces"))
                            // An hour between attempts: only a flush can bring the second.
                            .retryPolicy(new RetryPolicy(Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(2)))
                            .build())
                    .pipeline(pipeline -> pipeline.scheduleDelay(Duration.ZERO))
                    .build();
            spanflux.tracer().span("span").start().end();
            server.awaitRequest(1);

            DeliveryReport report = flushUntilComplete(spanflux);

            assertThat(report).isEqualTo(new DeliveryReport(new Ledger(1, 1, 0, Map.of(), 0, 0), false));
            assertThat(server.requests()).hasSize(2);
            spanflux.awaitClose(PATIENCE);
        }
    }

    /** The answer 503 may be on its way when the first flush comes, which has nothing to cut short then. */
    private static DeliveryReport flushUntilComplete(Spanflux spanflux) {
        DeliveryReport report = spanflux.awaitFlush(Duration.ofSeconds(1));
        for (int i = 0; i < 10 && report.timedOut(); i++) {
            report = spanflux.awaitFlush(Duration.ofSeconds(1));
        }
        return report;
    }

    @Test
    void close_isFinal_andCountsWhatComesLater() {
        try (LoopbackServer server = LoopbackServer.start()) {
            Spanflux spanflux = spanflux(server);
            spanflux.tracer().span("in time").start().end();
            Span late = spanflux.tracer().span("late").start();

            DeliveryReport closed = spanflux.awaitClose(PATIENCE);
            late.end();
            DeliveryReport again = spanflux.awaitClose(PATIENCE);
            DeliveryReport flushed = spanflux.awaitFlush(PATIENCE);

            assertThat(closed.ledger()).isEqualTo(new Ledger(1, 1, 0, Map.of(), 0, 0));
            assertThat(again.ledger()).isEqualTo(new Ledger(2, 1, 0, Map.of(DropCause.AFTER_CLOSE, 1L), 0, 0));
            assertThat(flushed).isEqualTo(again);
            assertThat(server.requests()).hasSize(1);
        }
    }

    @Test
    void exporters_haveNothingInCommon() {
        InMemorySpanExporter healthy = InMemorySpanExporter.create();
        try (LoopbackServer hung = LoopbackServer.start().otherwise(Behaviour.hang())) {
            Spanflux spanflux = Spanflux.builder()
                    .environment(NONE)
                    .exporter(OtlpExporter.builder()
                            .environment(NONE)
                            .endpoint(hung.url("/v1/traces"))
                            .build())
                    .exporter(healthy)
                    .exporter(batch -> {
                        throw new IllegalStateException("broken");
                    })
                    .build();
            for (int i = 0; i < 5; i++) {
                spanflux.tracer().span("span").start().end();
            }

            DeliveryReport report = spanflux.awaitShutdown(Duration.ofMillis(500));

            assertThat(report.timedOut()).isTrue();
            assertThat(healthy.spans()).hasSize(5);
            assertThat(spanflux.ledgers())
                    .containsExactly(
                            new Ledger(5, 0, 0, Map.of(), 0, 5),
                            new Ledger(5, 5, 0, Map.of(), 0, 0),
                            new Ledger(5, 0, 0, Map.of(DropCause.EXPORTER_FAILED, 5L), 0, 0));
            assertThat(report.ledger()).isEqualTo(new Ledger(15, 5, 0, Map.of(DropCause.EXPORTER_FAILED, 5L), 0, 5));
            spanflux.awaitClose(Duration.ofMillis(200));
        }
    }

    @Test
    void flush_coversTheSpansBeforeIt_andNotTheStreamOfThoseAfter() {
        InMemorySpanExporter exporter = InMemorySpanExporter.create();
        Spanflux spanflux =
                Spanflux.builder().environment(NONE).exporter(exporter).build();
        Disposable traffic = Flux.interval(Duration.ofMillis(1))
                .subscribe(tick -> spanflux.tracer().span("traffic").start().end());
        spanflux.tracer().span("mine").start().end();

        assertThat(spanflux.awaitFlush(PATIENCE).timedOut()).isFalse();

        assertThat(exporter.spans()).anyMatch(span -> span.name().equals("mine"));
        traffic.dispose();
        spanflux.awaitClose(PATIENCE);
    }

    @Test
    void aSpanThatNobodyEnds_isEndedAndLeaves() {
        InMemorySpanExporter exporter = InMemorySpanExporter.create();
        Spanflux spanflux = Spanflux.builder()
                .environment(NONE)
                .exporter(exporter)
                .tracer(tracer -> tracer.maxLifetime(Duration.ofMillis(20)))
                .pipeline(pipeline -> pipeline.scheduleDelay(Duration.ofMillis(1)))
                .build();
        spanflux.tracer().span("forgotten").start();

        Mono.fromSupplier(exporter::spans)
                .filter(spans -> !spans.isEmpty())
                .repeatWhenEmpty(empty -> empty.delayElements(Duration.ofMillis(5)))
                .block(PATIENCE);

        SpanVerifier.create(exporter.spans())
                .expectSpan("forgotten")
                .hasAttribute("spanflux.expired", true)
                .verify();
        spanflux.awaitClose(PATIENCE);
    }

    @Test
    void timeouts_absurdlyLong_areAsGoodAsForever() {
        Spanflux spanflux = Spanflux.builder()
                .environment(NONE)
                .exporter(InMemorySpanExporter.create())
                .build();
        spanflux.tracer().span("span").start().end();

        assertThat(spanflux.awaitFlush(Duration.ofSeconds(Long.MAX_VALUE)).isComplete())
                .isTrue();
        assertThat(spanflux.awaitClose(Duration.ofSeconds(Long.MAX_VALUE)).isComplete())
                .isTrue();
    }

    @Test
    void timeouts_negativeOrMissing_areRefused() {
        Spanflux spanflux = Spanflux.builder()
                .environment(NONE)
                .exporter(InMemorySpanExporter.create())
                .build();
        Duration negative = Duration.ofMillis(-1);

        assertThatThrownBy(() -> spanflux.flush(negative)).hasMessage("timeout is negative: PT-0.001S");
        assertThatThrownBy(() -> spanflux.awaitShutdown(negative)).hasMessage("timeout is negative: PT-0.001S");
        assertThatThrownBy(() -> spanflux.close(negative)).hasMessage("timeout is negative: PT-0.001S");
        assertThatThrownBy(() -> spanflux.flush(null)).hasMessage("timeout == null");
        spanflux.awaitClose(PATIENCE);
    }

    @Test
    void awaitShutdown_interrupted_returnsAtOnceAndStaysInterrupted() {
        try (LoopbackServer server = LoopbackServer.start().otherwise(Behaviour.hang())) {
            Spanflux spanflux = spanflux(server);
            spanflux.tracer().span("span").start().end();
            Thread.currentThread().interrupt();

            DeliveryReport report = spanflux.awaitShutdown(PATIENCE);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(report.timedOut()).isTrue();
            assertThat(report.ledger().pending()).isEqualTo(1);
            spanflux.awaitClose(Duration.ofMillis(200));
        }
    }

    @Test
    void awaitFlush_onNonBlockingThread_isRefusedByName() {
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
                .build();

        Mono<DeliveryReport> awaiting = Mono.fromCallable(() -> spanflux.awaitFlush(Duration.ofSeconds(1)))
                .subscribeOn(Schedulers.parallel());

        assertThatThrownBy(awaiting::block)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("awaitFlush blocks")
                .hasMessageContaining("flush(Duration)");
    }
}
