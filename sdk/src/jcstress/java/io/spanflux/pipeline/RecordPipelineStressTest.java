// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.ExportResult;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIZ_Result;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** The pipeline's loop, run by whichever thread has news. */
public class RecordPipelineStressTest {
    private static final Span SPAN = Numbered.span(1);

    /** Runs tasks at once on the caller, periodic ones never: no thread, no time. */
    static final class Inline implements Scheduler, Scheduler.Worker {
        @Override
        public Disposable schedule(Runnable task) {
            task.run();
            return Disposables.disposed();
        }

        @Override
        public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
            return schedule(task);
        }

        @Override
        public Disposable schedulePeriodically(Runnable task, long delay, long period, TimeUnit unit) {
            return Disposables.single();
        }

        @Override
        public Worker createWorker() {
            return this;
        }

        @Override
        public void dispose() {}
    }

    /** A pipeline whose exporter succeeds at once. */
    static class Fixture {
        final AtomicInteger arrived = new AtomicInteger();
        final RecordPipeline<Span> pipeline = RecordPipeline.<Span>builder(batch -> Mono.fromSupplier(() -> {
                    arrived.addAndGet(batch.size());
                    return ExportResult.sent(batch.size());
                }))
                .scheduler(new Inline())
                .maxQueueSize(4)
                .maxBatchSize(2)
                .build();

        void judge(IIZ_Result result) {
            Ledger ledger = pipeline.ledger();
            result.r1 = (int) ledger.accepted();
            result.r2 = (int) ledger.pending();
            result.r3 = ledger.isBalanced() && ledger.sent() == arrived.get();
        }
    }

    /** A span is exported or counted as too late, never forgotten. */
    @JCStressTest
    @Outcome(id = "2, 0, true", expect = Expect.ACCEPTABLE, desc = "Both are accounted for.")
    @Outcome(
            id = {"2, 1, true", "2, 2, true"},
            expect = Expect.ACCEPTABLE,
            desc = "What came while it closed was with the exporter when it was cut off: it may have arrived.")
    @State
    public static class AcceptAgainstClose extends Fixture {
        /** Accepts. */
        @Actor
        public void accept() {
            pipeline.accept(SPAN);
            pipeline.accept(SPAN);
        }

        /** Closes. */
        @Actor
        public void close() {
            pipeline.close(Duration.ofSeconds(5)).subscribe();
        }

        /** After both. */
        @Arbiter
        public void arbiter(IIZ_Result result) {
            judge(result);
        }
    }

    /** A flush after the last span leaves nothing behind, whatever raced before it. */
    @JCStressTest
    @Outcome(id = "3, 0, true", expect = Expect.ACCEPTABLE, desc = "All are exported.")
    @State
    public static class AcceptAgainstFlush extends Fixture {
        /** Accepts. */
        @Actor
        public void accept() {
            pipeline.accept(SPAN);
            pipeline.accept(SPAN);
            pipeline.accept(SPAN);
        }

        /** Flushes. */
        @Actor
        public void flush() {
            pipeline.flush().subscribe();
        }

        /** After both. */
        @Arbiter
        public void arbiter(IIZ_Result result) {
            pipeline.flush().subscribe();
            judge(result);
        }
    }

    /** A pipeline that goes to sleep while spans come wakes for them, or is woken by the next flush. */
    @JCStressTest
    @Outcome(id = "2, 0, true", expect = Expect.ACCEPTABLE, desc = "All are exported.")
    @State
    public static class AcceptAgainstShutdown extends Fixture {
        /** Accepts. */
        @Actor
        public void accept() {
            pipeline.accept(SPAN);
            pipeline.accept(SPAN);
        }

        /** Shuts down. */
        @Actor
        public void shutdown() {
            pipeline.shutdown(Duration.ofSeconds(5)).subscribe();
        }

        /** After both. */
        @Arbiter
        public void arbiter(IIZ_Result result) {
            pipeline.flush().subscribe();
            judge(result);
        }
    }
}
