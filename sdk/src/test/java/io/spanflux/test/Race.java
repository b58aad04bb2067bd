// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;

/**
 * Lets actions run against each other, each on a thread of its own, round after round. A round begins when all threads
 * have seen that it does: they spin for it, because threads that are woken one after the other do not race. They yield
 * while they spin, because a build machine may have fewer processors than a round has threads.
 *
 * <pre>{@code
 * Race.of(4).run(5_000, round -> {
 *     Span span = tracer.span("raced").start();
 *     return Race.round(thread -> span.end(), () -> assertThat(ended).hasSize(round + 1));
 * });
 * }</pre>
 */
public final class Race {
    private final int threads;
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger atStart = new AtomicInteger();
    private final AtomicInteger atEnd = new AtomicInteger();
    private volatile int begun;
    private volatile boolean over;
    private IntConsumer action = thread -> {};

    private Race(int threads) {
        this.threads = threads;
    }

    /** A race of this many threads, the caller's among them. */
    public static Race of(int threads) {
        return new Race(threads);
    }

    /** One round: what each thread does, given its number, and what must hold when all have done it. */
    public record Round(IntConsumer action, Runnable check) {}

    /** One round: what each thread does, given its number, and what must hold when all have done it. */
    public static Round round(IntConsumer action, Runnable check) {
        return new Round(action, check);
    }

    /** Runs this many rounds, each prepared and checked by the caller's thread; stops at the first that fails. */
    public void run(int rounds, IntFunction<Round> prepare) {
        List<Thread> others = new ArrayList<>();
        for (int i = 1; i < threads; i++) {
            int number = i;
            Thread thread = new Thread(() -> follow(number), "race-" + number);
            thread.setDaemon(true);
            thread.start();
            others.add(thread);
        }
        try {
            for (int i = 0; i < rounds && failures.isEmpty(); i++) {
                Round round = prepare.apply(i);
                action = round.action();
                begun = i + 1;
                take(0, i + 1);
                if (failures.isEmpty()) {
                    round.check().run();
                }
            }
        } finally {
            over = true;
        }
        for (Thread thread : others) {
            join(thread);
        }
        if (!failures.isEmpty()) {
            throw new AssertionError("a racing thread failed", failures.peek());
        }
    }

    private void follow(int number) {
        for (int round = 1; ; round++) {
            for (int spins = 0; begun < round; spins++) {
                if (over) {
                    return;
                }
                pause(spins);
            }
            take(number, round);
        }
    }

    private void take(int number, int round) {
        meet(atStart, round);
        try {
            action.accept(number);
        } catch (Throwable e) {
            failures.add(e);
        }
        meet(atEnd, round);
    }

    private void meet(AtomicInteger arrived, int round) {
        arrived.incrementAndGet();
        for (int spins = 0; arrived.get() < round * threads && !over; spins++) {
            pause(spins);
        }
    }

    private static void pause(int spins) {
        if (spins < 200) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
