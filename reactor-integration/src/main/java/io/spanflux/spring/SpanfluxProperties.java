// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.trace.ContentCapture;
import io.spanflux.transport.Compression;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What the application's properties say. What is null was not set, and comes from {@code OTEL_*} or the SDK's defaults.
 *
 * @param enabled whether anything is traced, measured or passed on; when false, the beans are there and do nothing
 * @param serviceName name of the service; default OTEL_SERVICE_NAME, else spring.application.name
 * @param resource attributes of the resource, over OTEL_RESOURCE_ATTRIBUTES; put keys with dots into brackets
 * @param captureContent where messages and generated text leave; default
 *     OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT, else nowhere
 * @param baggage attributes of the scope that travel as baggage and are taken from it; default none
 * @param tracenticScope whether x-tracentic-scope-id links scopes of services, beside OTEL_PROPAGATORS; default whether a
 *     TracenticExporter is a bean. A Propagator bean replaces all of these
 * @param priceFile JSON file of prices that come before the built-in ones
 * @param experimentalCostNames whether costs also leave as gen_ai.usage.cost.*; default OTEL_SEMCONV_STABILITY_OPT_IN
 * @param maxSpanLifetime how long a span may live before it is ended and marked; default 1 h
 * @param shutdownTimeout how long the application's stop may wait for spans to be delivered
 * @param otlp a collector that speaks OTLP over HTTP; when anything is set, it is a destination besides the SpanExporter beans
 * @param sampling which traces are recorded
 * @param tailSampling which traces are exported, decided when they are over; off unless a rule is set
 * @param pipeline bounds and timing of each exporter's queue
 * @param metrics GenAI metrics
 * @param events events of calls of models, which leave as logs
 * @param webflux incoming requests
 * @param webclient outgoing requests
 * @param observationParent whether a span without a parent of ours stands below the one that Micrometer Tracing made for the
 *     observation in Reactor's Context, and follows its sampling
 * @param logging what log lines say of traces
 */
@ConfigurationProperties("spanflux")
record SpanfluxProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable String serviceName,
        @Nullable Map<String, String> resource,
        @Nullable ContentCapture captureContent,
        @Nullable List<String> baggage,
        @Nullable Boolean tracenticScope,
        @Nullable Path priceFile,
        @Nullable Boolean experimentalCostNames,
        @Nullable Duration maxSpanLifetime,
        @DefaultValue("10s") Duration shutdownTimeout,
        @Nullable Otlp otlp,
        @DefaultValue Sampling sampling,
        @Nullable TailSampling tailSampling,
        @DefaultValue Pipeline pipeline,
        @DefaultValue Metrics metrics,
        @DefaultValue Events events,
        @DefaultValue Webflux webflux,
        @DefaultValue Webclient webclient,
        @DefaultValue("false") boolean observationParent,
        @DefaultValue Logging logging) {

    SpanfluxProperties {
        if (shutdownTimeout.isNegative()) {
            throw new IllegalArgumentException("spanflux.shutdown-timeout is negative: " + shutdownTimeout);
        }
    }

    /**
     * A collector.
     *
     * @param endpoint URL of the collector; without a path v1/traces, v1/metrics for metrics, v1/logs for events is appended; default
     *     OTEL_EXPORTER_OTLP_*, else http://localhost:4318
     * @param headers headers of each request, for example credentials
     * @param timeout how long one attempt may take; default OTEL_EXPORTER_OTLP_TIMEOUT, else 10 s
     * @param compression how bodies are compressed; zstd needs com.github.luben:zstd-jni; default
     *     OTEL_EXPORTER_OTLP_COMPRESSION, else not at all
     */
    record Otlp(
            @Nullable String endpoint,
            @Nullable Map<String, String> headers,
            @Nullable Duration timeout,
            @Nullable Compression compression) {
        /** Neither the endpoint nor values of headers: both may hold credentials. */
        @Override
        public String toString() {
            return "Otlp{headers=" + (headers == null ? "" : headers.keySet()) + ", timeout=" + timeout
                    + ", compression=" + compression + '}';
        }
    }

    /**
     * Sampling at the head.
     *
     * @param ratio share of traces that begin here and are recorded, 0 to 1; what comes with a parent follows the parent;
     *     default OTEL_TRACES_SAMPLER, else all. A Sampler bean wins
     */
    record Sampling(@Nullable Double ratio) {}

    /**
     * Sampling at the tail.
     *
     * @param keepErrors keep traces with a failed span
     * @param keepSlowerThan keep traces that took longer
     * @param keepCostAbove keep traces that cost more
     * @param keepTokensAbove keep traces that used more tokens
     * @param keepRatio share of the other traces that is kept, 0 to 1
     * @param maxHoldTime how long a trace may wait for its end
     * @param maxTraces how many traces may wait at once
     */
    record TailSampling(
            @DefaultValue("false") boolean keepErrors,
            @Nullable Duration keepSlowerThan,
            @Nullable Double keepCostAbove,
            @Nullable Long keepTokensAbove,
            @Nullable Double keepRatio,
            @Nullable Duration maxHoldTime,
            @Nullable Integer maxTraces) {}

    /**
     * A pipeline.
     *
     * @param maxQueueSize spans that may wait; beyond it the oldest are dropped; default OTEL_BSP_MAX_QUEUE_SIZE, else 2048
     * @param maxQueueBytes estimated bytes that may wait; default 64 MB
     * @param maxBatchSize spans that are exported together at most; default OTEL_BSP_MAX_EXPORT_BATCH_SIZE, else 512
     * @param maxBatchBytes estimated bytes at which a batch is full; default 4 MB
     * @param scheduleDelay how long a span waits for a batch to fill; default OTEL_BSP_SCHEDULE_DELAY, else 5 s
     */
    record Pipeline(
            @Nullable Integer maxQueueSize,
            @Nullable DataSize maxQueueBytes,
            @Nullable Integer maxBatchSize,
            @Nullable DataSize maxBatchBytes,
            @Nullable Duration scheduleDelay) {}

    /**
     * Metrics.
     *
     * @param micrometer whether metrics are recorded in the application's MeterRegistry
     * @param otlp whether metrics are exported by OTLP; default whether OTEL_METRICS_EXPORTER lists otlp
     * @param exportInterval time from one export by OTLP to the next; default OTEL_METRIC_EXPORT_INTERVAL, else 60 s
     */
    record Metrics(
            @DefaultValue("false") boolean micrometer,
            @Nullable Boolean otlp,
            @Nullable Duration exportInterval) {}

    /**
     * Events.
     *
     * @param otlp whether events are exported by OTLP; default whether OTEL_LOGS_EXPORTER lists otlp or, where that is unset,
     *     whether spanflux.capture-content says that they carry content
     */
    record Events(@Nullable Boolean otlp) {}

    /**
     * Incoming requests.
     *
     * @param enabled whether a filter reads the trace of requests and puts it, and their scope, into Reactor's Context
     * @param serverSpan whether the filter makes a span of each request
     * @param excludePaths patterns of paths without a server span; default /actuator/**
     * @param order place of the filter among the WebFilters; Spring Security's is at -100
     */
    record Webflux(
            @DefaultValue("true") boolean enabled,
            @DefaultValue("true") boolean serverSpan,
            @DefaultValue("/actuator/**") List<String> excludePaths,

            @DefaultValue("" + ServerTraceFilter.DEFAULT_ORDER)
            int order) {}

    /**
     * Outgoing requests.
     *
     * @param hosts hosts that are told of the trace: a name, *.name for all below it, or * for all; default none
     * @param generations whether calls of models are made spans: endpoints as OpenAI, Anthropic and Gemini have them
     */
    record Webclient(
            @DefaultValue List<String> hosts,
            @DefaultValue("true") boolean generations) {}

    /**
     * Log lines.
     *
     * @param correlation whether SLF4J's MDC has traceId and spanId wherever Micrometer's context-propagation restores
     *     thread-locals, which spring.reactor.context-propagation=auto turns on for all of Reactor
     */
    record Logging(@DefaultValue("false") boolean correlation) {}
}
