// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import io.spanflux.test.Race;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/** What a span promises to threads that do not know of each other. */
@Timeout(60)
class SpanRaceTest {
    private static final int ROUNDS = 4_000;

    private final FakeClock clock = new FakeClock();
    private final AtomicInteger ends = new AtomicInteger();
    private final AtomicReference<String> atEnd = new AtomicReference<>();

    private final SpanHandler handler = new SpanHandler() {
        @Override
        public void onEnd(Span span) {
            ends.incrementAndGet();
            atEnd.set(describe(span));
        }
    };

    private static String describe(Span span) {
        return span.name()
                + span.attributes().asMap()
                + span.events()
                + span.links()
                + span.status()
                + span.statusDescription()
                + span.endEpochNanos()
                + ' '
                + span.estimatedBytes();
    }

    private Tracer tracer(SpanLimits limits) {
        return Tracer.builder().clock(clock).limits(limits).handler(handler).build();
    }

    @Test
    void end_byFourThreads_endsOnceAndAtOneOfTheirTimes() {
        Tracer tracer = tracer(SpanLimits.defaults());
        FakeData data = FakeData.silent();

        Race.of(4).run(ROUNDS, round -> {
            Span span = tracer.span(data).start();
            return Race.round(
                    thread -> {
                        if (thread == 0) {
                            span.end();
                        } else {
                            span.end(Instant.ofEpochSecond(thread));
                        }
                    },
                    () -> {
                        assertThat(ends.get()).as("calls of onEnd").isEqualTo(round + 1);
                        assertThat(data.ends).as("calls of SpanData.end").isEqualTo(round + 1);
                        assertThat(span.endEpochNanos())
                                .isIn(clock.epochNanos(), 1_000_000_000L, 2_000_000_000L, 3_000_000_000L);
                    });
        });

        assertThat(tracer.liveSpans()).isZero();
    }

    @Test
    void write_againstEnd_isKeptOrCountedAndNeverSeenAfterwards() {
        Tracer tracer = tracer(SpanLimits.defaults());
        AtomicInteger kept = new AtomicInteger();
        AtomicInteger early = new AtomicInteger();

        Race.of(4).run(ROUNDS, round -> {
            Span span = tracer.span("raced").start();
            long lateBefore = tracer.callsAfterEnd();
            return Race.round(
                    thread -> {
                        if (thread == 0) {
                            span.end();
                        } else {
                            span.attribute("a" + thread, round)
                                    .event("e" + thread)
                                    .status(SpanStatus.ERROR, "s" + thread)
                                    .rename("n" + thread)
                                    .attribute("b" + thread, round);
                        }
                    },
                    () -> {
                        assertThat(describe(span)).as("since onEnd").isEqualTo(atEnd.get());
                        int written = span.attributes().size() + span.events().size();
                        long late = tracer.callsAfterEnd() - lateBefore;
                        // Status and name leave one trace at most, so that only bounds can be told of them.
                        assertThat(written + late).isBetween(9L, 15L);
                        kept.addAndGet(written);
                        early.addAndGet(late > 0 && written > 0 ? 1 : 0);
                    });
        });

        assertThat(kept.get()).as("writes that won, or nothing raced").isPositive();
        assertThat(early.get())
                .as("rounds in which the end came between writes")
                .isPositive();
    }

    @Test
    void attribute_byFourThreads_losesNothing() {
        Tracer tracer = tracer(SpanLimits.defaults());

        Race.of(4).run(1_000, round -> {
            Span span = tracer.span("raced").start();
            return Race.round(
                    thread -> {
                        for (int i = 0; i < 20; i++) {
                            span.attribute("key-" + thread + '-' + i, i);
                        }
                    },
                    () -> {
                        span.end();
                        Attributes attributes = span.attributes();
                        assertThat(attributes.size()).isEqualTo(80);
                        for (int thread = 0; thread < 4; thread++) {
                            for (int i = 0; i < 20; i++) {
                                assertThat(attributes.get("key-" + thread + '-' + i))
                                        .isEqualTo((long) i);
                            }
                        }
                    });
        });
    }

    @Test
    void write_whileTheStackIsShortened_losesNothingWithinTheLimitsAndCountsTheRest() {
        // 8 + 8 + 8 entries that can be kept, so that every 40 calls or so somebody shortens.
        SpanLimits limits = SpanLimits.builder()
                .attributeCount(8)
                .eventCount(8)
                .linkCount(8)
                .attributeValueLength(4)
                .build();
        Tracer tracer = tracer(limits);

        Race.of(4).run(500, round -> {
            Span span = tracer.span("raced").start();
            for (int thread = 0; thread < 4; thread++) {
                span.attribute("a" + thread, -1).attribute("b" + thread, -1);
            }
            return Race.round(
                    thread -> {
                        for (int i = 0; i < 100; i++) {
                            span.attribute("a" + thread, i).attribute("b" + thread, i + "longer");
                            if (i % 10 == 0) {
                                span.attribute("over" + thread + i, i)
                                        .attribute("nan", Double.NaN)
                                        .event("e" + thread)
                                        .link(span.context());
                            }
                        }
                    },
                    () -> {
                        span.end();
                        Map<String, Object> attributes = span.attributes().asMap();
                        for (int thread = 0; thread < 4; thread++) {
                            assertThat(attributes.get("a" + thread)).isEqualTo(99L);
                            assertThat(attributes.get("b" + thread)).isEqualTo("99lo");
                        }
                        assertThat(attributes.get("spanflux.truncated_values")).isEqualTo(400L);
                        assertThat(attributes.get("spanflux.invalid_values")).isEqualTo(40L);
                        assertThat(SpanTest.droppedAttributes(span)).isEqualTo(80);
                        assertThat(span.events()).hasSize(8);
                        assertThat(span.droppedEvents()).isEqualTo(32);
                        assertThat(span.links()).hasSize(8);
                        assertThat(span.droppedLinks()).isEqualTo(32);
                    });
        });
    }

    @Test
    void write_whileTextsAreCut_staysWithinTheBytes() {
        SpanLimits limits = SpanLimits.builder().bytes(16 * 1024).build();
        Tracer tracer = tracer(limits);
        String text = "x".repeat(3_000);

        Race.of(4).run(500, round -> {
            Span span = tracer.span("raced").start();
            return Race.round(
                    thread -> {
                        for (int i = 0; i < 10; i++) {
                            span.attribute("key" + thread, text);
                        }
                    },
                    () -> {
                        span.end();
                        assertThat(span.estimatedBytes()).isLessThanOrEqualTo(16 * 1024);
                        assertThat(span.attributes().asMap().keySet())
                                .contains("key0", "key1", "key2", "key3", "spanflux.truncated_values");
                    });
        });
    }

    @Test
    void read_whileOthersWrite_seesWhatWasWrittenBefore() {
        Tracer tracer = tracer(SpanLimits.builder().attributeCount(4).build());

        Race.of(3).run(1_000, round -> {
            Span span = tracer.span("raced").start().attribute("before", round);
            return Race.round(
                    thread -> {
                        if (thread > 0) {
                            span.attribute("key" + thread, 1).event("event").rename("renamed");
                            return;
                        }
                        for (int i = 0; i < 10; i++) {
                            assertThat(span.attributes().get("before")).isEqualTo((long) round);
                            assertThat(span.events()).hasSizeLessThanOrEqualTo(2);
                            assertThat(span.name()).isIn("raced", "renamed");
                            assertThat(span.toString()).contains("ended=false");
                        }
                    },
                    () -> assertThat(List.copyOf(span.attributes().asMap().keySet()))
                            .containsExactlyInAnyOrder("before", "key1", "key2"));
        });
    }

    @Test
    void expireSpans_againstEnd_endsEachSpanOnceAndCountsOnlyItsOwn() {
        Tracer tracer = Tracer.builder()
                .clock(clock)
                .handler(handler)
                .maxLifetime(Duration.ofMinutes(1))
                .build();
        AtomicInteger endedByExpiry = new AtomicInteger();

        Race.of(2).run(ROUNDS, round -> {
            Span span = tracer.span("raced").start();
            clock.advance(Duration.ofMinutes(2));
            return Race.round(
                    thread -> {
                        if (thread == 0) {
                            span.end(Instant.ofEpochSecond(7));
                        } else {
                            tracer.expireSpans();
                        }
                    },
                    () -> {
                        assertThat(ends.get()).isEqualTo(round + 1);
                        assertThat(tracer.liveSpans()).isZero();
                        assertThat(describe(span)).isEqualTo(atEnd.get());
                        endedByExpiry.addAndGet(span.endEpochNanos() == 7_000_000_000L ? 0 : 1);
                    });
        });

        assertThat(tracer.expiredSpans()).isEqualTo(endedByExpiry.get());
    }

    @Test
    void expireSpans_againstTheStartOfAnOldSpan_leavesNothingBehind() {
        Tracer tracer =
                Tracer.builder().clock(clock).maxLifetime(Duration.ofMinutes(1)).build();

        Race.of(2)
                .run(
                        ROUNDS,
                        round -> Race.round(
                                thread -> {
                                    if (thread == 0) {
                                        tracer.span("old")
                                                .startTime(Instant.ofEpochSecond(7))
                                                .start();
                                    } else {
                                        tracer.expireSpans();
                                    }
                                },
                                () -> {
                                    tracer.expireSpans();
                                    assertThat(tracer.liveSpans()).isZero();
                                    assertThat(tracer.expiredSpans()).isEqualTo(round + 1);
                                }));
    }
}
