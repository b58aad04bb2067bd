// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.testing;

import io.spanflux.export.ExportResult;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

class InMemorySpanExporterTest {
    private static final int MAX_SPANS = 1_000_000;

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Tracer tracer = Tracer.builder().handler(spans).build();
    private final Tracer other = Tracer.builder().build();

    private Span ended(String name) {
        Span span = other.span(name).start();
        span.end();
        return span;
    }

    @Test
    void onEnd_keepsSpansInTheOrderInWhichTheyEnd() {
        Span first = tracer.span("first").start();
        Span second = tracer.span("second").start();
        assertThat(spans.spans()).isEmpty();

        second.end();
        first.end();

        assertThat(spans.spans()).containsExactly(second, first);
    }

    @Test
    void export_keepsWhatArrivesOnceSubscribed() {
        List<Span> batch = List.of(ended("a"), ended("b"));
        var export = spans.export(batch);
        assertThat(spans.spans()).isEmpty();

        StepVerifier.create(export).expectNext(ExportResult.sent(2)).verifyComplete();

        assertThat(spans.spans()).isEqualTo(batch);
    }

    @Test
    void spans_isACopy() {
        spans.onEnd(ended("a"));
        spans.spans().clear();

        assertThat(spans.spans()).hasSize(1);
        assertThat(spans).hasToString("InMemorySpanExporter{spans=1}");
    }

    @Test
    void reset_forgetsAll() {
        spans.onEnd(ended("a"));
        spans.reset();
        assertThat(spans.spans()).isEmpty();

        spans.onEnd(ended("b"));

        assertThat(spans.spans()).extracting(Span::name).containsExactly("b");
    }

    @Test
    void export_beyondItsBound_rejectsTheRest() {
        Span span = ended("a");
        for (int i = 0; i < MAX_SPANS - 1; i++) {
            spans.onEnd(span);
        }

        StepVerifier.create(spans.export(Collections.nCopies(3, span)))
                .expectNext(new ExportResult(1, 2, Map.of()))
                .verifyComplete();
        spans.onEnd(span);

        assertThat(spans.spans()).hasSize(MAX_SPANS);
        spans.reset();
        spans.onEnd(span);
        assertThat(spans.spans()).hasSize(1);
    }
}
