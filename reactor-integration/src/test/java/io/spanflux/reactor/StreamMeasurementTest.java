// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** What is measured on a stream, in virtual time, so that the figures are exact. */
class StreamMeasurementTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final AtomicInteger clockReads = new AtomicInteger();
    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            clockReads.incrementAndGet();
            return time.now(TimeUnit.NANOSECONDS);
        }

        @Override
        public long epochNanos(long nanoTime) {
            return nanoTime;
        }
    };
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .tracer(tracer -> tracer.handler(spans).clock(clock))
            .build();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);

    @AfterEach
    void realTime() {
        VirtualTimeScheduler.reset();
    }

    private Attributes attributes() {
        assertThat(spans.spans()).hasSize(1);
        return spans.spans().get(0).attributes();
    }

    private Flux<Integer> chunksAfter(long... millis) {
        return Flux.range(0, millis.length)
                .concatMap(i -> Mono.delay(Duration.ofMillis(millis[i])).thenReturn(i));
    }

    @Test
    void stream_timesAreMeasured() {
        chunksAfter(250, 10, 40, 10)
                .concatWith(Mono.delay(Duration.ofMillis(100)).then(Mono.empty()))
                .transform(trace.chat("p", "m"))
                .subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));

        Attributes attributes = attributes();
        assertThat(attributes.get("gen_ai.response.time_to_first_chunk")).isEqualTo(0.25);
        assertThat(attributes.get("spanflux.stream.chunks")).isEqualTo(4L);
        assertThat(attributes.get("spanflux.stream.gap.mean")).isEqualTo(0.02);
        assertThat(attributes.get("spanflux.stream.gap.max")).isEqualTo(0.04);
        Span span = spans.spans().get(0);
        assertThat(span.endEpochNanos() - span.startEpochNanos()).isEqualTo(410_000_000L);
    }

    @Test
    void stream_ofOneChunk_hasNoGaps() {
        chunksAfter(30).transform(trace.chat("p", "m")).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(attributes().get("gen_ai.response.time_to_first_chunk")).isEqualTo(0.03);
        assertThat(attributes().contains("spanflux.stream.gap.mean")).isFalse();
    }

    @Test
    void stream_withoutChunks_hasNoFirstOne() {
        Flux.empty().transform(trace.chat("p", "m")).subscribe();
        assertThat(attributes().get("spanflux.stream.chunks")).isEqualTo(0L);
        assertThat(attributes().contains("gen_ai.response.time_to_first_chunk")).isFalse();
        assertThat(attributes().get("gen_ai.request.stream")).isEqualTo(true);
    }

    @Test
    void stream_ofAnythingElse_isCountedAndTimedToo() {
        chunksAfter(10, 10).transform(trace.agent("a")).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(attributes().get("spanflux.stream.chunks")).isEqualTo(2L);
        assertThat(attributes().get("spanflux.stream.gap.max")).isEqualTo(0.01);
        assertThat(attributes().contains("gen_ai.response.time_to_first_chunk")).isFalse();
    }

    @Test
    void stream_cancelled_keepsWhatWasMeasured() {
        chunksAfter(100, 50, 50, 50).transform(trace.chat("p", "m")).take(3).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));
        assertThat(attributes().get("spanflux.cancelled")).isEqualTo(true);
        assertThat(attributes().get("spanflux.stream.chunks")).isEqualTo(3L);
        assertThat(attributes().get("gen_ai.response.time_to_first_chunk")).isEqualTo(0.1);
        assertThat(attributes().get("gen_ai.response.finish_reasons")).isEqualTo(List.of("error"));
    }

    @Test
    void stream_finishReasonSeenBeforeTheCancellation_isKept() {
        Flux.just("text", "stop")
                .concatWith(Flux.never())
                .transform(trace.chat(
                        "p", "m", (generation, chunk) -> generation.finishReason(chunk.equals("stop") ? chunk : null)))
                .take(2)
                .subscribe();
        assertThat(attributes().get("gen_ai.response.finish_reasons")).isEqualTo(List.of("stop"));
    }

    @Test
    void error_beforeInferenceStarted_leavesTheFinishReasonUnset() {
        Mono.error(new TimeoutException()).transform(trace.chat("p", "m")).subscribe(value -> {}, failure -> {});
        assertThat(attributes().contains("gen_ai.response.finish_reasons")).isFalse();
        assertThat(attributes().get("error.type")).isEqualTo("timeout");
    }

    @Test
    void chunkTiming_readsTheClockOnceAChunk_andWithoutItOnceAStream() {
        Flux.range(0, 1_000).transform(trace.chat("p", "m")).subscribe();
        // Start and end beside the chunks.
        assertThat(clockReads).hasValue(1_002);
        assertThat(attributes().contains("spanflux.stream.gap.max")).isTrue();

        spans.reset();
        clockReads.set(0);
        Flux.range(0, 1_000).transform(trace.chunkTiming(false).chat("p", "m")).subscribe();
        assertThat(clockReads).hasValue(3);
        assertThat(attributes().get("spanflux.stream.chunks")).isEqualTo(1_000L);
        assertThat(attributes().contains("spanflux.stream.gap.max")).isFalse();
        assertThat(attributes().contains("gen_ai.response.time_to_first_chunk")).isTrue();
    }

    @Test
    void aSubscriberThatNeverFinishes_isEndedByTheMaxLifetime_andItsLaterSignalsAreIgnored() {
        Sinks.Many<String> source = Sinks.many().unicast().onBackpressureBuffer();
        AtomicInteger received = new AtomicInteger();
        source.asFlux()
                .transform(trace.chat("p", "m", (generation, value) -> generation.responseId(value)))
                .subscribe(value -> received.incrementAndGet());
        source.tryEmitNext("before");
        time.advanceTimeBy(Duration.ofMinutes(59));
        assertThat(spans.spans()).isEmpty();
        time.advanceTimeBy(Duration.ofMinutes(2));

        assertThat(attributes().get("spanflux.expired")).isEqualTo(true);
        assertThat(spanflux.tracer().expiredSpans()).isEqualTo(1);
        source.tryEmitNext("after");
        source.tryEmitComplete();

        assertThat(received).hasValue(2);
        assertThat(attributes().get("gen_ai.response.id")).isEqualTo("before");
        assertThat(spans.spans()).hasSize(1);
        assertThat(spanflux.tracer().callsAfterEnd()).isPositive();
        assertThat(spanflux.tracer().liveSpans()).isZero();
    }
}
