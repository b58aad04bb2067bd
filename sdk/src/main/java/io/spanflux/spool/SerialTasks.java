// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import io.spanflux.diagnostics.RepeatedWarning;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Schedulers;

/**
 * Runs tasks that may block one after the other on {@code Schedulers.boundedElastic()}, and holds no thread in between: who
 * finds nothing under way schedules the run, as in Reactor's operators.
 */
final class SerialTasks {
    private static final Logger log = LoggerFactory.getLogger(SerialTasks.class);

    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger work = new AtomicInteger();
    private final RepeatedWarning failures = new RepeatedWarning(log);

    /** Runs {@code task} after those before it; false when no task will be run any more, as the process ends. */
    boolean submit(Runnable task) {
        tasks.add(task);
        return work.getAndIncrement() != 0 || schedule();
    }

    private boolean schedule() {
        try {
            Schedulers.boundedElastic().schedule(this::drain);
            return true;
        } catch (RejectedExecutionException e) {
            tasks.clear();
            work.set(0);
            failures.warn("Reactor's schedulers are gone or full; the spool cannot be reached.");
            return false;
        }
    }

    private void drain() {
        do {
            Runnable task = tasks.poll();
            if (task == null) {
                continue;
            }
            try {
                task.run();
            } catch (Throwable failure) {
                goOn();
                failures.caught("A task of the spool failed.", failure);
                return;
            }
        } while (work.decrementAndGet() != 0);
    }

    /** On another thread, as this one may not survive. */
    private void goOn() {
        if (work.decrementAndGet() != 0) {
            schedule();
        }
    }
}
