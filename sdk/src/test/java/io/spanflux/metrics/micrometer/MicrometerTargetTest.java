// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics.micrometer;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.spanflux.config.Environment;
import io.spanflux.genai.Agent;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Usage;
import io.spanflux.metrics.GenAiMetrics;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class MicrometerTargetTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final LogCapture logs = LogCapture.start();
    private final GenAiMetrics metrics = GenAiMetrics.builder(Resource.of(Attributes.empty()), Clock.of(time))
            .environment(Environment.of(Map.of()))
            .target(MicrometerTarget.of(registry))
            .withoutExporter()
            .maxAttributeSets(2)
            .build();
    private final Tracer tracer = Tracer.builder()
            .clock(Clock.of(time))
            // Sampled out or not is all the same.
            .sampler(Sampler.alwaysOff())
            .handler(metrics)
            .build();

    @Test
    void aCall_isATimerAndASummary_withTheConventionsNamesTagsAndBuckets() {
        for (int millis : new int[] {15, 25}) {
            Span span = tracer.span(Generation.chat("openai", "gpt-4o").usage(Usage.of(100, 3)))
                    .start();
            time.advanceTimeBy(Duration.ofMillis(millis));
            span.end();
        }

        Timer duration = registry.get("gen_ai.client.operation.duration")
                .tag("gen_ai.operation.name", "chat")
                .tag("gen_ai.provider.name", "openai")
                .tag("gen_ai.request.model", "gpt-4o")
                .tag("gen_ai.response.model", "none")
                .tag("server.address", "none")
                .tag("server.port", "none")
                .tag("error.type", "none")
                .timer();
        assertThat(duration.count()).isEqualTo(2);
        assertThat(duration.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(40);
        CountAtBucket[] buckets = duration.takeSnapshot().histogramCounts();
        assertThat(buckets).hasSize(14);
        assertThat(Arrays.stream(buckets).map(CountAtBucket::count).limit(4)).containsExactly(0.0, 1.0, 2.0, 2.0);
        assertThat(buckets[13].bucket(TimeUnit.MILLISECONDS)).isEqualTo(81_920);

        DistributionSummary input = registry.get("gen_ai.client.token.usage")
                .tag("gen_ai.token.type", "input")
                .summary();
        assertThat(input.count()).isEqualTo(2);
        assertThat(input.totalAmount()).isEqualTo(200);
        assertThat(input.getId().getBaseUnit()).isEqualTo("token");
        assertThat(input.takeSnapshot().histogramCounts()).hasSize(14);
        assertThat(registry.get("gen_ai.client.token.usage")
                        .tag("gen_ai.token.type", "output")
                        .summary()
                        .totalAmount())
                .isEqualTo(6);
    }

    @Test
    void anAgent_hasSummariesOfItsCalls() {
        Span agent = tracer.span(Agent.named("support")).start();
        tracer.span(Tool.named("search")).parent(agent).start().end();
        agent.end();

        assertThat(registry.get("gen_ai.invoke_agent.tool_calls")
                        .tag("gen_ai.agent.name", "support")
                        .summary()
                        .totalAmount())
                .isEqualTo(1);
        assertThat(registry.get("gen_ai.execute_tool.duration")
                        .tag("gen_ai.agent.name", "support")
                        .timer()
                        .count())
                .isEqualTo(1);
    }

    /** Registries such as Prometheus refuse a meter whose tag keys differ from those of its namesake. */
    @Test
    void whatExceedsTheBound_hasTheSameTagKeys() {
        for (int i = 0; i < 5; i++) {
            tracer.span(Tool.named("tool" + i)).start().end();
        }

        List<Meter> meters = registry.getMeters().stream()
                .filter(meter -> meter.getId().getName().equals("gen_ai.execute_tool.duration"))
                .toList();
        assertThat(meters).hasSize(3);
        assertThat(meters.stream()
                        .map(meter -> meter.getId().getTags().stream()
                                .map(tag -> tag.getKey())
                                .toList())
                        .distinct())
                .hasSize(1);
        assertThat(registry.get("gen_ai.execute_tool.duration")
                        .tag("gen_ai.tool.name", "overflow")
                        .timer()
                        .count())
                .isEqualTo(3);
    }

    @Test
    void aRegistryThatWasClosed_disturbsNothing() {
        registry.close();
        tracer.span(Tool.named("search")).start().end();

        assertThat(metrics.recorded()).isEqualTo(1);
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void of_null_isRefused() {
        assertThatThrownBy(() -> MicrometerTarget.of(null)).hasMessage("registry == null");
    }
}
