// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.export.DropCause;
import io.spanflux.pipeline.Ledger;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends what is open and closes a {@link Spanflux} when the JVM ends, and says what could not be delivered. */
final class ExitHook {
    private static final Logger log = LoggerFactory.getLogger(ExitHook.class);

    private final Thread thread;

    private ExitHook(Thread thread) {
        this.thread = thread;
    }

    /** Null where the JVM is ending already: nobody would run it. */
    static @Nullable ExitHook register(Spanflux spanflux, Duration timeout) {
        Thread thread = new Thread(() -> run(spanflux, timeout), "spanflux-exit");
        try {
            Runtime.getRuntime().addShutdownHook(thread);
            return new ExitHook(thread);
        } catch (IllegalStateException e) {
            log.debug("The process is ending already; what is traced now is not waited for.", e);
            return null;
        }
    }

    private static void run(Spanflux spanflux, Duration timeout) {
        int open = spanflux.tracer().endOpenSpans();
        if (open > 0) {
            log.warn("The process ends in the middle of {} span(s); they leave marked spanflux.unfinished.", open);
        }
        Ledger ledger = spanflux.awaitClose(timeout).ledger();
        long undelivered = ledger.pending() + ledger.dropped(DropCause.AFTER_CLOSE);
        if (undelivered > 0) {
            log.warn(
                    "The process ends, and of {} span(s) it is not known that they arrived within {}: {}",
                    undelivered,
                    timeout,
                    ledger);
        }
    }

    void remove() {
        try {
            Runtime.getRuntime().removeShutdownHook(thread);
        } catch (IllegalStateException e) {
            log.trace("The process is ending; its hooks run.", e);
        }
    }
}
