// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.config.SdkVersion;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.HttpSpanExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.RetryPolicy;
import io.spanflux.transport.RetryingSender;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Sends spans to Tracentic.
 *
 * <pre>{@code
 * Spanflux.builder()
 *         .serviceName("support-bot")
 *         .exporter(TracenticExporter.builder().apiKey(key).build())
 * }</pre>
 *
 * <p>Other exporters may stand beside it: each has its own queue, retries and counters. Scopes reach other services with
 * {@link TracenticScope#propagator()}.
 *
 * <p>Tried again until they are too old: no answer, 408, 429, 500, 502, 503 and 504.
 *
 * <p>Bound: of a span's own, its scope's and the global attributes {@value #MAX_ATTRIBUTES} leave, in this precedence; the
 * wire's own come on top.
 */
public final class TracenticExporter implements SpanExporter {
    /** The most attributes that a span may have, beside those of the wire. */
    public static final int MAX_ATTRIBUTES = 128;

    /** The most code points of an attribute's key. */
    public static final int MAX_KEY_LENGTH = 256;

    /** The most code points of an attribute's text. */
    public static final int MAX_VALUE_LENGTH = 4096;

    private static final String DEFAULT_ENDPOINT = "https://tracentic.dev";
    private static final String PATH = "/v1/ingest";
    private static final String API_KEY_HEADER = "x-tracentic-api-key";

    /** Null where nothing is sent. */
    private final @Nullable HttpSpanExporter exporter;

    private final TracenticEncoder encoder;

    private TracenticExporter(@Nullable HttpSpanExporter exporter, TracenticEncoder encoder) {
        this.exporter = exporter;
        this.encoder = encoder;
    }

    /** A builder, of which only {@link Builder#apiKey} must be set, or else {@link Builder#local}. */
    public static Builder builder() {
        return new Builder();
    }

    /** The global attributes that it was built with; immutable, so a snapshot that nothing changes. */
    public Attributes globals() {
        return encoder.globals();
    }

    /**
     * How many attributes were left out, because there were too many or they had no form. Counted as spans are first written
     * into a body, once however often it is tried.
     */
    public long droppedAttributes() {
        return encoder.dropped();
    }

    /** How many keys and texts were cut, counted as {@link #droppedAttributes} are. */
    public long cutAttributes() {
        return encoder.cut();
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        if (exporter == null) {
            return Mono.just(ExportResult.dropped(DropCause.DISABLED, batch.size()));
        }
        Mono<ExportResult> export = exporter.export(batch);
        return Mono.defer(() -> {
            encoder.beginBatch(batch);
            return export;
        });
    }

    @Override
    public Mono<Void> warmUp() {
        return exporter == null ? Mono.empty() : exporter.warmUp();
    }

    @Override
    public void retryNow() {
        if (exporter != null) {
            exporter.retryNow();
        }
    }

    @Override
    public @Nullable String obstacle() {
        return exporter == null ? null : exporter.obstacle();
    }

    @Override
    public Mono<Void> close() {
        return exporter == null ? Mono.empty() : exporter.close();
    }

    @Override
    public String toString() {
        return "TracenticExporter{" + (exporter == null ? "local" : exporter) + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private @Nullable String apiKey;
        private boolean local;
        private String endpoint = DEFAULT_ENDPOINT;
        private @Nullable String serviceName;
        private @Nullable String deploymentEnvironment;
        private Attributes globals = Attributes.empty();
        private int maxAttributes = MAX_ATTRIBUTES;
        private int maxKeyLength = MAX_KEY_LENGTH;
        private int maxValueLength = MAX_VALUE_LENGTH;
        private Duration timeout = Duration.ofSeconds(30);
        private RetryPolicy retryPolicy = RetryPolicy.DEFAULT;
        private Consumer<ReactorNettySender.Builder> transport = sender -> {};

        private Builder() {}

        /** The key of the project. Must be set; kept out of logs and {@code toString}. */
        public Builder apiKey(String apiKey) {
            if (apiKey.isBlank()) {
                throw new IllegalArgumentException("apiKey is blank");
            }
            this.apiKey = apiKey;
            return this;
        }

        /**
         * Sends nothing and needs no key: for development. Scopes, limits and all else are as ever; spans are given up as
         * {@link DropCause#DISABLED}. {@code Spanflux.Builder.debug} shows them come and go. Default false.
         */
        public Builder local(boolean local) {
            this.local = local;
            return this;
        }

        /** The URL that {@code /v1/ingest} is appended to, http or https. Default {@code https://tracentic.dev}. */
        public Builder endpoint(String endpoint) {
            this.endpoint = Objects.requireNonNull(endpoint, "endpoint == null");
            return this;
        }

        /**
         * The name of the service on this wire. Default the resource's {@code service.name}, which
         * {@code Spanflux.Builder.serviceName} sets, else {@code unknown-service}.
         */
        public Builder serviceName(String serviceName) {
            if (serviceName.isBlank()) {
                throw new IllegalArgumentException("serviceName is blank");
            }
            this.serviceName = serviceName;
            return this;
        }

        /**
         * Where the service runs. Default the resource's {@code deployment.environment.name}, else its
         * {@code deployment.environment}, else {@code production}.
         */
        public Builder deploymentEnvironment(String deploymentEnvironment) {
            if (deploymentEnvironment.isBlank()) {
                throw new IllegalArgumentException("deploymentEnvironment is blank");
            }
            this.deploymentEnvironment = deploymentEnvironment;
            return this;
        }

        /**
         * Attributes of every span on this wire, of lowest precedence: below those of the span, of its scope and of
         * {@code Tracer.Builder.globals}, which every exporter sends. Default none.
         */
        public Builder globals(Attributes globals) {
            this.globals = Objects.requireNonNull(globals, "globals == null");
            return this;
        }

        /** Attributes of a span, clamped to 1 and {@value #MAX_ATTRIBUTES}, the default. */
        public Builder maxAttributes(int maxAttributes) {
            this.maxAttributes = maxAttributes;
            return this;
        }

        /** Code points of an attribute's key, clamped to 1 and {@value #MAX_KEY_LENGTH}, the default. */
        public Builder maxKeyLength(int maxKeyLength) {
            this.maxKeyLength = maxKeyLength;
            return this;
        }

        /** Code points of an attribute's text, clamped to 1 and {@value #MAX_VALUE_LENGTH}, the default. */
        public Builder maxValueLength(int maxValueLength) {
            this.maxValueLength = maxValueLength;
            return this;
        }

        /** How long one attempt may take. Default 30 s; positive. */
        public Builder timeout(Duration timeout) {
            this.timeout = Objects.requireNonNull(timeout, "timeout == null");
            return this;
        }

        /** How often and how long to try again. Default {@link RetryPolicy#DEFAULT}. */
        public Builder retryPolicy(RetryPolicy retryPolicy) {
            this.retryPolicy = Objects.requireNonNull(retryPolicy, "retryPolicy == null");
            return this;
        }

        /** A last word on the transport: TLS files, compression, proxy. Applied after everything else. */
        public Builder transport(Consumer<ReactorNettySender.Builder> transport) {
            this.transport = Objects.requireNonNull(transport, "transport == null");
            return this;
        }

        /** The exporter; nothing is opened yet. */
        public TracenticExporter build() {
            TracenticEncoder encoder = new TracenticEncoder(
                    serviceName,
                    deploymentEnvironment,
                    globals,
                    new TracenticLimits(maxAttributes, maxKeyLength, maxValueLength));
            if (local) {
                return new TracenticExporter(null, encoder);
            }
            if (apiKey == null) {
                throw new IllegalArgumentException(
                        "apiKey is not set; without one Tracentic takes nothing, and local(true) sends nothing");
            }
            ReactorNettySender.Builder sender = ReactorNettySender.builder(url())
                    .header("User-Agent", "Spanflux-Tracentic-Exporter-Java/" + SdkVersion.get())
                    .header(API_KEY_HEADER, apiKey)
                    .timeout(timeout)
                    // Tracentic's own client never sends chunks, and what its servers make of them is not known.
                    .alwaysContentLength(true);
            transport.accept(sender);
            return new TracenticExporter(
                    new HttpSpanExporter(
                            encoder,
                            new RetryingSender(
                                    sender.build(),
                                    retryPolicy,
                                    Schedulers.parallel(),
                                    RetryingSender::isServersFault)),
                    encoder);
        }

        private String url() {
            if (endpoint.indexOf('?') >= 0 || endpoint.indexOf('#') >= 0) {
                throw new IllegalArgumentException("endpoint has a query or a fragment, where a path is appended");
            }
            return endpoint.replaceFirst("/+$", "") + PATH;
        }
    }
}
