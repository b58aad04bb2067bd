// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import io.spanflux.test.LogCapture;
import io.spanflux.test.Race;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Handlers that come and go while spans run, and those that see traces. */
@Timeout(60)
class HandlersTest {
    private final List<String> seen = new ArrayList<>();
    private final FakeClock clock = new FakeClock();
    private final LogCapture logs = LogCapture.start();

    /** Says what it sees, under its name. */
    private class Telling implements TraceHandler {
        private final String name;

        Telling(String name) {
            this.name = name;
        }

        @Override
        public void onTraceStart(Span root) {
            seen.add(name + " trace+ " + root.name());
        }

        @Override
        public void onStart(Span span) {
            seen.add(name + " + " + span.name());
        }

        @Override
        public void onEnd(Span span) {
            seen.add(name + " - " + span.name());
        }

        @Override
        public void onTraceEnd(Span root) {
            seen.add(name + " trace- " + root.name() + (root.hasEnded() ? "" : " too early"));
        }
    }

    private final Telling a = new Telling("a");
    private final Telling b = new Telling("b");

    // ---- live changes --------------------------------------------------------------------------------------------

    @Test
    void addHandler_seesSpansThatStartLater_untilItIsRemoved() {
        Tracer tracer = Tracer.builder().build();
        Span before = tracer.span("before").start();
        tracer.addHandler(a);
        Span during = tracer.span("during").start();
        before.end();
        assertThat(tracer.removeHandler(a)).isTrue();
        assertThat(tracer.removeHandler(a)).isFalse();
        tracer.span("after").start().end();
        during.end();

        assertThat(seen).containsExactly("a trace+ during", "a + during", "a - during", "a trace- during");
        assertThat(tracer.handlers()).isEmpty();
    }

    @Test
    void replaceHandlers_whoSawASpanStart_seesItEnd() {
        Tracer tracer = Tracer.builder().handler(a).build();
        Span before = tracer.span("before").start();

        assertThat(tracer.replaceHandlers(List.of(b))).containsExactly(a);
        Span after = tracer.span("after").start();
        before.end();
        after.end();

        assertThat(tracer.handlers()).containsExactly(b);
        assertThat(seen)
                .containsExactly(
                        "a trace+ before",
                        "a + before",
                        "b trace+ after",
                        "b + after",
                        "a - before",
                        "a trace- before",
                        "b - after",
                        "b trace- after");
    }

    @Test
    void replaceHandlers_whileATraceRuns_itsSpansAreSeenByTheNewAndItsEndByTheOld() {
        Tracer tracer = Tracer.builder().handler(a).build();
        Span root = tracer.span("root").start();
        tracer.replaceHandlers(List.of(b));
        tracer.span("child").parent(root).start().end();
        root.end();

        assertThat(seen)
                .containsExactly("a trace+ root", "a + root", "b + child", "b - child", "a - root", "a trace- root");
    }

    @Test
    void replaceHandlers_leavesThoseAloneThatNoLiveChangeConcerns() {
        Tracer tracer = Tracer.builder()
                .handler(a)
                .lastHandler(new Telling("last"))
                .firstHandler(new Telling("first"))
                .build();
        tracer.replaceHandlers(List.of());
        tracer.addHandler(b);
        tracer.span("s").start().end();

        assertThat(seen).filteredOn(line -> line.contains(" - ")).containsExactly("first - s", "b - s", "last - s");
        assertThat(tracer.handlers()).containsExactly(b);
    }

    @Test
    void replaceHandlers_asksAnewWhoSeesSampledOutSpans() {
        Tracer tracer = Tracer.builder().sampler(Sampler.alwaysOff()).build();
        AtomicInteger ends = new AtomicInteger();
        assertThat(tracer.span("unseen").start().isRecording()).isFalse();
        tracer.addHandler(new SpanHandler() {
            @Override
            public boolean seesSampledOut() {
                return true;
            }

            @Override
            public void onEnd(Span span) {
                ends.incrementAndGet();
            }
        });
        tracer.span("seen").start().end();
        tracer.replaceHandlers(List.of());

        assertThat(tracer.span("unseen").start().isRecording()).isFalse();
        assertThat(ends).hasValue(1);
    }

    @Test
    void handlers_missing_areRefusedByName() {
        Tracer tracer = Tracer.builder().build();
        List<SpanHandler> withNull = new ArrayList<>();
        withNull.add(null);

        assertThatThrownBy(() -> tracer.addHandler(null)).hasMessage("handler == null");
        assertThatThrownBy(() -> tracer.removeHandler(null)).hasMessage("handler == null");
        assertThatThrownBy(() -> tracer.replaceHandlers(null)).hasMessage("handlers == null");
        assertThatThrownBy(() -> tracer.replaceHandlers(withNull)).hasMessage("handler == null");
        assertThatThrownBy(() -> Tracer.builder().firstHandler(null)).hasMessage("handler == null");
        assertThatThrownBy(() -> Tracer.builder().lastHandler(null)).hasMessage("handler == null");
    }

    /** Counts what comes in pairs; two of these are always in the list together. */
    private static final class Pairing implements TraceHandler {
        final Map<Span, String> open = new ConcurrentHashMap<>();
        final AtomicInteger spans = new AtomicInteger();
        final AtomicInteger traces = new AtomicInteger();
        final AtomicReference<String> wrong = new AtomicReference<>();

        @Override
        public void onTraceStart(Span root) {
            if (open.put(root, "trace") != null) {
                wrong.set("a trace began twice");
            }
        }

        @Override
        public void onStart(Span span) {
            open.merge(span, "span", String::concat);
            spans.incrementAndGet();
        }

        @Override
        public void onEnd(Span span) {
            if (open.get(span) == null) {
                wrong.set("an end without a start: " + span.name());
            }
            open.computeIfPresent(span, (key, state) -> state.equals("tracespan") ? "trace" : null);
        }

        @Override
        public void onTraceEnd(Span root) {
            if (!open.remove(root, "trace")) {
                wrong.set("the end of a trace that did not begin, or whose root is open");
            }
            traces.incrementAndGet();
        }
    }

    @Test
    void replaceHandlers_againstSpans_eachIsSeenByOneListFromStartToEnd() {
        Pairing one = new Pairing();
        Pairing oneToo = new Pairing();
        Pairing two = new Pairing();
        Pairing twoToo = new Pairing();
        List<List<Pairing>> lists = List.of(List.of(one, oneToo), List.of(two, twoToo));
        Tracer tracer = Tracer.builder().handler(one).handler(oneToo).build();
        int rounds = 2_000;

        Race.of(4)
                .run(
                        rounds,
                        round -> Race.round(
                                thread -> {
                                    if (thread == 0) {
                                        tracer.replaceHandlers(lists.get(round % 2));
                                        return;
                                    }
                                    Span root = tracer.span("root").start();
                                    Span child =
                                            tracer.span("child").parent(root).start();
                                    root.end();
                                    child.end();
                                },
                                () -> {
                                    assertThat(one.spans.get() + two.spans.get())
                                            .isEqualTo(6 * (round + 1));
                                    assertThat(one.traces.get() + two.traces.get())
                                            .isEqualTo(3 * (round + 1));
                                    for (Pairing each : List.of(one, oneToo, two, twoToo)) {
                                        assertThat(each.wrong).hasValue(null);
                                        assertThat(each.open).isEmpty();
                                    }
                                    assertThat(oneToo.spans).hasValue(one.spans.get());
                                    assertThat(twoToo.spans).hasValue(two.spans.get());
                                }));
        assertThat(one.spans).as("the races were none").hasValueBetween(1, 6 * rounds - 1);
    }

    @Test
    void addAndRemove_againstEachOther_loseNobody() {
        Tracer tracer = Tracer.builder().build();
        List<SpanHandler> each = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            each.add(new SpanHandler() {});
        }
        Race.of(4)
                .run(
                        2_000,
                        round -> Race.round(
                                thread -> {
                                    if (round % 2 == 0) {
                                        tracer.addHandler(each.get(thread));
                                    } else {
                                        tracer.removeHandler(each.get(thread));
                                    }
                                },
                                () -> assertThat(tracer.handlers()).hasSize(round % 2 == 0 ? 4 : 0)));
    }

    // ---- traces --------------------------------------------------------------------------------------------------

    @Test
    void onTraceEnd_comesWithTheLastSpan_onceTheLocalRootHasEnded() {
        Tracer tracer = Tracer.builder().handler(a).build();
        Span root = tracer.span("root").start();
        Span first = tracer.span("first").parent(root).start();
        first.end();
        Span second = tracer.span("second").parent(root).start();
        root.end();
        Span third = tracer.span("third").parent(second).start();
        second.end();
        assertThat(seen).noneMatch(line -> line.contains("trace-"));
        third.end();
        assertThat(seen).last().isEqualTo("a trace- root");

        tracer.span("late").parent(root).start().end();
        assertThat(seen).filteredOn(line -> line.contains("trace")).containsExactly("a trace+ root", "a trace- root");
        assertThat(seen).last().isEqualTo("a - late");
    }

    @Test
    void traces_beginWhereTheParentIsElsewhere_orSaysSo() {
        Tracer tracer = Tracer.builder().handler(a).build();
        SpanContext caller = SpanContext.remote(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", SpanContext.SAMPLED, TraceState.empty());
        Span remote = tracer.span("remote").parent(caller).start();
        Scope inner = Scope.named("x").trace(TraceInfo.named("own")).enteredIn(remote.scope());
        Span outer = tracer.span("outer")
                .scope(Scope.named("o").trace(TraceInfo.named("o")).enteredIn(Scope.none()))
                .start();
        Span own = tracer.span("own").parent(outer).scope(inner).start();
        own.end();
        outer.end();
        remote.end();

        assertThat(seen)
                .filteredOn(line -> line.contains("trace"))
                .containsExactly(
                        "a trace+ remote",
                        "a trace+ outer",
                        "a trace+ own",
                        "a trace- own",
                        "a trace- outer",
                        "a trace- remote");
    }

    @Test
    void traces_thatAreNotSampled_areNotShown() {
        Tracer recorded = Tracer.builder()
                .sampler(request -> SamplingResult.record())
                .handler(a)
                .build();
        recorded.span("recorded").start().end();
        Tracer dropped =
                Tracer.builder().sampler(Sampler.alwaysOff()).handler(a).build();
        dropped.span("dropped").start().end();

        assertThat(seen).containsExactly("a + recorded", "a - recorded");
    }

    @Test
    void onTraceEnd_countsSpansThatAreRecordedButNotSampled() {
        Tracer tracer = Tracer.builder()
                .sampler(request -> request.name().equals("root") ? SamplingResult.sample() : SamplingResult.record())
                .handler(a)
                .build();
        Span root = tracer.span("root").start();
        Span child = tracer.span("child").parent(root).start();
        root.end();
        assertThat(seen).last().isEqualTo("a - root");
        child.end();
        assertThat(seen).last().isEqualTo("a trace- root");
    }

    @Test
    void onTraceEnd_comesForASpanThatExpires() {
        Tracer tracer = Tracer.builder().clock(clock).handler(a).build();
        tracer.span("root").start();
        clock.advance(Duration.ofHours(2));
        tracer.expireSpans();

        assertThat(seen).last().isEqualTo("a trace- root");
    }

    @Test
    void onTraceStart_mayAddToTheRoot_andWhatFailsIsCounted() {
        TraceHandler failing = new TraceHandler() {
            @Override
            public void onTraceStart(Span root) {
                root.attribute("workflow", "w");
                throw new IllegalStateException("start");
            }

            @Override
            public void onTraceEnd(Span root) {
                throw new IllegalStateException("end");
            }
        };
        Tracer tracer = Tracer.builder().handler(failing).handler(a).build();
        Span root = tracer.span("root").start();
        root.end();

        assertThat(root.ownAttribute("workflow")).isEqualTo("w");
        assertThat(seen).containsExactly("a trace+ root", "a + root", "a - root", "a trace- root");
        assertThat(tracer.callbackFailures()).isEqualTo(2);
        assertThat(logs.warnings()).singleElement().asString().contains("TraceHandler failed");
    }

    @Test
    void onTraceEnd_isToldOnce_whoeverEndsLast() {
        Pairing pairing = new Pairing();
        Tracer tracer = Tracer.builder().handler(pairing).build();
        Race.of(4).run(2_000, round -> {
            Span root = tracer.span("root").start();
            Span child = tracer.span("child").parent(root).start();
            return Race.round(
                    thread -> {
                        if (thread == 0) {
                            root.end();
                        } else if (thread == 1) {
                            child.end();
                        } else {
                            tracer.span("more").parent(child).start().end();
                        }
                    },
                    () -> {
                        assertThat(pairing.traces).hasValue(round + 1);
                        assertThat(pairing.wrong).hasValue(null);
                        assertThat(pairing.open).isEmpty();
                    });
        });
    }

    // ---- flush and shutdown --------------------------------------------------------------------------------------

    private static final class Flushing implements SpanHandler {
        private final Mono<Void> answer;
        final AtomicInteger flushes = new AtomicInteger();
        final AtomicInteger shutdowns = new AtomicInteger();

        Flushing(Mono<Void> answer) {
            this.answer = answer;
        }

        @Override
        public Mono<Void> onFlush() {
            return answer.doOnSubscribe(subscription -> flushes.incrementAndGet());
        }

        @Override
        public Mono<Void> onShutdown() {
            return answer.doOnSubscribe(subscription -> shutdowns.incrementAndGet());
        }
    }

    @Test
    void flushHandlers_waitsForAllOfThem_andCountsThoseThatFail() {
        Flushing quick = new Flushing(Mono.empty());
        Flushing failing = new Flushing(Mono.error(new IllegalStateException("full")));
        Flushing last = new Flushing(Mono.empty());
        SpanHandler throwing = new SpanHandler() {
            @Override
            public Mono<Void> onFlush() {
                throw new NoClassDefFoundError("gone");
            }
        };
        Tracer tracer = Tracer.builder()
                .handler(throwing)
                .handler(quick)
                .handler(failing)
                .handler(last)
                .build();

        StepVerifier.create(tracer.flushHandlers()).verifyComplete();
        StepVerifier.create(tracer.shutdownHandlers()).verifyComplete();

        for (Flushing each : List.of(quick, failing, last)) {
            assertThat(each.flushes).hasValue(1);
            assertThat(each.shutdowns).hasValue(1);
        }
        assertThat(tracer.callbackFailures()).isEqualTo(3);
    }

    @Test
    void flushHandlers_concernsThoseThatAreThereWhenItIsSubscribedTo() {
        Flushing before = new Flushing(Mono.empty());
        Flushing after = new Flushing(Mono.never());
        Tracer tracer = Tracer.builder().handler(before).build();
        Mono<Void> flush = tracer.flushHandlers();
        tracer.replaceHandlers(List.of(after));

        StepVerifier.create(flush)
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(20))
                .thenCancel()
                .verify();
        assertThat(before.flushes).hasValue(0);
        assertThat(after.flushes).hasValue(1);
    }
}
