// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.diagnostics.FatalErrors;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.RecordExporter;
import io.spanflux.trace.Measured;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.concurrent.Queues;

/**
 * Queues records (ended spans, events) for one exporter and hands them over in batches: when
 * {@link Builder#maxBatchSize} of them wait, when
 * {@link Builder#maxBatchBytes} do, when {@link Builder#scheduleDelay} has passed, or when someone flushes; and only when
 * the exporter has finished the batch before.
 *
 * <p>Bounds: {@link Builder#maxQueueSize} records and {@link Builder#maxQueueBytes} estimated bytes wait, plus one batch
 * under way. Beyond that the oldest leave first, and are counted by cause. Bytes are summed by the worker, which is woken
 * once records that are larger than their share of the queue's or of a batch's bytes have taken half of what is left; what
 * arrives until the worker has run exceeds the bound for that long.
 *
 * <p>Threads: {@link #accept} is called where spans end or events happen, by any thread; it takes a ticket and stores a reference, never
 * waits, and wakes the worker once a batch. Everything else happens on the worker, one thread of the scheduler; the
 * exporter is subscribed to there. Results may arrive on any thread.
 */
/*
 * The worker is a loop in the manner of Reactor's operators: whoever has news (a full batch, a result, a tick, a flush)
 * increments `work` and, if it was zero, schedules the loop; the loop runs until it has seen all news. So no two runs
 * overlap, and fields without a word about threads belong to the loop.
 *
 * Waking costs a caller microseconds, so producers wake as rarely as possible: only the one whose ticket fills a batch
 * (`wakeAt`). The worker writes `wakeAt` and then reads the tail; a producer advances the tail and then reads `wakeAt`.
 * Both are volatile, so at least one of them sees the other.
 *
 * Batches go through a sink because that is how Reactor publishes from a loop: the worker is its only producer, so that
 * emissions are serialized by construction. It emits only when the exporter is idle, so that no operator ever holds a
 * span: what is not in the ring is in the one batch under way.
 */
public final class RecordPipeline<T extends Measured> {
    private static final Logger log = LoggerFactory.getLogger(RecordPipeline.class);

    private static final long NEVER = Long.MAX_VALUE;
    private static final long BLOCKED_RETRY_MILLIS = 1;
    private static final long RESTART_MILLIS = 1_000;
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);
    private static final Duration MAX_CLOSE_TIME = Duration.ofMillis(500);

    /** After so many looks a position counts as never filled; its producer fills it within microseconds of running. */
    private static final int MAX_BLOCKED_LOOKS = 1_000;

    /** The same after an overflow, when waiting costs newer spans; as long as a scheduler keeps a thread waiting. */
    private static final int MAX_BLOCKED_LOOKS_AFTER_OVERFLOW = 50;

    private final RecordExporter<T> exporter;
    private final int maxQueueSize;
    private final long maxQueueBytes;
    private final int maxBatchSize;
    private final long maxBatchBytes;
    private final Duration scheduleDelay;
    private final RecordRing<T> ring;
    private final int byteShare;
    private final Scheduler scheduler;
    private final boolean ownsScheduler;
    private final Scheduler.Worker worker;

    private final AtomicInteger work = new AtomicInteger();
    private volatile long wakeAt;
    private volatile boolean closed;
    private final LongAdder afterClose = new LongAdder();

    /** The bytes above their shares of records that are in the queue and that the worker may not have summed yet. */
    private final AtomicLong surplus = new AtomicLong();

    /** With how much of it the worker is woken. */
    private volatile long surplusRoom;

    private final AtomicLong flushTarget = new AtomicLong();
    // In the order they came. Not a queue with removeIf: who is answered leaves while the others are looked at, and
    // once
    // ConcurrentLinkedQueue's removeIf was seen to go round for ever. They are few, one a call of flush.
    private final List<Waiter> waiters = new CopyOnWriteArrayList<>();
    private final Set<Stop> stops = ConcurrentHashMap.newKeySet();

    /** The one who may emit is the worker: see above. */
    private Sinks.Many<Batch<T>> batches;

    /** Written by the loop; whoever closes reads it once, to cut it off. */
    private volatile @Nullable Batch<T> underWay;

    private boolean exporting;

    /** When the export under way began, in milliseconds of the scheduler; null when there is none. */
    private volatile @Nullable Long exportBegun;

    private final HealthLog health;

    private @Nullable Disposable tick;
    private boolean dormant = true;
    private long sleptAt;

    /** Those to be told, once the numbers are published, that the pipeline is asleep. */
    private List<Stop> sleepers = new ArrayList<>();

    private int blockedLooks;
    private long scanned;
    private long summedTail;
    private long queuedBytes;
    private long sent;
    private long rejected;
    private long spooled;
    private final Map<DropCause, Long> dropped = new EnumMap<>(DropCause.class);
    private long warnedLosses;
    private volatile Counts counts = new Counts(0, 0, 0, 0, 0, Map.of(), 0);

    private final RepeatedWarning losses = new RepeatedWarning(log);
    private final RepeatedWarning exporterFailures = new RepeatedWarning(log);

    private RecordPipeline(Builder<T> builder) {
        this.exporter = builder.exporter;
        this.maxQueueSize = builder.maxQueueSize;
        this.maxQueueBytes = builder.maxQueueBytes;
        this.maxBatchSize = builder.maxBatchSize;
        this.maxBatchBytes = builder.maxBatchBytes;
        this.scheduleDelay = builder.scheduleDelay;
        this.ring = new RecordRing<>(maxQueueSize);
        // As many spans of this size as fill the ring, or a batch, stay within its bytes, so that smaller ones need no
        // care.
        long share = Math.min(maxQueueBytes / ring.slots(), maxBatchBytes / maxBatchSize);
        this.byteShare = (int) Math.min(Integer.MAX_VALUE, Math.max(1, share));
        this.ownsScheduler = builder.scheduler == null;
        this.scheduler =
                builder.scheduler == null ? Schedulers.newSingle("spanflux-pipeline", true) : builder.scheduler;
        this.worker = scheduler.createWorker();
        this.health = new HealthLog(now());
        this.batches = openBatches();
    }

    private Sinks.Many<Batch<T>> openBatches() {
        Sinks.Many<Batch<T>> sink = Sinks.many()
                .unicast()
                .onBackpressureBuffer(Queues.<Batch<T>>one().get());
        sink.asFlux()
                .concatMap(this::export, 0)
                .subscribe(
                        nothing -> {}, failure -> log.error("The export loop ended; records will be dropped", failure));
        return sink;
    }

    /** A pipeline for {@code exporter}. */
    public static <T extends Measured> Builder<T> builder(RecordExporter<T> exporter) {
        return new Builder<>(exporter);
    }

    /** Records that were taken from the ring together. */
    private static final class Batch<T> {
        /** Empty once it is settled: the sink remembers its last batch until the next one, which may never come. */
        volatile List<T> records;

        final long firstPosition;
        volatile Sinks.Empty<Void> abort = Sinks.empty();

        /** What came of the export; null until then, and when it was aborted. */
        volatile @Nullable ExportResult result;

        volatile boolean ended;

        Batch(List<T> records, long firstPosition) {
            this.records = records;
            this.firstPosition = firstPosition;
        }
    }

    /** Someone who waits until all positions before {@code target} are settled. */
    private record Waiter(long target, MonoSink<Void> sink) {}

    /** A request to settle what was accepted before and to go to sleep; in force until it is released. */
    private static final class Stop {
        /** The first position that it does not wait for. */
        final long target;

        final Sinks.Empty<Void> asleep = Sinks.empty();
        final AtomicBoolean closing = new AtomicBoolean();

        /** Whether time is out: to leave what is not exported yet, and to let go of the batch under way. */
        volatile boolean abort;

        /** Whether the pipeline sleeps for it; known to the loop only. */
        boolean reached;

        Stop(long target) {
            this.target = target;
        }
    }

    /** The worker's numbers at one moment, so that a reader on another thread sees numbers that fit together. */
    private record Counts(
            long head,
            long settled,
            long sent,
            long rejected,
            long spooled,
            Map<DropCause, Long> dropped,
            long underWay) {}

    /** Queues a record. Never blocks, never throws; after {@link #close} the record is only counted. */
    public void accept(T record) {
        if (closed) {
            afterClose.increment();
            return;
        }
        long position = ring.offer(record);
        int surplus = record.estimatedBytes() - byteShare;
        if (position == wakeAt || (surplus > 0 && this.surplus.addAndGet(surplus) >= surplusRoom)) {
            wake();
        }
    }

    /** About how many records can be accepted now before the oldest leaves: exact only while nobody else accepts any. */
    public int room() {
        return maxQueueSize - queued();
    }

    /** About how many records wait: exact only while nobody accepts any and none leaves. */
    public int queued() {
        return (int) Math.max(0, Math.min(maxQueueSize, ring.tail() - counts.head));
    }

    /** How many records the queue holds at most. */
    public int capacity() {
        return maxQueueSize;
    }

    private void wake() {
        if (!closed && work.getAndIncrement() == 0) {
            schedule(0);
        }
    }

    private void schedule(long delayMillis) {
        try {
            worker.schedule(this::run, delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // The scheduler was disposed under us. Spans stay pending and are overwritten in their turn.
            work.set(0);
            exporterFailures.warn("The scheduler of a pipeline was disposed; no more records are exported.", e);
        } catch (Throwable failure) {
            // Whoever has news next tries again.
            work.set(0);
            exporterFailures.caught("The scheduler of a pipeline failed; the next batch tries it again.", failure);
        }
    }

    /** Whatever is thrown in the loop, it runs again: at zero `work` would be free, at any other number dead for good. */
    private void run() {
        try {
            loop();
        } catch (Throwable failure) {
            if (closed) {
                elsewhere(this::stopWorker);
            } else {
                work.set(1);
                schedule(RESTART_MILLIS);
            }
            exporterFailures.caught("A pipeline failed; it goes on in a second.", failure);
        }
    }

    private void loop() {
        int seen = work.get();
        do {
            settle();
            abortIfAsked();
            dropForBytes();
            // Before the next batch: who stops waits for what came before, not for what comes meanwhile.
            fallAsleep();
            wakeFromSleep();
            publish();
            report();
            arm();
            if (isBlocked()) {
                // Stays scheduled: work is not zero until the producer has stored its span.
                schedule(BLOCKED_RETRY_MILLIS);
                return;
            }
            seen = work.addAndGet(-seen);
            // What came while the pipeline was closed is news that this loop cannot settle any more.
        } while (seen != 0 && !closed);
        if (seen != 0) {
            // The loop stays taken, so that nobody schedules anything on what is being stopped. Were it free, whoever
            // closes would find it so and stop it.
            elsewhere(this::stopWorker);
        }
    }

    /** Books what came of the batch under way. */
    private void settle() {
        Batch<T> batch = underWay;
        if (batch == null || !batch.ended) {
            return;
        }
        exporting = false;
        Long begun = exportBegun;
        exportBegun = null;
        ExportResult result = batch.result;
        if (result == null) {
            // Aborted: the batch stays under way, to be exported again or given up at the end.
            batch.ended = false;
            batch.abort = Sinks.empty();
            return;
        }
        underWay = null;
        batch.records = List.of();
        sent += result.sent();
        rejected += result.rejected();
        spooled += result.spooled();
        long now = now();
        health.exported(result, begun == null ? now : begun, now, obstacle());
        result.dropped().forEach(this::addDropped);
    }

    private void addDropped(DropCause cause, long count) {
        dropped.merge(cause, count, Long::sum);
    }

    private void abortIfAsked() {
        Batch<T> batch = underWay;
        if (exporting && batch != null && isAborting()) {
            batch.abort.tryEmitEmpty();
        }
    }

    private boolean isAborting() {
        for (Stop stop : stops) {
            if (stop.abort) {
                return true;
            }
        }
        return false;
    }

    /** Whether a stop holds the pipeline asleep until it has closed the exporter. */
    private boolean isHeld() {
        for (Stop stop : stops) {
            if (stop.reached) {
                return true;
            }
        }
        return false;
    }

    /** A new span wakes the pipeline, and so does who waits for what an earlier shutdown left behind. */
    private void wakeFromSleep() {
        if (!dormant || closed || isHeld()) {
            return;
        }
        boolean asked = !stops.isEmpty() || (!waiters.isEmpty() && (underWay != null || ring.size() > 0));
        if (ring.tail() == sleptAt && !asked) {
            return;
        }
        long delay = scheduleDelay.toNanos();
        if (delay > 0) {
            tick = worker.schedulePeriodically(this::onTick, delay, delay, TimeUnit.NANOSECONDS);
        }
        dormant = false;
    }

    private void onTick() {
        flushTarget.accumulateAndGet(ring.tail(), Math::max);
        wake();
    }

    private void dropForBytes() {
        if (ring.skipOverwritten() || scanned < ring.head()) {
            // What was overwritten took its size along: sum anew.
            scanned = ring.head();
            queuedBytes = 0;
        }
        // Before the tail is read: what was added to it is in the ring.
        surplus.set(0);
        summedTail = ring.tail();
        for (; scanned < summedTail; scanned++) {
            T record = ring.peek(scanned);
            if (record == null) {
                break;
            }
            queuedBytes += record.estimatedBytes();
        }
        while (queuedBytes > maxQueueBytes) {
            T oldest = ring.peek(ring.head());
            if (oldest == null || !ring.removeOldest()) {
                break;
            }
            queuedBytes -= oldest.estimatedBytes();
        }
    }

    /** Takes a batch and emits it, if the exporter is idle and there is reason to. */
    private void publish() {
        if (exporting || dormant || isAborting()) {
            return;
        }
        Batch<T> batch = underWay;
        boolean leftover = batch != null;
        if (batch == null) {
            boolean due = ring.size() >= maxBatchSize
                    || queuedBytes >= maxBatchBytes
                    || scheduleDelay.isZero()
                    || flushTarget.get() > ring.head();
            if (!due || ring.size() == 0) {
                return;
            }
            long first = ring.head();
            List<T> records = new ArrayList<>();
            ring.take(records, maxBatchSize, maxBatchBytes);
            if (records.isEmpty()) {
                return;
            }
            if (ring.head() - first == records.size()) {
                for (T record : records) {
                    queuedBytes -= record.estimatedBytes();
                }
            } else {
                // Some were overwritten while they were taken, and their sizes are gone: sum anew.
                scanned = 0;
            }
            batch = new Batch<>(Collections.unmodifiableList(records), first);
            underWay = batch;
        }
        if (closed) {
            // Who closed may have looked for a batch to cut off before this one was there.
            underWay = leftover ? batch : null;
            return;
        }
        exporting = true;
        exportBegun = now();
        // The head has moved: to a reader with the old one, what comes while the exporter is called would look lost.
        counts = counts();
        try {
            Sinks.EmitResult emitted = batches.tryEmitNext(batch);
            if (emitted.isFailure()) {
                log.error("A batch could not be published: {}", emitted);
                giveUp(batch);
            }
        } catch (Throwable failure) {
            // Reactor lets an error of the JVM through, in the middle of an emission: nothing can follow on that sink.
            batches = openBatches();
            giveUp(batch);
            exporterFailures.caught("An exporter failed; its batch is dropped: " + exporterName(), failure);
        }
    }

    private void giveUp(Batch<T> batch) {
        batch.result = failed(batch);
        onExportEnded(batch);
    }

    private Mono<Void> export(Batch<T> batch) {
        return exporterCall(batch)
                .map(result -> checked(batch, result))
                .onErrorResume(failure -> {
                    exporterFailures.warn("An exporter failed; its batch is dropped: " + exporterName(), failure);
                    return Mono.just(failed(batch));
                })
                // An exporter that completes without a result has not said that anything arrived.
                .defaultIfEmpty(failed(batch))
                .takeUntilOther(batch.abort.asMono())
                .doOnNext(result -> batch.result = result)
                .then()
                // After completion, not before: by then the loop has asked the sink for the next batch, and the worker
                // emits it straight into the exporter instead of leaving that to the thread that brought this result.
                .doFinally(signal -> onExportEnded(batch));
    }

    private void onExportEnded(Batch<T> batch) {
        batch.ended = true;
        wake();
    }

    /** What the exporter throws, when it is called or when its Mono is subscribed to, becomes an error of the Mono. */
    private Mono<ExportResult> exporterCall(Batch<T> batch) {
        return Mono.create(sink -> {
            try {
                sink.onDispose(exporter.export(batch.records).subscribe(sink::success, sink::error, sink::success));
            } catch (Throwable failure) {
                // Reactor would let a LinkageError through and end the loop for good. An error of the JVM as well: the
                // batch is lost, and whether there is memory for the next one will be seen.
                sink.error(new IllegalStateException(
                        "export threw " + failure.getClass().getName(), failure));
            }
        });
    }

    /** The exporter for a warning, which must not fail because of it. */
    private String exporterName() {
        try {
            return exporter.toString();
        } catch (Throwable e) {
            FatalErrors.propagate(e);
            return exporter.getClass().getName();
        }
    }

    private static ExportResult failed(Batch<?> batch) {
        return ExportResult.dropped(DropCause.EXPORTER_FAILED, batch.records.size());
    }

    /** An exporter of somebody else's may miscount; the ledger must not. */
    private ExportResult checked(Batch<T> batch, ExportResult result) {
        long missing = batch.records.size() - result.total();
        if (missing == 0) {
            return result;
        }
        exporterFailures.warn("An exporter accounted for " + result.total() + " of " + batch.records.size()
                + " records: " + exporterName());
        return missing > 0 ? result.plus(ExportResult.dropped(DropCause.EXPORTER_FAILED, missing)) : failed(batch);
    }

    /** Goes to sleep for the stops whose spans are settled, and for those whose time is out. */
    private void fallAsleep() {
        if (exporting) {
            return;
        }
        long tail = ring.tail();
        for (Stop stop : stops) {
            boolean abort = stop.abort;
            if (!stop.reached && (abort || stop.target <= settled())) {
                stop.reached = true;
                sleepers.add(stop);
                dormant = true;
                // What an abort leaves waits for the next span or call; what came after a stop's own spans is such a
                // span.
                sleptAt = abort ? tail : ring.head();
            }
        }
        if (!dormant) {
            return;
        }
        Disposable ticking = tick;
        if (ticking != null) {
            ticking.dispose();
            tick = null;
        }
    }

    private Counts counts() {
        long queueFull = ring.head() - ring.taken() - ring.removed();
        Map<DropCause, Long> all = new EnumMap<>(dropped);
        if (queueFull > 0) {
            all.put(DropCause.QUEUE_FULL, queueFull);
        }
        if (ring.removed() > 0) {
            all.put(DropCause.BYTES_FULL, ring.removed());
        }
        Batch<T> batch = underWay;
        return new Counts(
                ring.head(), settled(), sent, rejected, spooled, all, batch == null ? 0 : batch.records.size());
    }

    /** The first position whose fate is not known. */
    private long settled() {
        Batch<T> batch = underWay;
        return batch == null ? ring.head() : batch.firstPosition;
    }

    /** Publishes the numbers, warns of losses, and only then answers those who wait for them. */
    private void report() {
        counts = counts();
        long evicted = ring.head() - ring.taken();
        if (evicted > warnedLosses) {
            losses.warn(
                    evicted - warnedLosses,
                    "The queue of " + exporterName() + " is full: the oldest " + (evicted - warnedLosses)
                            + " record(s) were dropped (maxQueueSize=" + maxQueueSize + ", maxQueueBytes="
                            + maxQueueBytes + "). Raise these, sample, or find out why the destination is slow.");
            health.lost(evicted - warnedLosses + " because the queue is full", now());
            warnedLosses = evicted;
        }
        long settled = settled();
        for (Waiter waiter : waiters) {
            if (waiter.target <= settled) {
                // Which takes it off the list.
                waiter.sink.success();
            }
        }
        List<Stop> answered = sleepers;
        sleepers = new ArrayList<>();
        answered.forEach(stop -> stop.asleep.tryEmitEmpty());
    }

    /** Says which producer has to wake this loop next, and looks once more in case that one has been already. */
    private void arm() {
        long next;
        if (exporting) {
            next = NEVER;
        } else if (dormant) {
            next = stops.isEmpty() ? sleptAt : NEVER;
        } else {
            // Spans that have not been summed keep to their shares, or wake the worker by their surplus: so many make a
            // batch full.
            long byBytes = Math.max(scanned + (maxBatchBytes - queuedBytes - 1) / byteShare, summedTail);
            next = scheduleDelay.isZero() ? ring.head() : Math.min(ring.head() + maxBatchSize - 1, byBytes);
        }
        wakeAt = next;
        long room = maxQueueBytes - queuedBytes;
        surplusRoom = (exporting || dormant ? room : Math.min(room, maxBatchBytes - queuedBytes)) / 2;
        if (ring.tail() > next || surplus.get() >= Math.max(1, surplusRoom)) {
            work.incrementAndGet();
        }
    }

    /** Whether spans that are due cannot be taken because the oldest is not stored yet. */
    private boolean isBlocked() {
        if (exporting || dormant || !ring.isBlocked()) {
            blockedLooks = 0;
            return false;
        }
        if (++blockedLooks > (ring.holdsLeftover() ? MAX_BLOCKED_LOOKS_AFTER_OVERFLOW : MAX_BLOCKED_LOOKS)) {
            blockedLooks = 0;
            ring.skipBlocked();
        }
        return true;
    }

    /**
     * Exports what was accepted before, and completes when the fate of each of these records is known. That may take as long
     * as the exporter tries; put a time limit on it, cancelling ends the wait and nothing else.
     */
    public Mono<Void> flush() {
        return Mono.create(sink -> {
            long target = ring.tail();
            Waiter waiter = new Waiter(target, sink);
            flushTarget.accumulateAndGet(target, Math::max);
            waiters.add(waiter);
            sink.onDispose(() -> waiters.remove(waiter));
            if (closed) {
                sink.success();
            } else {
                wake();
                hurry();
            }
        });
    }

    private void hurry() {
        try {
            exporter.retryNow();
        } catch (Throwable e) {
            exporterFailures.caught("An exporter failed in retryNow(): " + exporterName(), e);
        }
    }

    private void setAside() {
        try {
            exporter.setAside();
        } catch (Throwable e) {
            exporterFailures.caught("An exporter failed in setAside(): " + exporterName(), e);
        }
    }

    private ExportResult afterSpool() {
        try {
            return exporter.afterSpool();
        } catch (Throwable e) {
            exporterFailures.caught("An exporter failed in afterSpool(): " + exporterName(), e);
            return ExportResult.sent(0);
        }
    }

    /**
     * Exports what was accepted before for at most {@code timeout}, then closes the exporter and goes to sleep; completes
     * with whether time ran out before the fate of each of these records was known. What is left then stays pending. A record
     * accepted later wakes the pipeline, and its export the exporter. Closing an exporter that takes longer goes on.
     */
    public Mono<Boolean> shutdown(Duration timeout) {
        return stop(timeout, this::end);
    }

    /**
     * As {@link #shutdown}, for good: what waits is dropped, what comes later is only counted. A batch that is cut off
     * stays pending, because it may have arrived.
     */
    public Mono<Boolean> close(Duration timeout) {
        return stop(timeout, this::finish);
    }

    /** {@code end} comes before the answer, and when the wait is cancelled. */
    private Mono<Boolean> stop(Duration timeout, Consumer<Stop> end) {
        // Closing connections takes milliseconds; it is part of the promised time all the same.
        Duration tenth = timeout.dividedBy(10);
        Duration reserve = tenth.compareTo(MAX_CLOSE_TIME) < 0 ? tenth : MAX_CLOSE_TIME;
        Mono<Boolean> stopped = Mono.using(
                this::begin,
                stop -> stop.asleep
                        .asMono()
                        .timeout(
                                timeout.dividedBy(2),
                                Mono.fromRunnable(this::setAside).then(stop.asleep.asMono()))
                        .timeout(
                                timeout.minus(reserve),
                                Mono.fromRunnable(() -> abort(stop)).then(stop.asleep.asMono()))
                        .then(Mono.defer(() -> closeExporter(stop)))
                        .timeout(timeout, Mono.fromRunnable(() -> abort(stop)))
                        .then(Mono.fromSupplier(() -> counts.settled < stop.target)),
                end);
        return Mono.defer(() -> closed ? Mono.just(ledger().pending() > 0) : stopped);
    }

    private Stop begin() {
        Stop stop = new Stop(ring.tail());
        flushTarget.accumulateAndGet(stop.target, Math::max);
        stops.add(stop);
        if (closed) {
            stop.asleep.tryEmitEmpty();
        }
        wake();
        hurry();
        return stop;
    }

    private void abort(Stop stop) {
        stop.abort = true;
        wake();
    }

    /** Closes the exporter, once for each stop, and to the end even where nobody waits for it any more. */
    private Mono<Void> closeExporter(Stop stop) {
        Sinks.Empty<Void> done = Sinks.empty();
        if (!stop.closing.compareAndSet(false, true)) {
            return Mono.empty();
        }
        try {
            exporter.close()
                    .subscribe(
                            nothing -> {},
                            failure -> {
                                exporterFailures.warn("An exporter failed to close: " + exporterName(), failure);
                                done.tryEmitEmpty();
                            },
                            done::tryEmitEmpty);
        } catch (Throwable failure) {
            done.tryEmitEmpty();
            exporterFailures.caught("An exporter failed to close: " + exporterName(), failure);
        }
        return done.asMono();
    }

    private void end(Stop stop) {
        if (stop.abort) {
            // The answer does not wait for the worker to let go of the batch under way; closing the exporter does.
            stop.asleep
                    .asMono()
                    .then(Mono.fromRunnable(() -> {
                        closeExporter(stop);
                        release(stop);
                    }))
                    .subscribe();
        } else {
            release(stop);
        }
    }

    /** Lets new spans wake the pipeline again. */
    private void release(Stop stop) {
        stops.remove(stop);
        wake();
    }

    private void finish(Stop own) {
        closed = true;
        ring.clear();
        // Nobody will come by any more to answer them.
        stops.forEach(stop -> stop.asleep.tryEmitEmpty());
        waiters.forEach(waiter -> waiter.sink.success());
        elsewhere(() -> tearDown(own));
    }

    /** Stopping a thread takes the lock of its queue, and this may be an event loop or the loop's own thread. */
    private void elsewhere(Runnable stopping) {
        try {
            Schedulers.boundedElastic().schedule(stopping);
        } catch (RejectedExecutionException e) {
            // Reactor's own schedulers are gone: the process ends, and this daemon with it.
            exporterFailures.warn("The worker of a pipeline could not be stopped.", e);
        }
    }

    /** First the export under way, which would open connections anew. */
    private void tearDown(Stop stop) {
        Batch<T> batch = underWay;
        if (batch != null) {
            batch.abort.tryEmitEmpty();
        }
        closeExporter(stop);
        // Who saw the pipeline open and has news finds the loop taken, and schedules nothing on what is being stopped.
        // Where the loop is taken already it stops its worker itself, when it has run.
        if (work.getAndIncrement() == 0) {
            stopWorker();
        }
    }

    private void stopWorker() {
        worker.dispose();
        if (ownsScheduler) {
            scheduler.dispose();
        }
    }

    private long now() {
        return scheduler.now(TimeUnit.MILLISECONDS);
    }

    private @Nullable String obstacle() {
        try {
            return exporter.obstacle();
        } catch (Throwable e) {
            exporterFailures.caught("An exporter failed in obstacle(): " + exporterName(), e);
            return null;
        }
    }

    /** How the delivery fares. Of losses in the queue it may know a {@link Builder#scheduleDelay} late. */
    public Health health() {
        return health.at(now(), exportBegun, obstacle());
    }

    /** What became of the records accepted so far. */
    public Ledger ledger() {
        boolean over = closed;
        ExportResult later = afterSpool();
        Counts known = counts;
        long offered = ring.tail();
        long late = afterClose.sum();
        Map<DropCause, Long> all = new EnumMap<>(DropCause.class);
        all.putAll(known.dropped);
        long overwritten = offered - maxQueueSize - known.head;
        if (overwritten > 0) {
            all.merge(DropCause.QUEUE_FULL, overwritten, Long::sum);
        }
        long left = offered - known.sent - known.rejected - known.spooled - Ledger.total(all);
        if (over) {
            // What was under way may have arrived; the rest will not.
            long lost = left - known.underWay + late;
            if (lost > 0) {
                all.merge(DropCause.AFTER_CLOSE, lost, Long::sum);
            }
            left = known.underWay;
        }
        later.dropped().forEach((cause, count) -> all.merge(cause, count, Long::sum));
        // A batch may have left the spool before the loop has booked that it went there; it is not under way any more.
        long waiting = known.spooled - later.total();
        long unbooked = Math.max(0, -waiting);
        return new Ledger(
                offered + late,
                known.sent + later.sent(),
                known.rejected + later.rejected(),
                all,
                waiting + unbooked,
                left - unbooked);
    }

    @Override
    public String toString() {
        return "RecordPipeline{exporter=" + exporterName() + ", maxQueueSize=" + maxQueueSize + ", maxQueueBytes="
                + maxQueueBytes + ", maxBatchSize=" + maxBatchSize + ", maxBatchBytes=" + maxBatchBytes
                + ", scheduleDelay=" + scheduleDelay + '}';
    }

    /** Collects the bounds of a pipeline; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder<T extends Measured> {
        private static final int UNSET = 0;
        private static final int DEFAULT_BATCH_SIZE = 512;

        private final RecordExporter<T> exporter;
        private int maxQueueSize = 2048;
        private long maxQueueBytes = 64L * 1024 * 1024;
        private int maxBatchSize = UNSET;
        private int defaultBatchSize = UNSET;
        private long maxBatchBytes = 4L * 1024 * 1024;
        private Duration scheduleDelay = Duration.ofSeconds(5);
        private @Nullable Scheduler scheduler;

        private Builder(RecordExporter<T> exporter) {
            this.exporter = Objects.requireNonNull(exporter, "exporter == null");
        }

        /** Records that may wait; beyond it the oldest are dropped. Default 2,048; 1 to 1,048,576. */
        public Builder<T> maxQueueSize(int maxQueueSize) {
            this.maxQueueSize = (int) within("maxQueueSize", maxQueueSize, 1, 1 << 20);
            return this;
        }

        /** Estimated bytes that may wait; beyond it the oldest are dropped. Default 64 MiB; at least 1 MiB. */
        public Builder<T> maxQueueBytes(long maxQueueBytes) {
            this.maxQueueBytes = within("maxQueueBytes", maxQueueBytes, 1 << 20, Long.MAX_VALUE);
            return this;
        }

        /** Records that are exported together at most. Default 512 or the queue's size; 1 to {@link #maxQueueSize}. */
        public Builder<T> maxBatchSize(int maxBatchSize) {
            this.maxBatchSize = (int) within("maxBatchSize", maxBatchSize, 1, Integer.MAX_VALUE);
            return this;
        }

        /**
         * {@link #maxBatchSize} where that is not set, for a value that does not know of the queue's size: more than the
         * queue holds is cut to it, with a warning.
         */
        public Builder<T> defaultBatchSize(int defaultBatchSize) {
            this.defaultBatchSize = (int) within("defaultBatchSize", defaultBatchSize, 1, Integer.MAX_VALUE);
            return this;
        }

        /** Estimated bytes at which a batch is full. Default 4 MiB; at least 1 KiB. */
        public Builder<T> maxBatchBytes(long maxBatchBytes) {
            this.maxBatchBytes = within("maxBatchBytes", maxBatchBytes, 1 << 10, Long.MAX_VALUE);
            return this;
        }

        /**
         * How long a record waits for a batch to fill. Default 5 s; zero exports each record as soon as it can be, more than
         * 292 years, which is what nanoseconds can count, are as many.
         */
        public Builder<T> scheduleDelay(Duration scheduleDelay) {
            if (scheduleDelay.isNegative()) {
                throw new IllegalArgumentException("scheduleDelay is negative: " + scheduleDelay);
            }
            this.scheduleDelay = scheduleDelay.compareTo(LONGEST) > 0 ? LONGEST : scheduleDelay;
            return this;
        }

        /**
         * Where the worker runs. Default a daemon thread of its own, {@code spanflux-pipeline-*}; one that is given here
         * is not disposed by the pipeline. It must be able to run tasks later: {@link #build} refuses {@code immediate()}.
         */
        public Builder<T> scheduler(Scheduler scheduler) {
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

        /** The pipeline, asleep until the first record. */
        public RecordPipeline<T> build() {
            if (maxBatchSize == UNSET) {
                if (defaultBatchSize > maxQueueSize) {
                    log.warn(
                            "A batch of {} records is cut to what the queue holds: {}", defaultBatchSize, maxQueueSize);
                }
                int size = defaultBatchSize == UNSET ? DEFAULT_BATCH_SIZE : defaultBatchSize;
                maxBatchSize = Math.min(size, maxQueueSize);
            } else if (maxBatchSize > maxQueueSize) {
                throw new IllegalArgumentException(
                        "maxBatchSize > maxQueueSize: " + maxBatchSize + " > " + maxQueueSize);
            }
            if (scheduler != null) {
                checkRunsLater(scheduler);
            }
            return new RecordPipeline<>(this);
        }

        /** One that runs on the caller, or an executor without a clock, would take no tick and so export nothing. */
        private static void checkRunsLater(Scheduler scheduler) {
            try {
                scheduler.schedule(() -> {}, 1, TimeUnit.HOURS).dispose();
            } catch (RejectedExecutionException e) {
                throw new IllegalArgumentException("scheduler cannot run tasks later: " + scheduler, e);
            }
        }
    }
}
