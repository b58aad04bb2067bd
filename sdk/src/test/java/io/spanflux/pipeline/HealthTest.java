// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

import static io.spanflux.pipeline.Health.Status.DEGRADED;
import static io.spanflux.pipeline.Health.Status.DOWN;
import static io.spanflux.pipeline.Health.Status.UP;
import static org.assertj.core.api.Assertions.assertThat;

/** How a pipeline says it fares, in virtual time that begins at the epoch. */
class HealthTest {
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final Tracer tracer = Tracer.builder().build();
    private final Queue<Mono<ExportResult>> answers = new ArrayDeque<>();
    private @Nullable String obstacle;
    private final RecordPipeline<Span> pipeline = RecordPipeline.builder(new SpanExporter() {
                @Override
                public Mono<ExportResult> export(List<Span> batch) {
                    Mono<ExportResult> answer = answers.poll();
                    return answer == null ? Mono.just(ExportResult.sent(batch.size())) : answer;
                }

                @Override
                public @Nullable String obstacle() {
                    return obstacle;
                }
            })
            .maxQueueSize(4)
            .scheduleDelay(Duration.ofSeconds(1))
            .scheduler(time)
            .build();

    private void spans(int count) {
        for (int i = 0; i < count; i++) {
            pipeline.accept(tracer.span("s").start());
        }
    }

    private void pass(long seconds) {
        time.advanceTimeBy(Duration.ofSeconds(seconds));
    }

    private static Instant at(long second) {
        return Instant.ofEpochSecond(second);
    }

    @Test
    void health_beforeAndAfterADelivery_isUpSinceTheStart() {
        assertThat(pipeline.health()).isEqualTo(new Health(UP, at(0), ""));
        spans(1);
        pass(2);

        assertThat(pipeline.ledger().sent()).isEqualTo(1);
        assertThat(pipeline.health()).isEqualTo(new Health(UP, at(0), ""));
    }

    @Test
    void health_ofABatchThatIsRefused_isDown_untilTheNextArrives() {
        answers.add(Mono.just(ExportResult.dropped(DropCause.REFUSED, 1)));
        answers.add(Mono.just(ExportResult.dropped(DropCause.REFUSED, 2)));
        obstacle = "status 401";
        spans(1);
        pass(1);
        assertThat(pipeline.health())
                .isEqualTo(new Health(
                        DOWN, at(1), "nothing arrives (status 401); of the last batch 1 REFUSED were dropped"));
        spans(2);
        pass(200);
        // Since the first failure, with what is known last; nothing that arrives is no recovery.
        assertThat(pipeline.health())
                .isEqualTo(new Health(
                        DOWN, at(1), "nothing arrives (status 401); of the last batch 2 REFUSED were dropped"));
        spans(1);
        pass(4);

        assertThat(pipeline.health()).isEqualTo(new Health(UP, at(202), ""));
    }

    @Test
    void health_ofABatchThatIsTriedForLong_isDownSinceItsBegin() {
        Sinks.One<ExportResult> answer = Sinks.one();
        answers.add(answer.asMono());
        obstacle = "status 503";
        spans(1);
        pass(11);
        assertThat(pipeline.health().status()).isEqualTo(UP);
        pass(1);
        assertThat(pipeline.health())
                .isEqualTo(new Health(DOWN, at(1), "a batch is under way and does not arrive (status 503)"));
        answer.tryEmitValue(ExportResult.sent(1));
        time.advanceTime();

        assertThat(pipeline.health()).isEqualTo(new Health(UP, at(12), ""));
    }

    @Test
    void health_ofASpooledBatch_isDown_thoughNothingIsLost() {
        answers.add(Mono.just(ExportResult.spooled(1)));
        spans(1);
        pass(1);

        assertThat(pipeline.health())
                .isEqualTo(new Health(DOWN, at(1), "nothing arrives; of the last batch 1 were moved to the spool"));
    }

    @Test
    void health_afterALoss_isDegradedForAMinute() {
        answers.add(Mono.just(new ExportResult(2, 0, Map.of(DropCause.UNENCODABLE, 1L))));
        spans(3);
        pass(1);
        assertThat(pipeline.health()).isEqualTo(new Health(DEGRADED, at(1), "records were lost: 1 UNENCODABLE"));
        answers.add(Mono.just(new ExportResult(1, 1, Map.of())));
        pass(40);
        spans(2);
        pass(1);
        assertThat(pipeline.health())
                .isEqualTo(new Health(DEGRADED, at(1), "records were lost: 1 rejected by the destination"));
        pass(60);
        assertThat(pipeline.health().status()).isEqualTo(DEGRADED);
        pass(1);

        assertThat(pipeline.health()).isEqualTo(new Health(UP, at(102), ""));
    }

    @Test
    void health_ofAFullQueue_isDegraded() {
        answers.add(Mono.never());
        spans(1);
        pass(1);
        spans(9);
        pass(1);

        assertThat(pipeline.health())
                .isEqualTo(new Health(DEGRADED, at(2), "records were lost: 5 because the queue is full"));
    }

    @Test
    void worse_isTheWorse_andThenTheOlder() {
        Health up = new Health(UP, at(9), "");
        Health late = new Health(DOWN, at(8), "late");
        Health early = new Health(DOWN, at(7), "early");

        assertThat(List.of(up, late, early).stream().reduce(Health::worse)).contains(early);
        assertThat(List.of(early, late, up).stream().reduce(Health::worse)).contains(early);
        assertThat(up.worse(new Health(DEGRADED, at(1), "lost")).status()).isEqualTo(DEGRADED);
    }
}
