// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.diagnostics.FatalErrors;
import io.spanflux.transport.SendingWatch;
import java.io.PrintStream;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Lines about what becomes of spans, for {@link Spanflux.Builder#debug}: names of exporters, targets, numbers and classes of
 * exceptions, never content, headers or keys.
 *
 * <p>Bound: {@value #MAX_WAITING} lines wait; more are left out, and a line says how many.
 *
 * <p>Threads: any. Printing blocks, so it happens on {@code Schedulers.boundedElastic()}, by one thread at a time.
 */
final class DebugOutput {
    static final int MAX_WAITING = 1024;

    private final PrintStream out;
    private final Queue<Runnable> lines = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger leftOut = new AtomicInteger();
    private final AtomicInteger work = new AtomicInteger();

    DebugOutput(PrintStream out) {
        this.out = out;
    }

    /** Prints a line soon, after those before. */
    void line(String text) {
        if (waiting.incrementAndGet() > MAX_WAITING) {
            waiting.decrementAndGet();
            leftOut.incrementAndGet();
        } else {
            lines.add(() -> {
                waiting.decrementAndGet();
                out.println("[spanflux] " + text);
            });
        }
        wake();
    }

    /** Completes when the lines before are printed; never where nothing can be printed any more. */
    Mono<Void> printed() {
        return Mono.create(sink -> {
            lines.add(sink::success);
            wake();
        });
    }

    private void wake() {
        if (work.getAndIncrement() == 0) {
            try {
                Schedulers.boundedElastic().schedule(this::print);
            } catch (RejectedExecutionException e) {
                // Reactor's own schedulers are gone or busy beyond measure: whoever has the next line tries again.
                work.set(0);
            }
        }
    }

    private void print() {
        int seen = work.get();
        do {
            for (Runnable next = lines.poll(); next != null; next = lines.poll()) {
                run(next);
            }
            int more = leftOut.getAndSet(0);
            if (more > 0) {
                run(() -> out.println("[spanflux] " + more + " more line(s) left out"));
            }
            seen = work.addAndGet(-seen);
        } while (seen != 0);
    }

    private static void run(Runnable line) {
        try {
            line.run();
        } catch (Throwable e) {
            // A stream of the application's; there is nowhere left to report it.
            FatalErrors.propagate(e);
        }
    }

    /** Tells of attempts to send so many records. */
    SendingWatch watch(int records) {
        return new Watch(this, records);
    }

    private record Watch(DebugOutput output, int records) implements SendingWatch {
        @Override
        public void sending(String target) {
            output.line("sending " + records + " to " + target);
        }

        @Override
        public void answered(String target, int status) {
            output.line(target + " answered " + status + " to " + records);
        }

        @Override
        public void failed(String target, Throwable failure) {
            output.line(target + " did not answer to " + records + ": "
                    + failure.getClass().getSimpleName());
        }

        @Override
        public SendingWatch of(int count) {
            return new Watch(output, count);
        }
    }
}
