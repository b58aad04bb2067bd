// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * A wish to put entries on disk, that is fulfilled or given up, never both: who gives up may send the spans otherwise.
 *
 * <p>Threads: any.
 */
public final class SpoolWrite {
    private enum State {
        WANTED,
        WRITTEN,
        GIVEN_UP
    }

    private final SerialTasks tasks;
    private final Spool spool;
    private final AtomicReference<State> state = new AtomicReference<>(State.WANTED);

    /** Let go of as soon as nobody needs it any more: it holds spans. */
    private volatile @Nullable Callable<List<SpoolEntry>> encode;

    private volatile @Nullable MonoSink<Boolean> sink;

    SpoolWrite(Spool spool, SerialTasks tasks, Callable<List<SpoolEntry>> encode) {
        this.spool = spool;
        this.tasks = tasks;
        this.encode = encode;
    }

    /** Whether the entries are on disk, and the spool's to send. */
    public boolean isWritten() {
        return state.get() == State.WRITTEN;
    }

    /** Writes, and tells whether the entries are on disk. Subscribe once; cancelling gives up unless it is done. */
    public Mono<Boolean> run() {
        return Mono.create(subscriber -> {
            sink = subscriber;
            subscriber.onCancel(this::giveUp);
            if (!tasks.submit(() -> spool.perform(this))) {
                giveUp();
            }
        });
    }

    /** What is to be encoded; null when nobody waits for it any more. */
    @Nullable
    Callable<List<SpoolEntry>> wanted() {
        return state.get() == State.WANTED ? encode : null;
    }

    /** False when it has been given up meanwhile, and the entries must not stay. */
    boolean commit() {
        boolean first = state.compareAndSet(State.WANTED, State.WRITTEN);
        encode = null;
        return first;
    }

    /** Gives up, unless the entries are on disk; tells who waits either way. */
    void giveUp() {
        state.compareAndSet(State.WANTED, State.GIVEN_UP);
        encode = null;
        MonoSink<Boolean> waiting = sink;
        if (waiting != null) {
            waiting.success(isWritten());
        }
    }
}
