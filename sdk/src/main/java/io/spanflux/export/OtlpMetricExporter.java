// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.config.Environment;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.encode.Histogram;
import io.spanflux.encode.OtlpJsonMetricEncoder;
import io.spanflux.encode.Temporality;
import io.spanflux.trace.Resource;
import io.spanflux.transport.Compression;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.Response;
import io.spanflux.transport.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Sends metrics as OTLP JSON ({@code http/json}) over reactor-netty. What is not set in code comes from the standard
 * {@code OTEL_EXPORTER_OTLP_*} variables, a variable for metrics before the one for all signals, and then from the defaults
 * that the builder states.
 *
 * <pre>{@code
 * OtlpMetricExporter.create()                                               // http://localhost:4318/v1/metrics
 * OtlpMetricExporter.builder().endpoint("https://collector:4318").temporality(Temporality.DELTA).build()
 * }</pre>
 */
public final class OtlpMetricExporter implements MetricExporter {
    private static final Logger log = LoggerFactory.getLogger(OtlpMetricExporter.class);

    private final OtlpJsonMetricEncoder encoder = new OtlpJsonMetricEncoder();
    private final PayloadSender sender;
    private final Temporality temporality;
    private final RepeatedWarning failures = new RepeatedWarning(log);
    private final RepeatedWarning rejections = new RepeatedWarning(log);

    OtlpMetricExporter(PayloadSender sender, Temporality temporality) {
        this.sender = sender;
        this.temporality = temporality;
    }

    /** An exporter configured by the environment alone. */
    public static OtlpMetricExporter create() {
        return builder().build();
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Temporality temporality() {
        return temporality;
    }

    @Override
    public Mono<Outcome> export(Resource resource, List<Histogram> metrics) {
        return sender.send(new MetricPayload(resource, metrics, encoder))
                .map(response -> judge(response, metrics))
                .onErrorResume(failure -> {
                    failures.warn("Metrics for " + sender.target() + " could not be delivered", failure);
                    return Mono.just(Outcome.FAILED);
                })
                .defaultIfEmpty(Outcome.FAILED);
    }

    private Outcome judge(Response response, List<Histogram> metrics) {
        int status = response.status();
        if (response.isSuccess()) {
            int points =
                    metrics.stream().mapToInt(metric -> metric.points().size()).sum();
            PartialSuccess partial = PartialSuccess.parse(response, "rejectedDataPoints", points);
            if (partial.rejected() > 0 || !partial.message().isEmpty()) {
                rejections.warn(
                        Math.max(1, partial.rejected()),
                        sender.target() + " took metrics and rejected " + partial.rejected() + " of their points: "
                                + partial.message());
            }
            return Outcome.DELIVERED;
        }
        if (status == 404 || status == 405) {
            return Outcome.UNSUPPORTED;
        }
        failures.warn(sender.target() + " answered " + status + " to metrics: " + response.excerpt());
        return Outcome.FAILED;
    }

    @Override
    public void retryNow() {
        sender.retryNow();
    }

    @Override
    public Mono<Void> close() {
        return sender.close();
    }

    @Override
    public String target() {
        return sender.target();
    }

    @Override
    public String toString() {
        return "OtlpMetricExporter{" + sender + ", temporality=" + temporality + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private static final String TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        private static final String AGGREGATION = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

        private final OtlpSettings settings = new OtlpSettings(OtlpSettings.Signal.METRICS);
        private @Nullable Temporality temporality;

        private Builder() {}

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            settings.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /**
         * The URL of the collector, http or https; one without a path gets {@code /v1/metrics}, any other is used as it
         * is. Default {@code OTEL_EXPORTER_OTLP_METRICS_ENDPOINT} as it is, else {@code OTEL_EXPORTER_OTLP_ENDPOINT} with
         * {@code v1/metrics} appended, else {@code http://localhost:4318/v1/metrics}.
         */
        public Builder endpoint(String endpoint) {
            settings.endpoint = Objects.requireNonNull(endpoint, "endpoint == null");
            return this;
        }

        /**
         * A header of each request, also where {@code OTEL_EXPORTER_OTLP_HEADERS} says otherwise. A {@code User-Agent}
         * is put before ours.
         */
        public Builder header(String name, String value) {
            Objects.requireNonNull(name, "header name == null");
            settings.headers.put(name, Objects.requireNonNull(value, "header value == null"));
            return this;
        }

        /** How long one attempt may take. Default {@code OTEL_EXPORTER_OTLP_TIMEOUT}, else 10 s; positive. */
        public Builder timeout(Duration timeout) {
            settings.timeout = Objects.requireNonNull(timeout, "timeout == null");
            return this;
        }

        /** How bodies are compressed. Default {@code OTEL_EXPORTER_OTLP_COMPRESSION}, else not at all. */
        public Builder compression(Compression compression) {
            settings.compression = Objects.requireNonNull(compression, "compression == null");
            return this;
        }

        /**
         * How often and how long to try again. Default {@link RetryPolicy#DEFAULT} for at most
         * {@code OTEL_METRIC_EXPORT_TIMEOUT}, else 30 seconds: the next collection says the same and more.
         */
        public Builder retryPolicy(RetryPolicy retryPolicy) {
            settings.retryPolicy = Objects.requireNonNull(retryPolicy, "retryPolicy == null");
            return this;
        }

        /**
         * A last word on the transport: TLS files, idle time, proxy and whatever else reactor-netty can do. Applied after
         * everything else.
         *
         * <pre>{@code
         * .transport(sender -> sender.certificate(caFile).httpClient(client -> client.proxyWithSystemProperties()))
         * }</pre>
         */
        public Builder transport(Consumer<ReactorNettySender.Builder> transport) {
            settings.transport = Objects.requireNonNull(transport, "transport == null");
            return this;
        }

        /**
         * What time the numbers are about. Default {@code OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE}
         * ({@code cumulative}, {@code delta}, or {@code lowmemory}, which is delta for histograms), else cumulative.
         */
        public Builder temporality(Temporality temporality) {
            this.temporality = Objects.requireNonNull(temporality, "temporality == null");
            return this;
        }

        private Temporality temporalityOrDefault() {
            if (temporality != null) {
                return temporality;
            }
            String preference = settings.environment.text(TEMPORALITY);
            if (preference == null) {
                return Temporality.CUMULATIVE;
            }
            return switch (preference.toLowerCase(Locale.ROOT)) {
                case "cumulative" -> Temporality.CUMULATIVE;
                case "delta", "lowmemory" -> Temporality.DELTA;
                default -> {
                    settings.environment.ignored(TEMPORALITY, preference, "not a temporality; cumulative holds");
                    yield Temporality.CUMULATIVE;
                }
            };
        }

        private void warnOfOtherAggregations() {
            String aggregation = settings.environment.text(AGGREGATION);
            if (aggregation != null && !aggregation.equalsIgnoreCase("explicit_bucket_histogram")) {
                settings.environment.ignored(AGGREGATION, aggregation, "the conventions prescribe explicit buckets");
            }
        }

        /** The exporter; nothing is opened yet. */
        public OtlpMetricExporter build() {
            warnOfOtherAggregations();
            return new OtlpMetricExporter(settings.sender(), temporalityOrDefault());
        }
    }
}
