// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * The part of a trace that one tracer starts below one sampled span: its local root, whose parent is in another process,
 * in another tracer, or nowhere. Whoever has seen as many ended spans of it as have started has seen it whole.
 *
 * <p>Threads: any. A sampled span that starts costs one fetch-and-add, one that ends nothing.
 */
public final class LocalTrace {
    /** Where the local root is not sampled, or stands for another process: nobody sees it end, so nothing is counted. */
    static final LocalTrace NONE = new LocalTrace();

    private static final AtomicIntegerFieldUpdater<LocalTrace> STARTED =
            AtomicIntegerFieldUpdater.newUpdater(LocalTrace.class, "started");

    private volatile int started;

    /** A sampled span of it has started. */
    void started() {
        if (this != NONE) {
            STARTED.incrementAndGet(this);
        }
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
