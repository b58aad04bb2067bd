// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.SmartLifecycle;
import reactor.core.scheduler.Schedulers;

/**
 * Delivers what is left when the application stops: after the web server has drained and stopped, because requests that end
 * then end their spans, and before beans are destroyed. A stopped context may start again, so this is a shutdown that the next
 * span reopens; the final close comes when the beans that use Spanflux are gone. Both together keep to one time-out. No JVM
 * hook: Spring's own, where it is wanted, stops the context and so this.
 */
final class SpanfluxLifecycle implements SmartLifecycle, DisposableBean {
    /** Spring Boot's web server stops at MAX - 2048, and is drained before that. Higher phases stop first. */
    static final int PHASE = Integer.MAX_VALUE - 3 * 1024;

    private static final Logger log = LoggerFactory.getLogger(SpanfluxLifecycle.class);

    private final Supplier<@Nullable Spanflux> spanflux;
    private final Duration timeout;
    private volatile @Nullable Spanflux owned;
    private volatile boolean running;
    private volatile long stoppingSince;
    private volatile boolean stopped;

    SpanfluxLifecycle(Supplier<@Nullable Spanflux> spanflux, Duration timeout) {
        this.spanflux = spanflux;
        this.timeout = timeout;
    }

    /** From now on closes {@code made} at the end. One that the application made is its own to close. */
    Spanflux owning(Spanflux made) {
        this.owned = made;
        return made;
    }

    @Override
    public void start() {
        stopped = false;
        running = true;
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public void stop(Runnable callback) {
        running = false;
        stoppingSince = System.nanoTime();
        stopped = true;
        Spanflux stopping = spanflux.get();
        if (stopping == null) {
            callback.run();
            return;
        }
        // Bounded by the time-out, and nobody is there who could cancel it.
        var unused = stopping.shutdown(timeout)
                .doFinally(signal -> callback.run())
                .subscribe(SpanfluxLifecycle::report, e -> log.warn("Spanflux could not be shut down.", e));
    }

    private static void report(DeliveryReport report) {
        if (report.timedOut()) {
            log.warn(
                    "{} span(s) were not delivered within spanflux.shutdown-timeout: {}",
                    report.ledger().pending(),
                    report.ledger());
        } else {
            log.debug("Spanflux was shut down: {}", report.ledger());
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    @Override
    public void destroy() {
        Spanflux closing = owned;
        if (closing == null) {
            return;
        }
        if (Schedulers.isInNonBlockingThread()) {
            log.warn(
                    "The context is closed on {}, which must not block, so that the delivery of the last spans is not waited for:"
                            + " they are lost if the process ends before.",
                    Thread.currentThread().getName());
            // Bounded by the time-out.
            var unused = closing.close(timeLeft())
                    .subscribe(SpanfluxLifecycle::report, e -> log.warn("Spanflux could not be closed.", e));
            return;
        }
        report(closing.awaitClose(timeLeft()));
    }

    private Duration timeLeft() {
        if (!stopped) {
            return timeout;
        }
        Duration left = timeout.minusNanos(System.nanoTime() - stoppingSince);
        return left.isNegative() ? Duration.ZERO : left;
    }
}
