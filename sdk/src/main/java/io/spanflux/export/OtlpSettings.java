// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.transport.Compression;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.RetryPolicy;
import io.spanflux.transport.RetryingSender;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/**
 * Where and how one signal is sent by OTLP: what was set in code, else the variable for that signal, else the one for all
 * signals, else the default. What the builders of all signals have in common. Not thread-safe.
 */
public abstract class OtlpSettings<B extends OtlpSettings<B>> {
    private static final String PREFIX = "OTEL_EXPORTER_OTLP_";
    private static final String DEFAULT_HOST = "http://localhost:4318/";

    private final Signal signal;
    private Environment environment = Environment.system();
    private @Nullable String endpoint;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private @Nullable Duration timeout;
    private @Nullable Compression compression;
    private @Nullable RetryPolicy retryPolicy;
    private Consumer<ReactorNettySender.Builder> transport = sender -> {};

    OtlpSettings(Signal signal) {
        this.signal = signal;
    }

    @SuppressWarnings("unchecked") // Each builder extends this with itself.
    private B self() {
        return (B) this;
    }

    final Environment environment() {
        return environment;
    }

    /** Where unset options come from. Default the environment of this process. */
    public B environment(Environment environment) {
        this.environment = Objects.requireNonNull(environment, "environment == null");
        return self();
    }

    /**
     * The URL of the collector, http or https; one without a path gets the signal's ({@code /v1/traces},
     * {@code /v1/metrics} or {@code /v1/logs}), any other is used as it is. Default
     * {@code OTEL_EXPORTER_OTLP_<SIGNAL>_ENDPOINT} as it is, else {@code OTEL_EXPORTER_OTLP_ENDPOINT} with the signal's path
     * appended, else {@code http://localhost:4318} with it.
     */
    public B endpoint(String endpoint) {
        this.endpoint = Objects.requireNonNull(endpoint, "endpoint == null");
        return self();
    }

    /**
     * A header of each request, also where {@code OTEL_EXPORTER_OTLP_HEADERS} says otherwise. A {@code User-Agent}
     * is put before ours.
     */
    public B header(String name, String value) {
        Objects.requireNonNull(name, "header name == null");
        headers.put(name, Objects.requireNonNull(value, "header value == null"));
        return self();
    }

    /** How long one attempt may take. Default {@code OTEL_EXPORTER_OTLP_TIMEOUT}, else 10 s; positive. */
    public B timeout(Duration timeout) {
        this.timeout = Objects.requireNonNull(timeout, "timeout == null");
        return self();
    }

    /**
     * How bodies are compressed. Default {@code OTEL_EXPORTER_OTLP_COMPRESSION}, else not at all. {@link Compression#ZSTD}
     * without its library is refused when the exporter is built, and ignored with a warning where a variable says it.
     */
    public B compression(Compression compression) {
        this.compression = Objects.requireNonNull(compression, "compression == null");
        return self();
    }

    /**
     * How often and how long to try again. Default {@link RetryPolicy#DEFAULT}, whose 5 minutes
     * {@code OTEL_BSP_EXPORT_TIMEOUT} replaces for spans and {@code OTEL_BLRP_EXPORT_TIMEOUT} for logs, where they are set;
     * for metrics it is {@code OTEL_METRIC_EXPORT_TIMEOUT}, else 30 seconds: the next collection says the same and more.
     */
    public B retryPolicy(RetryPolicy retryPolicy) {
        this.retryPolicy = Objects.requireNonNull(retryPolicy, "retryPolicy == null");
        return self();
    }

    /**
     * A last word on the transport: TLS files, idle time, proxy and whatever else reactor-netty can do. Applied after
     * everything else.
     *
     * <pre>{@code
     * .transport(sender -> sender.certificate(caFile).httpClient(client -> client.proxyWithSystemProperties()))
     * }</pre>
     */
    public B transport(Consumer<ReactorNettySender.Builder> transport) {
        this.transport = Objects.requireNonNull(transport, "transport == null");
        return self();
    }

    /** What distinguishes the signals. */
    enum Signal {
        TRACES("OTEL_BSP_EXPORT_TIMEOUT", RetryPolicy.DEFAULT.maxAge()),
        METRICS("OTEL_METRIC_EXPORT_TIMEOUT", Duration.ofSeconds(30)),
        LOGS("OTEL_BLRP_EXPORT_TIMEOUT", RetryPolicy.DEFAULT.maxAge());

        private final String prefix = PREFIX + name() + '_';
        private final String path = "v1/" + name().toLowerCase(Locale.ROOT);
        private final String maxAgeVariable;
        private final Duration maxAge;

        Signal(String maxAgeVariable, Duration maxAge) {
            this.maxAgeVariable = maxAgeVariable;
            this.maxAge = maxAge;
        }
    }

    /** The sender of these settings; nothing is opened yet. */
    final RetryingSender sender() {
        return sender(retryPolicyOrDefault());
    }

    /** The sender of these settings, but with that policy. */
    final RetryingSender sender(RetryPolicy policy) {
        warnOfOtherProtocols();
        String url = endpointOrDefault();
        ReactorNettySender.Builder sender = ReactorNettySender.builder(url);
        mergedHeaders().forEach(sender::header);
        sender.timeout(timeoutOrDefault()).compression(compressionOrDefault());
        if (url.toLowerCase(Locale.ROOT).startsWith("https:")) {
            setCertificates(sender);
        }
        transport.accept(sender);
        return new RetryingSender(sender.build(), policy, Schedulers.parallel());
    }

    private void warnOfOtherProtocols() {
        String name = environment.firstSet(signal.prefix + "PROTOCOL", PREFIX + "PROTOCOL");
        String protocol = name == null ? null : environment.text(name);
        if (name != null && protocol != null && !protocol.equalsIgnoreCase("http/json")) {
            environment.ignored(name, protocol, "Spanflux speaks http/json only");
        }
    }

    private String endpointOrDefault() {
        if (endpoint != null) {
            return hasNoPath(endpoint) ? withPath(endpoint) : endpoint;
        }
        String ofSignal = environment.text(signal.prefix + "ENDPOINT");
        if (ofSignal != null && isUsable(signal.prefix + "ENDPOINT", ofSignal)) {
            return ofSignal;
        }
        String ofAll = environment.text(PREFIX + "ENDPOINT");
        if (ofAll != null && isUsable(PREFIX + "ENDPOINT", ofAll)) {
            return withPath(ofAll);
        }
        return DEFAULT_HOST + signal.path;
    }

    private static boolean hasNoPath(String endpoint) {
        try {
            URI uri = URI.create(endpoint);
            String path = uri.getRawPath();
            return uri.getHost() != null && (path == null || path.isEmpty() || path.equals("/"));
        } catch (IllegalArgumentException e) {
            // The sender refuses it by name.
            return false;
        }
    }

    /** The signal's path at the end of the path of {@code url}, before its query. */
    private String withPath(String url) {
        int query = url.indexOf('?');
        String base = query < 0 ? url : url.substring(0, query);
        return base + (base.endsWith("/") ? "" : "/") + signal.path + url.substring(base.length());
    }

    private boolean isUsable(String variable, String url) {
        try {
            ReactorNettySender.builder(url);
            return true;
        } catch (IllegalArgumentException e) {
            // The sender's words, which mask a password.
            environment.ignored(variable, "(a URL)", String.valueOf(e.getMessage()));
            return false;
        }
    }

    private Map<String, String> mergedHeaders() {
        String variable = environment.firstSet(signal.prefix + "HEADERS", PREFIX + "HEADERS");
        Map<String, String> merged = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        if (variable != null) {
            environment.pairs(variable).forEach((name, value) -> {
                try {
                    ReactorNettySender.builder(DEFAULT_HOST).header(name, value);
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
        Duration set =
                environment.first(name -> environment.millis(name, 1), signal.prefix + "TIMEOUT", PREFIX + "TIMEOUT");
        return set == null ? Duration.ofSeconds(10) : set;
    }

    private Compression compressionOrDefault() {
        if (compression != null) {
            return compression;
        }
        Compression set =
                environment.first(this::compressionByName, signal.prefix + "COMPRESSION", PREFIX + "COMPRESSION");
        return set == null ? Compression.NONE : set;
    }

    private @Nullable Compression compressionByName(String variable) {
        String name = environment.text(variable);
        if (name == null) {
            return null;
        }
        if (name.equalsIgnoreCase("gzip")) {
            return Compression.GZIP;
        }
        if (name.equalsIgnoreCase("none")) {
            return Compression.NONE;
        }
        if (name.equalsIgnoreCase("zstd")) {
            return zstd(variable, name);
        }
        environment.ignored(variable, name, "neither gzip, zstd nor none");
        return null;
    }

    private @Nullable Compression zstd(String variable, String name) {
        try {
            ReactorNettySender.builder(DEFAULT_HOST).compression(Compression.ZSTD);
            return Compression.ZSTD;
        } catch (IllegalArgumentException e) {
            environment.ignored(variable, name, String.valueOf(e.getMessage()));
            return null;
        }
    }

    RetryPolicy retryPolicyOrDefault() {
        if (retryPolicy != null) {
            return retryPolicy;
        }
        Duration maxAge = environment.millis(signal.maxAgeVariable, 0);
        return RetryPolicy.DEFAULT.withMaxAge(maxAge == null ? signal.maxAge : maxAge);
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
        String variable = environment.firstSet(signal.prefix + suffix, PREFIX + suffix);
        String file = variable == null ? null : environment.text(variable);
        return file == null ? null : Path.of(file);
    }
}
