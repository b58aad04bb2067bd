// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.Race;
import io.spanflux.testing.InMemorySpanExporter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;

/** Spans, traces and tracers that record nothing, and what is below them. */
@Timeout(60)
class DisabledTest {
    private final InMemorySpanExporter ended = InMemorySpanExporter.create();
    private final List<String> traces = new ArrayList<>();
    private final List<String> counted = new ArrayList<>();
    private final Tracer tracer = Tracer.builder()
            .handler(ended)
            .handler(new TraceHandler() {
                @Override
                public boolean seesSampledOut() {
                    return true;
                }

                @Override
                public void onStart(Span span) {
                    counted.add(span.name());
                }

                @Override
                public void onTraceStart(Span root) {
                    traces.add("+" + root.name());
                }

                @Override
                public void onTraceEnd(Span root) {
                    traces.add("-" + root.name());
                }
            })
            .build();

    // ---- one span ------------------------------------------------------------------------------------------------

    @Test
    void disabledSpan_recordsNothing_andItsChildrenAreTheParents() {
        Scope scope = Scope.named("s").attribute("tenant", "t").enteredIn(Scope.none());
        Span root = tracer.span("root").scope(scope).start();
        Span disabled = tracer.span("disabled").parent(root).disabled().start();
        disabled.attribute("key", 1).error(new IllegalStateException("no"));
        Span child = tracer.span("child").parent(disabled).start();
        Span inContext = tracer.start(FakeData.silent(), disabled.storeIn(Context.empty()));
        child.end();
        inContext.end();
        disabled.end();
        root.end();

        assertThat(disabled.isRecording()).isFalse();
        assertThat(disabled.context()).isEqualTo(root.context());
        assertThat(root.attributes().contains("key")).isFalse();
        assertThat(ended.spans()).containsExactly(child, inContext, root);
        assertThat(child.parentSpanIdBits()).isEqualTo(root.spanIdBits());
        assertThat(child.traceIdLow()).isEqualTo(root.traceIdLow());
        assertThat(child.localTrace()).isSameAs(root.localTrace());
        assertThat(child.isSampled()).isTrue();
        assertThat(child.attributes().get("tenant")).isEqualTo("t");
        assertThat(traces).containsExactly("+root", "-root");
        assertThat(tracer.liveSpans()).isZero();
    }

    @Test
    void disabledSpan_withoutParent_hasChildrenThatBeginTraces() {
        Span disabled = tracer.span("disabled").disabled().start();
        Span child = tracer.span("child").parent(disabled).start();
        child.end();

        assertThat(disabled.context().isValid()).isFalse();
        assertThat(child.context().isValid()).isTrue();
        assertThat(child.parentSpanIdBits()).isZero();
        assertThat(traces).containsExactly("+child", "-child");
    }

    @Test
    void disabledSpan_belowTheSpanOfAnotherProcess_standsForIt() {
        SpanContext caller = SpanContext.remote(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", SpanContext.SAMPLED, TraceState.parse("v=1"));
        Span disabled = tracer.span("disabled").parent(caller).disabled().start();
        Span child = tracer.span("child").parent(disabled).start();

        assertThat(disabled.context()).isEqualTo(caller);
        assertThat(child.isParentRemote()).isTrue();
        assertThat(child.traceState()).isEqualTo(caller.traceState());
        assertThat(child.context().traceId()).isEqualTo(caller.traceId());
    }

    @Test
    void disabledSpan_keepsTheOwnerForThoseBelow() {
        FakeData owner = new FakeData(to -> {}) {
            @Override
            public boolean ownsSpansBelow() {
                return true;
            }
        };
        Span root = tracer.span(owner).start();
        Span disabled = tracer.span("disabled").parent(root).disabled().start();

        assertThat(tracer.span("child").parent(disabled).start().owner()).isSameAs(owner);
    }

    // ---- a trace -------------------------------------------------------------------------------------------------

    @Test
    void disabledTrace_isShownToNobody_andItsSpansAreValid() {
        Scope scope = Scope.named("s").trace(TraceInfo.named("w").disabled()).enteredIn(Scope.none());
        Span root = tracer.span("root").scope(scope).start();
        Span child = tracer.span("child").parent(root).start();
        child.end();
        root.end();

        assertThat(counted).isEmpty();
        assertThat(traces).isEmpty();
        assertThat(ended.spans()).isEmpty();
        assertThat(root.isRecording()).isFalse();
        assertThat(child.context().isValid()).isTrue();
        assertThat(child.traceIdLow()).isEqualTo(root.traceIdLow());
        assertThat(child.isSampled()).isFalse();
    }

    // ---- a tracer ------------------------------------------------------------------------------------------------

    @Test
    void disabledTracer_leavesWhatRunsAlone_andMayBeEnabledInTheMiddleOfATrace() {
        Span root = tracer.span("root").start();
        tracer.enabled(false);
        Span unseen = tracer.span("unseen").parent(root).start();
        SpanBuilder described = tracer.span(FakeData.silent());
        Span unseenData = tracer.start(FakeData.silent(), root.storeIn(Context.empty()));
        tracer.enabled(true);
        Span child = tracer.span("child").parent(unseen).start();
        Span late = described.start();
        late.end();
        child.end();
        unseen.end();
        unseenData.end();
        root.end();

        assertThat(ended.spans()).containsExactly(late, child, root);
        assertThat(late.name()).as("asked when it starts").isNotEmpty();
        assertThat(child.localTrace()).isSameAs(root.localTrace());
        assertThat(child.parentSpanIdBits()).isEqualTo(root.spanIdBits());
        assertThat(traces).endsWith("-root");
    }

    @Test
    void enabled_switchedWhileSpansStart_givesEachSpanAllOrNothing() {
        AtomicInteger starts = new AtomicInteger();
        AtomicInteger ends = new AtomicInteger();
        AtomicInteger over = new AtomicInteger();
        Tracer raced = Tracer.builder()
                .handler(new TraceHandler() {
                    @Override
                    public void onStart(Span span) {
                        starts.incrementAndGet();
                    }

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
        int[] recorded = new int[4];
        Race.of(4)
                .run(
                        4_000,
                        round -> Race.round(
                                thread -> {
                                    if (thread == 0) {
                                        raced.enabled(round % 2 == 0);
                                        return;
                                    }
                                    Span root = raced.span("root").start();
                                    Span child =
                                            raced.span("child").parent(root).start();
                                    recorded[thread] += (root.isRecording() ? 1 : 0) + (child.isRecording() ? 1 : 0);
                                    assertThat(child.context().isValid() || !child.isRecording())
                                            .isTrue();
                                    child.end();
                                    root.end();
                                },
                                () -> {
                                    int all = recorded[1] + recorded[2] + recorded[3];
                                    assertThat(starts).hasValue(all);
                                    assertThat(ends).hasValue(all);
                                    assertThat(raced.liveSpans()).isZero();
                                }));
        assertThat(starts.get()).isBetween(1, 4_000 * 6 - 1);
        assertThat(over.get()).isPositive();
    }
}
