// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/** Knows how many periodic tasks have not been disposed, and how many others there were. */
record TickCountingScheduler(
        Scheduler delegate, Disposable.Composite ticks, AtomicInteger tasks, AtomicReference<Error> failure)
        implements Scheduler {
    TickCountingScheduler(Scheduler delegate) {
        this(delegate, Disposables.composite(), new AtomicInteger(), new AtomicReference<>());
    }

    /** The next periodic task throws instead of being scheduled. */
    void failOnce(Error error) {
        failure.set(error);
    }

    int ticking() {
        return ticks.size();
    }

    @Override
    public Disposable schedule(Runnable task) {
        return delegate.schedule(task);
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
        return delegate.schedule(task, delay, unit);
    }

    @Override
    public long now(TimeUnit unit) {
        return delegate.now(unit);
    }

    @Override
    public Worker createWorker() {
        Worker worker = delegate.createWorker();
        return new Worker() {
            @Override
            public Disposable schedule(Runnable task) {
                return worker.schedule(task);
            }

            @Override
            public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
                tasks.incrementAndGet();
                return worker.schedule(task, delay, unit);
            }

            @Override
            public Disposable schedulePeriodically(Runnable task, long delay, long period, TimeUnit unit) {
                Error error = failure.getAndSet(null);
                if (error != null) {
                    throw error;
                }
                Disposable tick = worker.schedulePeriodically(task, delay, period, unit);
                ticks.add(tick);
                return () -> {
                    ticks.remove(tick);
                    tick.dispose();
                };
            }

            @Override
            public void dispose() {
                worker.dispose();
            }
        };
    }
}
