// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.config.SdkVersion;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.export.SpanGrouping;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.Payload;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.Response;
import io.spanflux.transport.RetryPolicy;
import io.spanflux.transport.RetryingSender;
import io.spanflux.transport.UnwritableBodyException;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Sends each session, a local root span and what ended below it, as one JSON body to a collector of Spect.
 *
 * <pre>{@code
 * SpectExporter spect = SpectExporter.builder().organizationId("org_123").apiKey(key).build();
 * Spanflux spanflux = Spanflux.builder().exporter(spect).captureContent(true).build();
 * }</pre>
 *
 * <p>Sessions are put together before the pipeline, which queues each as one record, so that its ledger counts sessions
 * and never says of one that is held or under way that it was sent. One that left in parts counts once a part. What of
 * it may be held says the builder; what hits a bound leaves early and marked, and {@link #cuts} counts it.
 *
 * <p>Answers are final as {@code HttpSpanExporter} has it, but that a session is never split: 2xx is sent; 429, 502, 503,
 * 504 and no answer are tried again and given up by age; all else is refused.
 *
 * <p>Bounds: {@value #CONCURRENT_SESSIONS} sessions are under way at a time, each encoded as a whole while it is sent.
 */
public final class SpectExporter implements SpanExporter {
    private static final Logger log = LoggerFactory.getLogger(SpectExporter.class);

    static final int CONCURRENT_SESSIONS = 6;

    private final String organizationId;
    private final @Nullable String provider;
    private final @Nullable Consumer<String> onTrace;
    private final boolean failuresLogged;
    private final boolean sendErrorsRaised;
    private final Duration sendTimeout;
    private final @Nullable PayloadSender sender;
    private final SessionBounds bounds;
    private final Scheduler scheduler;

    private final Map<SpectCut, LongAdder> cuts = SessionTable.noCuts();
    private final Map<Span, MonoSink<ExportResult>> awaited = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable Delivery> cutShort = new AtomicReference<>();
    private final RepeatedWarning losses = new RepeatedWarning(log);
    private final RepeatedWarning callbacks = new RepeatedWarning(log);

    private SpectExporter(Builder builder, @Nullable PayloadSender sender) {
        this.organizationId = builder.organizationId;
        this.provider = builder.provider;
        this.onTrace = builder.onTrace;
        this.failuresLogged = builder.failuresLogged;
        this.sendErrorsRaised = builder.sendErrorsRaised;
        this.sendTimeout = builder.sendTimeout;
        this.bounds =
                new SessionBounds(builder.maxSessions, builder.maxBytes, builder.maxSessionBytes, builder.maxHoldTime);
        this.scheduler = builder.scheduler;
        this.sender = sender;
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts sessions in the manner of Spect's own SDK; {@code tracer} is that of the Spanflux with this exporter. */
    public SpectObserver observer(Tracer tracer) {
        return new SpectObserver(this, Objects.requireNonNull(tracer, "tracer == null"));
    }

    @Override
    public SpanGrouping grouping(Consumer<Span> pipeline) {
        return new SessionTable(bounds, scheduler, cuts, pipeline);
    }

    /** How many sessions, or parts of them, left before they were over, by reason; those that never happened left out. */
    public Map<SpectCut, Long> cuts() {
        Map<SpectCut, Long> known = new EnumMap<>(SpectCut.class);
        cuts.forEach((cut, count) -> {
            if (count.sum() > 0) {
                known.put(cut, count.sum());
            }
        });
        return known;
    }

    /** How many times {@link Builder#onTrace} threw. */
    public long callbackFailures() {
        return callbacks.count();
    }

    /** A batch on its way. */
    private static final class Delivery {
        final List<Span> batch;
        final List<Sending> sendings;

        Delivery(List<Span> batch, List<Sending> sendings) {
            this.batch = batch;
            this.sendings = sendings;
        }
    }

    /** A session on its way; as old as its first attempt, whichever subscription made that. */
    private final class Sending implements Payload {
        final SessionRecord record;
        private final AtomicReference<@Nullable Long> firstAttempt = new AtomicReference<>();
        volatile @Nullable ExportResult result;
        volatile boolean shown;
        volatile boolean showFailed;

        Sending(SessionRecord record) {
            this.record = record;
        }

        @Override
        public String contentType() {
            return "application/json";
        }

        @Override
        public long firstAttempt(long nowNanos) {
            Long first = firstAttempt.updateAndGet(known -> known == null ? Long.valueOf(nowNanos) : known);
            return first == null ? nowNanos : first;
        }

        @Override
        public Writing begin(OutputStream out) {
            return new SessionBody(record, organizationId, provider, out);
        }

        String text() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            SessionBody body = new SessionBody(record, organizationId, provider, bytes);
            boolean more = true;
            while (more) {
                more = body.writeNext();
            }
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return Mono.defer(() -> {
            Delivery delivery = resumed(batch);
            return Flux.fromIterable(delivery.sendings)
                    .flatMap(this::settle, CONCURRENT_SESSIONS)
                    .reduce(new ExportResult(0, 0, Map.of()), ExportResult::plus)
                    .doOnCancel(() -> cutShort.set(delivery));
        });
    }

    /** What is known of {@code batch} since it was cut short, so that nothing settled is sent again. */
    @SuppressWarnings("ReferenceEquality") // The pipeline hands over the same list again, not an equal one.
    private Delivery resumed(List<Span> batch) {
        Delivery last = cutShort.get();
        if (last != null && last.batch == batch && cutShort.compareAndSet(last, null)) {
            return last;
        }
        return new Delivery(
                batch, batch.stream().map(span -> new Sending(recordOf(span))).toList());
    }

    /** A span that came without grouping is a session alone. */
    private static SessionRecord recordOf(Span span) {
        return span.data() instanceof SessionRecord session
                ? session
                : new SessionRecord(List.of(span), SpectCut.OVERRUN, 1);
    }

    private Mono<ExportResult> settle(Sending sending) {
        ExportResult known = sending.result;
        if (known != null) {
            return Mono.just(known);
        }
        return shown(sending)
                .then(Mono.defer(() -> sent(sending)))
                .defaultIfEmpty(ExportResult.dropped(DropCause.EXPORTER_FAILED, 1))
                .doOnNext(result -> {
                    sending.result = result;
                    tell(sending.record, result);
                });
    }

    private Mono<ExportResult> sent(Sending sending) {
        PayloadSender to = sender;
        if (to == null) {
            // Local: the callback is the destination.
            return Mono.just(
                    sending.showFailed ? ExportResult.dropped(DropCause.EXPORTER_FAILED, 1) : ExportResult.sent(1));
        }
        return to.send(sending)
                .map(response -> judge(to, response))
                .onErrorResume(failure -> Mono.just(judge(to, failure)));
    }

    /** Shows a session to the callback, once, where it may block; what it throws costs nothing. */
    private Mono<Void> shown(Sending sending) {
        Consumer<String> callback = onTrace;
        if (callback == null || sending.shown) {
            return Mono.empty();
        }
        return Mono.<Void>fromRunnable(() -> {
                    sending.shown = true;
                    try {
                        callback.accept(sending.text());
                    } catch (Throwable e) {
                        sending.showFailed = true;
                        callbacks.caught("onTrace of a Spect exporter failed; the session goes on.", e);
                    }
                })
                .subscribeOn(Schedulers.boundedElastic());
    }

    private ExportResult judge(PayloadSender to, Response response) {
        if (response.isSuccess()) {
            return ExportResult.sent(1);
        }
        int status = response.status();
        boolean overloaded = to.isTriedAgain(response);
        String remedy =
                overloaded ? "given up after the retry time: the collector is overloaded or down" : remedy(status);
        lost(to.target() + " answered " + status + " to a session: " + response.excerpt() + " - " + remedy, null);
        return ExportResult.dropped(overloaded ? DropCause.TIMED_OUT : DropCause.REFUSED, 1);
    }

    private ExportResult judge(PayloadSender to, Throwable failure) {
        boolean unwritable = failure instanceof UnwritableBodyException;
        lost(
                unwritable
                        ? "A session for " + to.target() + " could not be encoded"
                        : "Gave up a session for " + to.target() + ", which could not be reached",
                failure);
        return ExportResult.dropped(unwritable ? DropCause.UNENCODABLE : DropCause.TIMED_OUT, 1);
    }

    private void lost(String message, @Nullable Throwable cause) {
        if (failuresLogged) {
            losses.warn(message, cause);
        }
    }

    private static String remedy(int status) {
        if (status >= 300 && status < 400) {
            return "redirects are not followed, because they would carry the key elsewhere: set the final collectorUrl";
        }
        return switch (status) {
            case 401, 403 -> "check apiKey and organizationId";
            case 404, 405 -> "check collectorUrl, to which /traces is appended";
            case 413 -> "lower maxSessionBytes, so that large sessions leave in parts";
            default -> "not tried again, as this answer promises no other";
        };
    }

    /**
     * Ends {@code root} and completes when the session that it is the root of has been delivered, or when it will not be.
     * After {@link Builder#sendTimeout} the wait is over, and nothing else.
     */
    Mono<Void> deliveryOf(Span root, Runnable end) {
        Mono<ExportResult> result = Mono.create(sink -> {
            awaited.put(root, sink);
            sink.onDispose(() -> awaited.remove(root, sink));
            end.run();
        });
        return result.timeout(sendTimeout, Mono.defer(() -> {
                    String late = "A session was not delivered within sendTimeout=" + sendTimeout
                            + "; it stays queued and is tried further";
                    lost(late, null);
                    return raised(late);
                }))
                .flatMap(settled -> settled.sent() > 0
                        ? Mono.empty()
                        : raised("A session was not delivered: " + settled.dropped()));
    }

    private <T> Mono<T> raised(String message) {
        return sendErrorsRaised ? Mono.error(new SpectDeliveryException(message)) : Mono.empty();
    }

    private void tell(SessionRecord session, ExportResult result) {
        if (awaited.isEmpty()) {
            return;
        }
        for (Span span : session.spans()) {
            MonoSink<ExportResult> sink = awaited.get(span);
            if (sink != null) {
                sink.success(result);
            }
        }
    }

    @Nullable
    String provider() {
        return provider;
    }

    @Override
    public void retryNow() {
        if (sender != null) {
            sender.retryNow();
        }
    }

    @Override
    public @Nullable String obstacle() {
        return sender == null ? null : sender.obstacle();
    }

    @Override
    public Mono<Void> close() {
        return sender == null ? Mono.empty() : sender.close();
    }

    @Override
    public String toString() {
        return "SpectExporter{organizationId=" + organizationId + ", " + (sender == null ? "local" : sender) + ", "
                + bounds + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private String organizationId = "";
        private @Nullable String apiKey;
        private String collectorUrl = "https://collect.spect.tools";
        private @Nullable String provider;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private boolean local;
        private @Nullable Consumer<String> onTrace;
        private boolean failuresLogged = true;
        private boolean sendErrorsRaised;
        private Duration sendTimeout = Duration.ofSeconds(10);
        private Duration timeout = Duration.ofSeconds(10);
        private RetryPolicy retryPolicy = RetryPolicy.DEFAULT;
        private Consumer<ReactorNettySender.Builder> transport = sender -> {};
        private int maxSessions = 1_000;
        private long maxBytes = 64L << 20;
        private long maxSessionBytes = 8L << 20;
        private Duration maxHoldTime = Duration.ofHours(1);
        private Scheduler scheduler = Schedulers.parallel();

        private Builder() {}

        /** Whose sessions these are. Required. */
        public Builder organizationId(String organizationId) {
            if (organizationId.isBlank()) {
                throw new IllegalArgumentException("organizationId is blank");
            }
            this.organizationId = organizationId;
            return this;
        }

        /** The key of the collector, which is kept out of logs and {@code toString}. Required unless {@link #local}. */
        public Builder apiKey(String apiKey) {
            if (apiKey.isBlank() || !apiKey.chars().allMatch(c -> c > 0x20 && c < 0x7F)) {
                throw new IllegalArgumentException("apiKey is blank or holds characters that no header takes");
            }
            this.apiKey = apiKey;
            return this;
        }

        /** The collector, to whose URL {@code /traces} is appended. Default {@code https://collect.spect.tools}. */
        public Builder collectorUrl(String collectorUrl) {
            Objects.requireNonNull(collectorUrl, "collectorUrl == null");
            if (collectorUrl.indexOf('?') >= 0 || collectorUrl.indexOf('#') >= 0) {
                throw new IllegalArgumentException("collectorUrl has a query or a fragment; /traces could not follow");
            }
            try {
                ReactorNettySender.builder(collectorUrl);
            } catch (IllegalArgumentException e) {
                // The sender's words, which mask a password.
                throw new IllegalArgumentException("collectorUrl cannot be used: " + e.getMessage(), e);
            }
            this.collectorUrl = collectorUrl;
            return this;
        }

        /** The provider of models where neither the session nor its calls say. Default what they say, else "unknown". */
        public Builder provider(String provider) {
            this.provider = Objects.requireNonNull(provider, "provider == null");
            return this;
        }

        /** A header of each request, also in the place of one that is sent anyway, {@code Authorization} for example. */
        public Builder header(String name, String value) {
            Objects.requireNonNull(name, "header name == null");
            headers.put(name, Objects.requireNonNull(value, "header value == null"));
            return this;
        }

        /** Whether nothing is sent: sessions go to {@link #onTrace} alone. Default false. */
        public Builder local(boolean local) {
            this.local = local;
            return this;
        }

        /**
         * Is shown the body of each session before it is sent, redacted, as JSON. Runs on
         * {@code Schedulers.boundedElastic()} and may block, which delays the session and nothing else; what it throws is
         * counted and warned of. Default none.
         */
        public Builder onTrace(Consumer<String> onTrace) {
            this.onTrace = Objects.requireNonNull(onTrace, "onTrace == null");
            return this;
        }

        /** Whether lost sessions are warned of in the log. Default true; they are counted in any case. */
        public Builder logFailures(boolean logFailures) {
            this.failuresLogged = logFailures;
            return this;
        }

        /** Whether {@link SpectSession#send} signals an error where the session was not delivered. Default false. */
        public Builder raiseSendErrors(boolean raiseSendErrors) {
            this.sendErrorsRaised = raiseSendErrors;
            return this;
        }

        /** How long {@link SpectSession#send} waits for the delivery at most. Default 10 s; positive. */
        public Builder sendTimeout(Duration sendTimeout) {
            this.sendTimeout = positive("sendTimeout", sendTimeout);
            return this;
        }

        /** How long one attempt may take. Default 10 s; positive. */
        public Builder timeout(Duration timeout) {
            this.timeout = positive("timeout", timeout);
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

        /** Sessions that may be held; beyond it the oldest leaves. Default 1,000; 1 to 1,048,576. */
        public Builder maxSessions(int maxSessions) {
            if (maxSessions < 1 || maxSessions > 1 << 20) {
                throw new IllegalArgumentException("maxSessions is not between 1 and 1048576: " + maxSessions);
            }
            this.maxSessions = maxSessions;
            return this;
        }

        /** Estimated bytes that may be held; beyond it the oldest session leaves. Default 64 MiB; positive. */
        public Builder maxBytes(long maxBytes) {
            this.maxBytes = positive("maxBytes", maxBytes);
            return this;
        }

        /**
         * Estimated bytes of one session, at which it leaves. Default 8 MiB; positive. Should be below the pipeline's
         * {@code maxQueueBytes}, which would drop it.
         */
        public Builder maxSessionBytes(long maxSessionBytes) {
            this.maxSessionBytes = positive("maxSessionBytes", maxSessionBytes);
            return this;
        }

        /** How long a session is held from its first ended span on. Default 1 h; positive. */
        public Builder maxHoldTime(Duration maxHoldTime) {
            this.maxHoldTime = positive("maxHoldTime", maxHoldTime);
            return this;
        }

        /** For tests: whose time it is. */
        Builder scheduler(Scheduler scheduler) {
            this.scheduler = scheduler;
            return this;
        }

        private static Duration positive(String name, Duration duration) {
            if (duration.isNegative() || duration.isZero()) {
                throw new IllegalArgumentException(name + " is not positive: " + duration);
            }
            Duration longest = Duration.ofDays(365);
            return duration.compareTo(longest) > 0 ? longest : duration;
        }

        private static long positive(String name, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " is not positive: " + value);
            }
            return value;
        }

        /** The exporter; nothing is opened yet. */
        public SpectExporter build() {
            if (organizationId.isEmpty()) {
                throw new IllegalArgumentException("organizationId is not set");
            }
            if (local) {
                if (onTrace == null) {
                    throw new IllegalArgumentException("local sessions go nowhere without onTrace");
                }
                return new SpectExporter(this, null);
            }
            if (apiKey == null) {
                throw new IllegalArgumentException("apiKey is not set, and local is false");
            }
            ReactorNettySender.Builder http = ReactorNettySender.builder(tracesUrl())
                    .header("User-Agent", "Spanflux-Spect-Exporter-Java/" + SdkVersion.get())
                    .header("Authorization", "Bearer " + apiKey)
                    .timeout(timeout)
                    .maxConnections(CONCURRENT_SESSIONS)
                    // As its own SDK sends it: whether the collector takes chunks is not known.
                    .alwaysContentLength(true);
            headers.forEach(http::header);
            transport.accept(http);
            return new SpectExporter(
                    this,
                    new RetryingSender(
                            http.build(), retryPolicy, Schedulers.parallel(), RetryingSender::isServersFault));
        }

        private String tracesUrl() {
            String base =
                    collectorUrl.endsWith("/") ? collectorUrl.substring(0, collectorUrl.length() - 1) : collectorUrl;
            return URI.create(base + "/traces?name=" + quoted(organizationId)).toString();
        }

        /** Percent-encoded UTF-8 but for letters, digits and {@code _.-~/}. */
        private static String quoted(String text) {
            StringBuilder quoted = new StringBuilder();
            for (byte b : SpectJson.repaired(text).getBytes(StandardCharsets.UTF_8)) {
                if (b > 0 && (Character.isLetterOrDigit(b) || "_.-~/".indexOf(b) >= 0)) {
                    quoted.append((char) b);
                } else {
                    quoted.append('%').append(String.format("%02X", b));
                }
            }
            return quoted.toString();
        }
    }
}
