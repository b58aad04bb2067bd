// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.FakeClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

class SpanBuilderTest {
    private static final SpanContext REMOTE = SpanContext.remote(
            "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", SpanContext.SAMPLED, TraceState.parse("vendor=1"));

    private final FakeClock clock = new FakeClock();
    private final Tracer tracer = Tracer.builder().clock(clock).build();

    @Test
    void parent_ofNoContext_beginsATrace() {
        Span span = tracer.span("span").parent((ContextView) null).start();

        assertThat(span.parentSpanIdBits()).isZero();
        assertThat(span.scope()).isSameAs(Scope.none());
    }

    // ---- parents -------------------------------------------------------------------------------------------------

    @Test
    void start_belowTheSpanOfAContext_continuesItsTrace() {
        Span parent = tracer.span("parent").start();

        Span child =
                tracer.span("child").parent(parent.storeIn(Context.empty())).start();

        assertThat(child.traceIdHigh()).isEqualTo(parent.traceIdHigh());
        assertThat(child.traceIdLow()).isEqualTo(parent.traceIdLow());
        assertThat(child.parentSpanIdBits()).isEqualTo(parent.spanIdBits());
        assertThat(child.spanIdBits()).isNotEqualTo(parent.spanIdBits());
        assertThat(child.isParentRemote()).isFalse();
    }

    @Test
    void start_inAContext_takesItsScope() {
        Context context = Scope.named("outer").attribute("tenant", "t").apply(Context.empty());

        Span span = tracer.span("span").parent(context).start();

        assertThat(span.scope()).isSameAs(Scope.from(context));
        assertThat(span.attributes().get("tenant")).isEqualTo("t");
        assertThat(span.parentSpanIdBits()).isZero();
    }

    @Test
    void start_belowAnExplicitParent_isInItsScope() {
        Scope scope = Scope.named("outer").attribute("tenant", "t");
        Span parent = tracer.span("parent").scope(scope).start();

        Span child = tracer.span("child").parent(parent).start();

        assertThat(child.parentSpanIdBits()).isEqualTo(parent.spanIdBits());
        assertThat(child.attributes().get("tenant")).isEqualTo("t");
    }

    @Test
    void start_explicitScope_replacesTheParents() {
        Span parent = tracer.span("parent")
                .scope(Scope.named("outer").attribute("a", 1))
                .start();

        Span child = tracer.span("child")
                .parent(parent)
                .scope(Scope.named("inner").attribute("b", 1))
                .start();
        Span none = tracer.span("none").parent(parent).scope(null).start();

        assertThat(child.attributes().asMap().keySet()).containsExactly("b");
        assertThat(none.attributes().isEmpty()).isTrue();
    }

    @Test
    void start_nullParent_beginsATrace() {
        Context context = tracer.span("outer").start().storeIn(Context.empty());

        Span span = tracer.span("span").parent(context).parent((Span) null).start();
        Span other =
                tracer.span("span").parent(context).parent((SpanContext) null).start();

        assertThat(span.parentSpanIdBits()).isZero();
        assertThat(other.parentSpanIdBits()).isZero();
    }

    @Test
    void start_invalidParent_beginsATrace() {
        Span ofInvalid = tracer.span("span").parent(SpanContext.invalid()).start();
        Span belowInvalid =
                tracer.span("span").parent(Span.of(SpanContext.invalid())).start();

        for (Span span : List.of(ofInvalid, belowInvalid)) {
            assertThat(span.parentSpanIdBits()).isZero();
            assertThat(span.context().isValid()).isTrue();
            assertThat(span.isRecording()).isTrue();
        }
    }

    @Test
    void start_belowARemoteSpan_saysSoAndKeepsItsState() {
        Span child = tracer.span("child").parent(REMOTE).start();
        Span fromContext = tracer.span("child")
                .parent(Span.of(REMOTE).storeIn(Context.empty()))
                .start();
        Span grandchild = tracer.span("grandchild").parent(child).start();

        for (Span span : List.of(child, fromContext)) {
            assertThat(span.context().traceId()).isEqualTo(REMOTE.traceId());
            assertThat(span.parentSpanIdBits()).isEqualTo(REMOTE.spanIdBits());
            assertThat(span.isParentRemote()).isTrue();
            assertThat(span.context().isRemote()).isFalse();
            assertThat(span.traceState().header()).isEqualTo("vendor=1");
            // The parent did not say that its id is random, so neither do we.
            assertThat(span.traceFlags()).isEqualTo(SpanContext.SAMPLED);
        }
        assertThat(grandchild.isParentRemote()).isFalse();
        assertThat(grandchild.traceState().header()).isEqualTo("vendor=1");
    }

    @Test
    void start_belowAnUnsampledRemoteSpan_isNotRecordedAndPassesTheTraceOn() {
        SpanContext unsampled = SpanContext.remote(REMOTE.traceId(), REMOTE.spanId(), 0, REMOTE.traceState());

        Span child = tracer.span("child").parent(unsampled).start();
        Span grandchild = tracer.span("grandchild").parent(child).start();

        assertThat(child.isRecording()).isFalse();
        assertThat(child.isSampled()).isFalse();
        assertThat(grandchild.isRecording()).isFalse();
        assertThat(grandchild.context().traceId()).isEqualTo(REMOTE.traceId());
        assertThat(grandchild.traceState().header()).isEqualTo("vendor=1");
    }

    @Test
    void start_parentThroughReactorContext_isFound() {
        Span parent = tracer.span("parent").start();

        Span child = Mono.deferContextual(context ->
                        Mono.just(tracer.span("child").parent(context).start()))
                .contextWrite(parent::storeIn)
                .block();

        assertThat(child.parentSpanIdBits()).isEqualTo(parent.spanIdBits());
    }

    // ---- the builder of a span -----------------------------------------------------------------------------------

    @Test
    void span_everythingSaid_isOnTheSpan() {
        Span span = tracer.span("name")
                .kind(SpanKind.SERVER)
                .attribute("key", "value")
                .attribute("nothing", null)
                .link(REMOTE)
                .link(null)
                .start();

        assertThat(span.name()).isEqualTo("name");
        assertThat(span.kind()).isEqualTo(SpanKind.SERVER);
        assertThat(span.attributes().asMap()).containsExactly(entry("key", "value"));
        assertThat(span.links()).containsExactly(new SpanLink(REMOTE, Attributes.empty(), 0));
    }

    @Test
    void span_nameAndKind_overrideThoseOfTheData() {
        Span span = tracer.span(FakeData.silent())
                .name("other")
                .kind(SpanKind.PRODUCER)
                .start();

        assertThat(span.name()).isEqualTo("other");
        assertThat(span.kind()).isEqualTo(SpanKind.PRODUCER);
    }

    @Test
    void span_nulls_areTakenForNothing() {
        Span span = tracer.span((String) null)
                .name(null)
                .kind(null)
                .scope(null)
                .attribute(null, "value")
                .startTime(null)
                .start();
        Span ofNoData = tracer.span((SpanData) null).start();

        assertThat(span.name()).isEmpty();
        assertThat(span.kind()).isEqualTo(SpanKind.INTERNAL);
        assertThat(span.startEpochNanos()).isEqualTo(clock.epochNanos());
        assertThat(span.attributes().isEmpty()).isTrue();
        assertThat(ofNoData.data()).isNull();
        assertThat(tracer.start(null, Context.empty()).data()).isNull();
    }

    @Test
    void span_hugeName_isNotHeld() {
        Span span = tracer.span("n".repeat(20 << 20)).start();

        assertThat(span.name()).hasSizeLessThan(10_000);
    }

    // ---- time ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(longs = {-3600, 3600})
    void start_wallClockSteps_childrenStayWithinTheirParent(long seconds) {
        Span parent = tracer.span("parent").start();
        clock.advance(Duration.ofMillis(10));
        clock.stepWallClock(Duration.ofSeconds(seconds));
        Span child = tracer.span("child").parent(parent).start();
        clock.advance(Duration.ofMillis(10));
        Span grandchild = tracer.span("grandchild").parent(child).start();
        clock.advance(Duration.ofMillis(10));
        grandchild.end();
        child.end();
        parent.end();

        assertThat(child.startEpochNanos() - parent.startEpochNanos()).isEqualTo(10_000_000);
        assertThat(grandchild.startEpochNanos() - parent.startEpochNanos()).isEqualTo(20_000_000);
        assertThat(grandchild.endEpochNanos()).isEqualTo(parent.endEpochNanos());
        assertThat(parent.endEpochNanos() - parent.startEpochNanos()).isEqualTo(30_000_000);
    }

    @Test
    void start_belowASpanWithoutTime_asksTheWallClock() {
        Span child = tracer.span("child").parent(REMOTE).start();

        assertThat(child.startEpochNanos()).isEqualTo(clock.epochNanos());
    }

    @Test
    void startTime_inThePast_countsUntilNow() {
        Instant start = Instant.ofEpochSecond(0, clock.epochNanos()).minusSeconds(10);
        Span span = tracer.span("late").startTime(start).start();
        clock.advance(Duration.ofSeconds(1));
        span.event("event");
        span.end();

        assertThat(span.startEpochNanos()).isEqualTo(clock.epochNanos() - 11_000_000_000L);
        assertThat(span.endEpochNanos()).isEqualTo(clock.epochNanos());
        assertThat(span.events().get(0).epochNanos()).isEqualTo(clock.epochNanos());
    }

    @Test
    void startTime_childOfASpanThatBeganEarlier_startsNow() {
        Span parent = tracer.span("parent")
                .startTime(Instant.ofEpochSecond(0, clock.epochNanos()).minusSeconds(10))
                .start();
        clock.advance(Duration.ofSeconds(1));

        Span child = tracer.span("child").parent(parent).start();

        assertThat(child.startEpochNanos()).isEqualTo(clock.epochNanos());
    }
}
