// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import io.spanflux.test.Race;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(60)
class LiveSpansTest {
    private final FakeClock clock = new FakeClock();
    private final LiveSpans live = new LiveSpans();

    /** Belongs to a tracer of its own, so that only the test tracks it here. */
    private Span span(long id) {
        IdGenerator ids = new IdGenerator() {
            @Override
            public long traceIdHigh() {
                return 1;
            }

            @Override
            public long traceIdLow() {
                return 1;
            }

            @Override
            public long spanId() {
                return id;
            }
        };
        return Tracer.builder()
                .clock(clock)
                .idGenerator(ids)
                .build()
                .span("live")
                .start();
    }

    @Test
    void add_fillsItsFirstTableAndGrows() {
        List<Span> spans = new ArrayList<>();
        for (int i = 1; i <= 5_000; i++) {
            Span span = span(i);
            live.add(span);
            spans.add(span);
        }
        assertThat(live.count()).isEqualTo(5_000);
        assertThat(live.untracked()).isZero();

        // Those of the older tables first, then those of the newest.
        for (Span span : spans) {
            live.remove(span);
        }
        assertThat(live.count()).isZero();
    }

    @Test
    void remove_freesThePlace() {
        Span span = span(7);
        for (int i = 0; i < 1_000; i++) {
            live.add(span);
            live.remove(span);
        }

        assertThat(live.count()).isZero();
        assertThat(live.untracked()).isZero();
    }

    @Test
    void remove_twice_takesNobodyElsesPlace() {
        Span first = span(7);
        live.add(first);
        live.remove(first);
        Span second = span(7);
        live.add(second);

        live.remove(first);

        assertThat(live.count()).isEqualTo(1);
    }

    @Test
    void add_idsThatAllPointToOnePlace_areBoundedAndCounted() {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Span span = span(1);
            live.add(span);
            spans.add(span);
        }

        assertThat(live.untracked()).isPositive();
        assertThat(live.count() + live.untracked()).isEqualTo(1_000);
        for (Span span : spans) {
            live.remove(span);
        }
        assertThat(live.count()).isZero();
    }

    @Test
    void expire_endsThoseOfEveryTableThatAreOldEnough() {
        for (int i = 1; i <= 3_000; i++) {
            live.add(span(i));
        }
        clock.advance(Duration.ofMinutes(1));
        Span young = span(3_001);
        live.add(young);

        int expired = live.expire(clock.nanoTime(), Duration.ofSeconds(59).toNanos(), span -> {});

        assertThat(expired).isEqualTo(3_000);
        assertThat(young.hasEnded()).isFalse();
    }

    @Test
    void expire_aSpanThatHasEnded_doesNotCount() {
        Span span = span(1);
        live.add(span);
        span.end();
        clock.advance(Duration.ofMinutes(1));

        assertThat(live.expire(clock.nanoTime(), 1, other -> {})).isZero();
        assertThat(span.attributes().isEmpty()).isTrue();
    }

    @Test
    void addAndRemove_byFourThreads_loseNoSpan() {
        List<List<Span>> spans = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            List<Span> own = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                // Neighbours in the table, so that threads want the same places and the table grows under them.
                own.add(span(1 + (i & 7)));
            }
            spans.add(own);
        }

        Race.of(4).run(500, round -> {
            LiveSpans raced = new LiveSpans();
            return Race.round(
                    thread -> {
                        List<Span> own = spans.get(thread);
                        for (int i = 0; i < own.size(); i++) {
                            raced.add(own.get(i));
                            if (i % 2 == 0) {
                                raced.remove(own.get(i));
                            }
                        }
                    },
                    () -> {
                        assertThat(raced.untracked()).isZero();
                        assertThat(raced.count()).isEqualTo(4 * 25);
                        spans.forEach(own -> own.forEach(raced::remove));
                        assertThat(raced.count()).isZero();
                    });
        });
    }
}
