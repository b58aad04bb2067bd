// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * What is said of a trace as a whole, for back ends that know traces as things of their own: a name, a group, metadata,
 * the application's own id. A {@link Scope} carries it; it is never an attribute, so that back ends that do not know it
 * do not get it.
 *
 * <pre>{@code
 * run(ticket).contextWrite(Scope.named("support").trace(TraceInfo.named("Customer service").group(chatId)))
 * }</pre>
 *
 * <p>Like its scope this is a recipe: entering the scope begins a trace with it, whose id all spans take that have no
 * span above them. Below a span of which nothing like this is said, as one of another process, that span's trace goes on.
 * Inside another {@code TraceInfo}, and where it has an {@linkplain #id own id}, it begins in any case: its first spans
 * link to what is above.
 *
 * <p>Bound: the own ids of {@value #MAX_SPAN_IDS} spans a trace; of later ones only the hash remains, counted by
 * {@link #droppedSpanIds()}.
 *
 * <p>Threads: immutable, but for the own ids of spans, which any thread may add.
 */
public final class TraceInfo {
    static final int MAX_SPAN_IDS = 1024;

    private final String name;
    private final @Nullable String id;
    private final @Nullable String group;
    private final Attributes metadata;
    private final @Nullable String exportKey;
    private final boolean disabled;
    private final long traceIdHigh;
    private final long traceIdLow;
    private final Map<Long, String> spanIds = new ConcurrentHashMap<>(0);
    private final AtomicInteger droppedSpanIds = new AtomicInteger();

    private TraceInfo(
            String name,
            @Nullable String id,
            @Nullable String group,
            Attributes metadata,
            @Nullable String exportKey,
            boolean disabled,
            long traceIdHigh,
            long traceIdLow) {
        this.name = name;
        this.id = id;
        this.group = group;
        this.metadata = metadata;
        this.exportKey = exportKey;
        this.disabled = disabled;
        this.traceIdHigh = traceIdHigh;
        this.traceIdLow = traceIdLow;
    }

    /** The trace of a workflow with this name. */
    public static TraceInfo named(String name) {
        return new TraceInfo(
                Objects.requireNonNull(name, "name == null"), null, null, Attributes.empty(), null, false, 0, 0);
    }

    /**
     * The application's own id, any text. Wires whose ids are texts send it as it is. Where ids have 128 bits they are the
     * 32 lower-case hexadecimal digits that the text consists of or that follow its last {@code _}, else the first half of
     * its SHA-256. Default a random id at each entry.
     */
    public TraceInfo id(String id) {
        Objects.requireNonNull(id, "id == null");
        return new TraceInfo(name, id, group, metadata, exportKey, disabled, 0, 0);
    }

    /** What this trace has in common with others: a conversation, a thread. Default none. */
    public TraceInfo group(String group) {
        Objects.requireNonNull(group, "group == null");
        return new TraceInfo(name, id, group, metadata, exportKey, disabled, traceIdHigh, traceIdLow);
    }

    /** Adds to what is known about this trace; see {@link Attributes} for what a value may be. */
    public TraceInfo metadata(String key, @Nullable Object value) {
        return new TraceInfo(name, id, group, metadata.with(key, value), exportKey, disabled, traceIdHigh, traceIdLow);
    }

    /**
     * The key with which this trace is exported instead of the exporter's own, on wires that have such keys. Never in a
     * log, an attribute or {@code toString}.
     *
     * @throws IllegalArgumentException when it is empty or has characters that no header allows
     */
    public TraceInfo exportKey(String exportKey) {
        Objects.requireNonNull(exportKey, "exportKey == null");
        if (exportKey.isEmpty() || !exportKey.chars().allMatch(c -> c >= 0x20 && c < 0x7F)) {
            throw new IllegalArgumentException("exportKey is empty or has characters that HTTP does not allow");
        }
        return new TraceInfo(name, id, group, metadata, exportKey, disabled, traceIdHigh, traceIdLow);
    }

    /** Nothing of this trace is recorded, whatever samplers say, and no handler sees it. */
    public TraceInfo disabled() {
        return new TraceInfo(name, id, group, metadata, exportKey, true, traceIdHigh, traceIdLow);
    }

    /** This trace as it begins, with 128 bits of an id. */
    TraceInfo begun() {
        long high;
        long low;
        if (id == null) {
            IdGenerator ids = IdGenerator.random();
            high = ids.traceIdHigh();
            low = ids.traceIdLow();
        } else {
            high = OwnIds.traceIdHigh(id);
            low = OwnIds.traceIdLow(id);
        }
        return new TraceInfo(name, id, group, metadata, exportKey, disabled, high, low == 0 ? 1 : low);
    }

    /** Whether spans with no span above them take this trace's id. */
    boolean hasBegun() {
        return traceIdLow != 0;
    }

    long traceIdHigh() {
        return traceIdHigh;
    }

    long traceIdLow() {
        return traceIdLow;
    }

    /**
     * Whether spans below {@code above} begin this trace instead of going on with its: where it is in a trace that
     * something else is said of, or where the application gave this one an id of its own.
     */
    @SuppressWarnings("ReferenceEquality") // Two traces of which the same is said are two.
    boolean partsFrom(Span above) {
        TraceInfo other = above.scope().trace();
        return hasBegun()
                && other != this
                && (other != null
                        || (id != null && (above.traceIdHigh() != traceIdHigh || above.traceIdLow() != traceIdLow)));
    }

    void remember(long spanIdBits, String ownId) {
        if (spanIds.size() < MAX_SPAN_IDS) {
            spanIds.put(spanIdBits, ownId);
        } else {
            droppedSpanIds.incrementAndGet();
        }
    }

    /** The name. */
    public String name() {
        return name;
    }

    /** What is said of the trace at the place with this context; null where nothing is. */
    public static @Nullable TraceInfo from(ContextView context) {
        return Scope.from(context).trace();
    }

    /** The trace id of its spans, 32 hexadecimal digits; null until its scope is entered. */
    public @Nullable String traceId() {
        if (!hasBegun()) {
            return null;
        }
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(traceIdHigh) + hex.toHexDigits(traceIdLow);
    }

    /** The application's own id, null when it gave none. */
    public @Nullable String ownId() {
        return id;
    }

    /** The group, null when there is none. */
    public @Nullable String group() {
        return group;
    }

    /** What is known about this trace. */
    public Attributes metadata() {
        return metadata;
    }

    /** A secret; null when there is none. */
    public @Nullable String exportKey() {
        return exportKey;
    }

    /** Whether nothing of this trace is recorded. */
    public boolean isDisabled() {
        return disabled;
    }

    /** The application's own id of a span of this trace, null when it gave none; see {@link SpanBuilder#id}. */
    public @Nullable String ownSpanId(long spanIdBits) {
        return spanIds.get(spanIdBits);
    }

    /** How many own ids of spans were too many to be remembered. */
    public int droppedSpanIds() {
        return droppedSpanIds.get();
    }

    /** Name and id; never metadata or the key. */
    @Override
    public String toString() {
        return "TraceInfo{name=" + name + ", id=" + id + ", disabled=" + disabled + '}';
    }
}
