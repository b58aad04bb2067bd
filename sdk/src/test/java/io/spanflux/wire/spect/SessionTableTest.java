// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.trace.Clock;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.SamplingResult;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.TraceState;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(30)
class SessionTableTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final Map<SpectCut, LongAdder> cuts = SessionTable.noCuts();
    private final ConcurrentLinkedQueue<Span> pipeline = new ConcurrentLinkedQueue<>();
    private SessionTable table = table(10, 1 << 20, 1 << 19);
    private final Tracer tracer = tracer(Sampler.alwaysOn());

    private SessionTable table(int sessions, long bytes, long sessionBytes) {
        return new SessionTable(
                new SessionBounds(sessions, bytes, sessionBytes, Duration.ofMinutes(1)), time, cuts, pipeline::add);
    }

    private Tracer tracer(Sampler sampler) {
        return Tracer.builder()
                .clock(Clock.of(time))
                .sampler(sampler)
                .handler(new SpanHandler() {
                    @Override
                    public void onEnd(Span span) {
                        if (span.isSampled()) {
                            table.accept(span);
                        }
                    }
                })
                .build();
    }

    private Span root(String name) {
        return tracer.span(name).start();
    }

    private Span child(String name, Span parent) {
        return tracer.span(name).parent(parent).start();
    }

    /** The records so far, as {@code names cut part}. */
    private List<String> records() {
        return pipeline.stream()
                .map(span -> (SessionRecord) span.data())
                .map(record ->
                        record.spans().stream().map(Span::name).toList() + " " + record.cut() + " " + record.part())
                .toList();
    }

    private long count(SpectCut cut) {
        return cuts.get(cut).sum();
    }

    @Test
    void accept_passesASessionOn_whenNoSpanOfItIsOpen() {
        Span root = root("root");
        Span late = child("late", root);
        child("child", root).end();
        root.end();
        assertThat(records()).isEmpty();
        assertThat(table.accepted()).isEqualTo(1);

        late.end();

        assertThat(records()).containsExactly("[child, root, late] null 1");
        assertThat(table.accepted()).isEqualTo(1);
    }

    @Test
    void accept_keepsInterleavedSessionsApart() {
        Span a = root("a");
        Span b = root("b");
        Span a1 = child("a1", a);
        Span b1 = child("b1", b);
        b1.end();
        a1.end();
        a.end();
        b.end();

        assertThat(records()).containsExactly("[a1, a] null 1", "[b1, b] null 1");
    }

    @Test
    void accept_keepsTwoCallsOfThisProcessInOneTraceApart() {
        SpanContext remote = SpanContext.remote("0".repeat(31) + "1", "0".repeat(15) + "2", 1, TraceState.empty());
        Span a = tracer.span("a").parent(remote).start();
        Span b = tracer.span("b").parent(remote).start();
        a.end();
        b.end();

        assertThat(records()).containsExactly("[a] null 1", "[b] null 1");
        assertThat(pipeline.stream()
                        .map(span -> new Session((SessionRecord) span.data()).id())
                        .distinct())
                .hasSize(2);
    }

    @Test
    void aSpanThatNeverEnds_isWaitedForFiveSecondsAfterTheRoot() {
        Span root = root("root");
        Span open = child("open", root);
        root.end();
        time.advanceTimeBy(Duration.ofSeconds(4));
        assertThat(records()).isEmpty();

        time.advanceTimeBy(Duration.ofSeconds(2));

        assertThat(records()).containsExactly("[root] TIME 1");
        assertThat(count(SpectCut.TIME)).isEqualTo(1);
        open.end();
        assertThat(records()).containsExactly("[root] TIME 1", "[open] null 2");
    }

    @Test
    void aRootThatNeverEnds_isHeldAsLongAsTheBoundSays() {
        child("child", root("root")).end();
        time.advanceTimeBy(Duration.ofSeconds(59));
        assertThat(records()).isEmpty();

        time.advanceTimeBy(Duration.ofSeconds(2));

        assertThat(records()).containsExactly("[child] TIME 1");
    }

    @Test
    void aChildWhoseRootIsNotSampled_isHeldAsLongAsTheBoundSays() {
        Tracer childrenOnly =
                tracer(request -> request.parent() == null ? SamplingResult.drop() : SamplingResult.sample());
        Span root = childrenOnly.span("root").start();
        childrenOnly.span("child").parent(root).start().end();
        root.end();
        assertThat(records()).isEmpty();

        time.advanceTimeBy(Duration.ofSeconds(61));

        assertThat(records()).containsExactly("[child] TIME 1");
    }

    @Test
    void flush_passesAllOn_andTheRestFollowsAsAnotherPart() {
        Span a = root("a");
        Span b = root("b");
        child("a1", a).end();
        child("b1", b).end();

        table.flush().subscribe();

        assertThat(records()).containsExactly("[a1] FLUSH 1", "[b1] FLUSH 1");
        child("a2", a).end();
        a.end();
        b.end();
        assertThat(records()).containsExactly("[a1] FLUSH 1", "[b1] FLUSH 1", "[a2, a] null 2", "[b] null 2");
        assertThat(count(SpectCut.FLUSH)).isEqualTo(2);
        assertThat(table.accepted()).isEqualTo(4);
    }

    @Test
    void moreSessionsThanTheBound_letTheOldestLeave() {
        table = table(2, 1 << 20, 1 << 19);
        List<Span> roots = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            Span root = root(name);
            roots.add(root);
            child(name + 1, root).end();
        }

        assertThat(records()).containsExactly("[a1] SESSIONS_FULL 1");
        assertThat(count(SpectCut.SESSIONS_FULL)).isEqualTo(1);
    }

    @Test
    void moreBytesThanTheBound_letTheOldestLeave_andASessionLeaveByItsOwn() {
        table = table(10, 10_000, 8_000);
        Span a = root("a");
        Span b = root("b");
        child("a1", a).attribute("text", "x".repeat(3_000)).end();
        child("b1", b).attribute("text", "x".repeat(3_000)).end();
        assertThat(records()).containsExactly("[a1] BYTES_FULL 1");

        child("b2", b).attribute("text", "x".repeat(3_000)).end();

        assertThat(records()).containsExactly("[a1] BYTES_FULL 1", "[b1, b2] SESSION_FULL 1");
        a.end();
        b.end();
        assertThat(records()).hasSize(4).endsWith("[a] null 2", "[b] null 2");
    }

    @Test
    void aSession_leavesWithTenThousandSpans() {
        table = table(10, 1L << 40, 1L << 40);
        Span root = root("root");
        IntStream.range(0, 10_001).forEach(i -> child("c", root).end());
        root.end();

        assertThat(pipeline.stream()
                        .map(span -> ((SessionRecord) span.data()).spans().size()))
                .containsExactly(10_000, 2);
        assertThat(count(SpectCut.SESSION_FULL)).isEqualTo(1);
    }

    @Test
    void close_holdsNothingMore() {
        Span root = root("root");
        child("child", root).end();
        table.close();
        table.flush().subscribe();

        root.end();

        assertThat(records()).containsExactly("[child] FLUSH 1", "[root] CLOSED 1");
        assertThat(table.accepted()).isEqualTo(2);
    }

    @Test
    void accept_ofManyThreads_losesNothing() throws Exception {
        int threads = 4;
        int sessions = 2_000;
        CyclicBarrier start = new CyclicBarrier(threads);
        List<Thread> all = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            Thread thread = new Thread(() -> {
                try {
                    start.await();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                for (int i = 0; i < sessions; i++) {
                    Span root = root("root");
                    child("child", root).end();
                    root.end();
                }
            });
            thread.start();
            all.add(thread);
        }
        for (Thread thread : all) {
            thread.join();
        }

        assertThat(records()).hasSize(threads * sessions).allMatch("[child, root] null 1"::equals);
        assertThat(table.accepted()).isEqualTo(threads * sessions);
    }
}
