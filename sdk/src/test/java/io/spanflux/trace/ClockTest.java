// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

class ClockTest {
    /** The wall clock and the monotonic clock are read apart and may be corrected meanwhile; seconds would be a bug. */
    private static final long TOLERANCE = Duration.ofMillis(500).toNanos();

    private final Clock system = Clock.system();

    private static long wallClock() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000 + now.getNano();
    }

    @Test
    void system_epochNanos_isTheWallClock() {
        assertEpochNanos(Duration.ZERO);
    }

    @Test
    void system_epochNanosOfThePast_isThatLongAgo() {
        assertEpochNanos(Duration.ofHours(-1));
    }

    @Test
    void system_epochNanosLongAfterTheLastReading_readsAgainAndStaysRight() {
        // As if nobody had asked for ten seconds: the wall clock is read anew.
        assertEpochNanos(Duration.ofSeconds(10));
        assertEpochNanos(Duration.ZERO);
    }

    private void assertEpochNanos(Duration fromNow) {
        long before = wallClock();
        long epoch = system.epochNanos(system.nanoTime() + fromNow.toNanos());
        long after = wallClock();

        assertThat(epoch - fromNow.toNanos()).isBetween(before - TOLERANCE, after + TOLERANCE);
    }

    @Test
    void system_nanoTime_neverGoesBack() {
        long last = system.nanoTime();
        for (int i = 0; i < 100_000; i++) {
            long now = system.nanoTime();
            assertThat(now - last >= 0).isTrue();
            last = now;
        }
    }

    @Test
    void of_virtualTime_movesWhenTheTestMovesIt() {
        VirtualTimeScheduler scheduler = VirtualTimeScheduler.create();
        try {
            Tracer tracer = Tracer.builder().clock(Clock.of(scheduler)).build();
            scheduler.advanceTimeBy(Duration.ofSeconds(5));
            Span span = tracer.span("virtual").start();
            scheduler.advanceTimeBy(Duration.ofMillis(250));
            span.end();

            assertThat(span.startEpochNanos()).isEqualTo(Duration.ofSeconds(5).toNanos());
            assertThat(span.endEpochNanos() - span.startEpochNanos()).isEqualTo(250_000_000L);
        } finally {
            scheduler.dispose();
        }
    }
}
