// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.genai.Agent;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Usage;
import io.spanflux.sampling.TailCounts.Moment;
import io.spanflux.sampling.TailCounts.Reason;
import io.spanflux.test.FakeClock;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.SamplingRequest;
import io.spanflux.trace.SamplingResult;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceState;
import io.spanflux.trace.Tracer;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The tail stage on one thread, in virtual time: what it keeps and when. */
class TailSamplerTest {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final SpanContext CALLER = SpanContext.remote(
            "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", SpanContext.SAMPLED, TraceState.empty());

    private VirtualTimeScheduler time;
    private final FakeClock clock = new FakeClock();
    private final List<Span> passed = new ArrayList<>();
    private int room = Integer.MAX_VALUE;
    private TailSampler tail;
    private Tracer tracer;

    @BeforeEach
    void virtualTime() {
        time = VirtualTimeScheduler.getOrSet();
    }

    @AfterEach
    void realTime() {
        VirtualTimeScheduler.reset();
    }

    private void stage(Consumer<TailSampler.Builder> options) {
        stage(Sampler.parentBased(Sampler.alwaysOn()), options);
    }

    private void stage(Sampler head, Consumer<TailSampler.Builder> options) {
        TailSampler.Builder builder =
                TailSampler.builder(new Next(), List.of(() -> room)).scheduler(time);
        options.accept(builder);
        tail = builder.build();
        tracer = Tracer.builder().clock(clock).sampler(head).handler(tail).build();
    }

    /** A queue that says how much room it has, and has it. */
    private final class Next implements SpanHandler {
        @Override
        public void onEnd(Span span) {
            passed.add(span);
            room--;
        }
    }

    private record Sized(int estimatedBytes) implements SpanData {
        @Override
        public String spanName() {
            return "sized";
        }

        @Override
        public void forEachAttribute(AttributeConsumer consumer) {}
    }

    private Span root(String name) {
        return tracer.span(name).start();
    }

    private Span child(String name, Span parent) {
        return tracer.span(name).parent(parent).start();
    }

    private Span failed(Span span) {
        return span.status(SpanStatus.ERROR);
    }

    /** Lets the stage look at what has ended. */
    private void tick() {
        time.advanceTimeBy(TICK);
    }

    private List<String> names() {
        return passed.stream().map(Span::name).toList();
    }

    /** Each span is in one place, and all that is passed on is there. */
    private TailCounts balanced() {
        TailCounts counts = tail.counts();
        assertThat(counts.passedOn() + counts.sampledOut() + counts.overflowed() + counts.lost() + counts.held())
                .isEqualTo(counts.handedOver());
        assertThat(counts.passedOn()).isEqualTo(passed.size());
        return counts;
    }

    // ---- what is kept --------------------------------------------------------------------------------------------

    @Test
    void keepErrors_keepsTheWholeTraceOfAFailedSpan_andNoOther() {
        stage(options -> options.keepErrors());
        Span bad = root("bad");
        Span badTool = child("bad tool", bad);
        child("fine tool", bad).end();
        failed(badTool).end();
        bad.end();
        Span fine = root("fine");
        child("fine child", fine).end();
        fine.status(SpanStatus.OK).end();

        tick();

        assertThat(names()).containsExactly("fine tool", "bad tool", "bad");
        TailCounts counts = balanced();
        assertThat(counts.sampledOut()).isEqualTo(2);
        assertThat(counts.held()).isZero();
        assertThat(counts.traces()).containsExactlyInAnyOrderEntriesOf(Map.of(Reason.ERROR, 1L, Reason.NONE, 1L));
        assertThat(counts.decided()).containsExactlyInAnyOrderEntriesOf(Map.of(Moment.WHOLE, 2L));
    }

    @Test
    void keepSlowerThan_keepsTracesInWhichASpanTookLonger() {
        stage(options -> options.keepSlowerThan(Duration.ofSeconds(2)));
        Span justInTime = root("just in time");
        clock.advance(Duration.ofSeconds(2));
        justInTime.end();
        Span slow = root("slow");
        Span child = child("slow child", slow);
        clock.advance(Duration.ofSeconds(2).plusNanos(1));
        child.end();
        slow.end();

        tick();

        assertThat(names()).containsExactly("slow child", "slow");
        assertThat(balanced().traces(Reason.SLOW)).isEqualTo(1);
    }

    @Test
    void keepCostAbove_addsUpWhatTheSpansOfATraceCost() {
        stage(options -> options.keepCostAbove(0.5));
        Span exact = root("exact");
        child("exact child", exact).attribute("spanflux.cost.total", 0.25).end();
        exact.attribute("spanflux.cost.total", 0.25).end();
        Span dear = root("dear");
        child("dear child", dear).attribute("spanflux.cost.total", 0.25).end();
        child("dear child", dear).attribute("spanflux.cost.total", 0.26).end();
        dear.end();
        Span whole = root("whole").attribute("spanflux.cost.total", 1);
        whole.end();
        root("no number").attribute("spanflux.cost.total", "900").end();
        root("free").end();

        tick();

        assertThat(names()).containsExactly("dear child", "dear child", "dear", "whole");
        assertThat(balanced().traces(Reason.EXPENSIVE)).isEqualTo(2);
    }

    @Test
    void keepCostAbove_readsWhatTheDataOfASpanSays_andDoesNotAddAnAgentsSum() {
        stage(options -> options.keepCostAbove(0.5));
        Span agent = tracer.span(Agent.named("sum"))
                .attribute("spanflux.cost.total", 0.5)
                .start();
        tracer.span(priced(0.5)).parent(agent).start().end();
        agent.end();
        Span remote = tracer.span(Agent.named("remote"))
                .attribute("spanflux.cost.total", 0.6)
                .start();
        remote.end();
        tracer.span(priced(0.7)).start().end();

        tick();

        assertThat(names()).containsExactly("invoke_agent remote", "priced");
        balanced();
    }

    @Test
    void keepCostAbove_seesWhatAProviderReports() {
        stage(options -> options.keepCostAbove(0.5));
        tracer.span(Generation.chat("openrouter", "cheap").cost(new BigDecimal("0.4"), "USD"))
                .start()
                .end();
        tracer.span(Generation.chat("openrouter", "dear").cost(new BigDecimal("0.6"), "USD"))
                .start()
                .end();

        tick();

        assertThat(names()).containsExactly("chat dear");
    }

    private static SpanData priced(double cost) {
        return new SpanData() {
            @Override
            public String spanName() {
                return "priced";
            }

            @Override
            public void forEachAttribute(AttributeConsumer consumer) {
                throw new AssertionError("content was rendered");
            }

            @Override
            public void forEachMetadata(AttributeConsumer consumer) {
                consumer.accept("spanflux.cost.total", cost);
            }
        };
    }

    @Test
    void keepTokensAbove_addsUpInputAndOutputOfTheCalls() {
        stage(options -> options.keepTokensAbove(1_000));
        Span small = tracer.span(Agent.named("small").usage(Usage.of(600, 400))).start();
        call("small call", 600, 400, small);
        small.end();
        Span large = root("large");
        call("large call", 600, 300, large);
        call("large call", 60, 41, large);
        large.end();

        tick();

        assertThat(names()).containsExactly("large call", "large call", "large");
        assertThat(balanced().traces(Reason.EXPENSIVE)).isEqualTo(1);
    }

    private void call(String name, long input, long output, Span parent) {
        tracer.span(Generation.chat("openai", "gpt-4o").usage(Usage.of(input, output)))
                .name(name)
                .parent(parent)
                .start()
                .end();
    }

    @Test
    void keep_givesThePredicatesTheSpansOfOneTraceInOrder() {
        List<List<String>> asked = new ArrayList<>();
        stage(options -> options.keep(spans -> {
                    asked.add(spans.stream().map(Span::name).toList());
                    assertThatThrownBy(spans::clear).isInstanceOf(UnsupportedOperationException.class);
                    return "acme".equals(spans.get(0).metadata("tenant"));
                })
                .keep(spans -> spans.size() == 1));
        Span chosen = root("chosen").attribute("tenant", "acme");
        child("chosen child", chosen).attribute("tenant", "acme").end();
        chosen.end();
        root("single").end();
        Span other = root("other");
        child("other child", other).end();
        other.end();

        tick();

        assertThat(asked)
                .containsExactly(List.of("chosen child", "chosen"), List.of("single"), List.of("other child", "other"));
        assertThat(names()).containsExactly("chosen child", "chosen", "single");
        assertThat(balanced().traces(Reason.CHOSEN)).isEqualTo(2);
    }

    @Test
    void keep_aPredicateThatThrows_keepsTheTrace_andIsCounted() {
        LogCapture log = LogCapture.start();
        stage(options -> options.keep(spans -> {
            throw new IllegalStateException("broken predicate");
        }));
        root("first").end();
        root("second").end();

        tick();

        assertThat(names()).containsExactly("first", "second");
        assertThat(tail.callbackFailures()).isEqualTo(2);
        assertThat(log.warnings()).singleElement().asString().contains("predicate of a tail sampler failed");
        balanced();
    }

    @Test
    void keepRatio_keepsWhatAHeadSamplerOfThatRatioWould() {
        Sampler head = Sampler.traceIdRatio(0.3);
        stage(options -> options.keepRatio(0.3));
        List<Span> expected = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Span span = root("span");
            span.end();
            if (head.sample(new SamplingRequest(
                                    null,
                                    span.traceIdHigh(),
                                    span.traceIdLow(),
                                    "",
                                    span.kind(),
                                    Attributes.empty(),
                                    null,
                                    Scope.none()))
                            .decision()
                    == SamplingResult.Decision.SAMPLE) {
                expected.add(span);
            }
        }

        tick();

        assertThat(passed).containsExactlyElementsOf(expected).hasSizeBetween(200, 400);
        assertThat(balanced().sampledOut()).isEqualTo(1_000 - expected.size());
        assertThat(tail.counts().traces(Reason.RATIO)).isEqualTo(expected.size());
    }

    @Test
    void traces_areCountedByTheFirstReasonThatHolds() {
        stage(options -> options.keepErrors()
                .keepSlowerThan(Duration.ZERO)
                .keepCostAbove(0)
                .keep(spans -> true)
                .keepRatio(1));
        Span all = failed(root("all")).attribute("spanflux.cost.total", 1);
        clock.advance(Duration.ofSeconds(1));
        all.end();
        Span slow = root("slow").attribute("spanflux.cost.total", 1);
        clock.advance(Duration.ofSeconds(1));
        slow.end();
        root("dear").attribute("spanflux.cost.total", 1).end();
        root("chosen").end();

        tick();

        assertThat(balanced().traces())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of(Reason.ERROR, 1L, Reason.SLOW, 1L, Reason.EXPENSIVE, 1L, Reason.CHOSEN, 1L));
    }

    @Test
    void onEnd_ofASpanThatIsNotSampled_isNoneOfItsBusiness() {
        stage(request -> SamplingResult.record(), options -> options.keepRatio(1));
        root("recorded").end();

        tick();

        assertThat(balanced().handedOver()).isZero();
    }

    // ---- when it is decided --------------------------------------------------------------------------------------

    @Test
    void aTrace_isHeldUntilItsLastSpanHasEnded_evenAfterItsRoot() {
        stage(options -> options.keepErrors());
        Span root = root("root");
        Span open = child("open", root);
        root.end();
        tick();
        assertThat(passed).isEmpty();
        assertThat(balanced().held()).isEqualTo(1);

        child("grandchild", open).end();
        failed(open).end();
        tick();

        assertThat(names()).containsExactly("root", "grandchild", "open");
        assertThat(balanced().decided(Moment.WHOLE)).isEqualTo(1);
    }

    @Test
    void aTraceOfOneSpan_afterAPause_isDecidedAtOnce() {
        stage(options -> options.keepRatio(1));
        root("first").end();
        time.advanceTime();
        assertThat(names()).containsExactly("first");

        tick();
        tick();
        root("second").end();
        time.advanceTime();

        assertThat(names()).containsExactly("first", "second");
    }

    @Test
    void aTraceThatIsNeverWhole_isDecidedAfterMaxHoldTime_fromItsFirstEndedSpan() {
        stage(options -> options.keepErrors().maxHoldTime(Duration.ofSeconds(30)));
        Span root = root("never ends");
        time.advanceTimeBy(Duration.ofMinutes(10));
        failed(child("failed", root)).end();
        time.advanceTimeBy(Duration.ofSeconds(20));
        child("later", root).end();

        time.advanceTimeBy(Duration.ofMillis(9_999));
        assertThat(passed).isEmpty();
        assertThat(balanced().held()).isEqualTo(2);
        time.advanceTimeBy(Duration.ofMillis(201));

        assertThat(names()).containsExactly("failed", "later");
        assertThat(balanced().decided()).containsExactlyInAnyOrderEntriesOf(Map.of(Moment.TIME, 1L));
    }

    @Test
    void theTime_isEachTracesOwn() {
        stage(options -> options.keepErrors().maxHoldTime(Duration.ofSeconds(30)));
        failed(child("first", root("open"))).end();
        time.advanceTimeBy(Duration.ofSeconds(10));
        failed(child("second", root("open"))).end();

        time.advanceTimeBy(Duration.ofMillis(20_200));
        assertThat(names()).containsExactly("first");
        time.advanceTimeBy(Duration.ofMillis(10_000));

        assertThat(names()).containsExactly("first", "second");
    }

    @Test
    void lateSpans_followTheDecision() {
        stage(options -> options.keepErrors().maxHoldTime(Duration.ofSeconds(1)));
        Span kept = root("kept");
        failed(child("failed", kept)).end();
        Span dropped = root("dropped");
        child("fine", dropped).end();
        time.advanceTimeBy(Duration.ofSeconds(2));
        assertThat(names()).containsExactly("failed");

        kept.end();
        failed(dropped).end();
        child("later still", kept).end();
        tick();

        assertThat(names()).containsExactly("failed", "kept", "later still");
        TailCounts counts = balanced();
        assertThat(counts.lateKept()).isEqualTo(2);
        assertThat(counts.lateDropped()).isEqualTo(1);
        assertThat(counts.sampledOut()).isEqualTo(2);
        assertThat(counts.held()).isZero();
    }

    @Test
    void aForgottenDecision_isMadeAnew_andTheOneAskedForLastIsRemembered() {
        stage(options -> options.keepErrors().maxDecisions(2).maxHoldTime(Duration.ofSeconds(1)));
        Span a = openTraceWith("a");
        Span b = openTraceWith("b");
        time.advanceTimeBy(Duration.ofSeconds(2));
        assertThat(balanced().forgotten()).isZero();
        failed(child("late a", a)).end();
        tick();

        root("c").end();
        time.advanceTimeBy(Duration.ofSeconds(2));

        assertThat(balanced().forgotten()).isEqualTo(1);
        failed(child("late a", a)).end();
        failed(child("anew b", b)).end();
        time.advanceTimeBy(Duration.ofSeconds(2));
        assertThat(names()).containsExactly("anew b");
        assertThat(balanced().lateDropped()).isEqualTo(2);
    }

    /** A trace that the time decides, with one span ended. */
    private Span openTraceWith(String name) {
        Span root = root("root of " + name);
        child(name, root).end();
        return root;
    }

    @Test
    void twoCallsInOneTrace_areWholeTogether() {
        stage(options -> options.keepErrors());
        Span first = tracer.span("first call").parent(CALLER).start();
        Span second = tracer.span("second call").parent(CALLER).start();
        child("in the second", second).end();
        first.end();
        tick();
        assertThat(balanced().held()).isEqualTo(2);

        failed(second).end();
        tick();

        assertThat(names()).containsExactly("in the second", "first call", "second call");
        Span third = tracer.span("third call").parent(CALLER).start();
        third.end();
        tick();
        assertThat(names()).endsWith("third call");
        assertThat(balanced().lateKept()).isEqualTo(1);
    }

    @Test
    void belowARootThatIsNotSampled_theTimeDecides() {
        Sampler rules = RuleSampler.builder()
                .when(Rule.name("root"), Sampler.alwaysOff())
                .otherwise(Sampler.alwaysOn());
        stage(rules, options -> options.keepErrors().maxHoldTime(Duration.ofSeconds(1)));
        Span root = root("root");
        child("first", root).end();
        tick();
        failed(child("second", root)).end();
        root.end();
        tick();
        assertThat(passed).isEmpty();

        time.advanceTimeBy(Duration.ofSeconds(2));

        assertThat(names()).containsExactly("first", "second");
        assertThat(balanced().decided()).containsExactlyInAnyOrderEntriesOf(Map.of(Moment.TIME, 1L));
    }

    @Test
    void aQuietStage_sleeps_andABusyOneIsNotWokenForEachSpan() {
        CountingScheduler counting = new CountingScheduler(time);
        stage(options -> options.keepRatio(1).scheduler(counting));
        for (int i = 0; i < 100; i++) {
            root("span").end();
            time.advanceTime();
        }
        // One to wake it, one to tick.
        assertThat(counting.scheduled).isEqualTo(2);
        assertThat(passed).hasSize(1);

        time.advanceTimeBy(Duration.ofHours(1));

        assertThat(passed).hasSize(100);
        assertThat(counting.scheduled).isLessThan(10);
    }

    @Test
    void manySpansBetweenTwoTicks_wakeTheStage() {
        stage(options -> options.keepRatio(1));
        root("first").end();
        time.advanceTime();
        for (int i = 0; i < 256; i++) {
            assertThat(passed).hasSize(1);
            root("span").end();
            time.advanceTime();
        }

        assertThat(passed).hasSize(257);
    }

    /** Counts what is scheduled, and runs nothing while it is starved. */
    private static final class CountingScheduler implements Scheduler {
        private final Scheduler delegate;
        private final List<Runnable> waiting = new ArrayList<>();
        int scheduled;
        boolean isStarved;

        void feed() {
            isStarved = false;
            waiting.forEach(Runnable::run);
        }

        CountingScheduler(Scheduler delegate) {
            this.delegate = delegate;
        }

        @Override
        public Disposable schedule(Runnable task) {
            return delegate.schedule(task);
        }

        @Override
        public long now(TimeUnit unit) {
            return delegate.now(unit);
        }

        @Override
        public Worker createWorker() {
            Worker worker = delegate.createWorker();
            return new Worker() {
                @Override
                public Disposable schedule(Runnable task) {
                    scheduled++;
                    return worker.schedule(task);
                }

                @Override
                public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
                    scheduled++;
                    if (isStarved) {
                        waiting.add(task);
                        return Disposables.disposed();
                    }
                    return worker.schedule(task, delay, unit);
                }

                @Override
                public void dispose() {
                    worker.dispose();
                }
            };
        }
    }

    // ---- bounds --------------------------------------------------------------------------------------------------

    @Test
    void moreThanMaxTraces_theOldestIsDecidedOnWhatIsKnown() {
        LogCapture log = LogCapture.start();
        stage(options -> options.keepErrors().maxTraces(2));
        Span failing = root("failing");
        failed(child("failed", failing)).end();
        Span fine = root("fine");
        child("fine child", fine).end();
        Span third = root("third");
        child("third child", third).end();
        tick();
        assertThat(names()).containsExactly("failed");
        assertThat(balanced().held()).isEqualTo(2);

        child("fourth child", root("fourth")).end();
        tick();

        assertThat(names()).containsExactly("failed");
        TailCounts counts = balanced();
        assertThat(counts.held()).isEqualTo(2);
        assertThat(counts.sampledOut()).isEqualTo(1);
        assertThat(counts.decided()).containsExactlyInAnyOrderEntriesOf(Map.of(Moment.TRACES_FULL, 2L));
        assertThat(log.warnings())
                .singleElement()
                .asString()
                .contains("Decided on 1 trace(s) before they were over", "maxTraces=2", "lower maxHoldTime");
    }

    @Test
    void moreThanMaxBytes_theOldestAreDecided_untilTheRestFits() {
        LogCapture log = LogCapture.start();
        stage(options -> options.keepErrors().maxBytes(1 << 20));
        Span kept = root("kept");
        failed(tracer.span(new Sized(400_000)).parent(kept).start()).end();
        tracer.span(new Sized(400_000)).parent(root("dropped")).start().end();
        time.advanceTime();
        assertThat(balanced().held()).isEqualTo(2);

        tracer.span(new Sized(900_000)).parent(root("large")).start().end();
        // No tick is needed: a large span wakes the stage.
        time.advanceTime();

        assertThat(names()).containsExactly("sized");
        TailCounts counts = balanced();
        assertThat(counts.held()).isEqualTo(1);
        assertThat(counts.sampledOut()).isEqualTo(1);
        assertThat(counts.decided()).containsExactlyInAnyOrderEntriesOf(Map.of(Moment.BYTES_FULL, 2L));
        assertThat(log.warnings()).singleElement().asString().contains("maxBytes=1048576");
    }

    @Test
    void oneTraceLargerThanMaxBytes_isDecided_andTheRestFollows() {
        stage(options -> options.keepErrors().maxBytes(1 << 20));
        Span root = root("root");
        failed(tracer.span(new Sized(900_000)).parent(root).start()).end();
        tracer.span(new Sized(900_000)).parent(root).start().end();
        time.advanceTime();
        root.end();
        tick();

        assertThat(names()).containsExactly("sized", "sized", "root");
        assertThat(balanced().lateKept()).isEqualTo(1);
    }

    @Test
    void keptSpansThatWaitForRoom_countAsHeldBytes_andLeaveFirst() {
        room = 0;
        stage(options -> options.keepErrors().maxBytes(1 << 20));
        failed(tracer.span(new Sized(600_000)).start()).end();
        time.advanceTime();
        tracer.span(new Sized(300_000)).parent(root("open")).start().end();
        time.advanceTime();
        assertThat(passed).isEmpty();
        assertThat(balanced().held()).isEqualTo(2);

        tracer.span(new Sized(300_000)).parent(root("open")).start().end();
        time.advanceTime();

        assertThat(passed).hasSize(1);
        assertThat(balanced().held()).isEqualTo(2);
        assertThat(tail.counts().decided(Moment.BYTES_FULL)).isZero();
    }

    @Test
    void moreThanTheHandOverTakes_theNewestIsLost_andCounted() {
        LogCapture log = LogCapture.start();
        CountingScheduler starved = new CountingScheduler(time);
        stage(options -> options.keepRatio(1).scheduler(starved));
        starved.isStarved = true;
        for (int i = 0; i < TailSampler.MAX_HANDED_OVER + 3; i++) {
            root("span " + i).end();
        }
        assertThat(balanced().overflowed()).isEqualTo(3);
        assertThat(tail.counts().held()).isEqualTo(TailSampler.MAX_HANDED_OVER);

        starved.feed();

        TailCounts counts = balanced();
        assertThat(counts.passedOn()).isEqualTo(TailSampler.MAX_HANDED_OVER);
        assertThat(counts.handedOver()).isEqualTo(TailSampler.MAX_HANDED_OVER + 3);
        assertThat(passed.get(passed.size() - 1).name()).isEqualTo("span " + (TailSampler.MAX_HANDED_OVER - 1));
        assertThat(log.warnings()).singleElement().asString().contains("Lost 3 span(s)");
        root("fits again").end();
        tick();
        assertThat(names()).endsWith("fits again");
    }

    // ---- passing on ----------------------------------------------------------------------------------------------

    @Test
    void keptSpans_waitForRoom_andKeepTheirOrder() {
        room = 2;
        stage(options -> options.keepRatio(1));
        IntStream.range(0, 5).forEach(i -> root("span " + i).end());
        tick();
        assertThat(names()).containsExactly("span 0", "span 1");
        time.advanceTimeBy(Duration.ofMillis(700));
        assertThat(passed).hasSize(2);

        room = 2;
        time.advanceTimeBy(Duration.ofMillis(5));
        assertThat(names()).containsExactly("span 0", "span 1", "span 2", "span 3");
        assertThat(balanced().held()).isEqualTo(1);
        // A second without room in all, then it leaves anyway.
        time.advanceTimeBy(Duration.ofMillis(150));
        assertThat(passed).hasSize(4);
        time.advanceTimeBy(Duration.ofMillis(200));

        assertThat(names()).containsExactly("span 0", "span 1", "span 2", "span 3", "span 4");
        assertThat(balanced().held()).isZero();
    }

    @Test
    void aQueueThatIsFullForASecond_delaysTheOthersNoLonger_untilItHasRoomAgain() {
        int[] rooms = {2, 0};
        tail = TailSampler.builder(
                        new SpanHandler() {
                            @Override
                            public void onEnd(Span span) {
                                passed.add(span);
                                rooms[0]--;
                            }
                        },
                        List.of(() -> rooms[0], () -> rooms[1]))
                .scheduler(time)
                .keepRatio(1)
                .build();
        tracer = Tracer.builder().handler(tail).build();
        IntStream.range(0, 3).forEach(i -> root("span " + i).end());
        time.advanceTimeBy(Duration.ofMillis(950));
        assertThat(passed).isEmpty();

        time.advanceTimeBy(Duration.ofMillis(200));
        // The other is still waited for.
        assertThat(passed).hasSize(2);
        rooms[0] = 2;
        time.advanceTimeBy(Duration.ofMillis(5));
        assertThat(passed).hasSize(3);
        root("not delayed").end();
        tick();
        assertThat(passed).hasSize(4);

        rooms[0] = 10;
        rooms[1] = 1;
        root("sees that there is room").end();
        tick();
        rooms[1] = 0;
        root("waits again").end();
        tick();
        assertThat(names()).endsWith("sees that there is room");
    }

    @Test
    void whatStandsBehind_throws_andTheStageGoesOn() {
        LogCapture log = LogCapture.start();
        tail = TailSampler.builder(
                        new SpanHandler() {
                            @Override
                            public void onEnd(Span span) {
                                passed.add(span);
                                throw new IllegalStateException("broken queue");
                            }
                        },
                        List.of(() -> {
                            throw new IllegalStateException("no room known");
                        }))
                .scheduler(time)
                .keepRatio(1)
                .build();
        tracer = Tracer.builder().handler(tail).build();
        root("first").end();
        root("second").end();

        tick();

        assertThat(names()).containsExactly("first", "second");
        assertThat(tail.callbackFailures()).isGreaterThanOrEqualTo(3);
        assertThat(log.warnings()).hasSize(1);
        balanced();
    }

    // ---- flush and close -----------------------------------------------------------------------------------------

    @Test
    void flush_decidesAllOnWhatIsKnown_andCompletesWhenItIsPassedOn() {
        stage(options -> options.keepErrors());
        Span kept = root("kept");
        failed(child("failed", kept)).end();
        child("fine", root("dropped")).end();
        room = 0;
        AtomicBoolean flushed = new AtomicBoolean();
        tail.flush().subscribe(nothing -> {}, failure -> {}, () -> flushed.set(true));
        time.advanceTime();
        assertThat(balanced().decided()).containsExactlyInAnyOrderEntriesOf(Map.of(Moment.FLUSH, 2L));
        assertThat(tail.counts().sampledOut()).isEqualTo(1);
        assertThat(flushed).isFalse();

        room = 1;
        time.advanceTimeBy(Duration.ofMillis(5));

        assertThat(flushed).isTrue();
        assertThat(names()).containsExactly("failed");
        room = 1;
        kept.end();
        tick();
        assertThat(names()).containsExactly("failed", "kept");
        assertThat(balanced().held()).isZero();
    }

    @Test
    void flush_ofNothing_completes() {
        stage(options -> options.keepErrors());
        AtomicBoolean flushed = new AtomicBoolean();

        tail.flush().subscribe(nothing -> {}, failure -> {}, () -> flushed.set(true));
        time.advanceTime();

        assertThat(flushed).isTrue();
    }

    @Test
    void flush_eachOfSeveralIsAnswered_butWhoCancels() {
        stage(options -> options.keepErrors());
        room = 0;
        failed(root("kept")).end();
        List<String> answers = new ArrayList<>();
        tail.flush().subscribe(nothing -> {}, failure -> {}, () -> answers.add("first"));
        Disposable cancelled = tail.flush().subscribe(nothing -> {}, failure -> {}, () -> answers.add("cancelled"));
        tail.flush().subscribe(nothing -> {}, failure -> {}, () -> answers.add("second"));
        time.advanceTime();
        cancelled.dispose();
        assertThat(answers).isEmpty();

        room = 1;
        tick();

        assertThat(answers).containsExactly("first", "second");
    }

    @Test
    void close_decidesAll_andLetsLaterSpansThroughAtOnce() {
        stage(options -> options.keepErrors());
        failed(child("failed", root("kept"))).end();
        child("fine", root("dropped")).end();
        AtomicReference<Boolean> timedOut = new AtomicReference<>();

        tail.close(Duration.ofSeconds(1)).subscribe(timedOut::set);
        time.advanceTime();

        assertThat(timedOut).hasValue(false);
        assertThat(names()).containsExactly("failed");
        root("after").end();
        assertThat(names()).containsExactly("failed", "after");
        TailCounts counts = balanced();
        assertThat(counts.lost()).isZero();
        assertThat(counts.held()).isZero();
        AtomicBoolean flushed = new AtomicBoolean();
        tail.flush().subscribe(nothing -> {}, failure -> {}, () -> flushed.set(true));
        assertThat(flushed).isTrue();
    }

    @Test
    void close_thatRunsOutOfTime_countsWhatIsLost() {
        room = 0;
        stage(options -> options.keepErrors());
        failed(root("first")).end();
        failed(root("second")).end();
        AtomicReference<Boolean> timedOut = new AtomicReference<>();

        tail.close(Duration.ofMillis(500)).subscribe(timedOut::set);
        time.advanceTimeBy(Duration.ofMillis(499));
        assertThat(timedOut).hasValue(null);
        time.advanceTimeBy(Duration.ofMillis(1));

        assertThat(timedOut).hasValue(true);
        TailCounts counts = balanced();
        assertThat(counts.lost()).isEqualTo(2);
        assertThat(counts.held()).isZero();
    }

    @Test
    void close_ofAStageThatHangs_endsInTime_andPassesOnWhatWasNotTakenOver() {
        CountingScheduler starved = new CountingScheduler(time);
        stage(options -> options.keepErrors().scheduler(starved));
        starved.isStarved = true;
        root("first").end();
        root("second").end();
        AtomicReference<Boolean> timedOut = new AtomicReference<>();

        tail.close(Duration.ofMillis(200)).subscribe(timedOut::set);
        time.advanceTimeBy(Duration.ofMillis(199));
        assertThat(timedOut).hasValue(null);
        assertThat(balanced().held()).isEqualTo(2);
        time.advanceTimeBy(Duration.ofMillis(1));

        assertThat(timedOut).hasValue(true);
        assertThat(names()).containsExactly("first", "second");
        assertThat(balanced().lost()).isZero();
        starved.feed();
        assertThat(passed).hasSize(2);
    }

    @Test
    void close_cancelled_isCloseAllTheSame() {
        stage(options -> options.keepErrors());
        failed(child("failed", root("root"))).end();

        tail.close(Duration.ofSeconds(1)).subscribe().dispose();

        // Never looked at by the stage: passed on undecided rather than lost.
        assertThat(names()).containsExactly("failed");
        root("after").end();
        assertThat(names()).containsExactly("failed", "after");
        assertThat(balanced().held()).isZero();
    }

    @Test
    void aSchedulerThatIsDisposed_isWarnedOf_andNothingIsForgotten() {
        LogCapture log = LogCapture.start();
        Scheduler mine = Schedulers.fromExecutorService(Executors.newSingleThreadExecutor());
        stage(options -> options.keepErrors().scheduler(mine));
        mine.dispose();

        root("span").end();

        assertThat(balanced().held()).isEqualTo(1);
        assertThat(log.warnings()).singleElement().asString().contains("scheduler of a tail sampler was disposed");
    }

    // ---- options -------------------------------------------------------------------------------------------------

    @Test
    void builder_refusesWhatMakesNoSense_byName() {
        TailSampler.Builder builder = TailSampler.builder(new Next(), List.of(() -> room));
        assertThatThrownBy(builder::build).hasMessageStartingWith("nothing is kept: set keepErrors");
        assertThatThrownBy(() -> builder.keepRatio(0).build()).hasMessageStartingWith("nothing is kept");
        assertThatThrownBy(() -> builder.keepSlowerThan(Duration.ofMillis(-1)))
                .hasMessage("keepSlowerThan is negative: PT-0.001S");
        assertThatThrownBy(() -> builder.keepCostAbove(-0.1)).hasMessageContaining("keepCostAbove", "-0.1");
        assertThatThrownBy(() -> builder.keepCostAbove(Double.NaN)).hasMessageContaining("keepCostAbove", "NaN");
        assertThatThrownBy(() -> builder.keepTokensAbove(-1)).hasMessageContaining("keepTokensAbove", "-1");
        assertThatThrownBy(() -> builder.keepRatio(1.1)).hasMessageContaining("1.1");
        assertThatThrownBy(() -> builder.maxHoldTime(Duration.ofMillis(9))).hasMessageContaining("maxHoldTime");
        assertThatThrownBy(() -> builder.maxHoldTime(Duration.ofMinutes(61))).hasMessageContaining("PT1H1M");
        assertThatThrownBy(() -> builder.maxTraces(0)).hasMessage("maxTraces is not between 1 and 1048576: 0");
        assertThatThrownBy(() -> builder.maxBytes(5)).hasMessageStartingWith("maxBytes is not between 1048576");
        assertThatThrownBy(() -> builder.maxDecisions(0)).hasMessageStartingWith("maxDecisions is not between 1");
        assertThatNullPointerException().isThrownBy(() -> builder.keep(null)).withMessage("chosen == null");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.scheduler(null))
                .withMessage("scheduler == null");
        assertThatNullPointerException()
                .isThrownBy(() -> TailSampler.builder(null, List.of()))
                .withMessage("next == null");
        assertThatNullPointerException()
                .isThrownBy(() -> TailSampler.builder(new Next(), null))
                .withMessage("rooms == null");
    }

    @Test
    void toString_saysTheDefaults() {
        stage(options -> options.keepErrors());
        assertThat(tail)
                .asString()
                .contains("maxHoldTime=PT30S", "maxTraces=10000", "maxBytes=67108864", "maxDecisions=50000");
    }
}
