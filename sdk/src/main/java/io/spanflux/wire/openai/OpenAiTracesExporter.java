// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.config.Environment;
import io.spanflux.config.SdkVersion;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.ForwardingExporter;
import io.spanflux.export.HttpSpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.RetryPolicy;
import io.spanflux.transport.RetryingSender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Schedulers;

/**
 * Sends spans to OpenAI's traces, or to a back end with the same ingest, as the OpenAI Agents SDK and CAI do. What is not
 * set in code comes from {@code OPENAI_API_KEY}, {@code OPENAI_ORG_ID}, {@code OPENAI_PROJECT_ID} and
 * {@code OPENAI_AGENTS_DISABLE_TRACING}.
 *
 * <pre>{@code
 * Spanflux.builder().exporter(OpenAiTracesExporter.create())
 * }</pre>
 *
 * <p>A batch leaves in one request for each key: that of a trace ({@code TraceInfo.exportKey}), else the exporter's own.
 * Where spans need the exporter's own and there is none, they wait for {@link #apiKey(String)}; the traces with keys go
 * first, but the next batch waits too, and the queue evicts its oldest beyond its bound.
 *
 * <p>Tried again until they are too old: no answer, 408, 409, 429 and 5xx.
 *
 * <p>Threads: any; key and switch may be changed at any time, for spans that are sent from then on.
 */
public final class OpenAiTracesExporter extends ForwardingExporter {
    private static final Logger log = LoggerFactory.getLogger(OpenAiTracesExporter.class);

    private final AtomicReference<@Nullable String> apiKey;
    private volatile boolean disabled;
    private final RepeatedWarning missingKey = new RepeatedWarning(log);
    private final Set<MonoSink<Void>> waiting = ConcurrentHashMap.newKeySet();

    /** The last batch of several keys that was cut short; see {@link HttpSpanExporter}. */
    private final AtomicReference<@Nullable Division> cutShort = new AtomicReference<>();

    private OpenAiTracesExporter(
            PayloadSender sender,
            boolean hosted,
            boolean cai,
            AtomicReference<@Nullable String> apiKey,
            boolean disabled) {
        super(new HttpSpanExporter(new OpenAiTraceEncoder(hosted, cai, apiKey::get), sender));
        this.apiKey = apiKey;
        this.disabled = disabled;
    }

    /** An exporter to OpenAI, configured by the environment alone. */
    public static OpenAiTracesExporter create() {
        return builder().build();
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    // ---- live changes --------------------------------------------------------------------------------------------

    /**
     * The key from now on, also of what is tried again; what waited for one is sent.
     *
     * @throws IllegalArgumentException when it is empty or has characters that no header allows
     */
    public void apiKey(String apiKey) {
        this.apiKey.set(checked(apiKey));
        for (MonoSink<Void> sink : waiting) {
            sink.success();
        }
    }

    /**
     * Whether spans are given up instead of sent, as {@link DropCause#DISABLED}, from now on, whatever
     * {@code OPENAI_AGENTS_DISABLE_TRACING} says.
     */
    public void disabled(boolean disabled) {
        this.disabled = disabled;
        if (disabled) {
            waiting.forEach(MonoSink::success);
        }
    }

    static String checked(String apiKey) {
        Objects.requireNonNull(apiKey, "apiKey == null");
        if (apiKey.isBlank() || !apiKey.chars().allMatch(c -> c >= 0x20 && c < 0x7F)) {
            throw new IllegalArgumentException("apiKey is empty or has characters that HTTP does not allow");
        }
        return apiKey;
    }

    // ---- export --------------------------------------------------------------------------------------------------

    /** The spans of a batch with one key, and what became of them once that is known. */
    private static final class Group {
        final @Nullable String key;
        final List<Span> spans;
        volatile @Nullable ExportResult settled;

        Group(@Nullable String key, List<Span> spans) {
            this.key = key;
            this.spans = spans;
        }
    }

    /** A batch and its groups, in the order in which they are sent. */
    private record Division(List<Span> batch, List<Group> groups) {
        static Division of(List<Span> batch) {
            Map<@Nullable String, List<Span>> byKey = new LinkedHashMap<>();
            for (Span span : batch) {
                byKey.computeIfAbsent(OpenAiTraceEncoder.keyOf(span), key -> new ArrayList<>())
                        .add(span);
            }
            if (byKey.size() == 1) {
                return new Division(batch, List.of(new Group(OpenAiTraceEncoder.keyOf(batch.get(0)), batch)));
            }
            List<Group> groups = new ArrayList<>();
            List<Span> withoutKey = byKey.remove(null);
            byKey.forEach((key, spans) -> groups.add(new Group(key, List.copyOf(spans))));
            if (withoutKey != null) {
                // Last: it may have to wait for a key.
                groups.add(new Group(null, List.copyOf(withoutKey)));
            }
            return new Division(batch, groups);
        }
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return Mono.defer(() -> {
            Division division = resumed(batch);
            return Flux.fromIterable(division.groups)
                    .concatMap(this::export)
                    .reduce(ExportResult::plus)
                    .doOnCancel(() -> cutShort.set(division));
        });
    }

    @SuppressWarnings("ReferenceEquality") // The pipeline hands over the same list again, not an equal one.
    private Division resumed(List<Span> batch) {
        Division last = cutShort.get();
        return last != null && last.batch == batch && cutShort.compareAndSet(last, null) ? last : Division.of(batch);
    }

    private Mono<ExportResult> export(Group group) {
        return Mono.defer(() -> {
            ExportResult settled = group.settled;
            if (settled != null) {
                return Mono.just(settled);
            }
            if (disabled) {
                return Mono.just(ExportResult.dropped(DropCause.DISABLED, group.spans.size()));
            }
            if (group.key == null && apiKey.get() == null) {
                missingKey.warn("Spans for OpenAI wait for an API key: set OPENAI_API_KEY, or call apiKey(...).");
                return forKey().then(export(group));
            }
            return exporter.export(group.spans).doOnNext(result -> group.settled = result);
        });
    }

    /** Completes when there is a key, or none is needed any more. */
    private Mono<Void> forKey() {
        return Mono.create(sink -> {
            waiting.add(sink);
            sink.onDispose(() -> waiting.remove(sink));
            // It may have come before it was waited for.
            if (apiKey.get() != null || disabled) {
                sink.success();
            }
        });
    }

    /** Never the key. */
    @Override
    public String toString() {
        return "OpenAiTracesExporter{" + exporter + (disabled ? ", disabled" : "") + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private static final String DISABLE_VARIABLE = "OPENAI_AGENTS_DISABLE_TRACING";

        private Environment environment = Environment.system();
        private String endpoint = HostedRules.ENDPOINT;
        private @Nullable String apiKey;
        private @Nullable String organization;
        private @Nullable String project;
        private @Nullable Boolean disabled;
        private boolean cai;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private Duration timeout = Duration.ofSeconds(10);
        private RetryPolicy retryPolicy = RetryPolicy.DEFAULT;
        private Consumer<ReactorNettySender.Builder> transport = sender -> {};

        private Builder() {}

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            this.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /**
         * The URL, http or https, used as it is. Default {@value HostedRules#ENDPOINT}, for which alone spans are made to
         * fit: without reasoning, without usage but that of generations, inputs and outputs of at most
         * {@value HostedRules#MAX_FIELD_BYTES} bytes.
         */
        public Builder endpoint(String endpoint) {
            this.endpoint = Objects.requireNonNull(endpoint, "endpoint == null");
            return this;
        }

        /** The key of traces that have none of their own. Default {@code OPENAI_API_KEY}, else spans wait for one. */
        public Builder apiKey(String apiKey) {
            this.apiKey = checked(apiKey);
            return this;
        }

        /** The header {@code OpenAI-Organization}. Default {@code OPENAI_ORG_ID}, else none. */
        public Builder organization(String organization) {
            this.organization = Objects.requireNonNull(organization, "organization == null");
            return this;
        }

        /** The header {@code OpenAI-Project}. Default {@code OPENAI_PROJECT_ID}, else none. */
        public Builder project(String project) {
            this.project = Objects.requireNonNull(project, "project == null");
            return this;
        }

        /** Whether spans are given up instead of sent. Default {@code OPENAI_AGENTS_DISABLE_TRACING}, else false. */
        public Builder disabled(boolean disabled) {
            this.disabled = disabled;
            return this;
        }

        /**
         * Writes what back ends of CAI know: the type {@code speech-group}, no metadata on spans, no usage on responses.
         * Default the Agents SDK's form.
         */
        public Builder cai() {
            this.cai = true;
            return this;
        }

        /** A further header of each request. */
        public Builder header(String name, String value) {
            Objects.requireNonNull(name, "header name == null");
            headers.put(name, Objects.requireNonNull(value, "header value == null"));
            return this;
        }

        /** How long one attempt may take. Default 10 s; positive. */
        public Builder timeout(Duration timeout) {
            this.timeout = Objects.requireNonNull(timeout, "timeout == null");
            return this;
        }

        /** How often and how long to try again. Default {@link RetryPolicy#DEFAULT}. */
        public Builder retryPolicy(RetryPolicy retryPolicy) {
            this.retryPolicy = Objects.requireNonNull(retryPolicy, "retryPolicy == null");
            return this;
        }

        /** A last word on the transport, applied after everything else, as {@code OtlpExporter}'s. */
        public Builder transport(Consumer<ReactorNettySender.Builder> transport) {
            this.transport = Objects.requireNonNull(transport, "transport == null");
            return this;
        }

        /** The exporter; nothing is opened yet. */
        public OpenAiTracesExporter build() {
            ReactorNettySender.Builder sender = ReactorNettySender.builder(endpoint)
                    .header("User-Agent", "Spanflux-OpenAI-Exporter-Java/" + SdkVersion.get())
                    .header("OpenAI-Beta", "traces=v1")
                    .timeout(timeout);
            header(sender, "OpenAI-Organization", organization, "OPENAI_ORG_ID");
            header(sender, "OpenAI-Project", project, "OPENAI_PROJECT_ID");
            headers.forEach(sender::header);
            transport.accept(sender);
            return new OpenAiTracesExporter(
                    new RetryingSender(sender.build(), retryPolicy, Schedulers.parallel(), Builder::isRetryable),
                    HostedRules.isHosted(endpoint),
                    cai,
                    new AtomicReference<>(apiKey == null ? keyOfEnvironment() : apiKey),
                    disabled == null ? isDisabledByEnvironment() : disabled);
        }

        private void header(ReactorNettySender.Builder sender, String name, @Nullable String inCode, String variable) {
            if (inCode != null) {
                sender.header(name, inCode);
                return;
            }
            String value = environment.text(variable);
            if (value != null) {
                try {
                    sender.header(name, value);
                } catch (IllegalArgumentException e) {
                    environment.ignored(variable, "(a text)", "has characters that HTTP does not allow");
                }
            }
        }

        private @Nullable String keyOfEnvironment() {
            String key = environment.text("OPENAI_API_KEY");
            try {
                return key == null ? null : checked(key);
            } catch (IllegalArgumentException e) {
                environment.ignored("OPENAI_API_KEY", "(a key)", "has characters that HTTP does not allow");
                return null;
            }
        }

        private boolean isDisabledByEnvironment() {
            return "1".equals(environment.text(DISABLE_VARIABLE)) || environment.flag(DISABLE_VARIABLE);
        }

        private static boolean isRetryable(int status) {
            return status == 408 || status == 409 || status == 429 || status >= 500;
        }
    }
}
