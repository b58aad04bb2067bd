// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.config.Environment;
import io.spanflux.encode.OtlpJsonLogEncoder;
import io.spanflux.trace.LogRecord;
import io.spanflux.transport.Compression;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/**
 * Sends events as OTLP JSON ({@code http/json}) over reactor-netty, and judges answers as {@link HttpSpanExporter} does. A
 * 404 or 405 says that nobody there takes logs: it is warned of once, and nothing is sent any more. What is not set in code
 * comes from the standard {@code OTEL_EXPORTER_OTLP_*} variables, a variable for logs before the one for all signals, and
 * then from the defaults that the builder states.
 *
 * <pre>{@code
 * OtlpLogExporter.create()                                                  // http://localhost:4318/v1/logs
 * OtlpLogExporter.builder().endpoint("https://collector:4318").header("x-api-key", key).build()
 * }</pre>
 */
public final class OtlpLogExporter implements LogExporter {
    private final OtlpJsonLogEncoder encoder = new OtlpJsonLogEncoder();
    private final PayloadSender sender;
    private final HttpExporter<LogRecord> exporter;

    OtlpLogExporter(PayloadSender sender) {
        this.sender = sender;
        this.exporter = new HttpExporter<>(
                HttpExporter.Kind.EVENT, (batch, since) -> new LogPayload(batch, encoder, since), sender);
    }

    /** An exporter configured by the environment alone. */
    public static OtlpLogExporter create() {
        return builder().build();
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Mono<ExportResult> export(List<LogRecord> batch) {
        return exporter.export(batch);
    }

    @Override
    public boolean isUnwanted() {
        return exporter.isUnwanted();
    }

    @Override
    public void retryNow() {
        exporter.retryNow();
    }

    @Override
    public Mono<Void> close() {
        return exporter.close();
    }

    @Override
    public String toString() {
        return "OtlpLogExporter{" + sender + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private final OtlpSettings settings = new OtlpSettings(OtlpSettings.Signal.LOGS);

        private Builder() {}

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            settings.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /**
         * The URL of the collector, http or https; one without a path gets {@code /v1/logs}, any other is used as it is.
         * Default {@code OTEL_EXPORTER_OTLP_LOGS_ENDPOINT} as it is, else {@code OTEL_EXPORTER_OTLP_ENDPOINT} with
         * {@code v1/logs} appended, else {@code http://localhost:4318/v1/logs}.
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
         * How often and how long to try again. Default {@link RetryPolicy#DEFAULT}; {@code OTEL_BLRP_EXPORT_TIMEOUT},
         * where it is set, replaces its 5 minutes.
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

        /** The exporter; nothing is opened yet. */
        public OtlpLogExporter build() {
            return new OtlpLogExporter(settings.sender());
        }
    }
}
