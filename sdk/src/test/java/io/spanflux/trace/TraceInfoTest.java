// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class TraceInfoTest {
    private static final SpanContext REMOTE = SpanContext.remote(
            "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", SpanContext.SAMPLED, TraceState.empty());

    private final Tracer tracer = Tracer.builder().build();

    private static Scope entered(TraceInfo trace) {
        return Scope.named("scope").trace(trace).enteredIn(Scope.none());
    }

    private static String traceId(Span span) {
        return span.context().traceId();
    }

    // ---- the trace's id ------------------------------------------------------------------------------------------

    @Test
    void spansWithoutParent_areInTheTraceOfTheirScope() {
        Scope scope = entered(TraceInfo.named("w"));
        Span first = tracer.span("a").scope(scope).start();
        Span second = tracer.span("b").scope(scope).start();
        assertThat(traceId(second)).isEqualTo(traceId(first));
        assertThat(List.of(first.parentSpanIdBits(), second.parentSpanIdBits())).containsOnly(0L);
        assertThat(traceId(tracer.span("c").scope(entered(TraceInfo.named("w"))).start()))
                .as("each entry begins another trace")
                .isNotEqualTo(traceId(first));
    }

    @Test
    void scopesInside_areInTheSameTrace() {
        Scope outer = entered(TraceInfo.named("w"));
        Scope inner = Scope.named("inner").enteredIn(outer);
        assertThat(inner.trace()).isSameAs(outer.trace());
    }

    @Test
    void aScopeThatWasNotEntered_beginsATraceWithEachSpan() {
        Scope recipe = Scope.named("scope").trace(TraceInfo.named("w"));
        assertThat(traceId(tracer.span("a").scope(recipe).start()))
                .isNotEqualTo(traceId(tracer.span("b").scope(recipe).start()));
    }

    @Test
    void aSpanAbove_ofWhichNothingIsSaid_goesOn() {
        Span above = tracer.span("server").parent(REMOTE).start();
        Span below = tracer.span("agent")
                .parent(above)
                .scope(entered(TraceInfo.named("w")))
                .start();
        assertThat(traceId(below)).isEqualTo(REMOTE.traceId());
        assertThat(below.parentSpanIdBits()).isEqualTo(above.spanIdBits());
    }

    @Test
    void aTraceInsideATrace_isItsOwnAndLinksBack() {
        Scope outer = entered(TraceInfo.named("outer"));
        Span above = tracer.span("above").scope(outer).start();
        Scope inner = Scope.named("in").trace(TraceInfo.named("inner")).enteredIn(outer);
        Span below = tracer.span("below").parent(above).scope(inner).start();
        assertThat(traceId(below)).isNotEqualTo(traceId(above));
        assertThat(below.parentSpanIdBits()).isZero();
        assertThat(below.links()).extracting(SpanLink::context).containsExactly(above.context());
        assertThat(traceId(tracer.span("child").parent(below).start())).isEqualTo(traceId(below));
    }

    @ParameterizedTest
    @CsvSource({
        "0af7651916cd43dd8448eb211c80319c, 0af7651916cd43dd8448eb211c80319c",
        "trace_0af7651916cd43dd8448eb211c80319c, 0af7651916cd43dd8448eb211c80319c",
        // The rest is hashed: the first half of what sha256sum says.
        "not valid!, 7ea9fd996547e83f4db7d50893e7b159",
        "trace_0AF7651916CD43DD8448EB211C80319C, 9499665cb5fc0a779d71bda3834e4a87",
        "00000000000000000000000000000000, 84e0c0eafaa95a34c293f278ac52e45c",
        "'', e3b0c44298fc1c149afbf4c8996fb924",
        "\ud83d\ude00, f0443a342c5ef54783a111b51ba56c93"
    })
    void id_isKept_andHasAStableNumber(String id, String expected) {
        Scope scope = entered(TraceInfo.named("w").id(id));
        Span span = tracer.span("s").scope(scope).start();
        assertThat(scope.trace().ownId()).isEqualTo(id);
        assertThat(traceId(span)).isEqualTo(expected);
        assertThat(traceId(tracer.span("t")
                        .scope(entered(TraceInfo.named("other").id(id)))
                        .start()))
                .isEqualTo(expected);
    }

    @Test
    void id_beginsATrace_whateverIsAbove() {
        Span above = tracer.span("server").parent(REMOTE).start();
        Scope scope = entered(TraceInfo.named("w").id("mine"));
        Span below = tracer.span("agent").parent(above).scope(scope).start();
        assertThat(traceId(below))
                .isEqualTo(traceId(tracer.span("x").scope(scope).start()));
        assertThat(below.links()).hasSize(1);
        assertThat(tracer.span("child").parent(below).start().parentSpanIdBits())
                .isEqualTo(below.spanIdBits());
    }

    @Test
    void entering_isFineOnAThreadThatMustNotBlock() {
        String id = Mono.deferContextual(context ->
                        Mono.just(tracer.span("s").parent(context).id("own").start()))
                .contextWrite(Scope.named("scope").trace(TraceInfo.named("w").id("mine")))
                .subscribeOn(Schedulers.parallel())
                .map(TraceInfoTest::traceId)
                .block();
        assertThat(id).isNotEmpty();
    }

    // ---- ids of spans --------------------------------------------------------------------------------------------

    @Test
    void idOfASpan_isRememberedByTheTrace() {
        Scope scope = entered(TraceInfo.named("w"));
        Span span = tracer.span("s").scope(scope).id("also not").start();
        assertThat(span.context().spanId()).isEqualTo("29f12c35929c4f24");
        assertThat(scope.trace().ownSpanId(span.spanIdBits())).isEqualTo("also not");
        assertThat(tracer.span("s").id("b7ad6b7169203331").start().context().spanId())
                .isEqualTo("b7ad6b7169203331");
        assertThat(tracer.span("s").id(null).start().context().isValid()).isTrue();
    }

    @Test
    void idsOfSpans_areBounded() {
        Scope scope = entered(TraceInfo.named("w"));
        for (int i = 0; i < TraceInfo.MAX_SPAN_IDS + 3; i++) {
            tracer.span("s").scope(scope).id("own" + i).start().end();
        }
        assertThat(scope.trace().droppedSpanIds()).isEqualTo(3);
    }

    // ---- the rest ------------------------------------------------------------------------------------------------

    @Test
    void disabled_recordsNothing() {
        Scope scope = entered(TraceInfo.named("w").disabled());
        Span span = tracer.span("s").scope(scope).start();
        assertThat(span.isRecording()).isFalse();
        assertThat(tracer.span("child").parent(span).start().isSampled()).isFalse();
    }

    @Test
    void theKey_isNoAttributeAndNotShown() {
        TraceInfo trace = TraceInfo.named("w").metadata("secret-ish", "value").exportKey("sk-secret");
        Scope scope = entered(trace);
        Span span = tracer.span("s").scope(scope).start();
        assertThat(List.of(trace, scope, span, span.attributes().asMap()).toString())
                .doesNotContain("sk-secret")
                .doesNotContain("value");
        assertThat(scope.trace().exportKey()).isEqualTo("sk-secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\nb", "\u00e9", "a\u0000"})
    void exportKey_thatNoHeaderAllows_isRefusedWithoutShowingIt(String key) {
        assertThatThrownBy(() -> TraceInfo.named("w").exportKey(key))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("exportKey is empty or has characters that HTTP does not allow");
    }

    @Test
    void values_areCopied() {
        TraceInfo trace = TraceInfo.named("w");
        TraceInfo changed = trace.group("g").metadata("k", 1);
        assertThat(trace.group()).isNull();
        assertThat(trace.metadata().isEmpty()).isTrue();
        assertThat(changed.name()).isEqualTo("w");
        assertThat(changed.group()).isEqualTo("g");
        assertThat(changed.metadata().get("k")).isEqualTo(1L);
    }

    @Test
    void from_isWhatIsSaidOfTheTraceAroundAPlace() {
        Scope scope = Scope.named("s").trace(TraceInfo.named("w"));
        assertThat(TraceInfo.from(Context.empty())).isNull();
        assertThat(scope.trace().traceId()).isNull();

        Context context = scope.apply(Context.empty());
        TraceInfo now = TraceInfo.from(context);
        assertThat(now.name()).isEqualTo("w");
        assertThat(now.traceId())
                .isEqualTo(tracer.span("s").parent(context).start().context().traceId());
    }

    @Test
    void parent_mayBeATrace() {
        Scope scope = Scope.named("s").trace(TraceInfo.named("w")).enteredIn(Scope.none());
        Span other = tracer.span("other").start();
        Span top = tracer.span("top").parent(other).parent(scope).start();

        assertThat(top.context().traceId()).isEqualTo(scope.trace().traceId());
        assertThat(top.parentSpanIdBits()).isZero();
        assertThat(top.scope()).isSameAs(scope);
        assertThat(top.links()).isEmpty();
    }
}
