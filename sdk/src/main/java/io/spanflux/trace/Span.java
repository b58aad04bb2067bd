// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * One operation in a trace: written to until it ends, read from afterwards, and itself what is queued and encoded.
 *
 * <p>No method throws, whatever it is given: a value that cannot be exported is left out and counted on the span, a call
 * after the end is ignored and counted by the {@link Tracer}. The span of a sampled-out trace records nothing, unless a
 * handler counts such spans.
 *
 * <p>Threads: any thread may call any method at any time. A span ends exactly once, whoever races, and never changes
 * after that. Nothing blocks: what is said of a span is a stack with one atomic word, {@link #end()} is a
 * compare-and-set of that word, and whatever comes later finds it sealed.
 *
 * <p>Bound: {@link SpanLimits}. The stack is shortened to what it says when it grows past twice the limits' sum, and the
 * longest texts are cut when it outweighs {@link SpanLimits#bytes()}.
 */
public final class Span implements Measured {
    private static final VarHandle TOP;

    static {
        try {
            TOP = MethodHandles.lookup().findVarHandle(Span.class, "top", SpanEntry.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Tracer tracer;
    private final long traceIdHigh;
    private final long traceIdLow;
    private final long spanId;
    private final long parentSpanId;
    private final long startEpochNanos;
    private final long startNanoTime;
    private final int flags;
    private final String name;
    private final SpanKind kind;
    private final TraceState traceState;
    private final Scope scope;
    private final Attributes globals;
    private final @Nullable SpanData data;
    private final @Nullable SpanData owner;
    private final LocalTrace localTrace;
    private final Handlers handlers;

    private volatile SpanEntry top = SpanEntry.Loss.NONE;

    // Computed once more by a racing reader at worst; both would be equal. A context has final fields only and may be
    // seen early, a view has not.
    private @Nullable SpanContext context;
    private volatile @Nullable SpanView view;

    private int endBytes;

    /** Where {@link LiveSpans} keeps this span; written before the span is published. */
    int liveSlot = LiveSpans.UNTRACKED;

    /** Bits of {@link #flags} above the eight that W3C defines. */
    static final int RECORDING = 1 << 8;

    static final int PARENT_REMOTE = 1 << 9;
    static final int REMOTE = 1 << 10;

    /** Recorded for those handlers only that see sampled-out spans. */
    static final int SAMPLED_OUT = 1 << 11;

    Span(
            Tracer tracer,
            long traceIdHigh,
            long traceIdLow,
            long spanId,
            long parentSpanId,
            int flags,
            TraceState traceState,
            String name,
            SpanKind kind,
            long startEpochNanos,
            long startNanoTime,
            Scope scope,
            Attributes globals,
            @Nullable SpanData data,
            @Nullable SpanData owner,
            LocalTrace localTrace,
            Handlers handlers) {
        this.tracer = tracer;
        this.traceIdHigh = traceIdHigh;
        this.traceIdLow = traceIdLow;
        this.spanId = spanId;
        this.parentSpanId = parentSpanId;
        this.flags = flags;
        this.traceState = traceState;
        this.name = name;
        this.kind = kind;
        this.startEpochNanos = startEpochNanos;
        this.startNanoTime = startNanoTime;
        this.scope = scope;
        this.globals = globals;
        this.data = data;
        this.owner = owner;
        this.localTrace = localTrace;
        this.handlers = handlers;
    }

    /** A span that records nothing and stands for {@code context}, for example the caller in another process. */
    public static Span of(SpanContext context) {
        Objects.requireNonNull(context, "context == null");
        return new Span(
                Tracer.NOOP,
                context.traceIdHigh(),
                context.traceIdLow(),
                context.spanIdBits(),
                0,
                context.traceFlags() | (context.isRemote() ? REMOTE : 0),
                context.traceState(),
                "",
                SpanKind.INTERNAL,
                0,
                0,
                Scope.none(),
                Attributes.empty(),
                null,
                null,
                LocalTrace.NONE,
                Handlers.NONE);
    }

    /** The span around the place with this context, null when there is none. */
    public static @Nullable Span from(ContextView context) {
        return context.getOrDefault(Span.class, null);
    }

    /** {@code context} with this span as the parent of those that start below. */
    public Context storeIn(Context context) {
        return context.put(Span.class, this);
    }

    // ---- writing -------------------------------------------------------------------------------------------------

    /** Sets an attribute; a key that is set again takes the last value. */
    public Span attribute(String key, @Nullable String value) {
        if (!isRecording()) {
            return this;
        }
        if (key == null || key.isEmpty() || value == null) {
            push(SpanEntry.Loss.ofInvalidAttribute());
            return this;
        }
        String cut = AttributeValue.truncate(value, tracer.limits().attributeValueLength());
        push(SpanEntry.Attribute.of(key, cut, cut.length() < value.length(), false));
        return this;
    }

    /** Sets an attribute; a key that is set again takes the last value. */
    public Span attribute(String key, long value) {
        return isRecording() ? known(key, value) : this;
    }

    /** Sets an attribute; a key that is set again takes the last value. NaN and infinities are left out and counted. */
    public Span attribute(String key, double value) {
        return isRecording() ? known(key, Double.isFinite(value) ? value : null) : this;
    }

    /** Sets an attribute; a key that is set again takes the last value. */
    public Span attribute(String key, boolean value) {
        return isRecording() ? known(key, value) : this;
    }

    /** Sets an attribute to a list, an array, a map, or any other value that {@link Attributes} describes. */
    public Span attribute(String key, @Nullable Object value) {
        if (isRecording()) {
            AttributeValue.Normal normal =
                    AttributeValue.of(value, tracer.limits().attributeValueLength());
            if (key == null || key.isEmpty() || normal.value() == null) {
                push(SpanEntry.Loss.ofInvalidAttribute());
            } else {
                push(SpanEntry.Attribute.of(key, normal.value(), normal.truncated(), normal.invalid()));
            }
        }
        return this;
    }

    private Span known(String key, @Nullable Object value) {
        if (key == null || key.isEmpty() || value == null) {
            push(SpanEntry.Loss.ofInvalidAttribute());
        } else {
            push(new SpanEntry.Attribute(key, value));
        }
        return this;
    }

    /** Sets several attributes. */
    public Span attributes(Attributes attributes) {
        if (attributes != null && accepts()) {
            for (int i = 0; i < attributes.size(); i++) {
                attribute(attributes.key(i), attributes.value(i));
            }
        }
        return this;
    }

    /** Records that something happened now. */
    public Span event(String eventName) {
        return event(eventName, Attributes.empty());
    }

    /** Records that something happened now. */
    public Span event(String eventName, Attributes attributes) {
        if (eventName != null && attributes != null && accepts()) {
            int limit = tracer.limits().attributeCountPerEvent();
            push(new SpanEntry.Event(new SpanEvent(
                    cut(eventName, SpanLimits.NAME_LENGTH),
                    now(),
                    limited(attributes, limit),
                    Math.max(0, attributes.size() - limit),
                    null)));
        }
        return this;
    }

    /** Relates this span to another that is not its parent. */
    public Span link(SpanContext other) {
        return link(other, Attributes.empty());
    }

    /** Relates this span to another that is not its parent. */
    public Span link(SpanContext other, Attributes attributes) {
        if (other != null && attributes != null && accepts()) {
            int limit = tracer.limits().attributeCountPerLink();
            push(new SpanEntry.Link(
                    new SpanLink(other, limited(attributes, limit), Math.max(0, attributes.size() - limit))));
        }
        return this;
    }

    /** The first {@code count} attributes, texts cut to the limit of a value and counted. */
    private Attributes limited(Attributes attributes, int count) {
        int maxLength = tracer.limits().attributeValueLength();
        if (attributes.size() <= count && maxLength == Integer.MAX_VALUE) {
            return attributes;
        }
        Attributes limited = Attributes.empty();
        int cut = 0;
        for (int i = 0; i < Math.min(count, attributes.size()); i++) {
            AttributeValue.Normal normal = AttributeValue.of(attributes.value(i), maxLength);
            limited = limited.with(attributes.key(i), normal.value());
            cut += normal.truncated() ? 1 : 0;
        }
        truncated(cut);
        return limited;
    }

    /** Sets the status; OK is final, ERROR overrides UNSET, UNSET overrides nothing. */
    public Span status(SpanStatus status) {
        return status(status, null);
    }

    /** Sets the status with a description, which only an error keeps. */
    public Span status(SpanStatus status, @Nullable String description) {
        if (status != null && accepts()) {
            String kept = description == null || status != SpanStatus.ERROR
                    ? null
                    : cut(description, SpanLimits.DESCRIPTION_LENGTH);
            push(new SpanEntry.Status(status, kept));
        }
        return this;
    }

    /**
     * Marks this span as failed: status ERROR described by the exception's message, {@code error.type} the exception's
     * class ({@code timeout} for a {@link TimeoutException}), and an event {@code exception}, unless a
     * {@linkplain SpanHandler#onException handler} tells of it elsewhere. Does not end the span.
     */
    public Span error(Throwable exception) {
        return error(exception, null);
    }

    /** As {@link #error(Throwable)}, of what happened then; null is now. */
    Span error(Throwable exception, @Nullable Instant time) {
        if (exception != null && accepts()) {
            String message = SpanEvent.messageOf(exception);
            status(SpanStatus.ERROR, message == null ? exception.getClass().getName() : message);
            attribute("error.type", errorTypeOf(exception));
            SpanEvent event = SpanEvent.exception(exception, time == null ? now() : epochNanos(time));
            if (!tracer.isToldElsewhere(this, event)) {
                push(new SpanEntry.Event(event));
            }
        }
        return this;
    }

    private static String errorTypeOf(Throwable exception) {
        return exception instanceof TimeoutException
                ? "timeout"
                : exception.getClass().getName();
    }

    /** Gives this span another name: for what becomes known while it runs. */
    public Span rename(String newName) {
        if (newName != null && !newName.isEmpty() && accepts()) {
            push(new SpanEntry.Name(cut(newName, SpanLimits.NAME_LENGTH)));
        }
        return this;
    }

    /** Ends this span now. Ends it once: later and simultaneous calls do nothing. */
    public void end() {
        if (isRecording()) {
            endAt(now());
        }
    }

    /** Ends this span at a given time, for work that is already over. */
    public void end(Instant time) {
        if (isRecording()) {
            endAt(time == null ? now() : epochNanos(time));
        }
    }

    private void endAt(long endEpochNanos) {
        String errorType = data == null ? null : tracer.errorTypeOf(data);
        if (errorType != null && status() == SpanStatus.UNSET) {
            attribute("error.type", errorType);
            status(SpanStatus.ERROR);
        }
        SpanEntry.End end = new SpanEntry.End(endEpochNanos);
        SpanEntry current;
        do {
            current = top;
            if (current instanceof SpanEntry.End) {
                return;
            }
            end.stackOn(current);
        } while (!TOP.compareAndSet(this, current, end));
        tracer.ended(this);
    }

    /**
     * Ends a span that outlived {@link Tracer.Builder#maxLifetime} and says so on it, in one step: a span that ends by
     * itself meanwhile has not expired. Returns whether it was this that ended it.
     */
    boolean expire() {
        SpanEntry status = new SpanEntry.Status(SpanStatus.ERROR, "span exceeded its maximum lifetime");
        return endMarked(new SpanEntry.Expiry(), status, now());
    }

    /** Ends a span that is open when its trace ends, and says so on it, in one step, as {@link #expire} does. */
    boolean endUnfinished(long endEpochNanos) {
        return endMarked(new SpanEntry.Unfinished(), null, Math.max(startEpochNanos, endEpochNanos));
    }

    private boolean endMarked(SpanEntry mark, @Nullable SpanEntry status, long endEpochNanos) {
        SpanEntry end = new SpanEntry.End(endEpochNanos);
        SpanEntry current;
        do {
            current = top;
            if (current instanceof SpanEntry.End) {
                return false;
            }
            mark.stackOn(current);
            if (status != null) {
                status.stackOn(mark);
            }
            end.stackOn(status == null ? mark : status);
        } while (!TOP.compareAndSet(this, current, end));
        tracer.ended(this);
        return true;
    }

    /** Whether a call may say something; counts the one that comes too late, before anything is prepared for it. */
    private boolean accepts() {
        if (!isRecording()) {
            return false;
        }
        if (hasEnded()) {
            tracer.calledAfterEnd();
            return false;
        }
        return true;
    }

    private String cut(String text, int maxCodePoints) {
        String cut = AttributeValue.truncate(text, maxCodePoints);
        truncated(cut.length() < text.length() ? 1 : 0);
        return cut;
    }

    /** Counts values that were cut outside the attributes. */
    void truncated(int values) {
        if (values > 0) {
            push(SpanEntry.Loss.ofTruncatedValues(values));
        }
    }

    private void push(SpanEntry entry) {
        SpanLimits limits = tracer.limits();
        SpanEntry current;
        SpanEntry next;
        do {
            current = top;
            if (current instanceof SpanEntry.End) {
                tracer.calledAfterEnd();
                return;
            }
            entry.stackOn(current);
            next = entry.depth > tracer.maxEntries() || entry.bytes > limits.bytes()
                    ? SpanView.of(entry, limits).shortened()
                    : entry;
        } while (!TOP.compareAndSet(this, current, next));
    }

    private long now() {
        return startEpochNanos + (tracer.clock().nanoTime() - startNanoTime);
    }

    /** From 1970 to 2262, what OTLP can say; earlier and later ones are one of these. One bad time costs a whole batch. */
    static long epochNanos(Instant time) {
        if (time.getEpochSecond() < 0) {
            return 0;
        }
        long seconds = TimeUnit.SECONDS.toNanos(time.getEpochSecond());
        return seconds > Long.MAX_VALUE - time.getNano() ? Long.MAX_VALUE : seconds + time.getNano();
    }

    // ---- reading -------------------------------------------------------------------------------------------------

    /**
     * Whether calls on this span are kept; false for spans that are sampled out, unless a handler
     * {@linkplain SpanHandler#seesSampledOut counts} them. Stays true after the end.
     */
    public boolean isRecording() {
        return (flags & RECORDING) != 0;
    }

    /** Whether this span is exported when it ends. */
    public boolean isSampled() {
        return (flags & SpanContext.SAMPLED) != 0;
    }

    /** Those who see this span. */
    SpanHandler[] handlers() {
        return handlers.of((flags & SAMPLED_OUT) != 0);
    }

    /** Whether this span has ended. */
    public boolean hasEnded() {
        return top instanceof SpanEntry.End;
    }

    /** The identity of this span. */
    public SpanContext context() {
        SpanContext known = context;
        if (known == null) {
            known = new SpanContext(traceIdHigh, traceIdLow, spanId, flags & 0xFF, traceState, (flags & REMOTE) != 0);
            context = known;
        }
        return known;
    }

    /** The first 64 bits of the trace id. */
    public long traceIdHigh() {
        return traceIdHigh;
    }

    /** The last 64 bits of the trace id. */
    public long traceIdLow() {
        return traceIdLow;
    }

    /** The span id as a number. */
    public long spanIdBits() {
        return spanId;
    }

    /** The parent's span id as a number, 0 for a span that begins a trace. */
    public long parentSpanIdBits() {
        return parentSpanId;
    }

    /** W3C trace flags, 0 to 255. */
    public int traceFlags() {
        return flags & 0xFF;
    }

    /** Whether the parent lives in another process. */
    public boolean isParentRemote() {
        return (flags & PARENT_REMOTE) != 0;
    }

    /** The trace state. */
    public TraceState traceState() {
        return traceState;
    }

    /** The name. */
    public String name() {
        String changed = view().name();
        return changed == null ? name : changed;
    }

    /** The kind. */
    public SpanKind kind() {
        return kind;
    }

    /** What this span has in common with all others of its tracer. */
    public Resource resource() {
        return tracer.resource();
    }

    /** The scope this span started in. */
    public Scope scope() {
        return scope;
    }

    /** What this span is about, null for a plain span. */
    public @Nullable SpanData data() {
        return data;
    }

    /**
     * The data of the nearest span above, in this process, that {@linkplain SpanData#ownsSpansBelow() owns} those below it;
     * null where there is none. Not a reference to a span: a chain of spans would keep all that came before it alive.
     */
    public @Nullable SpanData owner() {
        return owner;
    }

    /** The value that was set last for {@code key} on this span itself, null when there is none. Renders nothing. */
    public @Nullable Object ownAttribute(String key) {
        SpanEntry entry = top;
        for (int i = entry.depth; i > 0 && entry != null; i--) {
            if (entry instanceof SpanEntry.Attribute attribute && attribute.key.equals(key)) {
                return attribute.value;
            }
            entry = entry.below;
        }
        return null;
    }

    /** What this span shares with those of this process that are in the same trace and below the same local root. */
    public LocalTrace localTrace() {
        return localTrace;
    }

    /** Whether {@code other} starts the spans below this one as part of the same {@link #localTrace()}. */
    boolean isOf(Tracer other) {
        return tracer == other;
    }

    /** The start, in nanoseconds since the epoch. */
    public long startEpochNanos() {
        return startEpochNanos;
    }

    /** {@link Clock#nanoTime()} at the start. */
    public long startNanoTime() {
        return startNanoTime;
    }

    /** The end, in nanoseconds since the epoch; 0 while the span runs. */
    public long endEpochNanos() {
        return top instanceof SpanEntry.End end ? end.epochNanos : 0;
    }

    /** The status. */
    public SpanStatus status() {
        return view().status();
    }

    /** The description of an error, else null. */
    public @Nullable String statusDescription() {
        return view().description();
    }

    /** The events, in order. */
    public List<SpanEvent> events() {
        return List.copyOf(view().events());
    }

    /** The links, in order. */
    public List<SpanLink> links() {
        return List.copyOf(view().links());
    }

    /** How many events exceeded the limit. */
    public int droppedEvents() {
        return view().droppedEvents();
    }

    /** How many links exceeded the limit. */
    public int droppedLinks() {
        return view().droppedLinks();
    }

    /**
     * Hands over all attributes that this span is exported with, each key once: its own, those of its data, of its scope
     * and the global ones, in falling precedence. Returns how many were left out because of the limit.
     */
    public int forEachAttribute(AttributeConsumer consumer) {
        return forEachAttribute(data == null ? null : data::forEachAttribute, consumer);
    }

    /**
     * As {@link #forEachAttribute}, for the event about the same operation: with the content that events carry instead of
     * what spans do.
     */
    public int forEachEventAttribute(AttributeConsumer consumer) {
        return forEachAttribute(data == null ? null : data::forEachEventAttribute, consumer);
    }

    private int forEachAttribute(@Nullable Consumer<AttributeConsumer> ofData, AttributeConsumer consumer) {
        return view().forEachAttribute(ofData, scope.attributes(), globals, consumer, tracer::dataFailed);
    }

    /** What {@link #forEachAttribute} hands over, as a value. */
    public Attributes attributes() {
        AttributeCollector collector = new AttributeCollector();
        forEachAttribute(collector);
        return collector.attributes();
    }

    /**
     * The value of {@code key} that this span is exported with, for those who decide by it; null when there is none, when
     * it is content, or when only a limit keeps it out. Cheap unless the span's data renders its metadata at length.
     */
    public @Nullable Object metadata(String key) {
        Object value = view().attribute(key);
        if (value == null && data != null) {
            try {
                value = data.metadata(key);
            } catch (Throwable e) {
                tracer.dataFailed(e);
            }
        }
        if (value == null) {
            value = scope.attributes().get(key);
        }
        return value == null ? globals.get(key) : value;
    }

    /**
     * Roughly how many bytes this span holds alive or takes on the wire, for the byte bounds of the pipeline. What it
     * inherits from its scope and the globals counts in full, because each span is exported with it. Summed up while
     * values are set and fixed at the end, so that it costs a field's read.
     */
    @Override
    public int estimatedBytes() {
        return hasEnded() ? endBytes : estimate();
    }

    private int estimate() {
        long inherited = inherited(scope.attributes()) + inherited(globals);
        return AttributeValue.saturated(256L + top.bytes + inherited + tracer.estimatedBytes(data));
    }

    private static long inherited(Attributes attributes) {
        return attributes.isEmpty() ? 0 : attributes.estimatedBytes();
    }

    /** Fixes {@link #estimatedBytes()}; before anyone else sees the ended span. */
    void measure() {
        endBytes = estimate();
    }

    private SpanView view() {
        SpanView known = view;
        if (known == null) {
            SpanEntry current = top;
            known = SpanView.of(current, tracer.limits());
            if (current instanceof SpanEntry.End) {
                view = known;
            }
        }
        return known;
    }

    /** Name and identity; never attributes, which may be content. */
    @Override
    public String toString() {
        return "Span{name=" + name() + ", traceId=" + context().traceId() + ", spanId="
                + context().spanId() + ", ended=" + hasEnded() + '}';
    }
}
