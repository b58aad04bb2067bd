// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * The part of a trace that one tracer starts below one sampled span: its local root, whose parent is in another process,
 * in another tracer, or nowhere. Whoever has seen as many ended spans of it as have started has seen it whole.
 *
 * <p>Threads: any. A sampled span that starts costs one fetch-and-add, one that ends nothing, unless the trace is
 * {@linkplain #watched watched}.
 */
public final class LocalTrace {
    /** Where the local root is not sampled, or stands for another process: nobody sees it end, so nothing is counted. */
    static final LocalTrace NONE = new LocalTrace(null);

    private static final AtomicIntegerFieldUpdater<LocalTrace> STARTED =
            AtomicIntegerFieldUpdater.newUpdater(LocalTrace.class, "started");

    private volatile int started;
    private final @Nullable Watch watch;

    private LocalTrace(@Nullable Watch watch) {
        this.watch = watch;
    }

    static LocalTrace unwatched() {
        return new LocalTrace(null);
    }

    /** One of which it is known how many spans are open, for {@code handlers}. */
    static LocalTrace watched(TraceHandler[] handlers) {
        return new LocalTrace(new Watch(handlers));
    }

    /** Who wants to know when a trace is over. */
    private static final class Watch {
        /** Far below anything that spans which start late can count up to. */
        private static final int OVER = Integer.MIN_VALUE / 2;

        final TraceHandler[] handlers;

        /** Recorded spans that run; it cannot come down to zero before the root has ended, which is the first of them. */
        final AtomicInteger open = new AtomicInteger();

        /** Null before and after: a span that waits for its export must not keep the root of its trace alive. */
        volatile @Nullable Span root;

        Watch(TraceHandler[] handlers) {
            this.handlers = handlers;
        }
    }

    /** A sampled span of it has started. */
    void started() {
        if (this != NONE) {
            STARTED.incrementAndGet(this);
        }
    }

    // ---- for those who watch -------------------------------------------------------------------------------------

    TraceHandler[] handlers() {
        return watch == null ? Handlers.NONE.ofTraces() : watch.handlers;
    }

    /** {@code root} is what this begins with; the first that is {@link #opened()}. */
    void begin(Span root) {
        if (watch != null) {
            watch.root = root;
        }
    }

    /** A recorded span of it runs. */
    void opened() {
        if (watch != null) {
            watch.open.incrementAndGet();
        }
    }

    /** Whether {@code span} is what this began with, and others of it are open. */
    @SuppressWarnings("ReferenceEquality") // A span equals itself only.
    boolean isLeftOpenBy(Span span) {
        return watch != null && watch.root == span && watch.open.get() > 1;
    }

    /** A recorded span of it runs no more; the root where it was the last one, else null. */
    @Nullable
    Span closed() {
        if (watch == null || watch.open.decrementAndGet() != 0 || !watch.open.compareAndSet(0, Watch.OVER)) {
            return null;
        }
        Span root = watch.root;
        watch.root = null;
        return root;
    }

    /** Whether no sampled span of it is still open when {@code ended} have ended. False where that cannot be known. */
    public boolean isWholeWith(int ended) {
        return this != NONE && ended == started;
    }

    @Override
    public String toString() {
        return this == NONE ? "LocalTrace{none}" : "LocalTrace{started=" + started + '}';
    }
}
