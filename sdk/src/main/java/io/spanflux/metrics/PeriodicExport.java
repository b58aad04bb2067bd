// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.encode.Histogram;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.Metric;
import io.spanflux.encode.Temporality;
import io.spanflux.export.MetricExporter;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Resource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/**
 * Collects and exports: each {@code interval} while it is awake, and when someone flushes; one export at a time. Asleep
 * until something is recorded, and again after {@link #shutdown}.
 *
 * <p>What was not delivered is part of the next collection: nothing is queued, nothing is lost by a failure. A receiver
 * that counted what it did not confirm will count it twice where temporality is delta.
 *
 * <p>Threads: the loop runs on one worker of the scheduler; fields without a word about threads are its own. What comes of
 * an export may come on any thread, and always before the loop goes on.
 */
final class PeriodicExport {
    private static final Logger log = LoggerFactory.getLogger(PeriodicExport.class);
    private static final Duration MAX_CLOSE_TIME = Duration.ofMillis(500);

    private final List<HistogramTable> tables;
    private final CounterExport counters;
    private final MetricExporter exporter;
    private final Temporality temporality;
    private final Resource resource;
    private final Clock clock;
    private final Duration interval;
    private final Duration timeout;
    private final Scheduler scheduler;
    private final Scheduler.Worker worker;
    private final long startNanoTime;
    private final long startEpochNanos;

    /** As in the pipeline of spans: whoever has news increments it and, if it was zero, schedules the loop. */
    private final AtomicInteger work = new AtomicInteger();

    private final Queue<MonoSink<Void>> waiters = new ConcurrentLinkedQueue<>();
    private final Disposable.Swap underWay = Disposables.swap();

    /** The timer; null while asleep. */
    private final AtomicReference<Disposable.@Nullable Swap> tick = new AtomicReference<>();

    private volatile boolean ticked;
    private volatile boolean stopped;
    private volatile boolean closed;

    /** How many values the delivered exports were about, and until when. */
    private volatile long delivered;

    private long deliveredEpochNanos;
    private final RepeatedWarning failures = new RepeatedWarning(log);

    PeriodicExport(
            List<HistogramTable> tables,
            List<Counter> counters,
            MetricExporter exporter,
            Resource resource,
            Clock clock,
            Duration interval,
            Duration timeout,
            Scheduler scheduler) {
        this.tables = tables;
        this.counters = new CounterExport(counters, failures);
        this.exporter = exporter;
        this.temporality = exporter.temporality();
        this.resource = resource;
        this.clock = clock;
        this.interval = interval;
        this.timeout = timeout;
        this.scheduler = scheduler;
        this.worker = scheduler.createWorker();
        this.startNanoTime = clock.nanoTime();
        this.startEpochNanos = clock.epochNanos(startNanoTime);
        this.deliveredEpochNanos = startEpochNanos;
    }

    /** Something was recorded. While awake this is one read of a field. */
    void recorded() {
        if (tick.get() == null && !stopped && !closed) {
            wake();
        }
    }

    private void wake() {
        Disposable.Swap timer = Disposables.swap();
        if (tick.compareAndSet(null, timer)) {
            try {
                long nanos = interval.toNanos();
                timer.update(worker.schedulePeriodically(this::onTick, nanos, nanos, TimeUnit.NANOSECONDS));
            } catch (RejectedExecutionException e) {
                warnOfScheduler(e);
            }
        }
    }

    private void onTick() {
        ticked = true;
        // An export under way that long has its own time limit; ticks do not queue up behind it.
        if (work.compareAndSet(0, 1)) {
            schedule();
        }
    }

    private void schedule() {
        try {
            worker.schedule(this::run);
        } catch (RejectedExecutionException e) {
            warnOfScheduler(e);
            work.set(0);
            answer(take());
        }
    }

    private void warnOfScheduler(RejectedExecutionException e) {
        if (!closed) {
            failures.warn("The scheduler of the metrics was disposed; they are not exported any more.", e);
        }
    }

    private List<MonoSink<Void>> take() {
        List<MonoSink<Void>> taken = new ArrayList<>();
        for (MonoSink<Void> waiter = waiters.poll(); waiter != null; waiter = waiters.poll()) {
            taken.add(waiter);
        }
        return taken;
    }

    private static void answer(List<MonoSink<Void>> waiting) {
        waiting.forEach(MonoSink::success);
    }

    private void run() {
        int seen = work.get();
        // Before anything is collected: what they wait for is recorded.
        List<MonoSink<Void>> waiting = take();
        boolean periodic = ticked;
        ticked = false;
        // Whoever asked may have given up meanwhile, or have been shut down.
        boolean wanted = !closed && (periodic || !waiting.isEmpty());
        underWay.update(Mono.defer(() -> wanted ? export(periodic) : Mono.<Void>empty())
                .doFinally(signal -> {
                    answer(waiting);
                    if (work.addAndGet(-seen) != 0) {
                        schedule();
                    }
                })
                .subscribe(nothing -> {}, failure -> failures.warn("Metrics could not be collected", failure)));
    }

    private Mono<Void> export(boolean periodic) {
        if (stopped) {
            return Mono.empty();
        }
        List<List<LiveHistogram.Reading>> readings = new ArrayList<>();
        long count = 0;
        for (HistogramTable table : tables) {
            List<LiveHistogram.Reading> ofTable = table.read();
            readings.add(ofTable);
            for (LiveHistogram.Reading reading : ofTable) {
                count += reading.count();
            }
        }
        boolean repeats = periodic && temporality == Temporality.CUMULATIVE;
        CounterExport.Readings counted = counters.read();
        // Counters alone are no reason for an export at a flush: it moves them by itself.
        boolean moved = periodic && counted.isNew();
        if (!moved && (count == 0 || (count == delivered && !repeats))) {
            return Mono.empty();
        }
        long all = count;
        long now = Math.max(startEpochNanos + (clock.nanoTime() - startNanoTime), deliveredEpochNanos);
        List<Metric> metrics = new ArrayList<>(histograms(readings, now));
        metrics.addAll(counted.sums(temporality == Temporality.DELTA, startEpochNanos, deliveredEpochNanos, now));
        return exporterCall(metrics)
                .timeout(timeout, scheduler)
                .onErrorResume(failure -> {
                    failures.warn("An export of metrics failed: " + exporter, failure);
                    return Mono.just(MetricExporter.Outcome.FAILED);
                })
                .doOnNext(outcome -> {
                    if (outcome == MetricExporter.Outcome.DELIVERED) {
                        readings.forEach(ofTable -> ofTable.forEach(LiveHistogram.Reading::delivered));
                        counted.delivered();
                        deliveredEpochNanos = now;
                        delivered = all;
                    } else if (outcome == MetricExporter.Outcome.UNSUPPORTED) {
                        stop();
                    }
                })
                .then();
    }

    private Mono<MetricExporter.Outcome> exporterCall(List<Metric> metrics) {
        try {
            return exporter.export(resource, metrics);
        } catch (Throwable failure) {
            // Reactor would let a LinkageError through and end the loop for good.
            return Mono.error(new IllegalStateException(
                    "export threw " + failure.getClass().getName(), failure));
        }
    }

    private List<Histogram> histograms(List<List<LiveHistogram.Reading>> readings, long now) {
        boolean delta = temporality == Temporality.DELTA;
        List<Histogram> histograms = new ArrayList<>();
        for (int i = 0; i < readings.size(); i++) {
            GenAiMetric metric = tables.get(i).metric();
            List<HistogramPoint> points = new ArrayList<>();
            for (LiveHistogram.Reading reading : readings.get(i)) {
                LiveHistogram.Reading told = delta ? reading.sinceDelivered() : reading;
                if (told.count() > 0) {
                    points.add(point(metric, told, delta ? deliveredEpochNanos : startEpochNanos, now));
                }
            }
            if (!points.isEmpty()) {
                histograms.add(new Histogram(
                        metric.metricName(),
                        metric.description(),
                        metric.unit(),
                        metric.bounds(),
                        temporality,
                        points));
            }
        }
        return histograms;
    }

    private static HistogramPoint point(GenAiMetric metric, LiveHistogram.Reading reading, long start, long now) {
        List<Long> counts = new ArrayList<>();
        for (long count : reading.counts) {
            counts.add(count);
        }
        return new HistogramPoint(
                reading.attributes(), start, now, reading.count(), metric.inUnit(reading.sum), counts);
    }

    private void stop() {
        stopped = true;
        sleep();
        log.warn(
                "{} takes no metrics (404 or 405): their export stops until the next start, spans are not concerned."
                        + " Set OTEL_METRICS_EXPORTER=none, or OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to where they go.",
                exporter.target());
    }

    private void sleep() {
        Disposable timer = tick.getAndSet(null);
        if (timer != null) {
            timer.dispose();
        }
    }

    /** Exports what was recorded before, and completes when that has succeeded or failed. Cancelling ends only the wait. */
    Mono<Void> flush() {
        return Mono.create(sink -> {
            if (stopped || closed) {
                sink.success();
                return;
            }
            waiters.add(sink);
            sink.onDispose(() -> waiters.remove(sink));
            if (work.getAndIncrement() == 0) {
                schedule();
            }
            hurry();
        });
    }

    private void hurry() {
        try {
            exporter.retryNow();
        } catch (RuntimeException e) {
            failures.warn("An exporter of metrics failed in retryNow(): " + exporter, e);
        }
    }

    /** {@link #flush} for at most so long. */
    Mono<Void> flush(Duration time) {
        return flush().timeout(time, Mono.fromRunnable(() -> warnOfTime("flush", time)), scheduler);
    }

    private void warnOfTime(String what, Duration time) {
        failures.warn("Metrics for " + exporter.target() + " were not delivered within the " + time + " of a " + what
                + "; they are part of the next export.");
    }

    /**
     * Sleeps, {@link #flush flushes}, lets go of what is still under way then, and closes the exporter, all within
     * {@code time}. What is recorded after the call wakes it.
     */
    Mono<Void> shutdown(Duration time) {
        return stop(time, false);
    }

    /** {@link #shutdown} for good. */
    Mono<Void> close(Duration time) {
        return stop(time, true).doFinally(signal -> {
            closed = true;
            sleep();
            worker.dispose();
            answer(take());
        });
    }

    private Mono<Void> stop(Duration time, boolean forGood) {
        Duration tenth = time.dividedBy(10);
        Duration reserve = tenth.compareTo(MAX_CLOSE_TIME) < 0 ? tenth : MAX_CLOSE_TIME;
        return Mono.<Void>fromRunnable(this::sleep)
                .then(flush(time.minus(reserve)))
                .then(Mono.defer(() -> letGo(forGood)))
                .timeout(time, Mono.empty(), scheduler)
                .onErrorResume(failure -> {
                    failures.warn("An exporter of metrics failed to close: " + exporter, failure);
                    return Mono.empty();
                });
    }

    /** Ends an export that is still under way, and sees to it that none follows which would open connections anew. */
    private Mono<Void> letGo(boolean forGood) {
        ticked = false;
        if (forGood) {
            closed = true;
            underWay.dispose();
        } else {
            underWay.update(Disposables.disposed());
        }
        return exporter.close();
    }

    /** Whether counters are to be exported as well. */
    boolean hasCounters() {
        return !counters.isEmpty();
    }

    long delivered() {
        return delivered;
    }

    @Override
    public String toString() {
        return exporter + ", interval=" + interval + ", timeout=" + timeout;
    }
}
