// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Holds the ended spans of a trace back until it is known how the trace went, then passes all of them on or none. It
 * keeps traces with errors, slow ones, expensive ones, those that the application chooses, and a part of the rest; see
 * {@link Builder}. Only spans that the head sampler lets through come here.
 *
 * <p>A trace is decided when every sampled span that started in this process below the same local root has ended, when
 * it has been held for {@link Builder#maxHoldTime}, when a bound is hit and it is the oldest, or when someone flushes,
 * shuts down or closes: always on what is known by then. Where the local root is not sampled nobody sees it end, and the
 * time decides. Spans that end later follow the decision, as do spans of later calls in the same trace.
 *
 * <p>Whole traces, therefore, with these exceptions: a decision that has been forgotten ({@link Builder#maxDecisions}) may
 * be made anew and differently; a span may be lost in the hand-off when the stage's thread is starved; and a queue
 * behind may overflow, or an exporter fail, as without this.
 *
 * <p>Bounds: {@link Builder#maxTraces} undecided traces; {@link Builder#maxBytes} estimated bytes, those of kept spans
 * that wait for room in a queue included; {@value #MAX_HANDED_OVER} spans between the threads that end them and the
 * stage's, of any size, beyond which the newest is dropped and counted. Kept spans wait for room in each queue behind, but
 * for none longer than a second in which it has none, in all until none waits: then they are passed on all the same, and it drops its oldest.
 *
 * <p>Threads: {@link #onEnd} is called where spans end, by any thread. It takes a number, one fetch-and-add that all
 * threads share, and stores a reference in a lock-free queue, which allocates one node; it never waits, and wakes the
 * stage once in {@value #WAKE_AFTER} spans, for a span that is large, or for the first one after a pause. All else, the
 * application's predicate too, runs on one thread of the scheduler.
 */
/*
 * The loop is RecordPipeline's: whoever has news increments `work` and, if it was zero, schedules the loop, which runs until
 * it has seen all news. Fields without a word about threads belong to the loop.
 *
 * A producer counts, queues, then reads `wakeAt`; the loop writes `wakeAt`, then looks whether there is a span in the queue
 * that is due. So either the producer sees the new value and wakes, or the loop sees the span.
 *
 * Nobody ever waits for the number of spans that are still open: a local trace counts those that start, the loop those
 * that come. A child starts before its parent ends, so that both are equal once all have come, in whatever order; one
 * that starts later all the same is late, and follows.
 */
public final class TailSampler implements SpanHandler {
    /** Spans that may be between the threads that end them and the stage's. */
    static final int MAX_HANDED_OVER = 1 << 16;

    private static final Logger log = LoggerFactory.getLogger(TailSampler.class);

    private static final int WAKE_AFTER = 256;
    private static final Duration MAX_TICK = Duration.ofMillis(100);
    private static final Duration ROOM_RETRY = Duration.ofMillis(5);

    private final SpanHandler next;
    private final TailPolicy policy;
    private final Duration maxHoldTime;
    private final int maxTraces;
    private final long maxBytes;
    private final int maxDecisions;
    private final int largeSpan;
    private final Duration tick;
    private final Scheduler scheduler;
    private final boolean ownsScheduler;
    private final Scheduler.Worker worker;

    private final Queue<Span> handOver = new ConcurrentLinkedQueue<>();
    private final AtomicLong accepted = new AtomicLong();
    private final LongAdder overflowed = new LongAdder();
    private final LongAdder afterClose = new LongAdder();
    private final LongAdder swept = new LongAdder();
    private final AtomicInteger work = new AtomicInteger();
    // In the order they came. Not a queue with removeIf: who is answered leaves while the others are looked at, and
    // once
    // ConcurrentLinkedQueue's removeIf was seen to go round for ever. They are few, one a call of flush.
    private final List<Waiter> waiters = new CopyOnWriteArrayList<>();
    private volatile long wakeAt;
    private volatile boolean closed;
    private volatile boolean finished;

    // Written by the loop, read by anyone.
    private final AtomicLong received = new AtomicLong();
    private final AtomicLong passedOn = new AtomicLong();
    private volatile TraceTable.Counts counts;

    private final TraceTable table;
    private final Outbox outbox;
    private final Alarm ticking = new Alarm();
    private final Alarm lookingForRoom = new Alarm();
    private long receivedAtTick;
    private long warnedEarly;
    private long warnedOverflow;

    private final RepeatedWarning early = new RepeatedWarning(log);
    private final RepeatedWarning overflows = new RepeatedWarning(log);
    private final RepeatedWarning failures = new RepeatedWarning(log);

    private TailSampler(Builder builder) {
        this.next = builder.next;
        this.policy = builder.policy();
        this.maxHoldTime = builder.maxHoldTime;
        this.maxTraces = builder.maxTraces;
        this.maxBytes = builder.maxBytes;
        this.maxDecisions = builder.maxDecisions;
        // As many of this size as may come before the loop is woken are a quarter of the bound.
        this.largeSpan = (int) Math.min(Integer.MAX_VALUE, maxBytes / (4 * WAKE_AFTER));
        Duration tenth = maxHoldTime.dividedBy(10);
        this.tick = tenth.compareTo(MAX_TICK) < 0 ? tenth : MAX_TICK;
        this.outbox = new Outbox(builder.rooms, failures);
        this.table = new TraceTable(policy, maxDecisions, outbox::add, failures);
        this.counts = table.counts();
        this.ownsScheduler = builder.scheduler == null;
        this.scheduler =
                builder.scheduler == null ? Schedulers.newSingle("spanflux-tail-sampler", true) : builder.scheduler;
        this.worker = scheduler.createWorker();
    }

    /**
     * A stage before {@code next}, whose {@code onEnd} is called for each span that is kept, on the stage's thread.
     *
     * @param rooms how many spans each of the queues to which {@code next} adds can take now without losing any; asked on
     *     the stage's thread
     */
    public static Builder builder(SpanHandler next, List<IntSupplier> rooms) {
        return new Builder(next, rooms);
    }

    /** Someone who waits until what is held now is decided and passed on. */
    private static final class Waiter {
        final MonoSink<Void> sink;

        /** How many spans must have been passed on; -1 until the loop has decided. Belongs to the loop. */
        long target = -1;

        Waiter(MonoSink<Void> sink) {
            this.sink = sink;
        }
    }

    /** Wakes the loop after a while. Set by the loop, goes off on any thread of the scheduler. */
    private final class Alarm implements Runnable {
        private volatile boolean isSet;

        /** Does nothing while it is set already. */
        void set(Duration delay) {
            if (!isSet) {
                // Before: it may go off at once.
                isSet = true;
                if (!schedule(this, delay)) {
                    isSet = false;
                }
            }
        }

        @Override
        public void run() {
            isSet = false;
            wake();
        }
    }

    /** Takes over a span that is sampled. Never blocks, never throws; after {@link #close} passes it on at once. */
    @Override
    public void onEnd(Span span) {
        if (!span.isSampled()) {
            return;
        }
        if (closed) {
            afterClose.increment();
            tellNext(span);
            return;
        }
        if (accepted.get() - received.get() >= MAX_HANDED_OVER) {
            overflowed.increment();
            wake();
            return;
        }
        long number = accepted.getAndIncrement();
        handOver.add(span);
        if (number >= wakeAt || span.estimatedBytes() > largeSpan || closed) {
            wake();
        }
        if (finished) {
            sweep();
        }
    }

    private void wake() {
        if (!finished && work.getAndIncrement() == 0 && !schedule(this::run, Duration.ZERO)) {
            work.set(0);
        }
    }

    /** Where the scheduler was disposed under the stage spans stay held, and are lost once the hand-over is full. */
    private boolean schedule(Runnable task, Duration delay) {
        try {
            worker.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            if (!finished) {
                failures.warn("The scheduler of a tail sampler was disposed; its spans are not exported.", e);
            }
            return false;
        }
    }

    private void run() {
        int seen = work.get();
        do {
            // Before the spans: what ended before a flush began is in the hand-over by then.
            List<Waiter> asking = undecided();
            long now = scheduler.now(TimeUnit.NANOSECONDS);
            receive(now);
            table.decideOverdue(now);
            if (!asking.isEmpty() || closed) {
                table.decideAll();
                asking.forEach(waiter -> waiter.target = outbox.added());
            }
            passOnAsRoomAllows();
            report();
            arm();
            seen = work.addAndGet(-seen);
        } while (seen != 0 && !finished);
    }

    private List<Waiter> undecided() {
        return waiters.stream().filter(waiter -> waiter.target < 0).toList();
    }

    private void receive(long now) {
        long due = now + maxHoldTime.toNanos();
        // Not until the queue is empty: producers that never pause would keep the loop from everything else.
        for (long count = accepted.get() - received.getPlain(); count > 0; count--) {
            Span span = handOver.poll();
            if (span == null) {
                return;
            }
            received.setRelease(received.getPlain() + 1);
            table.add(span, due);
            keepBounds();
        }
    }

    private void keepBounds() {
        if (table.size() > maxTraces) {
            table.decideOldest(TailCounts.Moment.TRACES_FULL);
        }
        if (table.bytes() + outbox.bytes() > maxBytes) {
            passOnAsRoomAllows();
        }
        while (table.bytes() + outbox.bytes() > maxBytes) {
            if (outbox.isEmpty()) {
                table.decideOldest(TailCounts.Moment.BYTES_FULL);
            } else {
                passOldestOn();
            }
        }
    }

    private void passOnAsRoomAllows() {
        for (int free = outbox.isEmpty() ? 0 : outbox.room(); free > 0 && !outbox.isEmpty(); free--) {
            passOldestOn();
        }
    }

    private void passOldestOn() {
        // Before it is: it must not be counted here and there.
        passedOn.set(passedOn.getPlain() + 1);
        tellNext(outbox.remove());
    }

    private void tellNext(Span span) {
        try {
            next.onEnd(span);
        } catch (Throwable e) {
            failures.caught("What stands behind a tail sampler failed to take a span.", e);
        }
    }

    /** Publishes the numbers, warns of what should not be, and only then answers those who wait. */
    private void report() {
        TraceTable.Counts known = table.counts();
        counts = known;
        long tooEarly = known.decided(TailCounts.Moment.TRACES_FULL) + known.decided(TailCounts.Moment.BYTES_FULL);
        if (tooEarly > warnedEarly) {
            early.warn(
                    tooEarly - warnedEarly,
                    "Decided on " + (tooEarly - warnedEarly) + " trace(s) before they were over: too much is held "
                            + "(maxTraces=" + maxTraces + ", maxBytes=" + maxBytes
                            + "). Raise these, lower maxHoldTime="
                            + maxHoldTime + ", or sample at the head.");
            warnedEarly = tooEarly;
        }
        long lost = overflowed.sum();
        if (lost > warnedOverflow) {
            overflows.warn(
                    lost - warnedOverflow,
                    "Lost " + (lost - warnedOverflow) + " span(s) that ended faster than the tail sampler's thread "
                            + "could take them over. Sample at the head, or give it a scheduler with a free thread.");
            warnedOverflow = lost;
        }
        for (Waiter waiter : waiters) {
            if (waiter.target >= 0 && passedOn.getPlain() >= waiter.target) {
                // Which takes it off the list.
                waiter.sink.success();
            }
        }
    }

    /** Says which producer has to wake this loop next, and looks once more in case that one has been already. */
    private void arm() {
        if (!lookingForRoom.isSet) {
            outbox.looked();
            if (!outbox.isEmpty()) {
                lookingForRoom.set(ROOM_RETRY);
            }
        }
        // Ticks until one finds nothing held and nothing new; meanwhile producers need not wake the loop.
        if (!ticking.isSet && (table.size() > 0 || received.getPlain() > receivedAtTick)) {
            receivedAtTick = received.getPlain();
            ticking.set(tick);
        }
        long due = received.getPlain() + (ticking.isSet ? WAKE_AFTER - 1 : 0);
        wakeAt = due;
        if (accepted.get() > due && !handOver.isEmpty()) {
            work.incrementAndGet();
        }
    }

    /**
     * Decides on all traces that are held and passes on what is kept of them, as fast as the queues behind take it;
     * completes when that is done. What spans are still open ends late, and follows. Cancelling ends the wait and nothing
     * else.
     */
    public Mono<Void> flush() {
        return Mono.create(sink -> {
            Waiter waiter = new Waiter(sink);
            waiters.add(waiter);
            sink.onDispose(() -> waiters.remove(waiter));
            if (finished) {
                sink.success();
            } else {
                wake();
            }
        });
    }

    /**
     * As {@link #flush}, for good and for at most {@code timeout}; completes with whether time ran out. Spans that end from
     * now on are passed on at once, undecided; those that are still held when time runs out are lost, and counted.
     */
    public Mono<Boolean> close(Duration timeout) {
        return Mono.defer(() -> {
                    closed = true;
                    return flush().thenReturn(false).timeout(timeout, Mono.just(true));
                })
                .map(timedOut -> {
                    // Before the answer: whoever gets it finds the numbers final.
                    finish();
                    return timedOut;
                })
                .doOnCancel(this::finish);
    }

    private void finish() {
        closed = true;
        finished = true;
        sweep();
        waiters.forEach(waiter -> waiter.sink.success());
        try {
            // Stopping a thread takes the lock of its queue, and interrupts this one if it is the stage's.
            Schedulers.boundedElastic().schedule(this::stopWorker);
        } catch (RejectedExecutionException e) {
            // Reactor's own schedulers are gone: the process ends, and this daemon with it.
            failures.warn("The worker of a tail sampler could not be stopped.", e);
        }
    }

    private void stopWorker() {
        worker.dispose();
        if (ownsScheduler) {
            scheduler.dispose();
        }
    }

    /** Passes on what was handed over while this closed: nobody else will come by. */
    private void sweep() {
        for (Span span = handOver.poll(); span != null; span = handOver.poll()) {
            swept.increment();
            tellNext(span);
        }
    }

    /** What became of the spans handed over so far. */
    public TailCounts counts() {
        // In the order against the stream: what is counted at one place is counted at those before it.
        boolean over = finished;
        TraceTable.Counts known = counts;
        long late = afterClose.sum();
        long passed = passedOn.get() + swept.sum() + late;
        long overflow = overflowed.sum();
        long handedOver = accepted.get() + overflow + late;
        long left = handedOver - passed - known.sampledOut() - overflow;
        return new TailCounts(
                handedOver,
                passed,
                known.sampledOut(),
                overflow,
                over ? left : 0,
                over ? 0 : left,
                known.traces(),
                known.decided(),
                known.lateKept(),
                known.lateDropped(),
                known.forgotten());
    }

    /** How many times the application's predicate, or what stands behind, threw. */
    public long callbackFailures() {
        return failures.count();
    }

    @Override
    public String toString() {
        return "TailSampler{policy=" + policy + ", maxHoldTime=" + maxHoldTime + ", maxTraces=" + maxTraces
                + ", maxBytes=" + maxBytes + ", maxDecisions=" + maxDecisions + '}';
    }

    /**
     * Says which traces to keep, and how much to hold until that is known. A trace is kept when any of the {@code keep}
     * settings says so; at least one must be set. Not thread-safe.
     */
    public static final class Builder {
        private final SpanHandler next;
        private final List<IntSupplier> rooms;
        private boolean errors;
        private long slowNanos = Long.MAX_VALUE;
        private double costAbove = Double.POSITIVE_INFINITY;
        private double tokensAbove = Double.POSITIVE_INFINITY;
        private @Nullable Predicate<List<Span>> chosen;
        private Sampler ratio = Sampler.alwaysOff();
        private boolean keepsAny;
        private Duration maxHoldTime = Duration.ofSeconds(30);
        private int maxTraces = 10_000;
        private long maxBytes = 64L * 1024 * 1024;
        private int maxDecisions = 50_000;
        private @Nullable Scheduler scheduler;

        private Builder(SpanHandler next, List<IntSupplier> rooms) {
            this.next = Objects.requireNonNull(next, "next == null");
            this.rooms = List.copyOf(Objects.requireNonNull(rooms, "rooms == null"));
        }

        /** Keeps traces in which a span has status ERROR. */
        public Builder keepErrors() {
            this.errors = true;
            this.keepsAny = true;
            return this;
        }

        /** Keeps traces in which a span took longer than {@code duration}, at least zero. */
        public Builder keepSlowerThan(Duration duration) {
            if (duration.isNegative()) {
                throw new IllegalArgumentException("keepSlowerThan is negative: " + duration);
            }
            this.slowNanos =
                    duration.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0 ? Long.MAX_VALUE : duration.toNanos();
            this.keepsAny = true;
            return this;
        }

        /**
         * Keeps traces whose spans cost more than {@code cost} together, in the unit of {@code spanflux.cost.total};
         * at least zero. A span without that attribute costs nothing; what an agent's span says is the sum of those below
         * it, and not added to them.
         */
        public Builder keepCostAbove(double cost) {
            if (!(cost >= 0 && Double.isFinite(cost))) {
                throw new IllegalArgumentException("keepCostAbove is not a finite number from 0: " + cost);
            }
            this.costAbove = cost;
            this.keepsAny = true;
            return this;
        }

        /**
         * Keeps traces whose spans used more than {@code tokens} input and output tokens together, at least zero; for calls
         * without a price. Agents as for {@link #keepCostAbove}.
         */
        public Builder keepTokensAbove(long tokens) {
            this.tokensAbove = within("keepTokensAbove", tokens, 0, Long.MAX_VALUE);
            this.keepsAny = true;
            return this;
        }

        /**
         * Keeps traces that {@code chosen} chooses, given the ended spans of the trace in the order in which they came;
         * several of these are asked in turn. It runs on the stage's thread and must not block; a trace on which it throws
         * is kept, and that is counted.
         */
        public Builder keep(Predicate<List<Span>> chosen) {
            Objects.requireNonNull(chosen, "chosen == null");
            this.chosen = this.chosen == null ? chosen : this.chosen.or(chosen);
            this.keepsAny = true;
            return this;
        }

        /**
         * Keeps this part of the traces, 0 to 1, whatever happened in them. Default 0. Which ones depends on the trace id
         * alone, as for {@link Sampler#traceIdRatio}, so that all services keep the same: behind such a head sampler of
         * ratio {@code h} this keeps {@code ratio} of all traces, that is {@code ratio / h} of those that come here.
         */
        public Builder keepRatio(double ratio) {
            this.ratio = Sampler.traceIdRatio(ratio);
            this.keepsAny |= ratio > 0;
            return this;
        }

        /**
         * How long a trace is held from its first ended span on; up to a fifth of that or 200 ms longer, whichever is less.
         * Default 30 s; 10 ms to 1 h.
         */
        public Builder maxHoldTime(Duration maxHoldTime) {
            if (maxHoldTime.compareTo(Duration.ofMillis(10)) < 0 || maxHoldTime.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException("maxHoldTime is not between 10 ms and 1 h: " + maxHoldTime);
            }
            this.maxHoldTime = maxHoldTime;
            return this;
        }

        /** Traces that may be undecided; beyond it the oldest is decided on what is known. Default 10,000; 1 to 1,048,576. */
        public Builder maxTraces(int maxTraces) {
            this.maxTraces = (int) within("maxTraces", maxTraces, 1, 1 << 20);
            return this;
        }

        /** Estimated bytes that may be held; beyond it the oldest is decided or leaves. Default 64 MiB; at least 1 MiB. */
        public Builder maxBytes(long maxBytes) {
            this.maxBytes = within("maxBytes", maxBytes, 1 << 20, Long.MAX_VALUE);
            return this;
        }

        /**
         * Decisions that are remembered for spans that end later; beyond it the one that was not asked for longest is
         * forgotten. Default 50,000, some 5 MB; 1 to 1,048,576.
         */
        public Builder maxDecisions(int maxDecisions) {
            this.maxDecisions = (int) within("maxDecisions", maxDecisions, 1, 1 << 20);
            return this;
        }

        /**
         * Where the stage runs. Default a daemon thread of its own, {@code spanflux-tail-sampler-*}; one that is given here
         * is not disposed by the stage.
         */
        public Builder scheduler(Scheduler scheduler) {
            this.scheduler = Objects.requireNonNull(scheduler, "scheduler == null");
            return this;
        }

        private static long within(String name, long value, long minimum, long maximum) {
            if (value < minimum || value > maximum) {
                throw new IllegalArgumentException(
                        name + " is not between " + minimum + " and " + maximum + ": " + value);
            }
            return value;
        }

        private TailPolicy policy() {
            return new TailPolicy(errors, slowNanos, costAbove, tokensAbove, chosen, ratio);
        }

        /** The stage, asleep until the first span. */
        public TailSampler build() {
            if (!keepsAny) {
                throw new IllegalArgumentException(
                        "nothing is kept: set keepErrors, keepSlowerThan, keepCostAbove, keepTokensAbove, keep or keepRatio above 0");
            }
            return new TailSampler(this);
        }
    }
}
