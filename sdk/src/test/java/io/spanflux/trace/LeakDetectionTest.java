// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.LogCapture;
import java.time.Duration;
import java.util.List;
import org.example.LeakyApplication;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** Spans that are never ended, and how they say where they were started. */
class LeakDetectionTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final LogCapture logs = LogCapture.start();

    private Tracer tracer(boolean detecting) {
        return Tracer.builder()
                .clock(Clock.of(time))
                .maxLifetime(Duration.ofMinutes(1))
                .leakDetection(detecting)
                .build();
    }

    @Test
    void expiredSpan_namesTheLineThatStartedIt() {
        Tracer tracer = tracer(true);
        List<Span> leaked = List.of(
                LeakyApplication.forget(tracer),
                LeakyApplication.forget(tracer),
                LeakyApplication.forgetElsewhere(tracer));
        Span ended = LeakyApplication.forgetElsewhere(tracer);
        ended.end();
        time.advanceTimeBy(Duration.ofMinutes(2));

        assertThat(tracer.expireSpans()).isEqualTo(3);

        assertThat(leaked)
                .allSatisfy(span ->
                        assertThat(span.attributes().get("spanflux.expired")).isEqualTo(true));
        assertThat(leaked.get(0).attributes().get("spanflux.started_at").toString())
                .startsWith("org.example.LeakyApplication.forget(LeakyApplication.java:");
        assertThat(ended.attributes().get("spanflux.started_at")).isNull();
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .contains("LeakyApplication.forget(LeakyApplication.java:15)=2")
                .contains("LeakyApplication.forgetElsewhere(LeakyApplication.java:20)=1");
    }

    @Test
    void spanThatNoLineOfTheApplicationStarted_namesItsThread() {
        Tracer tracer = tracer(true);
        Span span = Mono.fromSupplier(() -> tracer.span("s").start())
                .subscribeOn(Schedulers.parallel())
                .block();
        time.advanceTimeBy(Duration.ofMinutes(2));
        tracer.expireSpans();

        assertThat(span.attributes().get("spanflux.started_at").toString()).contains("parallel-");
    }

    @Test
    void withoutDetection_theWarningNamesTheRemedy() {
        Tracer tracer = tracer(false);
        Span span = LeakyApplication.forget(tracer);
        time.advanceTimeBy(Duration.ofMinutes(2));
        tracer.expireSpans();

        assertThat(span.attributes().get("spanflux.started_at")).isNull();
        assertThat(logs.warnings()).singleElement().asString().contains("leakDetection(true) names where");
    }

    @Test
    void endOpenSpans_endsAndMarksEachThatIsOpen_once() {
        Tracer tracer = tracer(true);
        Span root = tracer.span("root").start();
        Span child = tracer.span("child").parent(root).start();
        Span ended = tracer.span("ended").start();
        ended.end();
        time.advanceTimeBy(Duration.ofSeconds(3));

        assertThat(tracer.endOpenSpans()).isEqualTo(2);
        assertThat(tracer.endOpenSpans()).isZero();

        assertThat(List.of(root, child))
                .allSatisfy(span ->
                        assertThat(span.attributes().get("spanflux.unfinished")).isEqualTo(true));
        assertThat(child.endEpochNanos() - child.startEpochNanos())
                .isEqualTo(Duration.ofSeconds(3).toNanos());
        assertThat(ended.attributes().get("spanflux.unfinished")).isNull();
        assertThat(tracer.liveSpans()).isZero();
    }
}
