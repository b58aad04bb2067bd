// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.config.Environment;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.export.MetricExporter;
import io.spanflux.export.OtlpMetricExporter;
import io.spanflux.genai.Agent;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.genai.GenAiData;
import io.spanflux.genai.Generation;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.RemoteAgent;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Workflow;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Measures every call of a model, every agent, workflow and tool, sampled or not, with the
 * {@linkplain GenAiMetric metrics} of OpenTelemetry's GenAI conventions. Made by {@code Spanflux.Builder.metrics}.
 *
 * <p>Bounds: {@link Builder#maxAttributeSets} histograms a metric, of 16 counters at most, and one more for what exceeds
 * them. What was recorded waits in these for its export, however long that takes. A value that is negative, not a number
 * or absurdly large is refused and counted.
 *
 * <p>Threads: any. Measuring is a look-up and two adders for each value, on the thread that ends the span or, for the
 * time between chunks, brings the chunk; it never blocks and never throws. Collection runs on the scheduler.
 */
public final class GenAiMetrics implements SpanHandler {
    private static final Logger log = LoggerFactory.getLogger(GenAiMetrics.class);

    /** 104 days in nanoseconds: a thousand such values still fit into a sum. */
    private static final long MAX_VALUE = 1L << 53;

    private final Map<GenAiMetric, HistogramTable> tables = new EnumMap<>(GenAiMetric.class);
    private final @Nullable PeriodicExport export;
    private final @Nullable MetricTarget target;
    private final RepeatedWarning targetFailures = new RepeatedWarning(log);
    private final RepeatedWarning refusals = new RepeatedWarning(log);

    private GenAiMetrics(Builder builder, @Nullable MetricExporter exporter) {
        this.target = builder.target;
        for (GenAiMetric metric : GenAiMetric.values()) {
            tables.put(metric, new HistogramTable(metric, builder.maxAttributeSets, target, targetFailures));
        }
        this.export = exporter == null
                ? null
                : new PeriodicExport(
                        List.copyOf(tables.values()),
                        builder.counters,
                        exporter,
                        builder.resource,
                        builder.clock,
                        builder.exportIntervalOrDefault(),
                        builder.exportTimeoutOrDefault(),
                        builder.scheduler);
    }

    /** A builder of metrics about {@code resource}; {@code clock} tells when they are collected. */
    public static Builder builder(Resource resource, Clock clock) {
        return new Builder(resource, clock);
    }

    /** True: a metric counts every call. */
    @Override
    public boolean seesSampledOut() {
        return true;
    }

    @Override
    public void onStart(Span span) {
        if (span.data() instanceof Generation generation) {
            generation.onChunkGap(new ChunkGaps(generation));
            if (span.owner() instanceof Agent agent) {
                agent.countInferenceCall();
            }
        } else if (span.data() instanceof Tool && span.owner() instanceof Agent agent) {
            agent.countToolCall();
        }
    }

    @Override
    public void onEnd(Span span) {
        if (export != null && export.hasCounters()) {
            export.recorded();
        }
        if (span.data() instanceof Agent agent) {
            record(GenAiMetric.INVOKE_AGENT_DURATION, span, agent);
            Labels name = Labels.of(agent, List.of(GenAiAttributes.AGENT_NAME));
            record(GenAiMetric.INVOKE_AGENT_INFERENCE_CALLS, name, agent.inferenceCalls());
            record(GenAiMetric.INVOKE_AGENT_TOOL_CALLS, name, agent.toolCalls());
        } else if (span.data() instanceof Tool tool) {
            record(GenAiMetric.EXECUTE_TOOL_DURATION, toolLabels(span, tool), nanos(span));
        } else if (span.data() instanceof Workflow workflow) {
            record(GenAiMetric.WORKFLOW_DURATION, span, workflow);
        } else if (span.data() instanceof McpCall message) {
            record(
                    message.kind() == SpanKind.SERVER
                            ? GenAiMetric.MCP_SERVER_DURATION
                            : GenAiMetric.MCP_CLIENT_DURATION,
                    span,
                    message);
        } else if (span.data() instanceof GenAiData call && call.isClientOperation(span.kind())) {
            ended(span, call);
        }
    }

    private void ended(Span span, GenAiData data) {
        Labels call = Labels.of(data, GenAiMetric.CALL_KEYS);
        Labels answered = Labels.of(data, GenAiMetric.ANSWERED_CALL_KEYS);
        record(GenAiMetric.OPERATION_DURATION, answered.and(errorType(span)), nanos(span));
        recordTokens(answered, "input", data.metadata(GenAiAttributes.USAGE_INPUT_TOKENS));
        recordTokens(answered, "output", data.metadata(GenAiAttributes.USAGE_OUTPUT_TOKENS));
        if (data.metadata(GenAiAttributes.RESPONSE_TIME_TO_FIRST_CHUNK) instanceof Double seconds) {
            // What has no whole number of nanoseconds is refused like a negative one.
            record(GenAiMetric.TIME_TO_FIRST_CHUNK, call, seconds.isNaN() ? -1 : Math.round(seconds * 1e9));
        }
        if (data instanceof RemoteAgent) {
            record(GenAiMetric.INVOKE_AGENT_DURATION, span, data);
        }
    }

    private void recordTokens(Labels call, String type, @Nullable Object tokens) {
        if (tokens instanceof Long count) {
            record(GenAiMetric.TOKEN_USAGE, call.and(type), count);
        }
    }

    /** The duration of {@code span} under what {@code data} says of the metric's attributes. */
    private void record(GenAiMetric duration, Span span, GenAiData data) {
        List<String> keys = duration.attributeKeys();
        record(duration, Labels.of(data, keys.subList(0, keys.size() - 1)).and(errorType(span)), nanos(span));
    }

    private static Labels toolLabels(Span span, Tool tool) {
        Object agent = tool.metadata(GenAiAttributes.AGENT_NAME);
        if (agent == null && span.owner() instanceof Agent owner) {
            agent = owner.metadata(GenAiAttributes.AGENT_NAME);
        }
        return Labels.of(tool, List.of(GenAiAttributes.TOOL_NAME, GenAiAttributes.TOOL_TYPE))
                .and(agent)
                .and(errorType(span));
    }

    /** Negative, and so refused, where a span was given an end before its start. */
    private static long nanos(Span span) {
        return span.endEpochNanos() - span.startEpochNanos();
    }

    /** What the span says, so that both say the same. */
    private static @Nullable String errorType(Span span) {
        return span.ownAttribute(GenAiAttributes.ERROR_TYPE) instanceof String type ? type : null;
    }

    private void record(GenAiMetric metric, Labels labels, long value) {
        if (value < 0 || value > MAX_VALUE) {
            refusals.warn(
                    "A value of " + metric.metricName() + " is negative, not a number or absurdly large, and was not"
                            + " counted. Does a span end before it starts?");
            return;
        }
        Objects.requireNonNull(tables.get(metric)).record(labels, value);
        if (export != null) {
            export.recorded();
        }
    }

    /**
     * Records what passes between the chunks of one stream as they come, under what is known of the call at the second
     * one: streams name the model that answers in their first. Belongs to the thread of the chunks.
     */
    private final class ChunkGaps implements LongConsumer {
        private final Generation generation;
        private @Nullable Labels call;

        ChunkGaps(Generation generation) {
            this.generation = generation;
        }

        @Override
        public void accept(long nanos) {
            Labels known = call;
            if (known == null) {
                known = Labels.of(generation, GenAiMetric.CALL_KEYS);
                call = known;
            }
            record(GenAiMetric.TIME_PER_OUTPUT_CHUNK, known, nanos);
        }
    }

    /** Exports what was recorded before the subscription, if anything is new; completes within {@code timeout}. */
    public Mono<Void> flush(Duration timeout) {
        return export == null ? Mono.empty() : export.flush(timeout);
    }

    /**
     * As {@link #flush}, then closes connections and sleeps, within {@code timeout}. Not final: the next measurement wakes
     * it.
     */
    public Mono<Void> shutdown(Duration timeout) {
        return export == null ? Mono.empty() : export.shutdown(timeout);
    }

    /** As {@link #shutdown}, for good: what is measured later goes to the {@link MetricTarget} only. */
    public Mono<Void> close(Duration timeout) {
        return export == null ? Mono.empty() : export.close(timeout);
    }

    /** How many values were measured. Sums up all counters; meant for health checks and tests. */
    public long recorded() {
        return tables.values().stream().mapToLong(HistogramTable::recorded).sum();
    }

    /** How many of these values were in an export that was confirmed. */
    public long delivered() {
        return export == null ? 0 : export.delivered();
    }

    /** How many values were counted as {@code otel.metric.overflow}, because of {@link Builder#maxAttributeSets}. */
    public long overflowed() {
        return tables.values().stream().mapToLong(HistogramTable::overflowed).sum();
    }

    /** How many values were refused: negative, not a number or absurdly large. */
    public long refused() {
        return refusals.count();
    }

    /** How many times a {@link MetricTarget} threw. */
    public long targetFailures() {
        return targetFailures.count();
    }

    @Override
    public String toString() {
        return "GenAiMetrics{export=" + export + ", target=" + target + '}';
    }

    /** Collects options; each mistake is refused with the name of the option. Not thread-safe. */
    public static final class Builder {
        /** What nanoseconds can count, 292 years. */
        private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

        private final Resource resource;
        private final Clock clock;
        private Environment environment = Environment.system();
        private int maxAttributeSets = 2_000;
        private @Nullable MetricExporter exporter;
        private boolean exports = true;
        private @Nullable MetricTarget target;
        private @Nullable Duration exportInterval;
        private @Nullable Duration exportTimeout;
        private Scheduler scheduler = Schedulers.parallel();
        private final List<Counter> counters = new ArrayList<>();

        private Builder(Resource resource, Clock clock) {
            this.resource = Objects.requireNonNull(resource, "resource == null");
            this.clock = Objects.requireNonNull(clock, "clock == null");
        }

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            this.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /**
         * How many different sets of attributes a metric may have; values of further ones are counted together. Default
         * 2,000; 1 to 100,000.
         */
        public Builder maxAttributeSets(int maxAttributeSets) {
            if (maxAttributeSets < 1 || maxAttributeSets > 100_000) {
                throw new IllegalArgumentException("maxAttributeSets is not between 1 and 100000: " + maxAttributeSets);
            }
            this.maxAttributeSets = maxAttributeSets;
            return this;
        }

        /**
         * Where metrics are exported to. Default an {@link OtlpMetricExporter}, unless {@code OTEL_METRICS_EXPORTER} is set
         * and does not list {@code otlp}.
         */
        public Builder exporter(MetricExporter exporter) {
            this.exporter = Objects.requireNonNull(exporter, "exporter == null");
            this.exports = true;
            return this;
        }

        /** Exports nothing, whatever the environment says: measurements go to the {@link #target} only. */
        public Builder withoutExporter() {
            this.exporter = null;
            this.exports = false;
            return this;
        }

        /** Where each measurement goes at once, for example a registry of Micrometer. Default nowhere. */
        public Builder target(MetricTarget target) {
            this.target = Objects.requireNonNull(target, "target == null");
            return this;
        }

        /** The time from one export to the next. Default {@code OTEL_METRIC_EXPORT_INTERVAL}, else 60 s; positive. */
        public Builder exportInterval(Duration exportInterval) {
            this.exportInterval = positive("exportInterval", exportInterval);
            return this;
        }

        /**
         * How long an export may take, with all attempts. Default {@code OTEL_METRIC_EXPORT_TIMEOUT}, else 30 s;
         * positive.
         */
        public Builder exportTimeout(Duration exportTimeout) {
            this.exportTimeout = positive("exportTimeout", exportTimeout);
            return this;
        }

        /** A count that leaves with these metrics, to the exporter only. {@code Spanflux} adds its own. */
        public Builder counter(Counter counter) {
            counters.add(Objects.requireNonNull(counter, "counter == null"));
            return this;
        }

        /** Where metrics are collected; must not be disposed. Default {@link Schedulers#parallel()}. */
        public Builder scheduler(Scheduler scheduler) {
            this.scheduler = Objects.requireNonNull(scheduler, "scheduler == null");
            return this;
        }

        private static Duration positive(String name, Duration value) {
            Objects.requireNonNull(value, name + " == null");
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(name + " is not positive: " + value);
            }
            return value.compareTo(LONGEST) > 0 ? LONGEST : value;
        }

        private Duration exportIntervalOrDefault() {
            return setOr(exportInterval, "OTEL_METRIC_EXPORT_INTERVAL", Duration.ofSeconds(60));
        }

        private Duration exportTimeoutOrDefault() {
            return setOr(exportTimeout, "OTEL_METRIC_EXPORT_TIMEOUT", Duration.ofSeconds(30));
        }

        private Duration setOr(@Nullable Duration inCode, String variable, Duration otherwise) {
            if (inCode != null) {
                return inCode;
            }
            Duration set = environment.millis(variable, 1);
            return set == null ? otherwise : set;
        }

        private @Nullable MetricExporter exporterOrDefault() {
            if (exporter != null || !exports) {
                return exporter;
            }
            boolean otlp = environment.text("OTEL_METRICS_EXPORTER") == null
                    || environment.list("OTEL_METRICS_EXPORTER").contains("otlp");
            return otlp ? OtlpMetricExporter.builder().environment(environment).build() : null;
        }

        /** The metrics; nothing is opened or scheduled before the first measurement. */
        public GenAiMetrics build() {
            return new GenAiMetrics(this, exporterOrDefault());
        }
    }
}
