// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.Race;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class LocalTraceTest {
    private static final SpanContext CALLER = SpanContext.remote(
            "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", SpanContext.SAMPLED, TraceState.empty());

    private final Tracer tracer = Tracer.builder().build();

    @Test
    void localTrace_isSharedByAllBelowTheLocalRoot_andCountsThem() {
        Span root = tracer.span("root").start();
        Span child = tracer.span("child").parent(root).start();
        Span grandchild = tracer.span("grandchild").parent(child).start();

        assertThat(child.localTrace()).isSameAs(root.localTrace());
        assertThat(grandchild.localTrace()).isSameAs(root.localTrace());
        assertThat(root.localTrace().isWholeWith(3)).isTrue();
        assertThat(root.localTrace().isWholeWith(2)).isFalse();
        assertThat(root.localTrace()).hasToString("LocalTrace{started=3}");
        assertThat(tracer.span("other").start().localTrace()).isNotSameAs(root.localTrace());
    }

    @Test
    void localTrace_beginsAnew_whereTheParentIsInAnotherProcessOrTracer() {
        Span first = tracer.span("first").parent(CALLER).start();
        Span second = tracer.span("second").parent(CALLER).start();
        Span elsewhere =
                Tracer.builder().build().span("elsewhere").parent(first).start();

        assertThat(second.localTrace()).isNotSameAs(first.localTrace());
        assertThat(elsewhere.localTrace()).isNotSameAs(first.localTrace());
        assertThat(elsewhere.traceIdLow()).isEqualTo(first.traceIdLow());
        assertThat(first.localTrace().isWholeWith(1)).isTrue();
    }

    @Test
    void localTrace_leavesOutSpansThatAreNotSampled() {
        Tracer some = Tracer.builder()
                .sampler(request ->
                        request.name().equals("unsampled") ? SamplingResult.record() : SamplingResult.sample())
                .build();
        Span root = some.span("root").start();
        Span unsampled = some.span("unsampled").parent(root).start();
        some.span("below").parent(unsampled).start();

        assertThat(root.localTrace().isWholeWith(2)).isTrue();
    }

    @Test
    void localTrace_belowARootThatIsNotSampled_isNeverWhole() {
        Tracer some = Tracer.builder()
                .sampler(request -> request.name().equals("root") ? SamplingResult.drop() : SamplingResult.sample())
                .build();
        Span root = some.span("root").start();
        Span child = some.span("child").parent(root).start();

        assertThat(child.isSampled()).isTrue();
        assertThat(child.localTrace().isWholeWith(1)).isFalse();
        assertThat(child.localTrace().isWholeWith(0)).isFalse();
        assertThat(child.localTrace()).hasToString("LocalTrace{none}");
    }

    @Test
    void localTrace_countsWhatManyThreadsStart() {
        Race.of(4).run(2_000, round -> {
            Span root = tracer.span("root").start();
            return Race.round(
                    thread -> tracer.span("child").parent(root).start().end(),
                    () -> assertThat(root.localTrace().isWholeWith(5)).isTrue());
        });
    }
}
