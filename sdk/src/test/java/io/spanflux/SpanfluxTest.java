// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.OtlpExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.testing.InMemorySpanExporter;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(30)
class SpanfluxTest {
    private static Spanflux spanflux(LoopbackServer server) {
        Environment none = Environment.of(Map.of());
        return Spanflux.builder()
                .environment(none)
                .serviceName("test")
                .exporter(OtlpExporter.builder()
                        .environment(none)
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
                DeliveryReport report = spanflux.awaitShutdown(Duration.ofSeconds(5));

                assertThat(report.timedOut()).isFalse();
                assertThat(report.isComplete()).isTrue();
                Ledger now = report.ledger();
                assertThat(now.since(before)).isEqualTo(new Ledger(10, 10, 0, Map.of(), 0, 0));
                assertThat(server.requests()).hasSize(invocation);
                before = now;
            }
            assertThat(server.connectionCount()).isEqualTo(3);
            spanflux.awaitClose(Duration.ofSeconds(5));
        }
    }

    @Test
    void awaitShutdown_hungCollector_returnsInTimeAndSaysWhatMayHaveArrived() {
        try (LoopbackServer server = LoopbackServer.start().otherwise(Behaviour.hang())) {
            Spanflux spanflux = spanflux(server);
            spanflux.tracer().span("span").start().end();
            long start = System.nanoTime();

            DeliveryReport report = spanflux.awaitShutdown(Duration.ofMillis(800));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(1_500));
            assertThat(report.timedOut()).isTrue();
            assertThat(report.ledger()).isEqualTo(new Ledger(1, 0, 0, Map.of(), 0, 1));
            server.otherwise(Behaviour.ok());
            spanflux.tracer().span("span").start().end();

            DeliveryReport second = spanflux.awaitShutdown(Duration.ofSeconds(5));

            assertThat(second.timedOut()).isFalse();
            assertThat(second.ledger()).isEqualTo(new Ledger(2, 2, 0, Map.of(), 0, 0));
        }
    }

    @Test
    void awaitShutdown_manyTimes_reportsEachSpanAsSent() {
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(InMemorySpanExporter.create())
                .build();
        for (int i = 1; i <= 5_000; i++) {
            spanflux.tracer().span("span").start().end();

            DeliveryReport report = spanflux.awaitShutdown(Duration.ofSeconds(5));

            assertThat(report).isEqualTo(new DeliveryReport(new Ledger(i, i, 0, Map.of(), 0, 0), false));
        }
        spanflux.awaitClose(Duration.ofSeconds(5));
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
