// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.metrics.GenAiMetric;
import io.spanflux.metrics.GenAiMetrics;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Sampler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** What the operator's signals become in metrics, sampled out, in virtual time. */
class StreamMetricsTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
    private final List<String> values = new ArrayList<>();
    private final Spanflux spanflux = Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .tracer(tracer -> tracer.clock(Clock.of(time)).sampler(Sampler.alwaysOff()))
            .metrics(this::toValues)
            .build();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);

    private void toValues(GenAiMetrics.Builder metrics) {
        metrics.withoutExporter()
                .target((metric, attributes) -> value -> values.add(metric
                        + (metric.isTime() ? " " + value / 1_000_000 + " ms" : " " + value)
                        + (attributes.contains("error.type") ? " " + attributes.get("error.type") : "")));
    }

    @AfterEach
    void realTime() {
        VirtualTimeScheduler.reset();
    }

    private static Flux<Integer> chunksAfter(long... millis) {
        return Flux.range(0, millis.length)
                .concatMap(i -> Mono.delay(Duration.ofMillis(millis[i])).thenReturn(i));
    }

    private List<String> of(GenAiMetric metric) {
        return values.stream().filter(value -> value.startsWith(metric + " ")).toList();
    }

    @Test
    void aStream_isMeasuredChunkByChunk() {
        chunksAfter(250, 10, 40)
                .transform(trace.chat("p", "m", (generation, chunk) -> generation.usage(7, chunk)))
                .subscribe();
        time.advanceTimeBy(Duration.ofMillis(270));
        assertThat(values).containsExactly("TIME_PER_OUTPUT_CHUNK 10 ms");
        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(values)
                .containsExactlyInAnyOrder(
                        "TIME_PER_OUTPUT_CHUNK 10 ms",
                        "TIME_PER_OUTPUT_CHUNK 40 ms",
                        "OPERATION_DURATION 300 ms",
                        "TIME_TO_FIRST_CHUNK 250 ms",
                        "TOKEN_USAGE 7",
                        "TOKEN_USAGE 2");
    }

    @Test
    void aMono_hasNoChunks() {
        Mono.delay(Duration.ofMillis(30)).transform(trace.chat("p", "m")).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(values).containsExactly("OPERATION_DURATION 30 ms");
    }

    @Test
    void retriesAndFailures_areCallsOfTheirOwn() {
        chunksAfter(20)
                .concatWith(Mono.error(new TimeoutException()))
                .transform(trace.chat("p", "m"))
                .retry(2)
                .onErrorComplete()
                .subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(of(GenAiMetric.OPERATION_DURATION))
                .containsExactly(
                        "OPERATION_DURATION 20 ms timeout",
                        "OPERATION_DURATION 20 ms timeout",
                        "OPERATION_DURATION 20 ms timeout");
        assertThat(of(GenAiMetric.TIME_TO_FIRST_CHUNK)).hasSize(3);
    }

    @Test
    void aCancelledStream_isMeasuredUntilThen() {
        chunksAfter(20, 20, 20).transform(trace.chat("p", "m")).take(2).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(of(GenAiMetric.OPERATION_DURATION)).containsExactly("OPERATION_DURATION 40 ms");
        assertThat(of(GenAiMetric.TIME_PER_OUTPUT_CHUNK)).containsExactly("TIME_PER_OUTPUT_CHUNK 20 ms");
    }

    @Test
    void chunkTiming_off_leavesOutTheTimeBetweenChunksOnly() {
        chunksAfter(20, 20).transform(trace.chunkTiming(false).chat("p", "m")).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(values).containsExactlyInAnyOrder("OPERATION_DURATION 40 ms", "TIME_TO_FIRST_CHUNK 20 ms");
    }

    @Test
    void anAgent_countsWhatHappensInside_whateverTheOperatorsBetween() {
        Flux.range(0, 3)
                .flatMap(i -> Mono.delay(Duration.ofMillis(10)).transform(trace.chat("p", "m")))
                .then(Mono.delay(Duration.ofMillis(5)).transform(trace.tool("search")))
                .transform(trace.agent("support"))
                .subscribe();
        time.advanceTimeBy(Duration.ofSeconds(1));

        assertThat(values)
                .contains(
                        "INVOKE_AGENT_INFERENCE_CALLS 3",
                        "INVOKE_AGENT_TOOL_CALLS 1",
                        "INVOKE_AGENT_DURATION 15 ms",
                        "EXECUTE_TOOL_DURATION 5 ms");
    }
}
