// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import io.spanflux.test.LogCapture;
import io.spanflux.test.Race;
import io.spanflux.testing.InMemorySpanExporter;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

/** Spans that are open when their trace ends. */
@Timeout(60)
class UnfinishedSpansTest {
    private final FakeClock clock = new FakeClock();
    private final InMemorySpanExporter ended = InMemorySpanExporter.create();
    private final LogCapture logs = LogCapture.start();
    private final Tracer tracer =
            Tracer.builder().clock(clock).endUnfinished(true).handler(ended).build();

    @Test
    void endUnfinished_endsWhatIsOpen_marked_andBeforeTheRoot() {
        Span root = tracer.span("root").start();
        Span finished = tracer.span("finished").parent(root).start();
        Span open = tracer.span("open").parent(root).start().attribute("kept", 1);
        Span below = tracer.span("below").parent(open).start();
        Span other = tracer.span("other").start();
        finished.end();
        clock.advance(Duration.ofMillis(5));
        root.end();

        assertThat(ended.spans()).containsExactlyInAnyOrder(finished, open, below, root);
        assertThat(ended.spans()).last().isSameAs(root);
        assertThat(open.attributes().asMap()).containsExactly(entry("kept", 1L), entry("spanflux.unfinished", true));
        assertThat(below.ownAttribute("spanflux.unfinished")).isNull();
        assertThat(below.attributes().contains("spanflux.unfinished")).isTrue();
        assertThat(open.status()).isEqualTo(SpanStatus.UNSET);
        assertThat(open.endEpochNanos()).isEqualTo(root.endEpochNanos());
        assertThat(finished.attributes().isEmpty()).isTrue();
        assertThat(root.attributes().isEmpty()).isTrue();
        assertThat(other.hasEnded()).isFalse();
        assertThat(tracer.unfinishedSpans()).isEqualTo(2);
        assertThat(tracer.liveSpans()).isEqualTo(1);
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .startsWith("Ended 2 span(s) that were open when their trace ended");

        open.attribute("late", 1).end();
        assertThat(open.attributes().contains("late")).isFalse();
        assertThat(ended.spans()).hasSize(4);
    }

    @Test
    void endUnfinished_aRootThatEndedInThePast_endsNothingBeforeItsStart() {
        Span root = tracer.span("root").start();
        clock.advance(Duration.ofSeconds(1));
        Span open = tracer.span("open").parent(root).start();
        root.end(Instant.ofEpochSecond(0, root.startEpochNanos() + 10));

        assertThat(open.endEpochNanos()).isEqualTo(open.startEpochNanos());
    }

    @Test
    void endUnfinished_aSpanThatStartsLater_isLeftAlone() {
        Span root = tracer.span("root").start();
        root.end();
        Span late = tracer.span("late").parent(root).start();
        assertThat(late.hasEnded()).isFalse();
        late.end();
        assertThat(late.attributes().isEmpty()).isTrue();
        assertThat(tracer.unfinishedSpans()).isZero();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void byDefault_aSpanMayOutliveItsTrace() {
        Tracer patient = Tracer.builder().handler(ended).build();
        Span root = patient.span("root").start();
        Span open = patient.span("open").parent(root).start();
        root.end();

        assertThat(open.hasEnded()).isFalse();
        assertThat(patient.unfinishedSpans()).isZero();
    }

    @Test
    void endUnfinished_endsTheTraceForThoseWhoWatchIt() {
        AtomicInteger over = new AtomicInteger();
        tracer.addHandler(new TraceHandler() {
            @Override
            public void onTraceEnd(Span root) {
                assertThat(ended.spans()).hasSize(2);
                over.incrementAndGet();
            }
        });
        Span root = tracer.span("root").start();
        tracer.span("open").parent(root).start();
        root.end();

        assertThat(over).hasValue(1);
        assertThat(tracer.callbackFailures()).isZero();
    }

    @Test
    void endUnfinished_againstEndsAndStarts_endsEachSpanOnce() {
        AtomicInteger ends = new AtomicInteger();
        AtomicInteger over = new AtomicInteger();
        Tracer raced = Tracer.builder()
                .endUnfinished(true)
                .handler(new TraceHandler() {
                    @Override
                    public void onEnd(Span span) {
                        ends.incrementAndGet();
                    }

                    @Override
                    public void onTraceEnd(Span root) {
                        over.incrementAndGet();
                    }
                })
                .build();
        Race.of(4).run(1_500, round -> {
            Span root = raced.span("root").start();
            Span one = raced.span("one").parent(root).start();
            Span two = raced.span("two").parent(one).start();
            return Race.round(
                    thread -> {
                        switch (thread) {
                            case 0 -> root.end();
                            case 1 -> one.end();
                            case 2 -> two.attribute("key", 1);
                            default -> raced.span("three").parent(two).start().end();
                        }
                    },
                    () -> {
                        assertThat(ends).hasValue(4 * (round + 1));
                        assertThat(over).hasValue(round + 1);
                        assertThat(two.attributes().get("spanflux.unfinished")).isEqualTo(true);
                        assertThat(raced.liveSpans()).isZero();
                    });
        });
    }
}
