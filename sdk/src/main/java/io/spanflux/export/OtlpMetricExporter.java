// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.encode.Metric;
import io.spanflux.encode.OtlpJsonMetricEncoder;
import io.spanflux.encode.Temporality;
import io.spanflux.trace.Resource;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.Response;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
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
    public Mono<Outcome> export(Resource resource, List<Metric> metrics) {
        return sender.send(new MetricPayload(resource, metrics, encoder))
                .map(response -> judge(response, metrics))
                .onErrorResume(failure -> {
                    failures.warn("Metrics for " + sender.target() + " could not be delivered", failure);
                    return Mono.just(Outcome.FAILED);
                })
                .defaultIfEmpty(Outcome.FAILED);
    }

    private Outcome judge(Response response, List<Metric> metrics) {
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
    public static final class Builder extends OtlpSettings<Builder> {
        private static final String TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        private static final String AGGREGATION = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

        private @Nullable Temporality temporality;

        private Builder() {
            super(Signal.METRICS);
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
            String preference = environment().text(TEMPORALITY);
            if (preference == null) {
                return Temporality.CUMULATIVE;
            }
            return switch (preference.toLowerCase(Locale.ROOT)) {
                case "cumulative" -> Temporality.CUMULATIVE;
                case "delta", "lowmemory" -> Temporality.DELTA;
                default -> {
                    environment().ignored(TEMPORALITY, preference, "not a temporality; cumulative holds");
                    yield Temporality.CUMULATIVE;
                }
            };
        }

        private void warnOfOtherAggregations() {
            String aggregation = environment().text(AGGREGATION);
            if (aggregation != null && !aggregation.equalsIgnoreCase("explicit_bucket_histogram")) {
                environment().ignored(AGGREGATION, aggregation, "the conventions prescribe explicit buckets");
            }
        }

        /** The exporter; nothing is opened yet. */
        public OtlpMetricExporter build() {
            warnOfOtherAggregations();
            return new OtlpMetricExporter(sender(), temporalityOrDefault());
        }
    }
}
