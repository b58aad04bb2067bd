// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.encode.AttributeDialect;
import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.trace.Span;
import io.spanflux.transport.Compression;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.RetryPolicy;
import io.spanflux.transport.RetryingSender;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Sends spans as OTLP JSON ({@code http/json}) over reactor-netty. What is not set in code comes from the standard
 * {@code OTEL_EXPORTER_OTLP_*} variables, a variable for traces before the one for all signals, and then from the defaults
 * that the builder states.
 *
 * <pre>{@code
 * OtlpExporter.create()                                                     // http://localhost:4318/v1/traces
 * OtlpExporter.builder().endpoint("https://collector:4318").header("x-api-key", key).build()
 * }</pre>
 */
public final class OtlpExporter implements SpanExporter {
    private final HttpSpanExporter exporter;

    private OtlpExporter(HttpSpanExporter exporter) {
        this.exporter = exporter;
    }

    /** An exporter configured by the environment alone. */
    public static OtlpExporter create() {
        return builder().build();
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return exporter.export(batch);
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
        return "OtlpExporter{" + exporter + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private static final String PREFIX = "OTEL_EXPORTER_OTLP_";
        private static final String TRACES_PREFIX = "OTEL_EXPORTER_OTLP_TRACES_";
        private static final String DEFAULT_ENDPOINT = "http://localhost:4318/v1/traces";

        private Environment environment = Environment.system();
        private @Nullable String endpoint;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private @Nullable Duration timeout;
        private @Nullable Compression compression;
        private @Nullable RetryPolicy retryPolicy;
        private Consumer<ReactorNettySender.Builder> transport = sender -> {};
        private AttributeDialect dialect = AttributeDialect.genAi();

        private Builder() {}

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            this.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /** In which words attributes leave. Default {@link AttributeDialect#genAi()}, the conventions' current form. */
        public Builder dialect(AttributeDialect dialect) {
            this.dialect = Objects.requireNonNull(dialect, "dialect == null");
            return this;
        }

        /**
         * The URL of the collector, http or https; one without a path gets {@code /v1/traces}, any other is used as it
         * is. Default {@code OTEL_EXPORTER_OTLP_TRACES_ENDPOINT} as it is, else {@code OTEL_EXPORTER_OTLP_ENDPOINT} with
         * {@code v1/traces} appended, else {@code http://localhost:4318/v1/traces}.
         */
        public Builder endpoint(String endpoint) {
            this.endpoint = Objects.requireNonNull(endpoint, "endpoint == null");
            return this;
        }

        /**
         * A header of each request, also where {@code OTEL_EXPORTER_OTLP_HEADERS} says otherwise. A {@code User-Agent}
         * is put before ours.
         */
        public Builder header(String name, String value) {
            Objects.requireNonNull(name, "header name == null");
            headers.put(name, Objects.requireNonNull(value, "header value == null"));
            return this;
        }

        /** How long one attempt may take. Default {@code OTEL_EXPORTER_OTLP_TIMEOUT}, else 10 s; positive. */
        public Builder timeout(Duration timeout) {
            this.timeout = Objects.requireNonNull(timeout, "timeout == null");
            return this;
        }

        /** How bodies are compressed. Default {@code OTEL_EXPORTER_OTLP_COMPRESSION}, else not at all. */
        public Builder compression(Compression compression) {
            this.compression = Objects.requireNonNull(compression, "compression == null");
            return this;
        }

        /**
         * How often and how long to try again. Default {@link RetryPolicy#DEFAULT}; {@code OTEL_BSP_EXPORT_TIMEOUT},
         * where it is set, replaces its 5 minutes.
         */
        public Builder retryPolicy(RetryPolicy retryPolicy) {
            this.retryPolicy = Objects.requireNonNull(retryPolicy, "retryPolicy == null");
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
            this.transport = Objects.requireNonNull(transport, "transport == null");
            return this;
        }

        /** The exporter; nothing is opened yet. */
        public OtlpExporter build() {
            warnOfOtherProtocols();
            String url = endpointOrDefault();
            ReactorNettySender.Builder sender = ReactorNettySender.builder(url);
            mergedHeaders().forEach(sender::header);
            sender.timeout(timeoutOrDefault()).compression(compressionOrDefault());
            if (url.toLowerCase(Locale.ROOT).startsWith("https:")) {
                setCertificates(sender);
            }
            transport.accept(sender);
            RetryingSender retrying = new RetryingSender(sender.build(), retryPolicyOrDefault(), Schedulers.parallel());
            return new OtlpExporter(new HttpSpanExporter(new OtlpJsonEncoder(dialect), retrying));
        }

        private void warnOfOtherProtocols() {
            String name = environment.firstSet(TRACES_PREFIX + "PROTOCOL", PREFIX + "PROTOCOL");
            String protocol = name == null ? null : environment.text(name);
            if (name != null && protocol != null && !protocol.equalsIgnoreCase("http/json")) {
                environment.ignored(name, protocol, "Spanflux speaks http/json only");
            }
        }

        private String endpointOrDefault() {
            if (endpoint != null) {
                return withTracesPath(endpoint);
            }
            String ofTraces = environment.text(TRACES_PREFIX + "ENDPOINT");
            if (ofTraces != null && isUsable(TRACES_PREFIX + "ENDPOINT", ofTraces)) {
                return ofTraces;
            }
            String ofAll = environment.text(PREFIX + "ENDPOINT");
            if (ofAll != null && isUsable(PREFIX + "ENDPOINT", ofAll)) {
                return ofAll + (ofAll.endsWith("/") ? "" : "/") + "v1/traces";
            }
            return DEFAULT_ENDPOINT;
        }

        private static String withTracesPath(String endpoint) {
            try {
                URI uri = URI.create(endpoint);
                boolean bare = uri.getRawPath() == null
                        || uri.getRawPath().isEmpty()
                        || uri.getRawPath().equals("/");
                return bare && uri.getHost() != null ? uri.resolve("/v1/traces").toString() : endpoint;
            } catch (IllegalArgumentException e) {
                // The sender refuses it by name.
                return endpoint;
            }
        }

        private boolean isUsable(String variable, String url) {
            try {
                ReactorNettySender.builder(url);
                return true;
            } catch (IllegalArgumentException e) {
                environment.ignored(variable, url.replaceAll("//[^/@]*@", "//***@"), "not an http or https URL");
                return false;
            }
        }

        private Map<String, String> mergedHeaders() {
            String variable = environment.firstSet(TRACES_PREFIX + "HEADERS", PREFIX + "HEADERS");
            Map<String, String> merged = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            if (variable != null) {
                environment.pairs(variable).forEach((name, value) -> {
                    try {
                        ReactorNettySender.builder(DEFAULT_ENDPOINT).header(name, value);
                        merged.put(name, value);
                    } catch (IllegalArgumentException e) {
                        environment.ignored(variable, "(" + name + ")", "not a header that can be set");
                    }
                });
            }
            merged.putAll(headers);
            String ours = "Spanflux-OTLP-Exporter-Java/" + SdkVersion.get();
            merged.merge("User-Agent", ours, (user, own) -> user + ' ' + own);
            return merged;
        }

        private Duration timeoutOrDefault() {
            if (timeout != null) {
                return timeout;
            }
            String variable = environment.firstSet(TRACES_PREFIX + "TIMEOUT", PREFIX + "TIMEOUT");
            Duration set = variable == null ? null : environment.millis(variable, 1);
            return set == null ? Duration.ofSeconds(10) : set;
        }

        private Compression compressionOrDefault() {
            if (compression != null) {
                return compression;
            }
            String variable = environment.firstSet(TRACES_PREFIX + "COMPRESSION", PREFIX + "COMPRESSION");
            String name = variable == null ? null : environment.text(variable);
            if (variable == null || name == null) {
                return Compression.NONE;
            }
            if (name.equalsIgnoreCase("gzip")) {
                return Compression.GZIP;
            }
            if (!name.equalsIgnoreCase("none")) {
                environment.ignored(variable, name, "neither gzip nor none");
            }
            return Compression.NONE;
        }

        private RetryPolicy retryPolicyOrDefault() {
            if (retryPolicy != null) {
                return retryPolicy;
            }
            Duration maxAge = environment.millis("OTEL_BSP_EXPORT_TIMEOUT", 0);
            return maxAge == null ? RetryPolicy.DEFAULT : RetryPolicy.DEFAULT.withMaxAge(maxAge);
        }

        /**
         * Files that cannot be read fail the build, though the environment names them: to go on without them would trust
         * other servers than was asked for.
         */
        private void setCertificates(ReactorNettySender.Builder sender) {
            Path trusted = path("CERTIFICATE");
            if (trusted != null) {
                sender.certificate(trusted);
            }
            Path shown = path("CLIENT_CERTIFICATE");
            Path key = path("CLIENT_KEY");
            if (shown != null && key != null) {
                sender.clientCertificate(shown, key);
            } else if (shown != null || key != null) {
                throw new IllegalArgumentException(
                        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY need one another");
            }
        }

        private @Nullable Path path(String suffix) {
            String variable = environment.firstSet(TRACES_PREFIX + suffix, PREFIX + suffix);
            String file = variable == null ? null : environment.text(variable);
            return file == null ? null : Path.of(file);
        }
    }
}
