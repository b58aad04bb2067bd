// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import io.spanflux.testing.InMemorySpanExporter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class SpanTest {
    private final FakeClock clock = new FakeClock();
    private final InMemorySpanExporter ended = InMemorySpanExporter.create();
    private final Tracer tracer = Tracer.builder().clock(clock).handler(ended).build();
    private final Span span = tracer.span("work").start();

    // ---- attributes ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {31, 32, 33, 64, 65, 128})
    void attribute_ofManyKeys_isThereOnce_withItsLastValue(int keys) {
        for (int i = 0; i < 2 * keys; i++) {
            span.attribute("key." + i % keys, i);
        }

        Attributes attributes = span.attributes();
        assertThat(attributes.size()).isEqualTo(keys);
        for (int i = 0; i < keys; i++) {
            assertThat(attributes.get("key." + i)).isEqualTo((long) keys + i);
        }
    }

    @Test
    void attribute_eachOverload_keepsItsKind() {
        span.attribute("text", "value")
                .attribute("int", 1)
                .attribute("long", Long.MAX_VALUE)
                .attribute("double", 0.25)
                .attribute("float", 0.5f)
                .attribute("boolean", true)
                .attribute("object", (Object) List.of("a", "b"))
                .attributes(Attributes.of("several", 3).with("values", false));

        assertThat(span.attributes().asMap())
                .containsExactly(
                        entry("text", "value"),
                        entry("int", 1L),
                        entry("long", Long.MAX_VALUE),
                        entry("double", 0.25),
                        entry("float", 0.5),
                        entry("boolean", true),
                        entry("object", List.of("a", "b")),
                        entry("several", 3L),
                        entry("values", false));
    }

    @Test
    void attribute_boxedNumber_isNotMistakenForAnObject() {
        span.attribute("integer", Integer.valueOf(7))
                .attribute("double", Double.valueOf(7.5))
                .attribute("boolean", Boolean.FALSE);

        assertThat(span.attributes().asMap())
                .containsExactly(entry("integer", 7L), entry("double", 7.5), entry("boolean", false));
    }

    @Test
    void attribute_sameKeyAgain_takesTheLastValueInTheFirstPlace() {
        span.attribute("first", "old").attribute("second", 2).attribute("first", 1.5);

        assertThat(span.attributes().asMap()).containsExactly(entry("first", 1.5), entry("second", 2L));
        assertThat(droppedAttributes(span)).isZero();
    }

    @Test
    void attribute_emptyText_isAValue() {
        span.attribute("empty", "");

        assertThat(span.attributes().asMap()).containsExactly(entry("empty", ""));
    }

    static List<UnaryOperator<Span>> unusableAttributes() {
        return List.of(
                span -> span.attribute(null, "value"),
                span -> span.attribute(null, 1L),
                span -> span.attribute(null, 1.0),
                span -> span.attribute(null, true),
                span -> span.attribute(null, List.of()),
                span -> span.attribute("", "value"),
                span -> span.attribute("", 1L),
                span -> span.attribute("", 1.0),
                span -> span.attribute("", true),
                span -> span.attribute("", List.of()),
                span -> span.attribute("key", (String) null),
                span -> span.attribute("key", (Object) null),
                span -> span.attribute("key", (Long) null),
                span -> span.attribute("key", Double.NaN),
                span -> span.attribute("key", Double.POSITIVE_INFINITY),
                span -> span.attribute("key", Float.NEGATIVE_INFINITY),
                span -> span.attribute("key", Double.valueOf(Double.NaN)),
                span -> span.attribute("key", new Object()));
    }

    @ParameterizedTest
    @MethodSource("unusableAttributes")
    void attribute_thatCannotBeExported_isLeftOutAndCounted(UnaryOperator<Span> call) {
        span.attribute("before", 1);

        assertThat(call.apply(span)).isSameAs(span);

        assertThat(span.attributes().asMap())
                .containsExactly(entry("before", 1L), entry("spanflux.invalid_values", 1L));
        assertThat(droppedAttributes(span)).isEqualTo(1);
    }

    @Test
    void attribute_unusableValueForAKnownKey_leavesTheValueThatWasThere() {
        span.attribute("key", 1.5).attribute("key", Double.NaN);

        assertThat(span.attributes().get("key")).isEqualTo(1.5);
    }

    @Test
    void attribute_listWithUnusableItems_keepsTheOthersAndIsMarked() {
        span.attribute("list", Arrays.asList("a", null, Double.NaN));

        assertThat(span.attributes().asMap())
                .containsExactly(entry("list", List.of("a")), entry("spanflux.invalid_values", 1L));
        assertThat(droppedAttributes(span)).isZero();
    }

    @Test
    void attributes_null_isIgnored() {
        span.attributes(null);

        assertThat(span.attributes().isEmpty()).isTrue();
    }

    @Test
    void attribute_setAThousandTimesOver_keepsTheSpanSmall() {
        int largest = 0;
        for (int i = 0; i < 100_000; i++) {
            span.attribute("progress", i);
            largest = Math.max(largest, span.estimatedBytes());
        }

        assertThat(span.attributes().asMap()).containsExactly(entry("progress", 99_999L));
        assertThat(largest).as("bytes held at worst").isLessThan(200_000);
    }

    @Test
    void forEachAttribute_eachKeyOnce_ownOverDataOverScopeOverGlobals() {
        SpanData data = FakeData.saying(to -> {
            to.accept("a", "data");
            to.accept("b", "data");
            to.accept("c", "data");
            to.accept("data", "data");
        });
        Tracer withGlobals = Tracer.builder()
                .globals(attributes("globals", "a", "b", "c", "d", "globals"))
                .build();
        Scope scope = Scope.named("outer").attributes(attributes("scope", "a", "b", "d", "scope"));
        Span merged = withGlobals.span(data).scope(scope).start();
        merged.attribute("a", "own").attribute("own", "own");
        merged.end();

        assertThat(merged.attributes().asMap())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "a", "own",
                        "b", "data",
                        "c", "data",
                        "d", "scope",
                        "own", "own",
                        "data", "data",
                        "scope", "scope",
                        "globals", "globals"));
        List<String> keys = new ArrayList<>();
        merged.forEachAttribute(new KeyCollector(keys));
        assertThat(keys).doesNotHaveDuplicates();
    }

    @Test
    void forEachAttribute_everyKindFromData_canBeOverriddenByTheSpan() {
        SpanData data = FakeData.saying(to -> {
            to.accept("text", "data");
            to.accept("long", 1L);
            to.accept("double", 1.0);
            to.accept("boolean", true);
            to.accept("list", List.of("data"));
            to.accept("map", Map.of("key", "data"));
        });
        Span overriding = tracer.span(data).start();
        for (String key : List.of("text", "long", "double", "boolean", "list", "map")) {
            overriding.attribute(key, "own");
        }

        List<String> keys = new ArrayList<>();
        overriding.forEachAttribute(new KeyCollector(keys));

        assertThat(keys).containsExactly("text", "long", "double", "boolean", "list", "map");
        assertThat(overriding.attributes().asMap().values()).containsOnly("own");
    }

    @Test
    void forEachAttribute_everyKindFromData_passesWhereAScopeIsInherited() {
        SpanData data = FakeData.saying(to -> {
            to.accept("text", "data");
            to.accept("long", 1L);
            to.accept("double", 1.5);
            to.accept("boolean", true);
            to.accept("list", List.of("data"));
            to.accept("map", Map.of("key", "data"));
        });
        Span scoped = tracer.span(data)
                .scope(Scope.named("s").attribute("list", "scope").attribute("scope", "scope"))
                .start();

        assertThat(scoped.attributes().asMap())
                .containsExactly(
                        entry("text", "data"),
                        entry("long", 1L),
                        entry("double", 1.5),
                        entry("boolean", true),
                        entry("list", List.of("data")),
                        entry("map", Map.of("key", "data")),
                        entry("scope", "scope"));
    }

    @Test
    void forEachAttribute_dataThatThrowsMidway_keepsTheRestAndSaysSo() {
        Span failing = tracer.span(FakeData.saying(to -> {
                    to.accept("before", 1);
                    throw new IllegalStateException("broken");
                }))
                .start();
        failing.attribute("own", 2);
        failing.end();

        assertThat(failing.attributes().asMap())
                .containsExactly(entry("before", 1L), entry("own", 2L), entry("spanflux.invalid_values", 1L));
        assertThat(tracer.callbackFailures()).isEqualTo(1);
    }

    // ---- events and links ----------------------------------------------------------------------------------------

    @Test
    void event_takesTheTimeOfItsCall() {
        clock.advance(Duration.ofMillis(5));
        span.event("first");
        clock.advance(Duration.ofMillis(5));
        span.event("second", Attributes.of("key", "value"));

        assertThat(span.events()).extracting(SpanEvent::name).containsExactly("first", "second");
        assertThat(span.events())
                .extracting(event -> event.epochNanos() - span.startEpochNanos())
                .containsExactly(5_000_000L, 10_000_000L);
        assertThat(span.events().get(1).attributes()).isEqualTo(Attributes.of("key", "value"));
    }

    @Test
    void event_withoutNameOrAttributes_isIgnored() {
        span.event(null).event(null, Attributes.empty()).event("name", null);

        assertThat(span.events()).isEmpty();
    }

    @Test
    void link_keepsContextAndAttributesInOrder() {
        SpanContext first = tracer.span("first").start().context();
        SpanContext second = tracer.span("second").start().context();

        span.link(first).link(second, Attributes.of("why", "retry")).link(null).link(first, null);

        assertThat(span.links())
                .containsExactly(
                        new SpanLink(first, Attributes.empty(), 0),
                        new SpanLink(second, Attributes.of("why", "retry"), 0));
    }

    // ---- status --------------------------------------------------------------------------------------------------

    @Test
    void status_ofANewSpan_isUnset() {
        assertThat(span.status()).isEqualTo(SpanStatus.UNSET);
        assertThat(span.statusDescription()).isNull();
    }

    @Test
    void status_ok_isFinal() {
        span.status(SpanStatus.OK).status(SpanStatus.ERROR, "too late").status(SpanStatus.UNSET);

        assertThat(span.status()).isEqualTo(SpanStatus.OK);
        assertThat(span.statusDescription()).isNull();
    }

    @Test
    void status_error_overridesUnsetAndIsNotOverriddenByIt() {
        span.status(SpanStatus.UNSET).status(SpanStatus.ERROR, "failed").status(SpanStatus.UNSET);

        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(span.statusDescription()).isEqualTo("failed");
    }

    @Test
    void status_okAfterError_takesTheDescriptionAway() {
        span.status(SpanStatus.ERROR, "failed").status(SpanStatus.OK);

        assertThat(span.status()).isEqualTo(SpanStatus.OK);
        assertThat(span.statusDescription()).isNull();
    }

    @Test
    void status_laterError_replacesTheDescription() {
        span.status(SpanStatus.ERROR, "first").status(SpanStatus.ERROR, "second");

        assertThat(span.statusDescription()).isEqualTo("second");
    }

    @Test
    void status_okOrUnset_keepsNoDescription() {
        span.status(SpanStatus.UNSET, "nothing");
        assertThat(span.statusDescription()).isNull();

        span.status(SpanStatus.OK, "fine");
        assertThat(span.statusDescription()).isNull();
    }

    @Test
    void status_null_isIgnored() {
        span.status(SpanStatus.ERROR, "failed").status(null).status(null, "description");

        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(span.statusDescription()).isEqualTo("failed");
    }

    // ---- error ---------------------------------------------------------------------------------------------------

    @Test
    void error_setsStatusTypeAndEventAndDoesNotEndTheSpan() {
        clock.advance(Duration.ofMillis(3));
        span.error(new IllegalArgumentException("bad prompt"));

        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(span.statusDescription()).isEqualTo("bad prompt");
        assertThat(span.attributes().get("error.type")).isEqualTo("java.lang.IllegalArgumentException");
        SpanEvent event = span.events().get(0);
        assertThat(event.name()).isEqualTo("exception");
        assertThat(event.epochNanos()).isEqualTo(span.startEpochNanos() + 3_000_000);
        assertThat(span.hasEnded()).isFalse();
    }

    @Test
    void error_timeout_hasTheTypeOfTheConventions() {
        span.error(new TimeoutException("Did not observe any item within 100ms"));

        assertThat(span.attributes().get("error.type")).isEqualTo("timeout");
    }

    @Test
    void error_withoutMessage_isDescribedByItsClass() {
        span.error(new IllegalStateException());

        assertThat(span.statusDescription()).isEqualTo("java.lang.IllegalStateException");
    }

    @Test
    void error_whoseMessageThrows_isDescribedByItsClass() {
        Exception hostile = new HostileException(new IllegalStateException("no message for you"));

        assertThatCode(() -> span.error(hostile)).doesNotThrowAnyException();

        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(span.statusDescription()).isEqualTo(HostileException.class.getName());
        assertThat(span.attributes().get("error.type")).isEqualTo(HostileException.class.getName());
    }

    @Test
    void error_whoseMessageThrowsAnError_doesNotReachTheTracedCall() {
        Exception hostile = new HostileException(new NoClassDefFoundError("a class of another version"));

        assertThatCode(() -> span.error(hostile)).doesNotThrowAnyException();

        assertThat(span.statusDescription()).isEqualTo(HostileException.class.getName());
    }

    @Test
    void error_whoseMessageFindsTheJvmBroken_isNotSwallowed() {
        InternalError fatal = new InternalError("test");

        assertThatThrownBy(() -> span.error(new HostileException(fatal))).isSameAs(fatal);
    }

    @Test
    void error_onASpanDeclaredOk_leavesTheStatus() {
        span.status(SpanStatus.OK).error(new IllegalStateException("handled"));

        assertThat(span.status()).isEqualTo(SpanStatus.OK);
        assertThat(span.events()).hasSize(1);
    }

    @Test
    void error_null_isIgnored() {
        span.error(null);

        assertThat(span.status()).isEqualTo(SpanStatus.UNSET);
        assertThat(span.events()).isEmpty();
    }

    // ---- name ----------------------------------------------------------------------------------------------------

    @Test
    void rename_lastOneWins() {
        assertThat(span.name()).isEqualTo("work");

        span.rename("better").rename("best");

        assertThat(span.name()).isEqualTo("best");
    }

    @Test
    void rename_nullOrEmpty_isIgnored() {
        span.rename(null).rename("");

        assertThat(span.name()).isEqualTo("work");
    }

    // ---- end -----------------------------------------------------------------------------------------------------

    @Test
    void end_isTheStartPlusWhatTheMonotonicClockSays() {
        clock.advance(Duration.ofSeconds(2));
        clock.stepWallClock(Duration.ofHours(-1));
        span.end();

        assertThat(span.hasEnded()).isTrue();
        assertThat(span.endEpochNanos() - span.startEpochNanos()).isEqualTo(2_000_000_000L);
    }

    @Test
    void end_ofARunningSpan_isZero() {
        assertThat(span.endEpochNanos()).isZero();
    }

    @Test
    void end_twice_countsOnce() {
        clock.advance(Duration.ofSeconds(1));
        span.end();
        long end = span.endEpochNanos();
        clock.advance(Duration.ofSeconds(1));
        span.end();
        span.end(Instant.now());

        assertThat(span.endEpochNanos()).isEqualTo(end);
        assertThat(ended.spans()).containsExactly(span);
    }

    @Test
    void end_atAnInstant_isThatInstant() {
        Instant end = Instant.parse("2031-02-03T04:05:06.789012345Z");
        span.end(end);

        assertThat(span.endEpochNanos()).isEqualTo(end.getEpochSecond() * 1_000_000_000 + end.getNano());
    }

    @Test
    void end_atNull_isNow() {
        clock.advance(Duration.ofSeconds(1));
        span.end(null);

        assertThat(span.endEpochNanos()).isEqualTo(clock.epochNanos());
    }

    @Test
    void end_beyondWhatTheWireCanSay_isItsBoundAndNotNegative() {
        span.end(Instant.MAX);
        Span past = tracer.span("past").startTime(Instant.MIN).start();
        past.end(Instant.EPOCH.minusNanos(1));

        assertThat(span.endEpochNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(past.startEpochNanos()).isZero();
        assertThat(past.endEpochNanos()).isZero();
    }

    static List<UnaryOperator<Span>> writes() {
        return List.of(
                span -> span.attribute("key", "late"),
                span -> span.attribute("key", 2L),
                span -> span.attribute("key", 2.0),
                span -> span.attribute("key", false),
                span -> span.attribute("key", List.of("late")),
                span -> span.attribute(null, "late"),
                span -> span.attributes(Attributes.of("key", "late").with("other", "late")),
                span -> span.event("late"),
                span -> span.event("late", Attributes.of("key", "late")),
                span -> span.link(span.context()),
                span -> span.status(SpanStatus.OK),
                span -> span.error(new IllegalStateException("late")),
                span -> span.rename("late"));
    }

    @ParameterizedTest
    @MethodSource("writes")
    void write_afterEnd_isIgnoredAndCounted(UnaryOperator<Span> write) {
        span.attribute("key", 1L).event("event");
        span.end();
        String before = describe(span);

        Span returned = write.apply(span);

        assertThat(returned).isSameAs(span);

        assertThat(describe(span)).isEqualTo(before);
        assertThat(tracer.callsAfterEnd()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("writes")
    void write_beforeEnd_isNotCountedAsLate(UnaryOperator<Span> write) {
        String before = describe(span);

        Span returned = write.apply(span);

        assertThat(returned).isSameAs(span);

        assertThat(describe(span)).isNotEqualTo(before);
        assertThat(tracer.callsAfterEnd()).isZero();
    }

    private static String describe(Span span) {
        return span.name()
                + span.attributes().asMap()
                + span.events()
                + span.links()
                + span.status()
                + span.statusDescription()
                + span.endEpochNanos()
                + droppedAttributes(span);
    }

    // ---- spans that do not record --------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("writes")
    void write_onASampledOutSpan_doesNothing(UnaryOperator<Span> write) {
        Tracer off =
                Tracer.builder().sampler(Sampler.alwaysOff()).handler(ended).build();
        Span unsampled = off.span("unsampled").start();

        assertThat(write.apply(unsampled)).isSameAs(unsampled);
        unsampled.end();
        assertThat(write.apply(unsampled)).isSameAs(unsampled);
        unsampled.end(Instant.now());

        assertThat(unsampled.isRecording()).isFalse();
        assertThat(unsampled.isSampled()).isFalse();
        assertThat(unsampled.hasEnded()).isFalse();
        assertThat(describe(unsampled)).isEqualTo("unsampled{}[][]UNSETnull00");
        assertThat(off.callsAfterEnd()).isZero();
        assertThat(off.liveSpans()).isZero();
        assertThat(ended.spans()).isEmpty();
        assertThat(unsampled.context().isValid()).isTrue();
    }

    @Test
    void isRecording_staysTrueAfterTheEnd() {
        span.end();

        assertThat(span.isRecording()).isTrue();
        assertThat(span.isSampled()).isTrue();
    }

    @Test
    void of_aContext_isThatIdentityAndRecordsNothing() {
        SpanContext remote = SpanContext.remote(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 0x01, TraceState.parse("vendor=1"));

        Span standing = Span.of(remote);
        standing.attribute("key", "value").end();

        assertThat(standing.context()).isEqualTo(remote);
        assertThat(standing.context().isRemote()).isTrue();
        assertThat(standing.isRecording()).isFalse();
        assertThat(standing.isSampled()).isTrue();
        assertThat(standing.attributes().isEmpty()).isTrue();
    }

    // ---- identity ------------------------------------------------------------------------------------------------

    @Test
    void context_hasTheIdsAndFlagsOfTheSpan() {
        SpanContext context = span.context();

        assertThat(context.traceIdHigh()).isEqualTo(span.traceIdHigh());
        assertThat(context.traceIdLow()).isEqualTo(span.traceIdLow());
        assertThat(context.spanIdBits()).isEqualTo(span.spanIdBits());
        assertThat(context.traceFlags()).isEqualTo(SpanContext.SAMPLED | SpanContext.RANDOM);
        assertThat(span.traceFlags()).isEqualTo(context.traceFlags());
        assertThat(context.isRemote()).isFalse();
        assertThat(span.context()).isSameAs(context);
    }

    @Test
    void storeIn_from_findsTheSpanAgain() {
        Context context = span.storeIn(Context.of("other", "entry"));

        assertThat(Span.from(context)).isSameAs(span);
        assertThat(context.<String>get("other")).isEqualTo("entry");
        assertThat(Span.from(Context.empty())).isNull();
    }

    @Test
    void toString_namesTheSpanAndShowsNoContent() {
        span.attribute("gen_ai.input.messages", "SECRET")
                .event("event", Attributes.of("content", "SECRET"))
                .status(SpanStatus.ERROR, "SECRET")
                .error(new IllegalStateException("SECRET"));

        assertThat(span.toString())
                .contains("work", span.context().traceId(), span.context().spanId())
                .doesNotContain("SECRET");
        assertThat(span.events().toString()).doesNotContain("SECRET");
        assertThat(span.attributes().toString()).doesNotContain("SECRET");
    }

    @Test
    void estimatedBytes_eachThingKept_counts() {
        String text = "x".repeat(1_000);

        assertThat(bytesOf(() -> span.attribute("text", text))).isBetween(2_000, 2_500);
        assertThat(bytesOf(() -> span.attribute(text, 1))).isBetween(2_000, 2_500);
        assertThat(bytesOf(() -> span.event(text))).isBetween(2_000, 2_500);
        assertThat(bytesOf(() -> span.event("event", Attributes.of(text, text))))
                .isBetween(4_000, 4_500);
        assertThat(bytesOf(() -> span.link(span.context(), Attributes.of(text, text))))
                .isBetween(4_000, 4_500);
        assertThat(bytesOf(() -> span.status(SpanStatus.ERROR, text))).isBetween(2_000, 2_500);
        assertThat(bytesOf(() -> span.rename(text))).isBetween(2_000, 2_500);
        // An exception's stack trace is not rendered yet, and yet will be.
        assertThat(bytesOf(() -> span.error(new IllegalStateException()))).isBetween(4_000, 6_000);
        assertThat(bytesOf(() -> span.attribute("nan", Double.NaN))).isPositive();
    }

    private int bytesOf(Runnable write) {
        int before = span.estimatedBytes();
        write.run();
        return span.estimatedBytes() - before;
    }

    @Test
    void estimatedBytes_whatIsInherited_countsOnEachSpan() {
        Attributes document = Attributes.of("document", "x".repeat(100_000));
        Scope scope = Scope.named("scope").attributes(document).enteredIn(Scope.none());
        Tracer withGlobals = Tracer.builder().globals(document).build();
        Span scoped = tracer.span("scoped").scope(scope).start();
        Span global = withGlobals.span("global").start();

        assertThat(scoped.estimatedBytes()).isGreaterThan(200_000);
        scoped.end();
        global.end();

        assertThat(scoped.estimatedBytes()).isGreaterThan(200_000);
        assertThat(global.estimatedBytes()).isGreaterThan(200_000);
    }

    @Test
    void expire_aFullSpan_keepsWhyItEnded() {
        Tracer shortLived = Tracer.builder()
                .clock(clock)
                .limits(SpanLimits.builder().attributeCount(2).build())
                .maxLifetime(Duration.ofSeconds(1))
                .build();
        Span full = shortLived
                .span("full")
                .start()
                .attribute("a", 1)
                .attribute("b", 2)
                .attribute("c", 3);

        clock.advance(Duration.ofSeconds(2));
        shortLived.expireSpans();

        assertThat(full.attributes().asMap())
                .containsEntry("spanflux.expired", true)
                .containsEntry("error.type", "timeout")
                .containsEntry("a", 1L)
                .containsEntry("b", 2L)
                .hasSize(4);
        assertThat(full.forEachAttribute(new AttributeCollector())).isEqualTo(1);
    }

    @Test
    void error_whoseMessageHasNoEnd_doesNotReachTheCall() {
        span.error(new HostileException(new StackOverflowError()));
        span.end();

        assertThat(span.statusDescription()).isEqualTo(HostileException.class.getName());
        span.events().get(0).forEachAttribute(new AttributeCollector());
    }

    @Test
    void estimatedBytes_isFixedAtTheEndWithWhatTheDataSaysThen() {
        FakeData data = FakeData.silent();
        Span ending = tracer.span(data).start().attribute("text", "x".repeat(1_000));
        int before = ending.estimatedBytes();
        data.bytes += 10_000;
        ending.end();
        int fixed = ending.estimatedBytes();

        assertThat(fixed - before).isBetween(10_000, 10_100);
        data.bytes += 10_000;
        ending.attribute("late", "x".repeat(1_000));
        assertThat(ending.estimatedBytes()).isEqualTo(fixed);
    }

    @Test
    void events_andLinks_cannotBeChangedByReaders() {
        span.event("event").link(span.context());

        assertThatCode(() -> span.events().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatCode(() -> span.links().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThat(span.events()).hasSize(1);
    }

    static int droppedAttributes(Span span) {
        return span.forEachAttribute(new AttributeCollector());
    }

    private static Attributes attributes(String value, String... keys) {
        Attributes attributes = Attributes.empty();
        for (String key : keys) {
            attributes = attributes.with(key, value);
        }
        return attributes;
    }

    /** Notes each key as often as it comes. */
    private record KeyCollector(List<String> keys) implements AttributeConsumer {
        @Override
        public void accept(String key, String value) {
            keys.add(key);
        }

        @Override
        public void accept(String key, long value) {
            keys.add(key);
        }

        @Override
        public void accept(String key, double value) {
            keys.add(key);
        }

        @Override
        public void accept(String key, boolean value) {
            keys.add(key);
        }

        @Override
        public void accept(String key, List<?> value) {
            keys.add(key);
        }

        @Override
        public void accept(String key, Map<String, ?> value) {
            keys.add(key);
        }
    }

    private static final class HostileException extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Throwable thrown;

        HostileException(Throwable thrown) {
            this.thrown = thrown;
        }

        @Override
        public String getMessage() {
            throw Sneaky.rethrow(thrown);
        }
    }

    @Test
    void ownAttribute_isTheValueSetLast_andOfThisSpanOnly() {
        Tracer plain = Tracer.builder().globals(Attributes.of("global", "g")).build();
        Span span = plain.span(FakeData.saying(to -> to.accept("data", "d"))).start();
        span.attribute("key", "first").attribute("other", 1).attribute("key", "last");
        assertThat(span.ownAttribute("key")).isEqualTo("last");
        span.end();

        assertThat(span.ownAttribute("key")).isEqualTo("last");
        assertThat(span.ownAttribute("other")).isEqualTo(1L);
        assertThat(span.ownAttribute("global")).isNull();
        assertThat(span.ownAttribute("data")).isNull();
    }

    @Test
    void metadata_isOwnThenDatasThenScopesThenGlobal() {
        Tracer tracer = Tracer.builder()
                .globals(Attributes.of("a", 4).with("b", 4).with("c", 4).with("d", 4))
                .build();
        Span span = tracer.span(FakeData.saying(to -> {
                    to.accept("a", 2L);
                    to.accept("b", 2L);
                }))
                .scope(Scope.named("s").attribute("a", 3).attribute("b", 3).attribute("c", 3))
                .attribute("a", 1)
                .start();

        assertThat(span.metadata("a")).isEqualTo(1L);
        assertThat(span.metadata("b")).isEqualTo(2L);
        assertThat(span.metadata("c")).isEqualTo(3L);
        assertThat(span.metadata("d")).isEqualTo(4L);
        assertThat(span.metadata("e")).isNull();
    }

    @Test
    void metadata_ofDataThatThrows_isWhatElseIsKnown() {
        Tracer tracer = Tracer.builder().globals(Attributes.of("a", 4)).build();
        Span span = tracer.span(FakeData.saying(to -> {
                    throw new IllegalStateException("broken data");
                }))
                .start();

        assertThat(span.metadata("a")).isEqualTo(4L);
        assertThat(tracer.callbackFailures()).isEqualTo(1);
    }
}
