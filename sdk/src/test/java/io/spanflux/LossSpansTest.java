// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.pipeline.Ledger;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

class LossSpansTest {
    private final InMemorySpanExporter memory = InMemorySpanExporter.create();
    private final Tracer tracer = Tracer.builder().handler(memory).build();
    private Ledger ledger = Ledger.zero();
    private final LossSpans losses = new LossSpans(tracer, () -> ledger);

    private static Ledger lost(long rejected, Map<DropCause, Long> dropped) {
        return new Ledger(100, 0, rejected, dropped, 0, 0);
    }

    @Test
    void tell_saysWhatWasLostSinceTheLastTime_byCause() {
        losses.tell();
        assertThat(memory.spans()).isEmpty();
        ledger = lost(1, Map.of(DropCause.QUEUE_FULL, 5L, DropCause.TIMED_OUT, 2L));
        losses.tell();
        losses.tell();
        ledger = lost(1, Map.of(DropCause.QUEUE_FULL, 7L, DropCause.TIMED_OUT, 2L));
        losses.tell();

        List<Span> spans = memory.spans();
        assertThat(spans).hasSize(2).allSatisfy(span -> {
            assertThat(span.name()).isEqualTo("spanflux.loss");
            assertThat(span.endEpochNanos()).isEqualTo(span.startEpochNanos());
            assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        });
        assertThat(spans.get(0).attributes().asMap())
                .isEqualTo(Map.of(
                        "spanflux.loss.queue_full", 5L,
                        "spanflux.loss.timed_out", 2L,
                        "spanflux.loss.rejected", 1L));
        assertThat(spans.get(1).attributes().asMap()).isEqualTo(Map.of("spanflux.loss.queue_full", 2L));
    }

    @Test
    void tell_saysNothingOfWhatWasLeftOutOnPurpose() {
        ledger = lost(0, Map.of(DropCause.SAMPLED_OUT, 5L, DropCause.AFTER_CLOSE, 2L));
        losses.tell();

        assertThat(memory.spans()).isEmpty();
    }

    @Test
    void option_makesThem() throws InterruptedException {
        AtomicInteger refused = new AtomicInteger();
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(batch -> Mono.just(
                        refused.getAndIncrement() == 0
                                ? ExportResult.dropped(DropCause.REFUSED, batch.size())
                                : ExportResult.sent(batch.size())))
                .exporter(memory)
                // The sweep comes four times in a lifetime.
                .tracer(options -> options.maxLifetime(Duration.ofMillis(400)))
                .lossSpans(true)
                .build();
        try {
            spanflux.tracer().span("lost").start().end();
            long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (memory.spans().size() < 2 && System.nanoTime() < deadline) {
                spanflux.awaitFlush(Duration.ofSeconds(10));
                Thread.sleep(20);
            }

            assertThat(memory.spans().get(1).attributes().asMap()).isEqualTo(Map.of("spanflux.loss.refused", 1L));
        } finally {
            spanflux.awaitClose(Duration.ofSeconds(10));
        }
    }
}
