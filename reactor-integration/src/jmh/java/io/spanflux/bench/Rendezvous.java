// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.bench;

import java.util.concurrent.atomic.AtomicLong;

/** Lets the threads of a benchmark begin together. Whoever waits in vain, because the others have finished, goes on. */
public final class Rendezvous {
    private static final long PATIENCE_NANOS = 10_000_000;

    private final AtomicLong arrived = new AtomicLong();
    private final int threads;

    /** For this many threads. */
    public Rendezvous(int threads) {
        this.threads = threads;
    }

    /** Returns when all threads have come here as often as this one; true to one of them. */
    public boolean await() {
        long turn = arrived.getAndIncrement();
        long target = turn / threads * threads + threads;
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (arrived.get() < target && System.nanoTime() - deadline < 0) {
            Thread.yield();
        }
        return turn == target - 1;
    }
}
