// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.coralogix;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.encode.AttributeDialect;
import io.spanflux.export.OtlpExporter;
import io.spanflux.export.OtlpMetricExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.RetryPolicy;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends spans and metrics to Coralogix, in llm-tracekit's words. What is not set in code comes from {@code CX_TOKEN},
 * {@code CX_ENDPOINT}, {@code CX_APPLICATION_NAME} and {@code CX_SUBSYSTEM_NAME}.
 *
 * <pre>{@code
 * Spanflux spanflux = Coralogix.create().addTo(Spanflux.builder()).serviceName("support-bot").build();
 * }</pre>
 *
 * <p>OTLP over HTTP as JSON, where llm-tracekit speaks gRPC: Coralogix and collectors take both, at ports of their own.
 * {@code OTEL_EXPORTER_OTLP_*} have no say: their headers may be credentials that are meant for another place.
 *
 * <p>Threads: immutable.
 */
public final class Coralogix {
    /** No variables: see the class comment. */
    private static final Environment NO_VARIABLES = Environment.of(Map.of());

    private final String token;
    private final String endpoint;
    private final String applicationName;
    private final String subsystemName;
    private final @Nullable Boolean captureContent;
    private final boolean immediate;
    private final AttributeDialect dialect;
    private final Duration timeout;
    private final RetryPolicy retryPolicy;
    private final Consumer<ReactorNettySender.Builder> transport;
    private final String description;

    private Coralogix(Builder builder, String token, String endpoint, String applicationName, String subsystemName) {
        this.token = token;
        this.endpoint = endpoint;
        this.applicationName = applicationName;
        this.subsystemName = subsystemName;
        this.captureContent = builder.captureContent;
        this.immediate = builder.immediate;
        this.dialect =
                builder.olderNames ? AttributeDialect.llmTracekitWithOlderNames() : AttributeDialect.llmTracekit();
        this.timeout = builder.timeout;
        this.retryPolicy = builder.retryPolicy;
        this.transport = builder.transport;
        // Refuses what a sender refuses, before anything is added anywhere.
        this.description = "Coralogix{" + spanExporter() + ", applicationName=" + applicationName + ", subsystemName="
                + subsystemName + ", immediate=" + immediate + '}';
    }

    /** Configured by the environment alone. */
    public static Coralogix create() {
        return builder().build();
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Adds the exporter of spans to {@code spanflux}, turns metrics on and exports them too, and passes on whether content is
     * captured where that is set here. Returns {@code spanflux}, whose later settings win; other exporters may stand beside.
     */
    public Spanflux.Builder addTo(Spanflux.Builder spanflux) {
        spanflux.exporter(spanExporter(), pipeline -> {
            if (immediate) {
                pipeline.maxBatchSize(1).scheduleDelay(Duration.ZERO);
            }
        });
        if (captureContent != null) {
            spanflux.captureContent(captureContent);
        }
        CoralogixMetricExporter metrics = metricExporter();
        return spanflux.metrics(builder -> builder.exporter(metrics));
    }

    private SpanExporter spanExporter() {
        return OtlpExporter.builder()
                .environment(NO_VARIABLES)
                .endpoint(endpoint + "/v1/traces")
                .header("Authorization", "Bearer " + token)
                .header("cx-application-name", applicationName)
                .header("cx-subsystem-name", subsystemName)
                .timeout(timeout)
                .retryPolicy(retryPolicy)
                .transport(transport)
                .dialect(dialect)
                .build();
    }

    private CoralogixMetricExporter metricExporter() {
        return new CoralogixMetricExporter(OtlpMetricExporter.builder()
                .environment(NO_VARIABLES)
                .endpoint(endpoint + "/v1/metrics")
                .header("Authorization", "Bearer " + token)
                .header("cx-application-name", applicationName)
                .header("cx-subsystem-name", subsystemName)
                .timeout(timeout)
                .transport(transport)
                .build());
    }

    /** Never the token. */
    @Override
    public String toString() {
        return description;
    }

    /** Collects the settings; each mistake is refused with the name of the setting and of its variable. Not thread-safe. */
    public static final class Builder {
        private static final int GRPC_PORT = 4317;

        private Environment environment = Environment.system();
        private @Nullable String token;
        private @Nullable String endpoint;
        private @Nullable String applicationName;
        private @Nullable String subsystemName;
        private @Nullable Boolean captureContent;
        private boolean immediate;
        private boolean olderNames;
        private Duration timeout = Duration.ofSeconds(10);
        private RetryPolicy retryPolicy = RetryPolicy.DEFAULT;
        private Consumer<ReactorNettySender.Builder> transport = sender -> {};

        private Builder() {}

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            this.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /** The key of the account, kept out of logs and {@code toString}. Default {@code CX_TOKEN}; must be set. */
        public Builder token(String token) {
            this.token = Objects.requireNonNull(token, "token == null");
            return this;
        }

        /**
         * The URL that {@code /v1/traces} and {@code /v1/metrics} are appended to, {@code https} where it has no scheme; that
         * of OTLP over HTTP, for example {@code https://ingress.eu2.coralogix.com}. Default {@code CX_ENDPOINT}; must be set.
         */
        public Builder endpoint(String endpoint) {
            this.endpoint = Objects.requireNonNull(endpoint, "endpoint == null");
            return this;
        }

        /** The application in Coralogix. Default {@code CX_APPLICATION_NAME}; must be set. */
        public Builder applicationName(String applicationName) {
            this.applicationName = Objects.requireNonNull(applicationName, "applicationName == null");
            return this;
        }

        /** The subsystem in Coralogix. Default {@code CX_SUBSYSTEM_NAME}; must be set. */
        public Builder subsystemName(String subsystemName) {
            this.subsystemName = Objects.requireNonNull(subsystemName, "subsystemName == null");
            return this;
        }

        /** As {@code Spanflux.Builder.captureContent}, for all exporters. Default what that says, so off. */
        public Builder captureContent(boolean captureContent) {
            this.captureContent = captureContent;
            return this;
        }

        /**
         * Whether each span leaves on its own as soon as the one before has arrived, for a look at what happens: a request a
         * span. Default false, batches.
         */
        public Builder immediate(boolean immediate) {
            this.immediate = immediate;
            return this;
        }

        /** Whether the names of llm-tracekit 1.1 leave beside those that replaced them. Default false. */
        public Builder olderNames(boolean olderNames) {
            this.olderNames = olderNames;
            return this;
        }

        /** How long one attempt may take. Default 10 s; positive. */
        public Builder timeout(Duration timeout) {
            this.timeout = Objects.requireNonNull(timeout, "timeout == null");
            return this;
        }

        /** How often and how long to try again with spans. Default {@link RetryPolicy#DEFAULT}. */
        public Builder retryPolicy(RetryPolicy retryPolicy) {
            this.retryPolicy = Objects.requireNonNull(retryPolicy, "retryPolicy == null");
            return this;
        }

        /** A last word on the transport: TLS files, compression, proxy. Applied after everything else. */
        public Builder transport(Consumer<ReactorNettySender.Builder> transport) {
            this.transport = Objects.requireNonNull(transport, "transport == null");
            return this;
        }

        /** The settings, checked; nothing is opened. */
        public Coralogix build() {
            return new Coralogix(
                    this,
                    set("token", token, "CX_TOKEN"),
                    base(set("endpoint", endpoint, "CX_ENDPOINT")),
                    set("applicationName", applicationName, "CX_APPLICATION_NAME"),
                    set("subsystemName", subsystemName, "CX_SUBSYSTEM_NAME"));
        }

        private String set(String name, @Nullable String inCode, String variable) {
            String value = inCode == null ? environment.text(variable) : inCode.trim();
            if (value == null || value.isEmpty()) {
                throw new IllegalArgumentException(name + " is not set, nor is " + variable);
            }
            return value;
        }

        private static String base(String endpoint) {
            if (endpoint.indexOf('?') >= 0 || endpoint.indexOf('#') >= 0) {
                throw new IllegalArgumentException(
                        "endpoint (CX_ENDPOINT) has a query or a fragment, where a path is appended");
            }
            String url = (endpoint.contains("://") ? endpoint : "https://" + endpoint).replaceFirst("/+$", "");
            if (portOf(url) == GRPC_PORT) {
                throw new IllegalArgumentException("endpoint (CX_ENDPOINT) is of port " + GRPC_PORT
                        + ", where OTLP/gRPC is spoken; Spanflux speaks OTLP/HTTP, at a collector's port 4318");
            }
            return url;
        }

        private static int portOf(String url) {
            try {
                return URI.create(url).getPort();
            } catch (IllegalArgumentException e) {
                // The sender refuses it.
                return -1;
            }
        }
    }
}
