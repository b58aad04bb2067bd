// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import io.spanflux.test.LogCapture;
import io.spanflux.testing.InMemorySpanExporter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

class TracerTest {
    private static final SpanContext REMOTE = SpanContext.remote(
            "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", SpanContext.SAMPLED, TraceState.parse("vendor=1"));

    private final FakeClock clock = new FakeClock();
    private final InMemorySpanExporter ended = InMemorySpanExporter.create();
    private final LogCapture logs = LogCapture.start();
    private final Tracer tracer = Tracer.builder().clock(clock).handler(ended).build();

    // ---- defaults ------------------------------------------------------------------------------------------------

    @Test
    void builder_withoutOptions_recordsRootSpansOfTheSystemClock() {
        Tracer plain = Tracer.builder().build();
        long before = Clock.system().epochNanos(System.nanoTime());

        Span span = plain.span("plain").start();
        span.end();

        assertThat(span.isRecording()).isTrue();
        assertThat(span.isSampled()).isTrue();
        assertThat(span.kind()).isEqualTo(SpanKind.INTERNAL);
        assertThat(span.parentSpanIdBits()).isZero();
        assertThat(span.isParentRemote()).isFalse();
        assertThat(span.context().isValid()).isTrue();
        assertThat(span.traceFlags()).isEqualTo(SpanContext.SAMPLED | SpanContext.RANDOM);
        assertThat(span.startEpochNanos()).isGreaterThanOrEqualTo(before);
        assertThat(span.endEpochNanos()).isGreaterThanOrEqualTo(span.startEpochNanos());
        assertThat(span.resource()).isEqualTo(Resource.of(Attributes.empty()));
        assertThat(span.scope()).isSameAs(Scope.none());
        assertThat(span.data()).isNull();
        assertThat(plain.maxLifetime()).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void builder_missingParts_areRefusedByName() {
        Tracer.Builder builder = Tracer.builder();

        assertThatThrownBy(() -> builder.limits(null)).hasMessage("limits == null");
        assertThatThrownBy(() -> builder.clock(null)).hasMessage("clock == null");
        assertThatThrownBy(() -> builder.idGenerator(null)).hasMessage("idGenerator == null");
        assertThatThrownBy(() -> builder.sampler(null)).hasMessage("sampler == null");
        assertThatThrownBy(() -> builder.handler(null)).hasMessage("handler == null");
        assertThatThrownBy(() -> builder.globals(null)).hasMessage("globals == null");
        assertThatThrownBy(() -> builder.resource(null)).hasMessage("resource == null");
        assertThatThrownBy(() -> builder.maxLifetime(null)).hasMessage("maxLifetime == null");
        assertThatThrownBy(() -> builder.maxLifetime(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxLifetime is not positive: PT0S");
        assertThatThrownBy(() -> builder.maxLifetime(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void builder_lifetimeLongerThanNanosecondsCanCount_isTheLongestThereIs() {
        Tracer patient = Tracer.builder()
                .clock(clock)
                .maxLifetime(Duration.ofSeconds(Long.MAX_VALUE))
                .build();
        patient.span("eternal").start();
        clock.advance(Duration.ofDays(10_000));

        assertThat(patient.expireSpans()).isZero();
    }

    @Test
    void builder_changedAfterBuild_doesNotChangeTheTracer() {
        Tracer.Builder builder = Tracer.builder();
        Tracer built = builder.build();
        builder.handler(ended);

        built.span("span").start().end();

        assertThat(ended.spans()).isEmpty();
    }

    @Test
    void resource_isThatOfTheTracer() {
        Resource resource = Resource.of(Attributes.of("service.name", "test"));

        assertThat(Tracer.builder()
                        .resource(resource)
                        .build()
                        .span("span")
                        .start()
                        .resource())
                .isSameAs(resource);
    }

    @Test
    void start_ofData_takesParentScopeNameAndKind() {
        Span parent = tracer.span("parent").start();
        Context context = Scope.named("outer").attribute("tenant", "t").apply(parent.storeIn(Context.empty()));
        FakeData data = FakeData.silent();

        Span span = tracer.start(data, context);

        assertThat(span.name()).isEqualTo("fake");
        assertThat(span.kind()).isEqualTo(SpanKind.CLIENT);
        assertThat(span.data()).isSameAs(data);
        assertThat(span.parentSpanIdBits()).isEqualTo(parent.spanIdBits());
        assertThat(span.attributes().get("tenant")).isEqualTo("t");
    }

    // ---- what is already over ------------------------------------------------------------------------------------

    @Test
    void record_isOverAtOnceWithGivenTimes() {
        Instant start = Instant.parse("2030-01-01T00:00:00.000000001Z");
        Instant end = start.plusMillis(1_500);
        Span parent = tracer.span("parent").start();
        FakeData data = FakeData.silent();

        Span span = tracer.record(parent.storeIn(Context.empty()), data, start, end);

        assertThat(ended.spans()).containsExactly(span);
        assertThat(span.startEpochNanos()).isEqualTo(start.getEpochSecond() * 1_000_000_000 + 1);
        assertThat(span.endEpochNanos() - span.startEpochNanos()).isEqualTo(1_500_000_000L);
        assertThat(span.parentSpanIdBits()).isEqualTo(parent.spanIdBits());
        assertThat(data.ends).isEqualTo(1);
    }

    @Test
    void record_inAScope_inheritsItsAttributes() {
        Scope scope = Scope.named("batch").attribute("tenant", "t").enteredIn(Scope.none());

        Span span = tracer.record(scope, FakeData.silent(), Instant.EPOCH, Instant.EPOCH.plusSeconds(1));

        assertThat(span.attributes().asMap())
                .containsEntry("tenant", "t")
                .containsEntry("spanflux.scope.id", scope.id());
        assertThat(span.parentSpanIdBits()).isZero();
    }

    @Test
    void record_inNoScope_beginsATrace() {
        Span span = tracer.record(FakeData.silent(), Instant.EPOCH, Instant.EPOCH.plusSeconds(1));

        assertThat(ended.spans()).containsExactly(span);
        assertThat(span.scope()).isSameAs(Scope.none());
        assertThat(span.status()).isEqualTo(SpanStatus.UNSET);
    }

    @Test
    void record_ofWhatFailed_hasItsErrorAtItsEnd() {
        Instant start = Instant.parse("2030-01-01T00:00:00Z");
        Instant end = start.plusSeconds(2);
        IllegalStateException error = new IllegalStateException("full");
        Scope scope = Scope.named("batch").enteredIn(Scope.none());
        Span parent = tracer.span("parent").start();

        Span unscoped = tracer.record(FakeData.silent(), start, end, error);
        Span scoped = tracer.record(scope, FakeData.silent(), start, end, error);
        Span below = tracer.record(parent.storeIn(Context.empty()), FakeData.silent(), start, end, error);

        assertThat(ended.spans()).containsExactly(unscoped, scoped, below);
        for (Span span : ended.spans()) {
            assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
            assertThat(span.statusDescription()).isEqualTo("full");
            assertThat(span.attributes().get("error.type")).isEqualTo("java.lang.IllegalStateException");
            assertThat(span.events())
                    .singleElement()
                    .satisfies(event -> assertThat(event.epochNanos()).isEqualTo(span.endEpochNanos()));
            assertThat(span.endEpochNanos() - span.startEpochNanos()).isEqualTo(2_000_000_000L);
        }
        assertThat(scoped.scope()).isSameAs(scope);
        assertThat(below.parentSpanIdBits()).isEqualTo(parent.spanIdBits());
    }

    // ---- samplers ------------------------------------------------------------------------------------------------

    @Test
    void sampler_seesEverythingKnownAtTheStart() {
        AtomicReference<SamplingRequest> seen = new AtomicReference<>();
        Tracer asking = Tracer.builder()
                .sampler(request -> {
                    seen.set(request);
                    return SamplingResult.sample();
                })
                .build();
        FakeData data = FakeData.silent();
        Scope scope = Scope.named("scope");

        Span span = asking.span(data)
                .parent(REMOTE)
                .scope(scope)
                .attribute("key", 1)
                .start();

        assertThat(seen.get())
                .isEqualTo(new SamplingRequest(
                        REMOTE,
                        span.traceIdHigh(),
                        span.traceIdLow(),
                        "fake",
                        SpanKind.CLIENT,
                        Attributes.of("key", 1),
                        data,
                        scope));
        asking.span("root").start();
        assertThat(seen.get().parent()).isNull();
        assertThat(seen.get().data()).isNull();
    }

    @Test
    void sampler_attributesAndTraceState_areOnTheSpan() {
        TraceState state = TraceState.parse("sampler=1");
        Tracer sampling = Tracer.builder()
                .sampler(request ->
                        new SamplingResult(SamplingResult.Decision.SAMPLE, Attributes.of("rule", "r1"), state))
                .build();

        Span span = sampling.span("span").parent(REMOTE).attribute("own", 1).start();

        assertThat(span.attributes().asMap()).containsExactly(entry("own", 1L), entry("rule", "r1"));
        assertThat(span.traceState()).isEqualTo(state);
    }

    @Test
    void sampler_record_isSeenByHandlersAndNotSampled() {
        Tracer recording = Tracer.builder()
                .sampler(request -> SamplingResult.record())
                .handler(ended)
                .build();

        Span span = recording.span("span").start();
        span.end();

        assertThat(span.isRecording()).isTrue();
        assertThat(span.isSampled()).isFalse();
        assertThat(span.context().isSampled()).isFalse();
        assertThat(ended.spans()).containsExactly(span);
    }

    @Test
    void sampler_throws_spanIsRecordedAndExported() {
        Tracer failing = Tracer.builder()
                .sampler(request -> {
                    throw new IllegalStateException("broken sampler");
                })
                .build();

        Span first = failing.span("first").start();
        Span second = failing.span("second").start();

        assertThat(first.isSampled()).isTrue();
        assertThat(second.isSampled()).isTrue();
        assertThat(failing.callbackFailures()).isEqualTo(2);
        assertThat(logs.warnings()).containsExactly("A sampler failed; its spans are recorded and exported.");
    }

    @Test
    void foreignParent_isAskedOnlyWhereThereIsNoneOfOurs() {
        SpanContext foreign =
                SpanContext.remote("1".repeat(32), "2".repeat(16), SpanContext.SAMPLED, TraceState.empty());
        Tracer asking = Tracer.builder()
                .foreignParent(context -> context.getOrDefault("theirs", null))
                .build();
        Context theirs = Context.of("theirs", foreign);

        Span below = asking.span("below").parent(theirs).start();
        assertThat(below.context().traceId()).isEqualTo(foreign.traceId());
        assertThat(below.parentSpanIdBits()).isEqualTo(foreign.spanIdBits());
        assertThat(asking.start(FakeData.silent(), below.storeIn(theirs)).parentSpanIdBits())
                .isEqualTo(below.spanIdBits());
        assertThat(asking.start(FakeData.silent(), theirs).parentSpanIdBits()).isEqualTo(foreign.spanIdBits());
        assertThat(asking.start(FakeData.silent(), Context.empty()).parentSpanIdBits())
                .isZero();
    }

    @Test
    void foreignParent_standsBetweenUsAndTheCaller() {
        SpanContext caller =
                SpanContext.remote("1".repeat(32), "2".repeat(16), SpanContext.SAMPLED, TraceState.empty());
        SpanContext foreign =
                SpanContext.remote("1".repeat(32), "3".repeat(16), SpanContext.SAMPLED, TraceState.empty());
        Tracer asking = Tracer.builder()
                .foreignParent(context -> context.getOrDefault("theirs", null))
                .build();
        Context called = Span.of(caller).storeIn(Context.empty());

        assertThat(asking.span("below").parent(called).start().parentSpanIdBits())
                .isEqualTo(caller.spanIdBits());
        assertThat(asking.span("below")
                        .parent(called.put("theirs", foreign))
                        .start()
                        .parentSpanIdBits())
                .isEqualTo(foreign.spanIdBits());
    }

    @Test
    void foreignParent_throws_theSpanBeginsATrace() {
        Tracer failing = Tracer.builder()
                .foreignParent(context -> {
                    throw new IllegalStateException("broken lookup");
                })
                .build();

        assertThat(failing.span("span").parent(Context.empty()).start().parentSpanIdBits())
                .isZero();
        assertThat(failing.callbackFailures()).isEqualTo(1);
    }

    @Test
    void sampler_returnsNull_spanIsRecordedAndExported() {
        Tracer failing = Tracer.builder().sampler(request -> null).build();

        assertThat(failing.span("span").start().isSampled()).isTrue();
        assertThat(failing.callbackFailures()).isEqualTo(1);
        assertThat(logs.warnings()).containsExactly("A sampler returned null; its spans are recorded and exported.");
    }

    // ---- handlers ------------------------------------------------------------------------------------------------

    @Test
    void handlers_runInOrderWithAWritableSpanAtTheStartAndAnEndedOneAtTheEnd() {
        List<String> calls = new ArrayList<>();
        Tracer handled = Tracer.builder()
                .handler(new SpanHandler() {
                    @Override
                    public void onStart(Span span) {
                        calls.add("first start " + span.hasEnded());
                        span.attribute("from.handler", true);
                    }

                    @Override
                    public void onEnd(Span span) {
                        calls.add("first end " + span.hasEnded());
                    }
                })
                .handler(new SpanHandler() {
                    @Override
                    public void onStart(Span span) {
                        calls.add("second start " + span.attributes().get("from.handler"));
                    }

                    @Override
                    public void onEnd(Span span) {
                        calls.add("second end " + span.attributes().get("from.handler"));
                    }
                })
                .build();

        handled.span("span").start().end();

        assertThat(calls)
                .containsExactly("first start false", "second start true", "first end true", "second end true");
    }

    @Test
    void handler_throws_othersStillSeeTheSpan() {
        Tracer handled = Tracer.builder()
                .handler(new SpanHandler() {
                    @Override
                    public void onStart(Span span) {
                        throw new IllegalStateException("start");
                    }

                    @Override
                    public void onEnd(Span span) {
                        throw new NoSuchMethodError("end");
                    }
                })
                .handler(ended)
                .build();

        assertThatCode(() -> handled.span("first").start().end()).doesNotThrowAnyException();
        handled.span("second").start().end();

        assertThat(ended.spans()).extracting(Span::name).containsExactly("first", "second");
        assertThat(handled.callbackFailures()).isEqualTo(4);
        assertThat(handled.liveSpans()).isZero();
        assertThat(logs.warnings()).containsExactly("A SpanHandler failed at the start of a span; the span goes on.");
    }

    @Test
    void handler_endsTheSpanAgain_isNotCalledAgain() {
        List<Span> seen = new ArrayList<>();
        Tracer handled = Tracer.builder()
                .handler(new SpanHandler() {
                    @Override
                    public void onEnd(Span span) {
                        seen.add(span);
                        span.end();
                    }
                })
                .build();

        handled.span("span").start().end();

        assertThat(seen).hasSize(1);
    }

    // ---- data ----------------------------------------------------------------------------------------------------

    @Test
    void data_isEndedOnceBeforeHandlersSeeTheSpan() {
        FakeData data = FakeData.silent();
        List<Integer> ends = new ArrayList<>();
        Tracer handled = Tracer.builder()
                .handler(new SpanHandler() {
                    @Override
                    public void onEnd(Span span) {
                        ends.add(data.ends);
                    }
                })
                .build();

        Span span = handled.span(data).start();
        span.end();
        span.end();

        assertThat(ends).containsExactly(1);
        assertThat(data.ends).isEqualTo(1);
    }

    @Test
    void data_throwsInEachMethod_costsOnlyWhatThatMethodWouldHaveSaid() {
        Span span = tracer.span(new BrokenData()).start();
        span.attribute("own", 1);
        assertThatCode(span::end).doesNotThrowAnyException();

        assertThat(span.name()).isEqualTo("BrokenData");
        assertThat(span.kind()).isEqualTo(SpanKind.INTERNAL);
        assertThat(span.estimatedBytes()).isPositive();
        assertThat(span.attributes().asMap()).containsExactly(entry("own", 1L), entry("spanflux.invalid_values", 1L));
        assertThat(ended.spans()).containsExactly(span);
        // Name, kind, end, size and attributes.
        assertThat(tracer.callbackFailures()).isEqualTo(5);
        assertThat(logs.warnings()).containsExactly("A SpanData has no name; its span is named by its class.");
    }

    private static final class BrokenData implements SpanData {
        @Override
        public String spanName() {
            throw new IllegalStateException("name");
        }

        @Override
        public SpanKind kind() {
            throw new IllegalStateException("kind");
        }

        @Override
        public void forEachAttribute(AttributeConsumer consumer) {
            throw new NoSuchMethodError("attributes");
        }

        @Override
        public void end() {
            throw new IllegalStateException("end");
        }

        @Override
        public int estimatedBytes() {
            throw new IllegalStateException("size");
        }
    }

    @Test
    void data_saysNothing_isNamedByItsClassAndInternal() {
        SpanData silent = new FakeData(to -> {}) {
            @Override
            public String spanName() {
                return null;
            }

            @Override
            public SpanKind kind() {
                return null;
            }
        };
        Span anonymous = tracer.span(silent).start();

        assertThat(anonymous.name()).isEqualTo(silent.getClass().getSimpleName());
        assertThat(anonymous.kind()).isEqualTo(SpanKind.INTERNAL);
        assertThat(tracer.callbackFailures()).isZero();
    }

    @Test
    void data_size_countsUnlessNegative() {
        FakeData data = FakeData.silent();
        data.bytes = 0;
        Span span = tracer.span(data).start();
        int without = span.estimatedBytes();
        data.bytes = 1_000_000;
        assertThat(span.estimatedBytes()).isEqualTo(without + 1_000_000);
        data.bytes = Integer.MAX_VALUE;
        assertThat(span.estimatedBytes()).isEqualTo(Integer.MAX_VALUE);

        data.bytes = -1;

        assertThat(span.estimatedBytes()).isEqualTo(without);
    }

    @Test
    void data_withoutOwnSizeKindOrEnd_hasDefaults() {
        SpanData plain = new SpanData() {
            @Override
            public String spanName() {
                return "plain";
            }

            @Override
            public void forEachAttribute(AttributeConsumer consumer) {}
        };

        assertThat(plain.kind()).isEqualTo(SpanKind.INTERNAL);
        assertThat(plain.estimatedBytes()).isEqualTo(256);
        assertThatCode(plain::end).doesNotThrowAnyException();
    }

    // ---- handlers that see everything ----------------------------------------------------------------------------

    /** Keeps what it is shown. */
    private static final class CountingAll implements SpanHandler {
        final List<Span> started = new ArrayList<>();
        final List<Span> ended = new ArrayList<>();

        @Override
        public boolean seesSampledOut() {
            return true;
        }

        @Override
        public void onStart(Span span) {
            started.add(span);
        }

        @Override
        public void onEnd(Span span) {
            ended.add(span);
        }
    }

    @Test
    void seesSampledOut_spansThatTheSamplerDrops_areRecordedForThatHandlerAlone() {
        CountingAll counting = new CountingAll();
        Tracer dropping = Tracer.builder()
                .clock(clock)
                .sampler(Sampler.alwaysOff())
                .handler(ended)
                .handler(counting)
                .build();
        FakeData data = FakeData.silent();
        Span span = dropping.span(data).start();
        span.attribute("error.type", "full");
        clock.advance(Duration.ofMillis(7));
        span.end();
        Span below = dropping.span("below").parent(span).start();

        assertThat(span.isSampled()).isFalse();
        assertThat(span.traceFlags()).isEqualTo(SpanContext.RANDOM);
        assertThat(below.isSampled()).isFalse();
        assertThat(counting.started).containsExactly(span, below);
        assertThat(counting.ended).containsExactly(span);
        assertThat(span.ownAttribute("error.type")).isEqualTo("full");
        assertThat(span.endEpochNanos() - span.startEpochNanos()).isEqualTo(7_000_000);
        assertThat(data.ends).isEqualTo(1);
        assertThat(ended.spans()).isEmpty();
        assertThat(dropping.liveSpans()).isEqualTo(1);
    }

    @Test
    void seesSampledOut_spansThatAreSampledOrRecorded_areShownToAllHandlers() {
        CountingAll counting = new CountingAll();
        Tracer recording = Tracer.builder()
                .sampler(request -> SamplingResult.record())
                .handler(ended)
                .handler(counting)
                .build();
        Span span = recording.span("recorded").start();
        span.end();

        assertThat(counting.ended).containsExactly(span);
        assertThat(ended.spans()).containsExactly(span);
    }

    @Test
    void seesSampledOut_aDisabledTracer_recordsNothing() {
        CountingAll counting = new CountingAll();
        Tracer disabled = Tracer.builder().handler(counting).enabled(false).build();
        disabled.span("span").start().end();

        assertThat(counting.started).isEmpty();
        assertThat(counting.ended).isEmpty();
    }

    // ---- owners --------------------------------------------------------------------------------------------------

    private static FakeData owning() {
        return new FakeData(to -> {}) {
            @Override
            public boolean ownsSpansBelow() {
                return true;
            }
        };
    }

    @Test
    void owner_isTheNearestDataAboveThatOwnsSpansBelow() {
        FakeData outerData = owning();
        FakeData innerData = owning();
        Span outer = tracer.span(outerData).start();
        Span between = tracer.span(FakeData.silent()).parent(outer).start();
        Span plain = tracer.span("plain").parent(between).start();
        Span inner = tracer.span(innerData).parent(plain).start();
        Span innermost = tracer.span("innermost").parent(inner).start();

        assertThat(outer.owner()).isNull();
        assertThat(between.owner()).isSameAs(outerData);
        assertThat(plain.owner()).isSameAs(outerData);
        assertThat(inner.owner()).isSameAs(outerData);
        assertThat(innermost.owner()).isSameAs(innerData);
        assertThat(tracer.span("remote").parent(Span.of(REMOTE)).start().owner())
                .isNull();
    }

    @Test
    void owner_dataThatThrows_ownsNothing() {
        Span broken = tracer.span(new FakeData(to -> {}) {
                    @Override
                    public boolean ownsSpansBelow() {
                        throw new IllegalStateException("no idea");
                    }
                })
                .start();

        assertThat(tracer.span("below").parent(broken).start().owner()).isNull();
        assertThat(tracer.callbackFailures()).isEqualTo(1);
    }

    // ---- lifetime ------------------------------------------------------------------------------------------------

    @Test
    void expireSpans_endsAndMarksThoseThatAreTooOldAndNoOthers() {
        Span old = tracer.span("old").start();
        clock.advance(Duration.ofMinutes(30));
        Span young = tracer.span("young").start();
        clock.advance(Duration.ofMinutes(30));
        assertThat(tracer.expireSpans()).as("at the limit, not beyond it").isZero();
        clock.advance(Duration.ofNanos(1));

        int expired = tracer.expireSpans();

        assertThat(expired).isEqualTo(1);
        assertThat(tracer.expiredSpans()).isEqualTo(1);
        assertThat(ended.spans()).containsExactly(old);
        assertThat(old.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(old.statusDescription()).isEqualTo("span exceeded its maximum lifetime");
        assertThat(old.attributes().asMap())
                .containsExactly(entry("spanflux.expired", true), entry("error.type", "timeout"));
        assertThat(old.endEpochNanos() - old.startEpochNanos())
                .isEqualTo(Duration.ofHours(1).toNanos() + 1);
        assertThat(young.hasEnded()).isFalse();
        assertThat(tracer.liveSpans()).isEqualTo(1);
        assertThat(logs.warnings()).hasSize(1);
        assertThat(logs.warnings().get(0)).startsWith("Ended 1 span(s) that outlived maxLifetime=PT1H");
    }

    @Test
    void expireSpans_laterSignalsOfTheCall_areIgnored() {
        Span old = tracer.span("old").start();
        clock.advance(Duration.ofHours(2));
        tracer.expireSpans();
        long end = old.endEpochNanos();
        clock.advance(Duration.ofHours(1));

        old.attribute("late", 1).end();

        assertThat(old.endEpochNanos()).isEqualTo(end);
        assertThat(old.attributes().contains("late")).isFalse();
        assertThat(tracer.callsAfterEnd()).isPositive();
        assertThat(ended.spans()).hasSize(1);
        assertThat(tracer.expireSpans()).isZero();
    }

    @Test
    void expireSpans_nothingToDo_warnsOfNothing() {
        tracer.span("young").start();

        assertThat(tracer.expireSpans()).isZero();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void liveSpans_countsBeyondItsFirstTable() {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            spans.add(tracer.span("live").start());
        }
        assertThat(tracer.liveSpans()).isEqualTo(5_000);

        for (int i = 0; i < spans.size(); i += 2) {
            spans.get(i).end();
        }
        assertThat(tracer.liveSpans()).isEqualTo(2_500);

        clock.advance(Duration.ofHours(2));
        assertThat(tracer.expireSpans()).isEqualTo(2_500);
        assertThat(tracer.liveSpans()).isZero();
        assertThat(tracer.untrackedSpans()).isZero();
        assertThat(ended.spans()).hasSize(5_000).doesNotHaveDuplicates();
    }

    @Test
    void untrackedSpans_whenTooManyAreLive_areCountedAndEndAllTheSame() {
        // Every span wants the same place, so that the table is full long before a million.
        Tracer crowded = Tracer.builder()
                .idGenerator(new FakeIds(1, 1, 1))
                .handler(ended)
                .build();
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            spans.add(crowded.span("live").start());
        }

        assertThat(crowded.untrackedSpans()).isPositive();
        assertThat(crowded.liveSpans() + crowded.untrackedSpans()).isEqualTo(500);
        spans.forEach(Span::end);
        assertThat(crowded.liveSpans()).isZero();
        assertThat(ended.spans()).hasSize(500);
    }

    // ---- disabled, ids -------------------------------------------------------------------------------------------

    @Test
    void disabled_recordsNothing_asksNobody_andPassesTheParentOnUnchanged() {
        Tracer disabled = Tracer.builder()
                .enabled(false)
                .handler(ended)
                .sampler(request -> {
                    throw new AssertionError("a disabled tracer asks no sampler");
                })
                .build();
        SpanData silent = new SpanData() {
            @Override
            public String spanName() {
                throw new AssertionError("a disabled tracer asks no data");
            }

            @Override
            public void forEachAttribute(AttributeConsumer consumer) {
                throw new AssertionError("a disabled tracer asks no data");
            }
        };

        Span root = disabled.span("root").start();
        Span child = disabled.span(silent).parent(REMOTE).link(REMOTE).start();
        Span below = disabled.start(silent, Span.of(REMOTE).storeIn(Context.empty()));
        root.attribute("key", 1).end();
        child.end();

        assertThat(root.isRecording()).isFalse();
        assertThat(root.context()).isEqualTo(SpanContext.invalid());
        assertThat(child.isRecording()).isFalse();
        assertThat(child.context()).isEqualTo(REMOTE);
        assertThat(below.context()).isEqualTo(REMOTE);
        assertThat(ended.spans()).isEmpty();
        assertThat(disabled.liveSpans()).isZero();
        assertThat(disabled.callbackFailures()).isZero();
    }

    // ---- clocks that fail ----------------------------------------------------------------------------------------

    @Test
    void clock_thatThrows_costsTheTimeAndNothingElse() {
        AtomicReference<RuntimeException> failure = new AtomicReference<>();
        Tracer guarded = Tracer.builder()
                .clock(new Clock() {
                    @Override
                    public long nanoTime() {
                        fail();
                        return 1_000;
                    }

                    @Override
                    public long epochNanos(long nanoTime) {
                        fail();
                        return 5_000_000;
                    }

                    private void fail() {
                        if (failure.get() != null) {
                            throw failure.get();
                        }
                    }
                })
                .handler(ended)
                .build();
        Span before = guarded.span("before").start();

        failure.set(new IllegalStateException("no time"));
        before.event("event").end();
        guarded.span("after").start().end();
        guarded.expireSpans();

        assertThat(before.endEpochNanos()).isEqualTo(5_000_000);
        assertThat(ended.spans()).hasSize(2);
        assertThat(Instant.ofEpochSecond(0, ended.spans().get(1).startEpochNanos()))
                .isCloseTo(Instant.now(), within(1, ChronoUnit.MINUTES));
        assertThat(guarded.callbackFailures()).isEqualTo(6);
        assertThat(logs.warnings()).singleElement().asString().contains("A Clock failed");
    }

    @Test
    void idGenerator_zeros_areReplaced() {
        Tracer zeros = Tracer.builder().idGenerator(new FakeIds(0, 0, 0)).build();

        Span root = zeros.span("root").start();
        Span child = zeros.span("child").parent(root).start();

        assertThat(root.context().isValid()).isTrue();
        assertThat(root.spanIdBits()).isNotZero();
        assertThat(child.parentSpanIdBits()).isEqualTo(root.spanIdBits());
        assertThat(child.traceIdLow()).isEqualTo(root.traceIdLow());
    }

    @Test
    void idGenerator_ids_areUsedAsTheyAre() {
        Tracer fixed = Tracer.builder().idGenerator(new FakeIds(-1, 2, 3)).build();

        SpanContext context = fixed.span("root").start().context();

        assertThat(context.traceId()).isEqualTo("ffffffffffffffff0000000000000002");
        assertThat(context.spanId()).isEqualTo("0000000000000003");
    }

    private record FakeIds(long traceIdHigh, long traceIdLow, long spanId) implements IdGenerator {}

    @Test
    void wholeLifeOfASpan_onAThreadThatMustNotBlock_blocksNowhere() {
        // The guard fails this test for a blocking call, even for one that is caught.
        Tracer plain = Tracer.builder()
                .handler(ended)
                .sampler(Sampler.traceIdRatio(1))
                .maxLifetime(Duration.ofNanos(1))
                .build();

        Mono.fromRunnable(() -> {
                    Scope scope = Scope.named("scope").enteredIn(Scope.none());
                    Span span = plain.span(new BrokenData()).scope(scope).start();
                    for (int i = 0; i < 1_000; i++) {
                        span.attribute("key" + i, List.of(i)).event("event").link(span.context());
                    }
                    span.error(new IllegalStateException("broken"))
                            .rename("renamed")
                            .end();
                    span.attribute("late", true);
                    span.forEachAttribute(new AttributeCollector());
                    span.events().forEach(event -> event.forEachAttribute(new AttributeCollector()));
                    plain.span("old").startTime(Instant.EPOCH).start();
                    plain.expireSpans();
                })
                .subscribeOn(Schedulers.parallel())
                .block();

        assertThat(ended.spans()).hasSize(2);
    }

    @Test
    void toString_isItsConfiguration() {
        assertThat(tracer.toString())
                .startsWith("Tracer{sampler=ParentBased{root=AlwaysOn}, limits=SpanLimits{")
                .endsWith(", handlers=1, maxLifetime=PT1H, enabled=true}");
    }
}
