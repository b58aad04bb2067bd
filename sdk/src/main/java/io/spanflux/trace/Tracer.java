// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.diagnostics.RepeatedWarning;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Starts spans. One per application, made by {@code Spanflux}; tests may build one of their own.
 *
 * <pre>{@code
 * Span span = tracer.span("load-ticket").parent(context).attribute("ticket", id).start();
 * try {
 *     ...
 * } catch (RuntimeException e) {
 *     span.error(e);
 *     throw e;
 * } finally {
 *     span.end();
 * }
 * }</pre>
 *
 * <p>Threads: any. Starting and ending a span never blocks; samplers and handlers run on the calling thread, guarded:
 * what they throw is counted and warned of.
 */
public final class Tracer {
    private static final Logger log = LoggerFactory.getLogger(Tracer.class);

    /** The tracer of {@link Span#of}: such spans do not record, so nothing of it is ever used. */
    static final Tracer NOOP = new Builder().build();

    /** How many attributes {@link #global} may set. */
    public static final int MAX_GLOBALS = 128;

    private final SpanLimits limits;
    private final int maxEntries;
    private final Clock clock;
    private final IdGenerator ids;
    private final Sampler sampler;
    private final @Nullable Function<? super ContextView, @Nullable SpanContext> foreignParent;
    private final AtomicReference<Handlers> handlers;
    private final AtomicReference<Globals> globals;
    private final Resource resource;
    private final long maxLifetimeNanos;
    private final @Nullable StartSites startSites;
    private final boolean endsUnfinished;
    private volatile boolean enabled;
    private final LiveSpans live = new LiveSpans();

    private final LongAdder callsAfterEnd = new LongAdder();
    private final RepeatedWarning clockFailures = new RepeatedWarning(log);
    private final RepeatedWarning samplerFailures = new RepeatedWarning(log);
    private final RepeatedWarning parentFailures = new RepeatedWarning(log);
    private final RepeatedWarning handlerFailures = new RepeatedWarning(log);
    private final RepeatedWarning dataFailures = new RepeatedWarning(log);
    private final RepeatedWarning expirations = new RepeatedWarning(log);
    private final RepeatedWarning unfinished = new RepeatedWarning(log);
    private final RepeatedWarning excessGlobals = new RepeatedWarning(log);

    private Tracer(Builder builder) {
        this.limits = builder.limits;
        // Twice what can be kept: below that, shortening would run again and again.
        this.maxEntries = 2 * (limits.attributeCount() + limits.eventCount() + limits.linkCount()) + 16;
        this.clock =
                builder.clock instanceof SystemClock ? builder.clock : new GuardedClock(builder.clock, clockFailures);
        this.ids = builder.ids;
        this.sampler = builder.sampler;
        this.handlers = new AtomicReference<>(Handlers.of(builder.first, builder.handlers, builder.last));
        this.globals = new AtomicReference<>(new Globals(builder.globals, Attributes.empty(), builder.globals));
        this.foreignParent = builder.foreignParent;
        this.resource = builder.resource;
        this.maxLifetimeNanos = nanos(builder.maxLifetime);
        this.startSites = builder.leakDetection ? new StartSites() : null;
        this.endsUnfinished = builder.endsUnfinished;
        this.enabled = builder.enabled;
    }

    /** 292 years at most, which is what nanoseconds can count; longer means never. */
    private static long nanos(Duration lifetime) {
        Duration longest = Duration.ofNanos(Long.MAX_VALUE);
        return lifetime.compareTo(longest) > 0 ? Long.MAX_VALUE : lifetime.toNanos();
    }

    /** A builder with the defaults that its methods state. */
    public static Builder builder() {
        return new Builder();
    }

    /** Begins the description of a span. */
    public SpanBuilder span(String name) {
        return new SpanBuilder(this, name);
    }

    /** Begins the description of a span about {@code data}, which gives it its name and kind. */
    public SpanBuilder span(SpanData data) {
        return new SpanBuilder(this, data);
    }

    /** Starts a span about {@code data} below the span and in the scope of {@code context}: what the operator calls. */
    public Span start(SpanData data, ContextView context) {
        if (!enabled) {
            return passedOn(Span.from(context), Scope.from(context));
        }
        return start(
                nameOf(data),
                kindOf(data),
                parentIn(context),
                Scope.from(context),
                Attributes.empty(),
                data,
                clock.nanoTime(),
                null,
                0);
    }

    // ---- what is already over ------------------------------------------------------------------------------------

    /** Records what is already over: a span from {@code start} to {@code end} below {@code context}'s span and scope. */
    public Span record(ContextView context, SpanData data, Instant start, Instant end) {
        return record(span(data).parent(context), start, end, null);
    }

    /** As {@link #record(ContextView, SpanData, Instant, Instant)}, of what failed with {@code error} at its end. */
    public Span record(ContextView context, SpanData data, Instant start, Instant end, Throwable error) {
        return record(span(data).parent(context), start, end, error);
    }

    /** Records what is already over: a span from {@code start} to {@code end} in {@code scope}. */
    public Span record(Scope scope, SpanData data, Instant start, Instant end) {
        return record(span(data).scope(scope), start, end, null);
    }

    /** As {@link #record(Scope, SpanData, Instant, Instant)}, of what failed with {@code error} at its end. */
    public Span record(Scope scope, SpanData data, Instant start, Instant end, Throwable error) {
        return record(span(data).scope(scope), start, end, error);
    }

    /** Records what is already over: a span from {@code start} to {@code end} in no scope. */
    public Span record(SpanData data, Instant start, Instant end) {
        return record(span(data), start, end, null);
    }

    /** As {@link #record(SpanData, Instant, Instant)}, of what failed with {@code error} at its end. */
    public Span record(SpanData data, Instant start, Instant end, Throwable error) {
        return record(span(data), start, end, error);
    }

    private static Span record(SpanBuilder described, Instant start, Instant end, @Nullable Throwable error) {
        Span span = described.startTime(start).start();
        if (error != null) {
            span.error(error, end);
        }
        span.end(end);
        return span;
    }

    // ---- starting ------------------------------------------------------------------------------------------------

    /**
     * What is started where nothing is to be recorded: spans below and other services find the span above, as if this one
     * were not there.
     */
    Span passedOn(@Nullable Span above, Scope scope) {
        boolean isBelow = above != null && above.isOf(this);
        SpanContext context = above == null ? SpanContext.invalid() : above.context();
        return new Span(
                isBelow ? this : NOOP,
                context.traceIdHigh(),
                context.traceIdLow(),
                context.spanIdBits(),
                0,
                context.traceFlags() | (context.isRemote() ? Span.REMOTE : 0),
                context.traceState(),
                "",
                SpanKind.INTERNAL,
                0,
                0,
                scope,
                Attributes.empty(),
                null,
                ownerBelow(above),
                isBelow && above != null ? above.localTrace() : LocalTrace.NONE,
                Handlers.NONE);
    }

    /**
     * The span of {@code context}. Where that is none of this process, rather what stands for one that another library has put
     * there: such a library stands between us and the caller, whom it knows too.
     */
    @Nullable
    Span parentIn(ContextView context) {
        Span span = Span.from(context);
        if (foreignParent == null
                || !enabled
                || (span != null && !span.context().isRemote())) {
            return span;
        }
        try {
            SpanContext found = foreignParent.apply(context);
            return found != null && found.isValid() ? Span.of(found) : span;
        } catch (Throwable e) {
            parentFailures.caught("The lookup of another library's parent failed; the span goes without.", e);
            return span;
        }
    }

    Span start(
            String name,
            SpanKind kind,
            @Nullable Span parent,
            Scope scope,
            Attributes attributes,
            @Nullable SpanData data,
            long nanoTime,
            @Nullable Instant startTime,
            long ownId) {
        String fullName = name;
        name = AttributeValue.truncate(fullName, SpanLimits.NAME_LENGTH);
        Span above = parent != null && (parent.traceIdHigh() | parent.traceIdLow()) != 0 ? parent : null;
        TraceInfo trace = scope.trace();
        Span left = above != null && trace != null && trace.partsFrom(above) ? above : null;
        above = left == null ? above : null;
        long high;
        long low;
        int flags;
        SpanContext parentContext;
        if (above == null) {
            if (trace != null && trace.hasBegun()) {
                high = trace.traceIdHigh();
                low = trace.traceIdLow();
            } else {
                high = ids.traceIdHigh();
                low = nonZero(ids.traceIdLow());
            }
            flags = SpanContext.RANDOM;
            parentContext = null;
        } else {
            high = above.traceIdHigh();
            low = above.traceIdLow();
            parentContext = above.context();
            flags = (above.traceFlags() & ~SpanContext.SAMPLED) | (parentContext.isRemote() ? Span.PARENT_REMOTE : 0);
        }
        boolean disabled = trace != null && trace.isDisabled();
        SamplingResult result = disabled
                ? SamplingResult.drop()
                : sample(new SamplingRequest(parentContext, high, low, name, kind, attributes, data, scope));
        Handlers seeing = handlers.get();
        if (result.decision() != SamplingResult.Decision.DROP) {
            flags |= Span.RECORDING;
        } else if (!disabled && seeing.seeSampledOut()) {
            flags |= Span.RECORDING | Span.SAMPLED_OUT;
        }
        boolean sampled = result.decision() == SamplingResult.Decision.SAMPLE;
        if (sampled) {
            flags |= SpanContext.SAMPLED;
        }
        boolean isBelow = above != null && above.isOf(this);
        LocalTrace local = isBelow && above != null ? above.localTrace() : localTrace(sampled, seeing);
        if (sampled) {
            local.started();
        }
        TraceState traceState = result.traceState();
        if (traceState == null) {
            traceState = above == null ? TraceState.empty() : above.traceState();
        }
        long epochNanos;
        if (startTime != null) {
            epochNanos = Span.epochNanos(startTime);
            // As if the clock had been read then, so that an end() now is now.
            nanoTime -= clock.epochNanos(nanoTime) - epochNanos;
        } else if (above == null || !above.isRecording()) {
            epochNanos = clock.epochNanos(nanoTime);
        } else {
            // The parent's anchor, so that a corrected wall clock never puts a child before its parent.
            epochNanos = above.startEpochNanos() + (nanoTime - above.startNanoTime());
        }
        Span span = new Span(
                this,
                high,
                low,
                ownId == 0 ? nonZero(ids.spanId()) : ownId,
                above == null ? 0 : above.spanIdBits(),
                flags,
                traceState,
                name,
                kind,
                epochNanos,
                nanoTime,
                scope,
                globals.get().all,
                data,
                ownerBelow(above),
                local,
                seeing);
        if (span.isRecording()) {
            span.truncated(name.length() < fullName.length() ? 1 : 0);
            span.attributes(attributes).attributes(result.attributes());
            if (left != null) {
                span.link(left.context());
            }
            if (!isBelow) {
                begin(local, span);
            }
            local.opened();
            live.add(span);
            if (startSites != null) {
                startSites.started(span);
            }
            started(span);
        }
        return span;
    }

    private LocalTrace localTrace(boolean sampled, Handlers seeing) {
        if (!sampled) {
            return LocalTrace.NONE;
        }
        return endsUnfinished || seeing.ofTraces().length > 0
                ? LocalTrace.watched(seeing.ofTraces())
                : LocalTrace.unwatched();
    }

    private @Nullable SpanData ownerBelow(@Nullable Span above) {
        SpanData data = above == null ? null : above.data();
        if (data != null) {
            try {
                if (data.ownsSpansBelow()) {
                    return data;
                }
            } catch (Throwable e) {
                dataFailures.caught("A SpanData does not know whether it owns the spans below; it does not.", e);
            }
        }
        return above == null ? null : above.owner();
    }

    private static long nonZero(long id) {
        return id == 0 ? 1 : id;
    }

    private SamplingResult sample(SamplingRequest request) {
        try {
            SamplingResult result = sampler.sample(request);
            if (result != null) {
                return result;
            }
            samplerFailures.warn("A sampler returned null; its spans are recorded and exported.");
        } catch (Throwable e) {
            samplerFailures.caught("A sampler failed; its spans are recorded and exported.", e);
        }
        return SamplingResult.sample();
    }

    private void begin(LocalTrace trace, Span root) {
        trace.begin(root);
        for (TraceHandler handler : trace.handlers()) {
            try {
                handler.onTraceStart(root);
            } catch (Throwable e) {
                handlerFailures.caught("A TraceHandler failed at the start of a trace; the trace goes on.", e);
            }
        }
    }

    private void started(Span span) {
        for (SpanHandler handler : span.handlers()) {
            try {
                handler.onStart(span);
            } catch (Throwable e) {
                handlerFailures.caught("A SpanHandler failed at the start of a span; the span goes on.", e);
            }
        }
    }

    /** Whether a handler takes over what {@code exception} says; all of them are asked. */
    boolean isToldElsewhere(Span span, SpanEvent exception) {
        boolean told = false;
        for (SpanHandler handler : span.handlers()) {
            try {
                told |= handler.onException(span, exception);
            } catch (Throwable e) {
                handlerFailures.caught("A SpanHandler failed on an exception; the span keeps it.", e);
            }
        }
        return told;
    }

    /** Called once by the thread that ended {@code span}. */
    void ended(Span span) {
        live.remove(span);
        if (startSites != null) {
            startSites.ended(span);
        }
        LocalTrace trace = span.localTrace();
        if (endsUnfinished && trace.isLeftOpenBy(span)) {
            // Before anyone sees the root end: children end, and leave, before their parents.
            endUnfinished(trace, span.endEpochNanos());
        }
        SpanData data = span.data();
        if (data != null) {
            try {
                data.end();
            } catch (Throwable e) {
                dataFailures.caught("A SpanData failed at the end of its span; the span is exported.", e);
            }
        }
        span.measure();
        for (SpanHandler handler : span.handlers()) {
            try {
                handler.onEnd(span);
            } catch (Throwable e) {
                handlerFailures.caught("A SpanHandler failed at the end of a span; others still see it.", e);
            }
        }
        Span root = trace.closed();
        if (root != null) {
            over(trace, root);
        }
    }

    private void endUnfinished(LocalTrace trace, long endEpochNanos) {
        int ended = live.endUnfinished(trace, endEpochNanos);
        if (ended > 0) {
            unfinished.warn(
                    ended,
                    "Ended " + ended
                            + " span(s) that were open when their trace ended: end them before the first span of"
                            + " the trace, or switch endUnfinished off.");
        }
    }

    private void over(LocalTrace trace, Span root) {
        for (TraceHandler handler : trace.handlers()) {
            try {
                handler.onTraceEnd(root);
            } catch (Throwable e) {
                handlerFailures.caught("A TraceHandler failed at the end of a trace; others still see it.", e);
            }
        }
    }

    // ---- live changes --------------------------------------------------------------------------------------------

    /** The handlers of the application that see the spans which start now, in their order. */
    public List<SpanHandler> handlers() {
        return handlers.get().own();
    }

    /**
     * Adds a handler, called after those of the application before it and before Spanflux's own exporting. It sees the spans
     * that start from now on, and traces whose local root does.
     */
    public void addHandler(SpanHandler handler) {
        Objects.requireNonNull(handler, "handler == null");
        change(own -> {
            List<SpanHandler> more = new ArrayList<>(own);
            more.add(handler);
            return more;
        });
    }

    /** Removes a handler once; see {@link #replaceHandlers}. Returns whether it was there. */
    public boolean removeHandler(SpanHandler handler) {
        Objects.requireNonNull(handler, "handler == null");
        return change(own -> {
                    List<SpanHandler> fewer = new ArrayList<>(own);
                    fewer.remove(handler);
                    return fewer;
                })
                .contains(handler);
    }

    /**
     * Replaces all handlers of the application, in one step: each span that starts is seen by those before or by these. What
     * was there sees the spans that it saw start to their end, but is no longer flushed and shut down with {@code Spanflux};
     * it is returned, so that the caller may.
     */
    public List<SpanHandler> replaceHandlers(List<? extends SpanHandler> replacements) {
        List<SpanHandler> copy = new ArrayList<>();
        for (SpanHandler replacement : Objects.requireNonNull(replacements, "handlers == null")) {
            copy.add(Objects.requireNonNull(replacement, "handler == null"));
        }
        return change(own -> copy);
    }

    /** Returns what was there. */
    private List<SpanHandler> change(UnaryOperator<List<SpanHandler>> change) {
        Handlers before;
        Handlers after;
        do {
            before = handlers.get();
            after = before.with(change.apply(before.own()));
        } while (!handlers.compareAndSet(before, after));
        return before.own();
    }

    /** Completes when all handlers of the application have {@linkplain SpanHandler#onFlush flushed}, or failed to. */
    public Mono<Void> flushHandlers() {
        return each(SpanHandler::onFlush);
    }

    /** Completes when all handlers of the application have {@linkplain SpanHandler#onShutdown shut down}, or failed to. */
    public Mono<Void> shutdownHandlers() {
        return each(SpanHandler::onShutdown);
    }

    private Mono<Void> each(Function<SpanHandler, Mono<Void>> action) {
        return Mono.defer(() -> Mono.when(
                handlers().stream().map(handler -> guarded(handler, action)).toList()));
    }

    private Mono<Void> guarded(SpanHandler handler, Function<SpanHandler, Mono<Void>> action) {
        return Mono.create(done -> {
            try {
                done.onDispose(action.apply(handler)
                        .subscribe(
                                nothing -> {},
                                failure -> {
                                    handlerFailures.warn("A SpanHandler failed to flush or to shut down.", failure);
                                    done.success();
                                },
                                done::success));
            } catch (Throwable e) {
                done.success();
                handlerFailures.caught("A SpanHandler failed to flush or to shut down.", e);
            }
        });
    }

    /** Attributes of all spans: {@code all} are those of the builder and over them those that are set at run time. */
    private record Globals(Attributes built, Attributes set, Attributes all) {
        Globals with(Attributes newlySet) {
            return new Globals(built, newlySet, built.with(newlySet));
        }
    }

    /** Attributes of every span that starts now, of lowest precedence; immutable, so a snapshot that nothing changes. */
    public Attributes globals() {
        return globals.get().all;
    }

    /**
     * Sets an attribute of every span that starts from now on, of lowest precedence, over what {@link Builder#globals} says
     * of {@code key}. For what is true of the process: what belongs to a request belongs in its {@link Scope}. Bound:
     * {@value #MAX_GLOBALS} keys. Returns whether it is set now: false, and nothing is changed, for a value that
     * {@link Attributes} has no form for, and for one key too many, which is warned of.
     */
    public boolean global(String key, @Nullable Object value) {
        Attributes one = Attributes.empty().with(key, value);
        if (one.isEmpty()) {
            return false;
        }
        Globals before;
        Globals after;
        do {
            before = globals.get();
            after = before.with(before.set.with(one));
            if (after.set.size() > MAX_GLOBALS) {
                excessGlobals.warn(
                        "Global attributes are " + MAX_GLOBALS + " already; one more is left out. What differs"
                                + " from request to request belongs in a Scope.");
                return false;
            }
        } while (!globals.compareAndSet(before, after));
        return true;
    }

    /**
     * Takes back what {@link #global} set, for spans that start from now on; what {@link Builder#globals} says of {@code key}
     * holds again. Returns whether there was anything to take back.
     */
    public boolean removeGlobal(String key) {
        Globals before;
        do {
            before = globals.get();
            if (key == null || !before.set.contains(key)) {
                return false;
            }
        } while (!globals.compareAndSet(before, before.with(before.set.without(key))));
        return true;
    }

    /**
     * Whether spans that start from now on are recorded; those that run go on. See {@link Builder#enabled}. Switching on what
     * {@code OTEL_SDK_DISABLED} switched off exports to those exporters only that the application's code has named.
     */
    public void enabled(boolean enabled) {
        this.enabled = enabled;
    }

    // ---- reading -------------------------------------------------------------------------------------------------

    String nameOf(@Nullable SpanData data) {
        try {
            String name = Objects.requireNonNull(data, "data == null").spanName();
            if (name != null) {
                return name;
            }
        } catch (Throwable e) {
            dataFailures.caught("A SpanData has no name; its span is named by its class.", e);
        }
        return data == null ? "" : data.getClass().getSimpleName();
    }

    SpanKind kindOf(@Nullable SpanData data) {
        try {
            SpanKind kind = Objects.requireNonNull(data, "data == null").kind();
            if (kind != null) {
                return kind;
            }
        } catch (Throwable e) {
            dataFailures.caught("A SpanData has no kind; its span is INTERNAL.", e);
        }
        return SpanKind.INTERNAL;
    }

    @Nullable
    String errorTypeOf(SpanData data) {
        try {
            return data.errorType();
        } catch (Throwable e) {
            dataFailures.caught("A SpanData does not know whether it failed; it has not.", e);
            return null;
        }
    }

    int estimatedBytes(@Nullable SpanData data) {
        if (data == null) {
            return 0;
        }
        try {
            return Math.max(0, data.estimatedBytes());
        } catch (Throwable e) {
            dataFailures.caught("A SpanData does not know its size; it counts as nothing.", e);
            return 0;
        }
    }

    void dataFailed(Throwable failure) {
        dataFailures.caught(
                "A SpanData failed while its attributes were read; the span is exported with those before.", failure);
    }

    void calledAfterEnd() {
        callsAfterEnd.increment();
    }

    /**
     * Ends the spans that have lived longer than {@link Builder#maxLifetime}, marked {@code spanflux.expired} and with
     * status ERROR; returns how many. {@code Spanflux} calls this every now and then.
     */
    public int expireSpans() {
        StartSites sites = startSites;
        Map<String, Integer> places = new LinkedHashMap<>();
        int expired = live.expire(clock.nanoTime(), maxLifetimeNanos, span -> {
            if (sites != null) {
                sites.mark(span, places);
            }
        });
        if (expired > 0) {
            expirations.warn(
                    expired,
                    "Ended " + expired + " span(s) that outlived maxLifetime=" + Duration.ofNanos(maxLifetimeNanos)
                            + ": a Publisher never terminated, or a span was started and never ended."
                            + (sites == null ? " leakDetection(true) names where." : " Started " + places));
        }
        return expired;
    }

    /**
     * Ends all spans that are open now, marked {@code spanflux.unfinished}, and returns how many: for the end of a process.
     * What is said of them later is ignored.
     */
    public int endOpenSpans() {
        return live.endUnfinished(null, clock.epochNanos(clock.nanoTime()));
    }

    SpanLimits limits() {
        return limits;
    }

    int maxEntries() {
        return maxEntries;
    }

    /** Whether spans that start now are recorded at all. */
    public boolean isEnabled() {
        return enabled;
    }

    /** What all spans of this tracer have in common. */
    public Resource resource() {
        return resource;
    }

    /** How long a span may live. */
    public Duration maxLifetime() {
        return Duration.ofNanos(maxLifetimeNanos);
    }

    /** The clock of the spans of this tracer. */
    public Clock clock() {
        return clock;
    }

    /** How many recorded spans have started and not ended. Walks a table; meant for health checks and tests. */
    public int liveSpans() {
        return live.count();
    }

    /** How many calls came to spans that had ended, and were ignored. */
    public long callsAfterEnd() {
        return callsAfterEnd.sum();
    }

    /** How many spans were ended because they outlived {@link Builder#maxLifetime}. */
    public long expiredSpans() {
        return expirations.count();
    }

    /** How many spans were ended because their trace had, where {@link Builder#endUnfinished} says so. */
    public long unfinishedSpans() {
        return unfinished.count();
    }

    /** How many spans were started while more than a million were live, and so are not watched for their lifetime. */
    public long untrackedSpans() {
        return live.untracked();
    }

    /** How many times a sampler, a handler, a clock, a lookup of parents or a span's data threw. */
    public long callbackFailures() {
        return samplerFailures.count()
                + parentFailures.count()
                + handlerFailures.count()
                + dataFailures.count()
                + clockFailures.count();
    }

    /**
     * For a process that was restored from a checkpoint: takes new seeds for ids, so that two processes restored from the
     * same one make different ids, and reads the wall clock anew. An own {@link Builder#idGenerator} or
     * {@link Builder#clock} does so itself, but for a {@link RandomIdGenerator}. Called by {@code Spanflux} where it takes
     * part in checkpoints.
     */
    public void afterRestore() {
        // Also made for ids that are asked for without a tracer.
        RandomIdGenerator.shared().reseed();
        if (ids instanceof RandomIdGenerator random) {
            random.reseed();
        }
        SystemClock.INSTANCE.resync();
    }

    @Override
    public String toString() {
        return "Tracer{sampler=" + sampler + ", limits=" + limits + ", handlers="
                + handlers.get().count() + ", maxLifetime=" + Duration.ofNanos(maxLifetimeNanos) + ", enabled="
                + enabled + '}';
    }

    /** Collects what a tracer needs. Not thread-safe. */
    public static final class Builder {
        private SpanLimits limits = SpanLimits.defaults();
        private Clock clock = Clock.system();
        private IdGenerator ids = IdGenerator.random();
        private Sampler sampler = Sampler.parentBased(Sampler.alwaysOn());
        private @Nullable Function<? super ContextView, @Nullable SpanContext> foreignParent;
        private final List<SpanHandler> first = new ArrayList<>();
        private final List<SpanHandler> handlers = new ArrayList<>();
        private final List<SpanHandler> last = new ArrayList<>();
        private Attributes globals = Attributes.empty();
        private Resource resource = Resource.of(Attributes.empty());
        private Duration maxLifetime = Duration.ofHours(1);
        private boolean leakDetection;
        private boolean endsUnfinished;
        private boolean enabled = true;

        private Builder() {}

        /** How much one span may hold. Default {@link SpanLimits#defaults()}. */
        public Builder limits(SpanLimits limits) {
            this.limits = Objects.requireNonNull(limits, "limits == null");
            return this;
        }

        /** Where the time comes from. Default {@link Clock#system()}. */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock == null");
            return this;
        }

        /** Where ids come from. Default {@link IdGenerator#random()}. */
        public Builder idGenerator(IdGenerator idGenerator) {
            this.ids = Objects.requireNonNull(idGenerator, "idGenerator == null");
            return this;
        }

        /** Which spans are recorded. Default parent-based, every root span. */
        public Builder sampler(Sampler sampler) {
            this.sampler = Objects.requireNonNull(sampler, "sampler == null");
            return this;
        }

        /**
         * Where the parent of a span is looked for when its {@code Context} has none of ours of this process: a span that
         * another library put there. Its null means none, and then a caller's counts; called on the thread that starts the
         * span, must not block. Default nowhere.
         */
        public Builder foreignParent(Function<? super ContextView, @Nullable SpanContext> foreignParent) {
            this.foreignParent = Objects.requireNonNull(foreignParent, "foreignParent == null");
            return this;
        }

        /** Adds a handler, called after those added before; it may be {@linkplain Tracer#replaceHandlers replaced}. */
        public Builder handler(SpanHandler handler) {
            this.handlers.add(Objects.requireNonNull(handler, "handler == null"));
            return this;
        }

        /** Adds a handler that is called before those of the application, and that no live change concerns. */
        public Builder firstHandler(SpanHandler handler) {
            this.first.add(Objects.requireNonNull(handler, "handler == null"));
            return this;
        }

        /** Adds a handler that is called after those of the application, and that no live change concerns. */
        public Builder lastHandler(SpanHandler handler) {
            this.last.add(Objects.requireNonNull(handler, "handler == null"));
            return this;
        }

        /** Attributes of every span, of lowest precedence; more may be {@linkplain Tracer#global set} later. Default none. */
        public Builder globals(Attributes globals) {
            this.globals = Objects.requireNonNull(globals, "globals == null");
            return this;
        }

        /** What all spans have in common, stated once for each exported batch. Default nothing. */
        public Builder resource(Resource resource) {
            this.resource = Objects.requireNonNull(resource, "resource == null");
            return this;
        }

        /** What {@link #resource(Resource)} said last. */
        public Resource resource() {
            return resource;
        }

        /** What {@link #clock(Clock)} said last. */
        public Clock clock() {
            return clock;
        }

        /** How long a span may live before it is ended and marked. Default one hour; must be positive. */
        public Builder maxLifetime(Duration maxLifetime) {
            Objects.requireNonNull(maxLifetime, "maxLifetime == null");
            if (maxLifetime.isNegative() || maxLifetime.isZero()) {
                throw new IllegalArgumentException("maxLifetime is not positive: " + maxLifetime);
            }
            this.maxLifetime = maxLifetime;
            return this;
        }

        /**
         * Whether to remember of each span where it was started, so that one that outlives {@link #maxLifetime} says it: as
         * {@code spanflux.started_at}, the first frame that is not of Spanflux, Reactor or the JDK, and in the warning.
         * Costs a walk of the stack at each start, microseconds, and a text of each live span; for finding a leak, not for
         * always. Default false.
         */
        public Builder leakDetection(boolean leakDetection) {
            this.leakDetection = leakDetection;
            return this;
        }

        /**
         * Whether spans that are open when the local root of their trace ends are ended with it, at its time or at their own
         * start where that is later, marked {@code spanflux.unfinished} and counted by {@link Tracer#unfinishedSpans}. Their
         * status stays; what they say later is ignored. Spans that start at the same moment or later are not concerned, nor
         * those that {@link Tracer#untrackedSpans} counts. Such an end looks through all live spans. Default false: a span
         * may outlive its trace, for as long as {@link #maxLifetime} lets it.
         */
        public Builder endUnfinished(boolean endUnfinished) {
            this.endsUnfinished = endUnfinished;
            return this;
        }

        /**
         * Whether spans are recorded at all. Those of a disabled tracer stand for their parent and pass its identity on
         * unchanged; without a parent they have none. May be {@linkplain Tracer#enabled changed}. Default true.
         */
        public Builder enabled(boolean enabled) {
            this.enabled = enabled;
            return this;
        }

        /** The tracer. */
        public Tracer build() {
            return new Tracer(this);
        }
    }
}
