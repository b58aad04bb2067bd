// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.opentelemetry;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanLimits;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.test.StepVerifier;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(60)
class OtelSdkExporterTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "b7ad6b7169203331";

    private final InMemorySpanExporter received = InMemorySpanExporter.create();
    private Spanflux spanflux;

    @AfterEach
    void close() {
        spanflux.awaitClose(SOON);
    }

    private void start(SpanExporter exporter, SpanLimits limits) {
        spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .serviceName("shop")
                .exporter(OtelSdkExporter.of(exporter))
                .tracer(tracer -> tracer.limits(limits))
                .build();
    }

    private SpanData only() {
        assertThat(spanflux.awaitFlush(SOON).timedOut()).isFalse();
        assertThat(received.getFinishedSpanItems()).hasSize(1);
        return received.getFinishedSpanItems().get(0);
    }

    @Test
    void span_arrivesAsByOtlp() {
        start(received, SpanLimits.defaults());
        Context scope = Scope.none().user("ann").apply(Context.empty());
        Span span = spanflux.tracer()
                .span("work")
                .kind(io.spanflux.trace.SpanKind.CLIENT)
                .parent(Span.of(SpanContext.remote(TRACE, PARENT, SpanContext.SAMPLED, TraceState.parse("a=1,b=2")))
                        .storeIn(scope))
                .start();
        span.attribute("text", "t")
                .attribute("whole", 7)
                .attribute("part", 0.5)
                .attribute("yes", true)
                .attribute("texts", List.of("a", "b"))
                .attribute("numbers", List.of(1L, 2L))
                .attribute("mixed", List.of("a", 1L))
                .attribute("map", Map.of("k", List.of(true)))
                .event("happened", Attributes.of("n", 1))
                .link(SpanContext.remote(PARENT + PARENT, PARENT, 0, TraceState.empty()), Attributes.of("l", "x"))
                .error(new IllegalStateException("on purpose"));
        span.end();

        SpanData data = only();
        assertThat(data.getName()).isEqualTo("work");
        assertThat(data.getKind()).isEqualTo(SpanKind.CLIENT);
        assertThat(data.getTraceId()).isEqualTo(TRACE);
        assertThat(data.getSpanId()).isEqualTo(span.context().spanId());
        assertThat(data.getSpanContext().isSampled()).isTrue();
        assertThat(data.getSpanContext().getTraceState().asMap())
                .containsExactly(Map.entry("a", "1"), Map.entry("b", "2"));
        assertThat(data.getParentSpanId()).isEqualTo(PARENT);
        assertThat(data.getParentSpanContext().isRemote()).isTrue();
        assertThat(data.getStartEpochNanos()).isEqualTo(span.startEpochNanos());
        assertThat(data.getEndEpochNanos()).isEqualTo(span.endEpochNanos());
        assertThat(data.hasEnded()).isTrue();
        assertThat(data.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(data.getStatus().getDescription()).isEqualTo(span.statusDescription());
        assertThat(data.getResource().getAttribute(AttributeKey.stringKey("service.name")))
                .isEqualTo("shop");
        assertThat(data.getInstrumentationScopeInfo().getName()).isEqualTo("io.spanflux");

        assertThat(data.getAttributes().get(AttributeKey.stringKey("text"))).isEqualTo("t");
        assertThat(data.getAttributes().get(AttributeKey.longKey("whole"))).isEqualTo(7);
        assertThat(data.getAttributes().get(AttributeKey.doubleKey("part"))).isEqualTo(0.5);
        assertThat(data.getAttributes().get(AttributeKey.booleanKey("yes"))).isTrue();
        assertThat(data.getAttributes().get(AttributeKey.stringArrayKey("texts")))
                .containsExactly("a", "b");
        assertThat(data.getAttributes().get(AttributeKey.longArrayKey("numbers")))
                .containsExactly(1L, 2L);
        assertThat(data.getAttributes().get(AttributeKey.valueKey("mixed")))
                .isEqualTo(Value.of(Value.of("a"), Value.of(1)));
        assertThat(data.getAttributes().get(AttributeKey.valueKey("map")))
                .isEqualTo(Value.of(KeyValue.of("k", Value.of(List.of(Value.of(true))))));
        assertThat(data.getAttributes().get(AttributeKey.stringKey("user.id"))).isEqualTo("ann");
        assertThat(data.getTotalAttributeCount()).isEqualTo(data.getAttributes().size());

        assertThat(data.getEvents()).hasSize(2);
        assertThat(data.getEvents().get(0).getName()).isEqualTo("happened");
        assertThat(data.getEvents().get(0).getAttributes().get(AttributeKey.longKey("n")))
                .isEqualTo(1);
        assertThat(data.getEvents().get(1).getAttributes().get(AttributeKey.stringKey("exception.stacktrace")))
                .contains("span_arrivesAsByOtlp");
        assertThat(data.getLinks().get(0).getSpanContext().getSpanId()).isEqualTo(PARENT);
        assertThat(data.getLinks().get(0).getAttributes().get(AttributeKey.stringKey("l")))
                .isEqualTo("x");
    }

    @Test
    void root_hasNoParent_andWhatLimitsLeftOutIsCounted() {
        start(
                received,
                SpanLimits.builder()
                        .attributeCount(1)
                        .eventCount(1)
                        .linkCount(1)
                        .build());
        SpanContext other = SpanContext.remote(TRACE, PARENT, 0, TraceState.empty());
        Span span = spanflux.tracer().span("work").start();
        for (int i = 0; i < 3; i++) {
            span.attribute("a" + i, i).event("e" + i).link(other);
        }
        span.status(SpanStatus.OK).end();
        SpanData data = only();
        assertThat(data.getParentSpanContext().isValid()).isFalse();
        assertThat(data.getParentSpanId()).isEqualTo(SpanId.getInvalid());
        assertThat(data.getStatus().getStatusCode()).isEqualTo(StatusCode.OK);
        assertThat(data.getTotalAttributeCount()).isEqualTo(3);
        assertThat(data.getTotalRecordedEvents()).isEqualTo(3);
        assertThat(data.getEvents()).hasSize(1);
        assertThat(data.getTotalRecordedLinks()).isEqualTo(3);
        assertThat(data.getLinks()).hasSize(1);
    }

    /** Says of each batch what it is told to, and whether it was flushed or shut down. */
    private static final class Scripted implements SpanExporter {
        private final List<String> calls = new ArrayList<>();
        private CompletableResultCode answer = CompletableResultCode.ofSuccess();

        @Override
        public synchronized CompletableResultCode export(Collection<SpanData> spans) {
            calls.add("export");
            return answer;
        }

        @Override
        public synchronized CompletableResultCode flush() {
            calls.add("flush");
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public synchronized CompletableResultCode shutdown() {
            calls.add("shutdown");
            return CompletableResultCode.ofSuccess();
        }

        synchronized List<String> calls() {
            return List.copyOf(calls);
        }
    }

    @Test
    void exporter_thatFails_dropsTheBatch_andTellsTheClassOnly() {
        Scripted scripted = new Scripted();
        scripted.answer = CompletableResultCode.ofExceptionalFailure(new IllegalStateException("s3cret"));
        start(scripted, SpanLimits.defaults());
        spanflux.tracer().span("work").start().end();
        spanflux.awaitFlush(SOON);
        assertThat(spanflux.ledger().dropped()).containsEntry(DropCause.EXPORTER_FAILED, 1L);

        OtelSdkExporter exporter = OtelSdkExporter.of(scripted);
        Span span = spanflux.tracer().span("more").start();
        span.end();
        StepVerifier.create(exporter.export(List.of(span)))
                .expectNext(ExportResult.dropped(DropCause.EXPORTER_FAILED, 1))
                .verifyComplete();
        assertThat(exporter.obstacle()).isEqualTo("java.lang.IllegalStateException");
        scripted.answer = CompletableResultCode.ofFailure();
        exporter.export(List.of(span)).block(SOON);
        assertThat(exporter.obstacle()).contains("Refused");
        scripted.answer = CompletableResultCode.ofSuccess();
        exporter.export(List.of(span)).block(SOON);
        assertThat(exporter.obstacle()).isNull();
    }

    @Test
    void exporter_thatNeverAnswers_isGivenUp() {
        Scripted scripted = new Scripted();
        scripted.answer = new CompletableResultCode();
        start(scripted, SpanLimits.defaults());
        Span span = spanflux.tracer().span("work").start();
        StepVerifier.withVirtualTime(() -> OtelSdkExporter.of(scripted).export(List.of(span)))
                .thenAwait(Duration.ofSeconds(30))
                .expectNext(ExportResult.dropped(DropCause.TIMED_OUT, 1))
                .expectComplete()
                .verify(SOON);
        span.end();
        scripted.answer = CompletableResultCode.ofSuccess();
    }

    @Test
    void close_flushes_andLeavesTheExporterOpen() {
        Scripted scripted = new Scripted();
        start(scripted, SpanLimits.defaults());
        spanflux.tracer().span("work").start().end();
        spanflux.awaitClose(SOON);
        assertThat(scripted.calls()).startsWith("export").endsWith("flush").doesNotContain("shutdown");
        assertThat(received.shutdown().join(1, TimeUnit.SECONDS).isSuccess()).isTrue();
    }

    @Test
    void of_refusesNull() {
        start(received, SpanLimits.defaults());
        assertThatThrownBy(() -> OtelSdkExporter.of(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("exporter == null");
    }
}
