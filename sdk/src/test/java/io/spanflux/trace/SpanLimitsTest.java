// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class SpanLimitsTest {
    private static final int MEGABYTE = 1 << 20;
    private static final String HUGE = "x".repeat(20 * MEGABYTE);

    private static Span span(SpanLimits.Builder limits) {
        return Tracer.builder()
                .clock(new FakeClock())
                .limits(limits.build())
                .build()
                .span("limited")
                .start();
    }

    // ---- the limits themselves -----------------------------------------------------------------------------------

    @Test
    void defaults_areThoseOfOpenTelemetryAndFourMebibytes() {
        SpanLimits limits = SpanLimits.defaults();

        assertThat(limits.attributeCount()).isEqualTo(128);
        assertThat(limits.attributeValueLength()).isEqualTo(Integer.MAX_VALUE);
        assertThat(limits.contentLength()).isEqualTo(256 * 1024);
        assertThat(limits.eventCount()).isEqualTo(128);
        assertThat(limits.linkCount()).isEqualTo(128);
        assertThat(limits.attributeCountPerEvent()).isEqualTo(128);
        assertThat(limits.attributeCountPerLink()).isEqualTo(128);
        assertThat(limits.bytes()).isEqualTo(4 * MEGABYTE);
    }

    @Test
    void toBuilder_copiesEachLimit() {
        SpanLimits limits = SpanLimits.builder()
                .attributeCount(1)
                .attributeValueLength(2)
                .eventCount(3)
                .linkCount(4)
                .attributeCountPerEvent(5)
                .attributeCountPerLink(6)
                .contentLength(7)
                .bytes(70_000)
                .build();

        assertThat(limits.toBuilder().build().toString())
                .isEqualTo(limits.toString())
                .isEqualTo("SpanLimits{attributeCount=1, attributeValueLength=2, contentLength=7, "
                        + "eventCount=3, linkCount=4, attributeCountPerEvent=5, attributeCountPerLink=6, bytes=70000}");
    }

    @ParameterizedTest
    @CsvSource({
        "attributeCount, -1",
        "attributeCount, 10001",
        "attributeValueLength, -1",
        "eventCount, -1",
        "eventCount, 10001",
        "linkCount, -1",
        "linkCount, 10001",
        "attributeCountPerEvent, -1",
        "attributeCountPerEvent, 10001",
        "attributeCountPerLink, -1",
        "attributeCountPerLink, 10001",
        "contentLength, -1",
        "contentLength, 16777217",
        "bytes, 16383",
        "bytes, 67108865",
    })
    void builder_valueOutOfRange_isRefusedByNameAndValue(String name, int value) {
        assertThatThrownBy(() -> set(name, value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(name + " is not between ")
                .hasMessageEndingWith(": " + value);
    }

    @ParameterizedTest
    @CsvSource({
        "attributeCount, 0", "attributeCount, 10000",
        "attributeValueLength, 0", "attributeValueLength, 2147483647",
        "eventCount, 0", "eventCount, 10000",
        "linkCount, 0", "linkCount, 10000",
        "attributeCountPerEvent, 0", "attributeCountPerEvent, 10000",
        "attributeCountPerLink, 0", "attributeCountPerLink, 10000",
        "contentLength, 0", "contentLength, 16777216",
        "bytes, 16384", "bytes, 67108864",
    })
    void builder_boundsThemselves_areTaken(String name, int value) {
        assertThat(set(name, value).build().toString()).contains(name + '=' + value);
    }

    private static SpanLimits.Builder set(String name, int value) {
        SpanLimits.Builder builder = SpanLimits.builder();
        return switch (name) {
            case "attributeCount" -> builder.attributeCount(value);
            case "attributeValueLength" -> builder.attributeValueLength(value);
            case "eventCount" -> builder.eventCount(value);
            case "linkCount" -> builder.linkCount(value);
            case "attributeCountPerEvent" -> builder.attributeCountPerEvent(value);
            case "contentLength" -> builder.contentLength(value);
            case "attributeCountPerLink" -> builder.attributeCountPerLink(value);
            default -> builder.bytes(value);
        };
    }

    // ---- attributeCount ------------------------------------------------------------------------------------------

    @Test
    void attributeCount_reached_dropsNewKeysAndUpdatesKnownOnes() {
        Span span = span(SpanLimits.builder().attributeCount(2));

        span.attribute("a", 1)
                .attribute("b", 1)
                .attribute("c", 1)
                .attribute("a", 2)
                .attribute("b", "two");

        assertThat(span.attributes().asMap()).containsExactly(entry("a", 2L), entry("b", "two"));
        assertThat(SpanTest.droppedAttributes(span)).isEqualTo(1);
    }

    @Test
    void attributeCount_zero_keepsNone() {
        Span span = span(SpanLimits.builder().attributeCount(0));

        for (int i = 0; i < 1_000; i++) {
            span.attribute("key" + i, i);
        }

        assertThat(span.attributes().isEmpty()).isTrue();
        assertThat(SpanTest.droppedAttributes(span)).isEqualTo(1_000);
    }

    @Test
    void attributeCount_stillHoldsAfterTheStackWasShortened() {
        Span span = span(SpanLimits.builder().attributeCount(4).eventCount(2).linkCount(2));

        for (int round = 0; round < 500; round++) {
            for (int key = 0; key < 5; key++) {
                span.attribute("key" + key, round);
            }
        }

        assertThat(span.attributes().asMap())
                .containsExactly(entry("key0", 499L), entry("key1", 499L), entry("key2", 499L), entry("key3", 499L));
        assertThat(SpanTest.droppedAttributes(span)).isEqualTo(500);
    }

    @Test
    void attributeCount_coversScopeAndGlobalsAfterTheSpansOwn() {
        Tracer tracer = Tracer.builder()
                .limits(SpanLimits.builder().attributeCount(3).build())
                .globals(Attributes.of("global", 1))
                .build();
        Span span = tracer.span("limited")
                .scope(Scope.named("scope").attribute("first", 1).attribute("second", 1))
                .start()
                .attribute("a", 1)
                .attribute("b", 1);

        assertThat(span.attributes().asMap().keySet()).containsExactlyInAnyOrder("a", "b", "first");
        assertThat(SpanTest.droppedAttributes(span)).isEqualTo(2);
    }

    @Test
    void attributeCount_doesNotCoverWhatTheDataSays() {
        Tracer tracer = Tracer.builder()
                .limits(SpanLimits.builder().attributeCount(1).build())
                .build();
        Span span = tracer.span(FakeData.saying(to -> {
                    to.accept("data1", 1);
                    to.accept("data2", 2);
                }))
                .start()
                .attribute("own", 3);

        assertThat(span.attributes().asMap().keySet()).containsExactlyInAnyOrder("data1", "data2", "own");
        assertThat(SpanTest.droppedAttributes(span)).isZero();
    }

    // ---- attributeValueLength ------------------------------------------------------------------------------------

    @Test
    void attributeValueLength_cutsByCodePointAndCounts() {
        Span span = span(SpanLimits.builder().attributeValueLength(3));

        span.attribute("ascii", "abcd").attribute("emoji", "😀😀😀😀").attribute("fits", "😀😀😀");

        assertThat(span.attributes().asMap())
                .containsExactly(
                        entry("ascii", "abc"),
                        entry("emoji", "😀😀😀"),
                        entry("fits", "😀😀😀"),
                        entry("spanflux.truncated_values", 2L));
        assertThat(SpanTest.droppedAttributes(span)).isZero();
    }

    @Test
    void attributeValueLength_coversListsMapsAndBytes() {
        Span span = span(SpanLimits.builder().attributeValueLength(3));

        span.attribute("list", List.of("abcd", "ab")).attribute("map", Map.of("longer", "abcd"));
        span.attribute("bytes", new byte[9]);

        assertThat(span.attributes().asMap())
                .containsExactly(
                        entry("list", List.of("abc", "ab")),
                        entry("map", Map.of("longer", "abc")),
                        entry("bytes", "AAA"),
                        entry("spanflux.truncated_values", 3L));
    }

    @Test
    void attributeValueLength_coversScopeAndGlobals() {
        Tracer tracer = Tracer.builder()
                .limits(SpanLimits.builder().attributeValueLength(3).build())
                .globals(Attributes.of("global", "abcd"))
                .build();
        Span span = tracer.span("limited")
                .scope(Scope.named("scope").attribute("scoped", "abcd"))
                .start();

        assertThat(span.attributes().asMap())
                .containsOnly(entry("scoped", "abc"), entry("global", "abc"), entry("spanflux.truncated_values", 2L));
    }

    @Test
    void attributeValueLength_coversTextsOfDataAndCountsWhatDataCutsItself() {
        SpanLimits limits = SpanLimits.builder().attributeValueLength(3).build();
        Span span = Tracer.builder()
                .limits(limits)
                .build()
                .span(FakeData.saying(to -> {
                    assertThat(to.limits()).isSameAs(limits);
                    to.accept("short", "abc");
                    to.accept("long", "ab\uD83D\uDE00cd");
                    to.truncated(4);
                }))
                .start();

        assertThat(span.attributes().asMap())
                .containsExactly(
                        entry("short", "abc"), entry("long", "ab\uD83D\uDE00"), entry("spanflux.truncated_values", 5L));
    }

    @Test
    void attributeValueLength_coversAttributesGivenAtTheStart() {
        Tracer tracer = Tracer.builder()
                .limits(SpanLimits.builder().attributeValueLength(3).build())
                .build();

        Span span = tracer.span("limited").attribute("early", "abcd").start();

        assertThat(span.attributes().asMap())
                .containsExactly(entry("early", "abc"), entry("spanflux.truncated_values", 1L));
    }

    @Test
    void attributeValueLength_coversEventsAndLinks() {
        Span span = span(SpanLimits.builder().attributeValueLength(3));

        span.event("event", Attributes.of("long", "abcd").with("short", "ab").with("list", List.of("abcd")));
        span.link(span.context(), Attributes.of("long", "abcd"));

        assertThat(span.events().get(0).attributes().asMap())
                .containsExactly(entry("long", "abc"), entry("short", "ab"), entry("list", List.of("abc")));
        assertThat(span.links().get(0).attributes().get("long")).isEqualTo("abc");
        assertThat(span.attributes().get("spanflux.truncated_values")).isEqualTo(3L);
    }

    @Test
    void truncatedValues_surviveShortening() {
        Span span = span(SpanLimits.builder()
                .attributeValueLength(3)
                .attributeCount(2)
                .eventCount(0)
                .linkCount(0));

        for (int i = 0; i < 1_000; i++) {
            span.attribute("key", "abcd").attribute("other", Double.NaN);
        }

        assertThat(span.attributes().asMap())
                .containsExactly(
                        entry("key", "abc"),
                        entry("spanflux.truncated_values", 1_000L),
                        entry("spanflux.invalid_values", 1_000L));
    }

    @Test
    void everythingSaid_survivesShortening() {
        Span span = span(SpanLimits.builder().attributeCount(2).eventCount(1).linkCount(1));
        span.rename("renamed")
                .attribute("a", "first")
                .attribute("b", List.of(1, 2))
                .event("event", Attributes.of("key", "value"))
                .link(span.context(), Attributes.of("key", "value"))
                .status(SpanStatus.ERROR, "description");

        for (int i = 0; i < 1_000; i++) {
            span.attribute("a", i);
        }

        assertThat(span.name()).isEqualTo("renamed");
        assertThat(span.attributes().asMap()).containsExactly(entry("a", 999L), entry("b", List.of(1L, 2L)));
        assertThat(span.events()).extracting(SpanEvent::name).containsExactly("event");
        assertThat(span.events().get(0).attributes()).isEqualTo(Attributes.of("key", "value"));
        assertThat(span.links()).containsExactly(new SpanLink(span.context(), Attributes.of("key", "value"), 0));
        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(span.statusDescription()).isEqualTo("description");
    }

    @Test
    void ok_survivesShorteningAndStaysFinal() {
        Span span = span(SpanLimits.builder().attributeCount(1).eventCount(0).linkCount(0));
        span.status(SpanStatus.OK);

        for (int i = 0; i < 100; i++) {
            span.attribute("a", i);
        }
        span.status(SpanStatus.ERROR, "too late");

        assertThat(span.status()).isEqualTo(SpanStatus.OK);
    }

    @Test
    void namesAndDescriptions_areCutByCodePointAndCounted() {
        String emoji = "😀".repeat(5_000);
        Span span = Tracer.builder().build().span(emoji).start();
        assertThat(span.name()).isEqualTo("😀".repeat(1_024));
        assertThat(span.attributes().get("spanflux.truncated_values")).isEqualTo(1L);

        span.rename("x" + emoji).event(emoji).status(SpanStatus.ERROR, emoji);

        assertThat(span.name()).isEqualTo("x" + "😀".repeat(1_023));
        assertThat(span.events().get(0).name()).isEqualTo("😀".repeat(1_024));
        assertThat(span.statusDescription()).isEqualTo("😀".repeat(4_096));
        assertThat(span.attributes().get("spanflux.truncated_values")).isEqualTo(4L);
    }

    @Test
    void namesAndDescriptions_withinTheirBounds_areLeftAlone() {
        Span span = Tracer.builder().build().span("n".repeat(1_024)).start();

        span.rename("r".repeat(1_024)).event("e".repeat(1_024)).status(SpanStatus.ERROR, "d".repeat(4_096));

        assertThat(span.name()).hasSize(1_024);
        assertThat(span.events().get(0).name()).hasSize(1_024);
        assertThat(span.statusDescription()).hasSize(4_096);
        assertThat(span.attributes().isEmpty()).isTrue();
    }

    // ---- events and links ----------------------------------------------------------------------------------------

    @Test
    void eventCount_reached_dropsTheLaterOnesAndCounts() {
        Span span = span(SpanLimits.builder().eventCount(2));

        for (int i = 0; i < 1_000; i++) {
            span.event("event" + i);
        }

        assertThat(span.events()).extracting(SpanEvent::name).containsExactly("event0", "event1");
        assertThat(span.droppedEvents()).isEqualTo(998);
        assertThat(span.droppedLinks()).isZero();
    }

    @Test
    void linkCount_reached_dropsTheLaterOnesAndCounts() {
        Span span = span(SpanLimits.builder().linkCount(2));

        for (int i = 0; i < 1_000; i++) {
            span.link(span.context(), Attributes.of("i", i));
        }

        assertThat(span.links()).extracting(link -> link.attributes().get("i")).containsExactly(0L, 1L);
        assertThat(span.droppedLinks()).isEqualTo(998);
        assertThat(span.droppedEvents()).isZero();
    }

    @Test
    void attributeCountPerEvent_reached_keepsTheFirst() {
        Span span = span(SpanLimits.builder().attributeCountPerEvent(2).attributeCountPerLink(1));
        Attributes three = Attributes.of("a", 1).with("b", 2).with("c", 3);

        span.event("event", three).link(span.context(), three).event("few", Attributes.of("a", 1));

        SpanEvent event = span.events().get(0);
        assertThat(event.attributes().asMap()).containsExactly(entry("a", 1L), entry("b", 2L));
        assertThat(event.droppedAttributes()).isEqualTo(1);
        SpanLink link = span.links().get(0);
        assertThat(link.attributes().asMap()).containsExactly(entry("a", 1L));
        assertThat(link.droppedAttributes()).isEqualTo(2);
        assertThat(span.events().get(1).droppedAttributes()).isZero();
    }

    @Test
    void exceptions_countAsEvents() {
        Span span = span(SpanLimits.builder().eventCount(1));

        span.error(new IllegalStateException("first")).error(new IllegalStateException("second"));

        assertThat(span.events()).hasSize(1);
        assertThat(span.droppedEvents()).isEqualTo(1);
        assertThat(span.statusDescription()).isEqualTo("second");
    }

    // ---- bytes ---------------------------------------------------------------------------------------------------

    static List<Consumer<Span>> hugeWrites() {
        List<String> tenHuge = Collections.nCopies(10, HUGE);
        return List.of(
                span -> span.attribute("key", HUGE),
                span -> span.attribute("key", (Object) HUGE),
                span -> span.attribute("key", new StringBuilder(HUGE)),
                span -> span.attribute("key", new byte[20 * MEGABYTE]),
                span -> span.attribute("key", tenHuge),
                span -> span.attribute("key", Map.of("inner", HUGE)),
                span -> span.attribute("key", new long[MEGABYTE]),
                span -> span.attribute(HUGE, "value"),
                span -> span.attribute(HUGE, 1L),
                span -> span.attributes(Attributes.of("key", HUGE)),
                span -> span.event(HUGE),
                span -> span.event("event", Attributes.of("key", HUGE)),
                span -> span.link(span.context(), Attributes.of("key", HUGE)),
                span -> span.status(SpanStatus.ERROR, HUGE),
                span -> span.status(SpanStatus.OK, HUGE),
                span -> span.error(new IllegalStateException(HUGE)),
                span -> span.rename(HUGE));
    }

    @ParameterizedTest
    @MethodSource("hugeWrites")
    void bytes_aHugeValue_isNotHeldAndTheRestSurvives(Consumer<Span> write) {
        Span span = span(SpanLimits.builder());
        span.attribute("before", "small").event("before");

        for (int i = 0; i < 3; i++) {
            write.accept(span);
            assertThat(span.estimatedBytes()).isLessThanOrEqualTo(4 * MEGABYTE);
        }
        span.attribute("after", "small");
        span.end();

        assertThat(span.estimatedBytes()).isLessThanOrEqualTo(4 * MEGABYTE);
        assertThat(textLength(span)).isLessThanOrEqualTo(2 * MEGABYTE);
        assertThat(span.attributes().asMap()).contains(entry("before", "small"), entry("after", "small"));
        assertThat(span.events()).extracting(SpanEvent::name).startsWith("before");
    }

    /** Everything textual that the span still holds, in characters. */
    private static long textLength(Span span) {
        long length = span.name().length();
        length +=
                span.statusDescription() == null ? 0 : span.statusDescription().length();
        length += span.attributes().asMap().toString().length();
        for (SpanEvent event : span.events()) {
            length += event.name().length()
                    + event.attributes().asMap().toString().length();
        }
        for (SpanLink link : span.links()) {
            length += link.attributes().asMap().toString().length();
        }
        return length;
    }

    @Test
    void bytes_anOverlongText_isCutMarkedAndStillUseful() {
        Span span = span(SpanLimits.builder());

        span.attribute("prompt", HUGE);

        assertThat((String) span.attributes().get("prompt")).hasSizeGreaterThan(MEGABYTE);
        assertThat(span.attributes().get("spanflux.truncated_values")).isEqualTo(1L);
        assertThat(SpanTest.droppedAttributes(span)).isZero();
    }

    @Test
    void bytes_severalTexts_longestIsCutFirst() {
        Span span = span(SpanLimits.builder().bytes(16 * 1024));

        span.attribute("short", "s".repeat(1_500)).attribute("long", "l".repeat(9_000));

        assertThat((String) span.attributes().get("short")).hasSize(1_500);
        assertThat(((String) span.attributes().get("long")).length()).isBetween(4_000, 7_000);
        assertThat(span.attributes().get("spanflux.truncated_values")).isEqualTo(1L);
        assertThat(span.estimatedBytes()).isLessThanOrEqualTo(16 * 1024);
    }

    @Test
    void bytes_aList_isDroppedWholeBeforeTextsAreLost() {
        Span span = span(SpanLimits.builder().bytes(16 * 1024));

        span.attribute("list", new long[600])
                .attribute("text", "t".repeat(2_000))
                .attribute("after", 1);

        assertThat(span.attributes().asMap()).containsExactly(entry("text", "t".repeat(2_000)), entry("after", 1L));
        assertThat(SpanTest.droppedAttributes(span)).isEqualTo(1);
    }

    @Test
    void bytes_anOverlongKey_isDroppedWithItsValueAndNoOther() {
        Span span = span(SpanLimits.builder().bytes(16 * 1024));

        span.attribute("before", "b".repeat(3_000)).attribute("k".repeat(9_000), "v".repeat(2_000));

        assertThat(span.attributes().asMap()).containsExactly(entry("before", "b".repeat(3_000)));
        assertThat(SpanTest.droppedAttributes(span)).isEqualTo(1);
    }

    @Test
    void bytes_aHeavyEventOrLink_goesBeforeLighterTextsAndItsOwnKind() {
        Span span = span(SpanLimits.builder().bytes(16 * 1024));
        span.attribute("text", "t".repeat(2_000)).event("light").link(span.context());

        span.event("heavy", Attributes.of("key", "x".repeat(4_000)));
        span.link(span.context(), Attributes.of("key", "x".repeat(4_000)));

        assertThat((String) span.attributes().get("text")).hasSize(2_000);
        assertThat(span.events().size() + span.links().size()).isEqualTo(3);
        assertThat(span.events().get(0).name()).isEqualTo("light");
        assertThat(span.links().get(0).attributes().isEmpty()).isTrue();
        assertThat(span.droppedEvents() + span.droppedLinks()).isEqualTo(1);
    }

    @Test
    void bytes_exceeded_freesAnEighthSoThatNotEveryCallShortens() {
        List<Consumer<Span>> lights = List.of(
                span -> span.event("event", Attributes.of("key", "x".repeat(400))),
                span -> span.link(span.context(), Attributes.of("key", "x".repeat(400))),
                span -> span.attribute("key" + span.estimatedBytes(), "x".repeat(400)));
        for (Consumer<Span> light : lights) {
            Span span = span(SpanLimits.builder().bytes(16 * 1024));
            int before = 0;
            while (span.estimatedBytes() > before) {
                before = span.estimatedBytes();
                light.accept(span);
            }

            assertThat(before).isGreaterThan(14 * 1024);
            assertThat(span.estimatedBytes()).isLessThanOrEqualTo(14 * 1024 + 256 + 40);
        }
    }

    @Test
    void bytes_heavyButWithinTheLimit_isNotCutWhenTheStackIsShortened() {
        Span span = span(SpanLimits.builder()
                .bytes(16 * 1024)
                .attributeCount(2)
                .eventCount(0)
                .linkCount(0));
        span.attribute("text", "t".repeat(7_500));

        for (int i = 0; i < 100; i++) {
            span.attribute("i", i);
        }

        assertThat(span.attributes().asMap()).containsExactly(entry("text", "t".repeat(7_500)), entry("i", 99L));
    }

    @Test
    void bytes_manyEvents_laterOnesGoAndAreCounted() {
        Span span = span(SpanLimits.builder().bytes(16 * 1024));

        for (int i = 0; i < 100; i++) {
            span.event("event" + i, Attributes.of("key", "x".repeat(400)));
        }
        span.end();

        assertThat(span.estimatedBytes()).isLessThanOrEqualTo(16 * 1024);
        assertThat(span.events()).isNotEmpty();
        assertThat(span.events().get(0).name()).isEqualTo("event0");
        assertThat(span.events().size() + span.droppedEvents()).isEqualTo(100);
    }

    @Test
    void bytes_manyLinks_laterOnesGoAndAreCounted() {
        Span span = span(SpanLimits.builder().bytes(16 * 1024));

        for (int i = 0; i < 100; i++) {
            span.link(span.context(), Attributes.of("key", "x".repeat(400)));
        }
        span.end();

        assertThat(span.estimatedBytes()).isLessThanOrEqualTo(16 * 1024);
        assertThat(span.links()).isNotEmpty();
        assertThat(span.links().size() + span.droppedLinks()).isEqualTo(100);
    }

    @Test
    void bytes_manyTextsTooShortToCut_laterOnesGoAndAreCounted() {
        Span span = span(SpanLimits.builder().bytes(16 * 1024));

        for (int i = 0; i < 100; i++) {
            span.attribute("key" + i, "x".repeat(1_000));
        }
        span.end();

        assertThat(span.estimatedBytes()).isLessThanOrEqualTo(16 * 1024);
        assertThat(span.attributes().get("key0")).isEqualTo("x".repeat(1_000));
        int kept = (int) IntStream.range(0, 100)
                .filter(i -> span.attributes().contains("key" + i))
                .count();
        assertThat(kept + SpanTest.droppedAttributes(span)).isEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "ab"})
    void bytes_cuttingNeverSplitsASurrogatePair(String prefix) {
        for (int excess = 0; excess < 4; excess++) {
            Span span = span(SpanLimits.builder().bytes(16 * 1024));
            span.attribute("filler", "f".repeat(excess));

            span.attribute("emoji", prefix + "😀".repeat(10_000));

            String cut = (String) span.attributes().get("emoji");
            assertThat(cut).hasSizeGreaterThan(2_000);
            assertThat(Character.isHighSurrogate(cut.charAt(cut.length() - 1))).isFalse();
        }
    }

    @Test
    void bytes_repeatedLargeValuesOfOneKey_neverPileUp() {
        Span span = span(SpanLimits.builder().bytes(64 * 1024));
        int largest = 0;
        for (int i = 0; i < 2_000; i++) {
            span.attribute("chunk", i + "x".repeat(8_000));
            largest = Math.max(largest, span.estimatedBytes());
        }

        assertThat(largest).isLessThanOrEqualTo(64 * 1024 + 256);
        assertThat(span.attributes().asMap()).containsExactly(entry("chunk", 1999 + "x".repeat(8_000)));
    }
}
