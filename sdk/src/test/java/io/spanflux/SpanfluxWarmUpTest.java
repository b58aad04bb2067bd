// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

class SpanfluxWarmUpTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    /** Counts, and fails in the way it is told to. */
    private static final class Exporter implements SpanExporter {
        final AtomicInteger warmUps = new AtomicInteger();
        Mono<Void> warmUp = Mono.empty();

        @Override
        public Mono<ExportResult> export(List<Span> batch) {
            return Mono.just(ExportResult.sent(batch.size()));
        }

        @Override
        public Mono<Void> warmUp() {
            warmUps.incrementAndGet();
            return warmUp;
        }
    }

    private final Exporter exporter = new Exporter();

    private Spanflux.Builder builder() {
        return Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .closeOnExit(false)
                .exporter(exporter);
    }

    private void assertDelivers(Spanflux spanflux) {
        spanflux.tracer().span("a").start().end();
        assertThat(spanflux.awaitClose(LONG).ledger().sent()).isEqualTo(1);
    }

    @Test
    void build_warmsEachExporterUp() {
        Exporter other = new Exporter();
        Spanflux spanflux = builder().exporter(other).build();

        assertThat(exporter.warmUps).hasValue(1);
        assertThat(other.warmUps).hasValue(1);
        spanflux.awaitClose(LONG);
    }

    @Test
    void warmUpFalse_asksNobody() {
        Spanflux spanflux = builder().warmUp(false).build();

        assertThat(exporter.warmUps).hasValue(0);
        assertDelivers(spanflux);
    }

    @Test
    void whereTheSdkIsDisabled_nobodyIsAsked() {
        Spanflux spanflux = builder()
                .environment(Environment.of(Map.of("OTEL_SDK_DISABLED", "true")))
                .build();

        assertThat(exporter.warmUps).hasValue(0);
        spanflux.awaitClose(LONG);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fails", "hangs"})
    void aWarmUpThatGoesWrong_isNobodysLoss(String how) {
        Exporter second = new Exporter();
        exporter.warmUp = how.equals("fails") ? Mono.error(new IllegalStateException("no")) : Mono.never();

        Spanflux spanflux = builder().exporter(second).build();

        assertThat(second.warmUps).hasValue(1);
        spanflux.tracer().span("a").start().end();
        assertThat(spanflux.awaitClose(LONG).ledger().sent()).isEqualTo(2);
    }
}
