// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.publisher.TestPublisher;
import reactor.test.util.RaceTestUtils;

import static org.assertj.core.api.Assertions.assertThat;

/** Cancellation races with everything: the span ends once, and says what is true. */
@Timeout(60)
class TraceOperatorRaceTest {
    private static final int ROUNDS = 5_000;

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .tracer(tracer -> tracer.handler(spans))
            .captureContent(true)
            .build();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);

    private Attributes only() {
        assertThat(spans.spans()).hasSize(1);
        Span span = spans.spans().get(0);
        spans.reset();
        assertThat(spanflux.tracer().liveSpans()).isZero();
        return span.attributes();
    }

    @Test
    void cancel_againstCompletion_endsOnce() {
        int cancelled = 0;
        for (int round = 0; round < ROUNDS; round++) {
            TestPublisher<Integer> hot = TestPublisher.create();
            Disposable subscribed = hot.flux().transform(trace.chat("p", "m")).subscribe();
            hot.next(1);
            RaceTestUtils.race(subscribed::dispose, hot::complete);
            cancelled += Boolean.TRUE.equals(only().get("spanflux.cancelled")) ? 1 : 0;
        }
        assertThat(cancelled).isBetween(1, ROUNDS);
    }

    @Test
    void cancel_againstError_endsOnce_andIsEitherFailedOrCancelled() {
        for (int round = 0; round < ROUNDS; round++) {
            TestPublisher<Integer> hot = TestPublisher.create();
            Disposable subscribed = hot.flux().transform(trace.chat("p", "m")).subscribe(value -> {}, failure -> {});
            RaceTestUtils.race(subscribed::dispose, () -> hot.error(new IllegalStateException()));
            Attributes attributes = only();
            assertThat(attributes.contains("error.type")).isNotEqualTo(attributes.contains("spanflux.cancelled"));
        }
    }

    @Test
    void cancel_againstACallback_neverTearsWhatTheCallbackWrites() {
        for (int round = 0; round < ROUNDS; round++) {
            Sinks.Many<String> source = Sinks.many().unicast().onBackpressureBuffer();
            AtomicInteger seen = new AtomicInteger();
            Disposable subscribed = source.asFlux()
                    .transform(trace.chat("p", "m", (generation, delta) -> {
                        generation.append(delta).responseId("r" + seen.incrementAndGet());
                    }))
                    .subscribe();
            source.tryEmitNext("0123456789".repeat(30));
            RaceTestUtils.race(subscribed::dispose, () -> {
                for (int i = 0; i < 5; i++) {
                    source.tryEmitNext("0123456789".repeat(30));
                }
            });
            Attributes attributes = only();
            String text = attributes.get("gen_ai.output.messages").toString();
            int chunks = text.split("0123456789", -1).length - 1;
            // Each callback that ran is there whole, and none that ran is missing.
            assertThat(chunks % 30).isZero();
            assertThat(chunks / 30).isEqualTo(seen.get());
            assertThat(attributes.get("gen_ai.response.id")).isEqualTo("r" + seen.get());
            assertThat(attributes.get("spanflux.cancelled")).isEqualTo(true);
        }
        assertThat(trace.callbackFailures()).isZero();
    }

    @RepeatedTest(5)
    void manyStreamsOnManyThreads_cancelledAtRandom_allEnd() {
        AtomicInteger received = new AtomicInteger();
        Flux.range(0, 2_000)
                .flatMap(
                        i -> Flux.range(0, 50)
                                .publishOn(Schedulers.parallel())
                                .transform(trace.chat("p", "m", (generation, value) -> generation.append("x")))
                                .doOnNext(value -> received.incrementAndGet())
                                .take(i % 60 + 1)
                                .subscribeOn(Schedulers.parallel()),
                        64)
                .blockLast();
        assertThat(spans.spans()).hasSize(2_000);
        assertThat(spanflux.tracer().liveSpans()).isZero();
        long chunks = spans.spans().stream()
                .mapToLong(span -> (Long) span.attributes().get("spanflux.stream.chunks"))
                .sum();
        assertThat(chunks).isGreaterThanOrEqualTo(received.get());
    }
}
