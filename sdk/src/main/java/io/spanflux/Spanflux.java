// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.crac.CheckpointResource;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.events.Events;
import io.spanflux.export.ConsoleSpanExporter;
import io.spanflux.export.DropCause;
import io.spanflux.export.OtlpExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.genai.ContentPolicy;
import io.spanflux.metrics.Counter;
import io.spanflux.metrics.GenAiMetrics;
import io.spanflux.pipeline.Health;
import io.spanflux.pipeline.Ledger;
import io.spanflux.pipeline.RecordPipeline;
import io.spanflux.pricing.PriceBook;
import io.spanflux.pricing.Pricing;
import io.spanflux.propagation.Propagator;
import io.spanflux.sampling.TailCounts;
import io.spanflux.sampling.TailSampler;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.Tracer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Traces LLM calls of reactive applications. Build one for the application, hand it to a {@code ReactiveTracer}, and shut
 * it down when the application or, on a serverless platform, the invocation ends.
 *
 * <pre>{@code
 * Spanflux spanflux = Spanflux.builder()
 *         .serviceName("support-bot")
 *         .exporter(OtlpExporter.create())
 *         .build();
 * }</pre>
 *
 * <p>What is not set in code comes from the standard {@code OTEL_*} environment variables, then from the defaults that
 * the builders state.
 *
 * <p>Threads: any. Each exporter has a pipeline and a worker thread of its own. Nothing blocks except the three methods
 * whose names begin with {@code await}.
 */
public final class Spanflux {
    private static final Logger log = LoggerFactory.getLogger(Spanflux.class);
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);
    private static final int LAST_LINE_MILLIS = 100;
    private static final Duration MAX_SWEEP_INTERVAL = Duration.ofSeconds(30);

    private final Tracer tracer;
    private final List<Destination> destinations;
    private final @Nullable TailSampler tailSampler;
    private final Propagator propagator;
    private final ContentPolicy contentPolicy;
    private final @Nullable GenAiMetrics metrics;
    private final Events events;
    private final @Nullable DebugOutput debug;
    private final Disposable sweeper;
    private final @Nullable ExitHook exitHook;
    private final Disposable checkpoints;
    private final Mono<Void> warmUp;

    private Spanflux(
            Tracer tracer,
            List<Destination> destinations,
            @Nullable TailSampler tailSampler,
            Propagator propagator,
            ContentPolicy contentPolicy,
            @Nullable GenAiMetrics metrics,
            Events events,
            @Nullable DebugOutput debug,
            Duration sweepInterval,
            boolean lossSpans,
            @Nullable Duration exitTimeout,
            @Nullable Duration checkpointTimeout,
            Mono<Void> warmUp) {
        this.tracer = tracer;
        this.destinations = List.copyOf(destinations);
        this.tailSampler = tailSampler;
        this.propagator = propagator;
        this.contentPolicy = contentPolicy;
        this.metrics = metrics;
        this.events = events;
        this.debug = debug;
        long nanos = sweepInterval.toNanos();
        LossSpans losses = lossSpans ? new LossSpans(tracer, this::ledger) : null;
        Runnable sweep = losses == null
                ? tracer::expireSpans
                : () -> {
                    tracer.expireSpans();
                    losses.tell();
                };
        this.sweeper = Schedulers.parallel().schedulePeriodically(sweep, nanos, nanos, TimeUnit.NANOSECONDS);
        this.exitHook = exitTimeout == null ? null : ExitHook.register(this, exitTimeout);
        this.warmUp = warmUp.cache();
        this.warmUp.subscribe();
        this.checkpoints = checkpointTimeout == null
                ? Disposables.disposed()
                : CheckpointResource.register(() -> beforeCheckpoint(checkpointTimeout), tracer::afterRestore);
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    // ---- one for the process -------------------------------------------------------------------------------------

    private static final AtomicReference<@Nullable Spanflux> GLOBAL = new AtomicReference<>();
    private static final RepeatedWarning askedTooEarly = new RepeatedWarning(log);

    /** Made when somebody asks before there is one, and only then. */
    private static final class Disabled {
        static final Spanflux INSTANCE = builder()
                .environment(Environment.of(Map.of("OTEL_SDK_DISABLED", "true")))
                .priceBook(PriceBook.empty())
                .build();
    }

    /**
     * The one of this process, for code that cannot be handed one; what nobody sets nobody uses, Spanflux itself least of all.
     * Before it is set a disabled one, which is warned of: a library may trace without knowing whether its application does.
     * Ask each time rather than keep it, or a {@linkplain #replaceGlobal replacement} is not seen.
     */
    public static Spanflux global() {
        Spanflux known = GLOBAL.get();
        if (known != null) {
            return known;
        }
        askedTooEarly.warn("Spanflux.global() was asked for before setGlobal(...) was called; what it traces is lost.");
        return Disabled.INSTANCE;
    }

    /**
     * Makes {@code spanflux} the one of this process.
     *
     * @throws IllegalStateException when there is one already: two parts of an application do not know of each other
     */
    public static void setGlobal(Spanflux spanflux) {
        Objects.requireNonNull(spanflux, "spanflux == null");
        if (!GLOBAL.compareAndSet(null, spanflux)) {
            throw new IllegalStateException("the global Spanflux is set already; replaceGlobal(...) takes its place");
        }
    }

    /**
     * Makes {@code spanflux} the one of this process, or none where it is null, in one step. Returns the one before, null
     * where there was none: spans that it started go on in it, and closing it is for the caller.
     */
    public static @Nullable Spanflux replaceGlobal(@Nullable Spanflux spanflux) {
        return GLOBAL.getAndSet(spanflux);
    }

    // ---- parts ---------------------------------------------------------------------------------------------------

    /** The tracer: for spans that are not around a Publisher. */
    public Tracer tracer() {
        return tracer;
    }

    /** Writes the current trace into headers of outgoing requests, and reads it from incoming ones. */
    public Propagator propagator() {
        return propagator;
    }

    /** What becomes of messages and generated text; see {@link Builder#content}. */
    public ContentPolicy contentPolicy() {
        return contentPolicy;
    }

    /** The metrics, null while they are off; see {@link Builder#metrics}. */
    public @Nullable GenAiMetrics metrics() {
        return metrics;
    }

    /** Events, for evaluations and user feedback and for their own numbers; see {@link Builder#events}. Never null. */
    public Events events() {
        return events;
    }

    /** What became of every span since the start, summed over all exporters. */
    public Ledger ledger() {
        Ledger sum = Ledger.zero();
        for (Destination destination : destinations) {
            sum = sum.plus(ledger(destination));
        }
        return sum;
    }

    /** What became of every span since the start, one ledger an exporter, in the order in which they were added. */
    public List<Ledger> ledgers() {
        return destinations.stream().map(this::ledger).toList();
    }

    /**
     * How the delivery of spans fares: that of the worst exporter. For a health check that shall not take an application
     * out of service because its collector is down, this is a detail.
     */
    public Health health() {
        return healths().stream()
                .reduce(Health::worse)
                .orElseGet(() -> new Health(Health.Status.UP, Instant.EPOCH, ""));
    }

    /** How each exporter fares, in the order in which they were added. */
    public List<Health> healths() {
        return destinations.stream().map(Destination::health).toList();
    }

    /** With what the tail sampler holds and leaves out: to an exporter those are accepted, and pending or dropped. */
    private Ledger ledger(Destination destination) {
        Ledger ledger = destination.ledger();
        // Records are not spans: what of a trace is left out before them is in no number of theirs.
        if (tailSampler == null || destination.countsRecords()) {
            return ledger;
        }
        TailCounts before = tailSampler.counts();
        return ledger.behind(
                before.handedOver(),
                Map.of(
                        DropCause.SAMPLED_OUT, before.sampledOut(),
                        DropCause.QUEUE_FULL, before.overflowed(),
                        DropCause.AFTER_CLOSE, before.lost()));
    }

    /** What {@link Builder#tailSampling} made, for its numbers; null without it. */
    public @Nullable TailSampler tailSampler() {
        return tailSampler;
    }

    /** {@link #flush(Duration)} with 30 seconds. */
    public Mono<DeliveryReport> flush() {
        return flush(DEFAULT_TIMEOUT);
    }

    /**
     * Exports every span that ended before the subscription, and reports within {@code timeout}. An exporter that waits
     * before it tries again does so at once, unless the server asked it to wait. Spans that are not settled when time
     * runs out stay pending and are tried further. With a tail sampler, all traces it holds are decided first, on what is
     * known: a serverless handler awaits this before it is frozen. The report comes on {@code Schedulers.parallel()}.
     *
     * <p>Metrics and events, where they are on, are exported as well, and handlers of the application
     * {@linkplain SpanHandler#onFlush flushed}, within the same time; the report is about spans.
     */
    public Mono<DeliveryReport> flush(Duration timeout) {
        Duration time = checked(timeout);
        Mono<Boolean> timedOut = decided()
                .then(Mono.defer(this::flushPipelines))
                .thenReturn(false)
                .timeout(time, Mono.just(true));
        return reported(timedOut, Tracer::flushHandlers, GenAiMetrics::flush, Events::flush, time);
    }

    /** {@link #shutdown(Duration)} with 30 seconds. */
    public Mono<DeliveryReport> shutdown() {
        return shutdown(DEFAULT_TIMEOUT);
    }

    /**
     * As {@link #flush(Duration)}, then closes connections and goes to sleep. Spans that are not settled when time runs
     * out stay pending. Not final: the first span that ends afterwards opens everything anew, so that a serverless
     * handler may shut down at the end of each invocation.
     */
    public Mono<DeliveryReport> shutdown(Duration timeout) {
        Duration time = checked(timeout);
        return told(
                "shutdown",
                time,
                stop(
                        (tail, toDecide) -> tail.flush().thenReturn(false).timeout(toDecide, Mono.just(true)),
                        Destination::shutdown,
                        GenAiMetrics::shutdown,
                        Events::shutdown,
                        time));
    }

    /**
     * As {@link #shutdown(Duration)}, for good: what waits is dropped, and spans that end later are only counted. A batch
     * that is cut off stays pending, because it may have arrived.
     */
    public Mono<DeliveryReport> close(Duration timeout) {
        Duration time = checked(timeout);
        return told(
                        "close",
                        time,
                        stop(TailSampler::close, Destination::close, GenAiMetrics::close, Events::close, time))
                .doOnCancel(this::abandon)
                .doFinally(signal -> letGo());
    }

    private Mono<DeliveryReport> told(String what, Duration time, Mono<DeliveryReport> stopping) {
        DebugOutput output = debug;
        return output == null
                ? stopping
                : stopping.doOnSubscribe(subscription -> output.line(what + " within " + time))
                        .doOnNext(report -> output.line(what + " done: " + report));
    }

    /** Nothing of ours may be open in the image of a process. */
    private void beforeCheckpoint(Duration timeout) {
        Ledger ledger = await("awaitShutdown", "shutdown", timeout, warmUp.then(shutdown(timeout)))
                .ledger();
        if (ledger.pending() > 0) {
            log.warn(
                    "A checkpoint is made with {} span(s) that were not delivered within {}; each process that is restored"
                            + " from it delivers them: {}",
                    ledger.pending(),
                    timeout,
                    ledger);
        }
    }

    private void letGo() {
        try {
            // Both take locks, and this is one of Reactor's threads that must not block.
            Schedulers.boundedElastic().schedule(() -> {
                sweeper.dispose();
                checkpoints.dispose();
                if (exitHook != null) {
                    exitHook.remove();
                }
            });
        } catch (RejectedExecutionException e) {
            // Reactor's own schedulers are gone, and the sweeper with them: the process ends.
            log.debug("The sweep for spans that outlived their lifetime could not be stopped.", e);
        }
    }

    /** Whoever stops waiting for a close that has not come to the pipelines yet has closed them all the same. */
    private void abandon() {
        for (Destination destination : destinations) {
            destination.close(Duration.ZERO).subscribe().dispose();
        }
        events.close(Duration.ZERO).subscribe().dispose();
    }

    /** What the tail sampler holds is decided and in the pipelines. */
    private Mono<Void> decided() {
        return tailSampler == null ? Mono.empty() : whileHurrying(tailSampler.flush());
    }

    /** An exporter that waits before it tries again would leave the tail sampler no room in its queue. */
    private <T> Mono<T> whileHurrying(Mono<T> settled) {
        return Mono.firstWithSignal(settled, flushPipelines().then(Mono.never()));
    }

    private Mono<Void> flushPipelines() {
        return Mono.when(destinations.stream().map(Destination::flush).toList());
    }

    /** The tail sampler first, then the pipelines in what it leaves of the time: a tenth at least, for them to close in. */
    private Mono<DeliveryReport> stop(
            BiFunction<TailSampler, Duration, Mono<Boolean>> decide,
            BiFunction<Destination, Duration, Mono<Boolean>> action,
            BiFunction<GenAiMetrics, Duration, Mono<Void>> ofMetrics,
            BiFunction<Events, Duration, Mono<Void>> ofEvents,
            Duration timeout) {
        TailSampler tail = tailSampler;
        if (tail == null) {
            return reported(stopPipelines(action, timeout), Tracer::shutdownHandlers, ofMetrics, ofEvents, timeout);
        }
        Mono<Boolean> timedOut = Mono.defer(() -> {
            long start = System.nanoTime();
            Duration toDecide = timeout.minus(timeout.dividedBy(10));
            return whileHurrying(decide.apply(tail, toDecide)).flatMap(late -> {
                Duration left = timeout.minusNanos(System.nanoTime() - start);
                return stopPipelines(action, left.isNegative() ? Duration.ZERO : left)
                        .map(later -> late || later);
            });
        });
        return reported(timedOut, Tracer::shutdownHandlers, ofMetrics, ofEvents, timeout);
    }

    private Mono<Boolean> stopPipelines(BiFunction<Destination, Duration, Mono<Boolean>> action, Duration timeout) {
        return Flux.fromIterable(destinations)
                .flatMap(destination -> action.apply(destination, timeout), Math.max(1, destinations.size()))
                .reduce(false, Boolean::logicalOr);
    }

    /**
     * What became of the spans, as it was when they were done; told when handlers, metrics and events are, which keep to the
     * time too.
     */
    private Mono<DeliveryReport> reported(
            Mono<Boolean> timedOut,
            Function<Tracer, Mono<Void>> ofHandlers,
            BiFunction<GenAiMetrics, Duration, Mono<Void>> ofMetrics,
            BiFunction<Events, Duration, Mono<Void>> ofEvents,
            Duration timeout) {
        Mono<DeliveryReport> report =
                timedOut.publishOn(Schedulers.parallel()).map(late -> new DeliveryReport(ledger(), late));
        List<Mono<Void>> beside = new ArrayList<>(3);
        beside.add(ofHandlers.apply(tracer).timeout(timeout, Mono.empty()));
        if (metrics != null) {
            beside.add(ofMetrics.apply(metrics, timeout));
        }
        if (events.isOn()) {
            beside.add(ofEvents.apply(events, timeout));
        }
        return Mono.zip(report, Mono.when(beside).thenReturn(true), (ofSpans, done) -> ofSpans)
                .publishOn(Schedulers.parallel());
    }

    /**
     * {@link #flush(Duration)} for callers that may block.
     *
     * @throws IllegalStateException on a thread that must not block, for example an event loop
     */
    public DeliveryReport awaitFlush(Duration timeout) {
        return await("awaitFlush", "flush", timeout, flush(timeout));
    }

    /**
     * {@link #shutdown(Duration)} for callers that may block.
     *
     * @throws IllegalStateException on a thread that must not block, for example an event loop
     */
    public DeliveryReport awaitShutdown(Duration timeout) {
        return await("awaitShutdown", "shutdown", timeout, shutdown(timeout));
    }

    /**
     * {@link #close(Duration)} for callers that may block.
     *
     * @throws IllegalStateException on a thread that must not block, for example an event loop
     */
    public DeliveryReport awaitClose(Duration timeout) {
        return await("awaitClose", "close", timeout, close(timeout));
    }

    private DeliveryReport await(String name, String reactiveName, Duration timeout, Mono<DeliveryReport> report) {
        if (Schedulers.isInNonBlockingThread()) {
            throw new IllegalStateException(name + " blocks, and thread "
                    + Thread.currentThread().getName() + " must not: subscribe to " + reactiveName
                    + "(Duration) instead");
        }
        CompletableFuture<@Nullable DeliveryReport> future = report.toFuture();
        try {
            // The report keeps to the time by itself; this holds even where the application starves Reactor's threads.
            DeliveryReport inTime = future.get(checked(timeout).toMillis() + 50, TimeUnit.MILLISECONDS);
            if (inTime != null) {
                awaitLastLine();
                return inTime;
            }
        } catch (TimeoutException e) {
            future.cancel(true);
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(name + " failed", e.getCause());
        }
        return new DeliveryReport(ledger(), true);
    }

    /** The process may end next, and the thread that prints with it. */
    private void awaitLastLine() {
        if (debug == null) {
            return;
        }
        try {
            debug.printed().toFuture().get(LAST_LINE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            log.debug("The last lines of debug(true) are late.", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** At most what nanoseconds can count, 292 years. */
    private static Duration checked(Duration timeout) {
        Objects.requireNonNull(timeout, "timeout == null");
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("timeout is negative: " + timeout);
        }
        return timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout;
    }

    @Override
    public String toString() {
        return "Spanflux{tracer=" + tracer + ", pipelines=" + destinations
                + (tailSampler == null ? "" : ", tailSampler=" + tailSampler) + ", metrics=" + metrics + ", events="
                + events
                + ", " + contentPolicy + '}';
    }

    /** Hands ended spans to the pipelines. */
    private static final class Exporting implements SpanHandler {
        // An array: this loop runs once a span, and an iterator would be garbage each time.
        private final Destination[] destinations;

        Exporting(List<Destination> destinations) {
            this.destinations = destinations.toArray(new Destination[0]);
        }

        @Override
        public void onEnd(Span span) {
            if (span.isSampled()) {
                for (Destination destination : destinations) {
                    destination.accept(span);
                }
            }
        }
    }

    /** Collects options; each mistake is refused by {@link #build()} or earlier, by name and value. Not thread-safe. */
    public static final class Builder {
        private static final String CAPTURE_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

        private Environment environment = Environment.system();
        private @Nullable String serviceName;
        private Attributes resource = Attributes.empty();
        private final List<Added> exporters = new ArrayList<>();
        private @Nullable Propagator propagator;
        private List<String> baggage = List.of();
        private final List<Propagator> morePropagators = new ArrayList<>();
        private Consumer<ContentPolicy.Builder> content = content -> {};
        private PriceBook priceBook = PriceBook.builtIn();
        private @Nullable Path priceFile;
        private @Nullable Boolean experimentalCostNames;
        private Consumer<Tracer.Builder> tracer = tracer -> {};
        private Consumer<RecordPipeline.Builder<Span>> pipeline = pipeline -> {};
        private @Nullable Consumer<GenAiMetrics.Builder> metrics;
        private @Nullable Consumer<Events.Builder> events;
        private @Nullable Consumer<TailSampler.Builder> tailSampling;
        private boolean lossSpans;
        private boolean warmUp = true;
        private boolean closeOnExit = true;
        private Duration exitTimeout = Duration.ofSeconds(5);
        private boolean debug;
        private boolean checkpoints;
        private Duration checkpointTimeout = Duration.ofSeconds(10);

        private record Added(SpanExporter exporter, Consumer<RecordPipeline.Builder<Span>> pipeline) {}

        private Builder() {}

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            this.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /** The name of the service. Default {@code OTEL_SERVICE_NAME}, else {@code unknown_service:java}. */
        public Builder serviceName(String serviceName) {
            if (serviceName.isBlank()) {
                throw new IllegalArgumentException("serviceName is blank");
            }
            this.serviceName = serviceName;
            return this;
        }

        /** An attribute of the resource, over what {@code OTEL_RESOURCE_ATTRIBUTES} says. */
        public Builder resource(String key, Object value) {
            this.resource = resource.with(key, value);
            return this;
        }

        /**
         * Adds a destination, with a pipeline of its own. Default what {@code OTEL_TRACES_EXPORTER} lists ({@code otlp},
         * {@code console}, {@code otlp/stdout}, {@code none}), else an {@link OtlpExporter}.
         */
        public Builder exporter(SpanExporter exporter) {
            return exporter(exporter, pipeline -> {});
        }

        /** Adds a destination whose pipeline has settings of its own, over those of {@link #pipeline}. */
        public Builder exporter(SpanExporter exporter, Consumer<RecordPipeline.Builder<Span>> pipeline) {
            this.exporters.add(new Added(
                    Objects.requireNonNull(exporter, "exporter == null"),
                    Objects.requireNonNull(pipeline, "pipeline == null")));
            return this;
        }

        /** How traces cross process borders. Default {@code OTEL_PROPAGATORS}, else tracecontext and baggage. */
        public Builder propagator(Propagator propagator) {
            this.propagator = Objects.requireNonNull(propagator, "propagator == null");
            return this;
        }

        /**
         * Adds one behind those of {@code OTEL_PROPAGATORS}, for what a vendor's headers say besides. An own
         * {@link #propagator} takes the place of all of them, whichever is called first.
         */
        public Builder addPropagator(Propagator propagator) {
            this.morePropagators.add(Objects.requireNonNull(propagator, "propagator == null"));
            return this;
        }

        /**
         * Which attributes of the scope leave as baggage, and are taken from it, for example
         * {@code gen_ai.conversation.id}; see {@link Propagator#baggage(List)}. Default none. An own
         * {@link #propagator} says so itself.
         */
        public Builder baggage(String... scopeAttributes) {
            this.baggage = List.of(scopeAttributes);
            return this;
        }

        /**
         * Whether spans carry content: messages, generated text, instructions, tool arguments and results. Default
         * {@code OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT} ({@code NO_CONTENT}, {@code SPAN_ONLY},
         * {@code EVENT_ONLY}, {@code SPAN_AND_EVENT}, or {@code true} and {@code false}), else not. A scope and a call may
         * decide otherwise.
         */
        public Builder captureContent(boolean onSpans) {
            return content(content -> content.capture(onSpans ? ContentCapture.SPANS : ContentCapture.NONE));
        }

        /** Where content leaves and what sees it before; what is not set is as {@link #captureContent} says. */
        public Builder content(Consumer<ContentPolicy.Builder> content) {
            this.content = this.content.andThen(Objects.requireNonNull(content, "content == null"));
            return this;
        }

        /**
         * What model calls cost, where the provider does not report it. Default {@link PriceBook#builtIn()};
         * {@link PriceBook#empty()} calculates nothing.
         */
        public Builder priceBook(PriceBook priceBook) {
            this.priceBook = Objects.requireNonNull(priceBook, "priceBook == null");
            return this;
        }

        /**
         * A JSON file of prices that come before those of {@link #priceBook}, in the format of
         * {@link PriceBook#read}. {@link #build} reads it, and refuses it with the place of the first mistake. Default
         * none.
         */
        public Builder priceFile(Path priceFile) {
            this.priceFile = Objects.requireNonNull(priceFile, "priceFile == null");
            return this;
        }

        /**
         * Whether costs leave as {@code gen_ai.usage.cost.*}, which is no convention yet, beside {@code spanflux.cost.*}.
         * Default whether {@code OTEL_SEMCONV_STABILITY_OPT_IN} lists {@code gen_ai_latest_experimental}.
         */
        public Builder experimentalCostNames(boolean experimentalCostNames) {
            this.experimentalCostNames = experimentalCostNames;
            return this;
        }

        /** Sampler, limits, handlers, global attributes, clock; what is not set comes from {@code OTEL_*}. */
        public Builder tracer(Consumer<Tracer.Builder> tracer) {
            this.tracer = this.tracer.andThen(Objects.requireNonNull(tracer, "tracer == null"));
            return this;
        }

        /** Bounds and timing of each exporter's pipeline; what is not set comes from {@code OTEL_BSP_*}. */
        public Builder pipeline(Consumer<RecordPipeline.Builder<Span>> pipeline) {
            this.pipeline = this.pipeline.andThen(Objects.requireNonNull(pipeline, "pipeline == null"));
            return this;
        }

        /**
         * Turns metrics on: every call is measured, also of spans that are sampled out; with them leave the SDK's own
         * ({@code otel.sdk.*}: live spans, queues, what was exported and lost, by cause). What is not set comes from
         * {@code OTEL_METRICS_EXPORTER}, {@code OTEL_METRIC_EXPORT_*} and {@code OTEL_EXPORTER_OTLP_*}. Default off, unless
         * {@code OTEL_METRICS_EXPORTER} lists {@code otlp}.
         */
        public Builder metrics(Consumer<GenAiMetrics.Builder> metrics) {
            Objects.requireNonNull(metrics, "metrics == null");
            this.metrics = this.metrics == null ? metrics : this.metrics.andThen(metrics);
            return this;
        }

        /**
         * Turns events on, which leave as OTLP logs: calls of models with structured content, exceptions, evaluations.
         * What is not set comes from {@code OTEL_LOGS_EXPORTER}, {@code OTEL_BLRP_*} and {@code OTEL_EXPORTER_OTLP_*}.
         * Default off, unless {@code OTEL_LOGS_EXPORTER} lists {@code otlp}.
         */
        public Builder events(Consumer<Events.Builder> events) {
            Objects.requireNonNull(events, "events == null");
            this.events = this.events == null ? events : this.events.andThen(events);
            return this;
        }

        /**
         * Holds the spans of a trace back until it is over, and exports those of the traces that are worth it; see
         * {@link TailSampler.Builder}, where at least one {@code keep} must be set. Sees what the tracer's sampler lets
         * through. Default none: each sampled span is exported as it ends.
         */
        public Builder tailSampling(Consumer<TailSampler.Builder> tailSampling) {
            Objects.requireNonNull(tailSampling, "tailSampling == null");
            this.tailSampling = this.tailSampling == null ? tailSampling : this.tailSampling.andThen(tailSampling);
            return this;
        }

        /**
         * Whether traces themselves say that spans are missing: a root span {@code spanflux.loss} without length, at most
         * each 30 seconds, with {@code spanflux.loss.{cause}} for what was lost since the last one. It is sampled and queued
         * like any other span; what is sampled out or comes after the end is no loss. Default false.
         */
        public Builder lossSpans(boolean lossSpans) {
            this.lossSpans = lossSpans;
            return this;
        }

        /**
         * Whether a shutdown hook of the JVM {@linkplain Spanflux#close closes} this when the process ends: by SIGTERM,
         * SIGINT, {@code System.exit}, or its last thread. Closing it earlier removes the hook. Turn it off where a container
         * closes it in its own order, and where other hooks still serve requests. Spans that are open then leave marked
         * {@code spanflux.unfinished}. A process that is killed, or frozen as functions are, runs no hook. Default true.
         */
        public Builder closeOnExit(boolean closeOnExit) {
            this.closeOnExit = closeOnExit;
            return this;
        }

        /** How long the end of the process waits for the spans at most. Default 5 s; not negative. */
        public Builder exitTimeout(Duration exitTimeout) {
            if (exitTimeout.isNegative()) {
                throw new IllegalArgumentException("exitTimeout is negative: " + exitTimeout);
            }
            this.exitTimeout = exitTimeout;
            return this;
        }

        /**
         * Whether stderr tells what becomes of spans, also where no SLF4J provider is present: each that is queued, with how
         * many wait; each batch, with its size; each attempt to send one, with the URL, and the status that answers; what came
         * of it; shutdown and close. Never content, headers or keys. Printed by another thread, 1,024 lines behind at most:
         * more are left out and counted. The stream is {@code System.err} as it is now. Default false.
         */
        public Builder debug(boolean debug) {
            this.debug = debug;
            return this;
        }

        /**
         * Whether this takes part in checkpoints of the process: CRaC, and SnapStart of AWS Lambda. Before one it
         * {@linkplain Spanflux#shutdown shuts down}, so that no connection, event loop or file of ours is open;
         * after each restore ids come from new seeds and the wall clock is read anew, and the first span opens
         * connections. Resources are told in the reverse order in which they were registered: what still traces before a
         * checkpoint is to be registered after this was built. Closing this ends it. Needs {@code org.crac:crac}. Default
         * false.
         */
        public Builder checkpoints(boolean checkpoints) {
            this.checkpoints = checkpoints;
            return this;
        }

        /** How long a checkpoint waits for the spans at most. Default 10 s; not negative. */
        public Builder checkpointTimeout(Duration checkpointTimeout) {
            if (checkpointTimeout.isNegative()) {
                throw new IllegalArgumentException("checkpointTimeout is negative: " + checkpointTimeout);
            }
            this.checkpointTimeout = checkpointTimeout;
            return this;
        }

        /**
         * Whether {@link #build} has exporters {@linkplain SpanExporter#warmUp do ahead}, on another thread, what the first
         * export of a process would otherwise wait for. It takes about as much of a processor as that wait, once, and is of
         * no use where a process that starts has no processor to spare. Default true.
         */
        public Builder warmUp(boolean warmUp) {
            this.warmUp = warmUp;
            return this;
        }

        /** Everything wired; nothing is connected before the first span. */
        public Spanflux build() {
            if (propagator != null && !baggage.isEmpty()) {
                throw new IllegalArgumentException(
                        "baggage says nothing to an own propagator: give it Propagator.baggage(List) instead");
            }
            if (checkpoints) {
                requireCrac();
            }
            EnvironmentOptions options = new EnvironmentOptions(environment);
            List<Added> chosen = exporters.isEmpty() ? exportersOfEnvironment(options) : exporters;
            Pricing pricing = pricing(options);
            List<Destination> destinations = new ArrayList<>();
            List<Mono<Void>> warmUps = new ArrayList<>();
            DebugOutput output = debug ? new DebugOutput(System.err) : null;
            for (Added added : chosen) {
                String name = added.exporter.getClass().getSimpleName();
                SpanExporter priced = new PricedExporter(added.exporter, pricing);
                SpanExporter told = output == null ? priced : new DebuggedExporter(priced, name, output);
                RecordPipeline.Builder<Span> builder = RecordPipeline.builder(told);
                options.configureSpans(builder);
                pipeline.accept(builder);
                added.pipeline.accept(builder);
                IntConsumer enqueued = output == null
                        ? null
                        : waiting -> output.line(name + ": enqueue, " + waiting + " in the queue");
                destinations.add(Destination.of(told, builder.build(), enqueued));
                warmUps.add(ahead(added.exporter));
            }
            Tracer.Builder builder = Tracer.builder()
                    .enabled(!options.disabled())
                    .resource(options.resource(serviceName, resource))
                    .sampler(options.sampler())
                    .limits(options.limits());
            ContentPolicy.Builder policy = ContentPolicy.builder().capture(captureByEnvironment());
            content.accept(policy);
            Events.Builder eventOptions = eventsOrNull(options, pricing);
            ContentPolicy contentPolicy =
                    eventOptions == null ? policy.build() : policy.build().withEvents();
            // First, so that whatever handlers of the application say is content is treated as such.
            builder.firstHandler(contentPolicy).firstHandler(pricing);
            tracer.accept(builder);
            AtomicReference<@Nullable Tracer> started = new AtomicReference<>();
            GenAiMetrics measured = options.disabled()
                    ? null
                    : metricsOrNull(
                            options, builder, () -> SdkCounters.of(started::get, destinations, typesOf(chosen)));
            if (measured != null) {
                builder.lastHandler(measured);
            }
            Events exportedEvents = eventOptions == null
                    ? Events.off()
                    : eventOptions.build(builder.resource(), builder.clock(), contentPolicy);
            if (exportedEvents.isOn()) {
                builder.lastHandler(exportedEvents);
            }
            TailSampler tail = tailSampler(destinations);
            // Last, so that handlers of the application see a span before it can leave.
            builder.lastHandler(tail == null ? new Exporting(destinations) : tail);
            Tracer built = builder.build();
            started.set(built);
            return new Spanflux(
                    built,
                    destinations,
                    tail,
                    propagator == null ? options.propagator(Propagator.baggage(baggage), morePropagators) : propagator,
                    contentPolicy,
                    measured,
                    exportedEvents,
                    output,
                    sweepInterval(built.maxLifetime()),
                    lossSpans,
                    closeOnExit && !options.disabled() ? exitTimeout : null,
                    checkpoints ? checkpointTimeout : null,
                    warmUp && !options.disabled() ? Mono.when(warmUps) : Mono.empty());
        }

        private static List<String> typesOf(List<Added> chosen) {
            return chosen.stream()
                    .map(added -> SdkCounters.typeOf(added.exporter))
                    .toList();
        }

        private static Mono<Void> ahead(SpanExporter exporter) {
            return Mono.defer(exporter::warmUp)
                    .doOnError(failure -> log.debug("{} could not be warmed up", exporter, failure))
                    .onErrorComplete();
        }

        private static void requireCrac() {
            try {
                Class.forName("org.crac.Resource", false, Spanflux.class.getClassLoader());
            } catch (ClassNotFoundException e) {
                throw new IllegalArgumentException(
                        "checkpoints needs org.crac:crac, which is not on the class path", e);
            }
        }

        private Pricing pricing(EnvironmentOptions options) {
            PriceBook book =
                    priceFile == null ? priceBook : PriceBook.read(priceFile).orElse(priceBook);
            Pricing pricing = Pricing.of(book);
            boolean experimental =
                    experimentalCostNames == null ? options.latestExperimentalConventions() : experimentalCostNames;
            return experimental ? pricing.withExperimentalNames() : pricing;
        }

        private @Nullable GenAiMetrics metricsOrNull(
                EnvironmentOptions options, Tracer.Builder tracer, Supplier<List<Counter>> counters) {
            boolean asked = options.asksForMetrics();
            if (metrics == null && !asked) {
                return null;
            }
            GenAiMetrics.Builder builder =
                    GenAiMetrics.builder(tracer.resource(), tracer.clock()).environment(environment);
            counters.get().forEach(builder::counter);
            if (metrics != null) {
                metrics.accept(builder);
            }
            return builder.build();
        }

        private Events.@Nullable Builder eventsOrNull(EnvironmentOptions options, Pricing pricing) {
            boolean asked = options.asksForEvents();
            if (options.disabled() || (events == null && !asked)) {
                return null;
            }
            Events.Builder builder = Events.builder()
                    .environment(environment)
                    .exportAfter(pricing.ready())
                    .pipeline(options::configureEvents);
            if (events != null) {
                events.accept(builder);
            }
            return builder.exports() ? builder : null;
        }

        private @Nullable TailSampler tailSampler(List<Destination> destinations) {
            if (tailSampling == null) {
                return null;
            }
            List<IntSupplier> rooms = new ArrayList<>();
            destinations.forEach(destination -> rooms.add(destination::room));
            TailSampler.Builder builder = TailSampler.builder(new Exporting(destinations), rooms);
            tailSampling.accept(builder);
            return builder.build();
        }

        private List<Added> exportersOfEnvironment(EnvironmentOptions options) {
            Map<String, Supplier<SpanExporter>> known = new LinkedHashMap<>();
            known.put(
                    "otlp",
                    () -> OtlpExporter.builder().environment(environment).build());
            known.put("console", () -> ConsoleSpanExporter.lines(System.out));
            known.put("otlp/stdout", () -> ConsoleSpanExporter.otlpJson(System.out));
            List<Added> chosen = new ArrayList<>();
            for (String name : options.exporters(known)) {
                chosen.add(new Added(Objects.requireNonNull(known.get(name)).get(), pipeline -> {}));
            }
            return chosen;
        }

        private ContentCapture captureByEnvironment() {
            String mode = environment.text(CAPTURE_CONTENT);
            if (mode == null) {
                return ContentCapture.NONE;
            }
            return switch (mode.toUpperCase(Locale.ROOT)) {
                case "SPAN_ONLY", "TRUE" -> ContentCapture.SPANS;
                case "EVENT_ONLY" -> ContentCapture.EVENTS;
                case "SPAN_AND_EVENT" -> ContentCapture.SPANS_AND_EVENTS;
                case "NO_CONTENT", "FALSE" -> ContentCapture.NONE;
                default -> {
                    environment.ignored(CAPTURE_CONTENT, mode, "not a mode; nothing is captured");
                    yield ContentCapture.NONE;
                }
            };
        }

        private static Duration sweepInterval(Duration maxLifetime) {
            Duration quarter = maxLifetime.dividedBy(4).plusMillis(1);
            return quarter.compareTo(MAX_SWEEP_INTERVAL) < 0 ? quarter : MAX_SWEEP_INTERVAL;
        }
    }
}
