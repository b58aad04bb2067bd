// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.genai.Generation;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the operator does in each situation, for Mono and Flux, next to every kind of neighbour. Each case runs twice, bare
 * and traced: signals and demand must not differ, and the spans must be what the row says.
 */
class TraceOperatorBehaviourTest {
    private VirtualTimeScheduler time;
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private Spanflux spanflux;
    private ReactiveTracer trace;

    @BeforeEach
    void start() {
        time = VirtualTimeScheduler.getOrSet();
        spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
                .tracer(tracer -> tracer.handler(spans).clock(Clock.of(time)))
                .build();
        trace = ReactiveTracer.of(spanflux);
    }

    @AfterEach
    void stop() {
        VirtualTimeScheduler.reset();
    }

    // ---- neighbours ----------------------------------------------------------------------------------------------

    /** What stands above and below the operator. */
    private enum Neighbours {
        PLAIN,
        PUBLISH_ON,
        FUSED,
        CONDITIONAL,
        HIDDEN;

        <T> Flux<T> around(Flux<T> source, UnaryOperator<Flux<T>> operator, List<Long> demand) {
            return switch (this) {
                case PLAIN -> operator.apply(source.doOnRequest(demand::add));
                case PUBLISH_ON ->
                    operator.apply(source.publishOn(Schedulers.single()).doOnRequest(demand::add))
                            .publishOn(Schedulers.single());
                // range, map and publishOn fuse with one another where nothing stands between them.
                case FUSED -> operator.apply(source.map(value -> value)).publishOn(Schedulers.immediate());
                case CONDITIONAL ->
                    operator.apply(source.doOnRequest(demand::add)).filter(value -> true);
                case HIDDEN ->
                    operator.apply(source.hide().doOnRequest(demand::add)).hide();
            };
        }

        <T> Mono<T> around(Mono<T> source, UnaryOperator<Mono<T>> operator, List<Long> demand) {
            return switch (this) {
                case PLAIN -> operator.apply(source.doOnRequest(demand::add));
                case PUBLISH_ON ->
                    operator.apply(source.publishOn(Schedulers.single()).doOnRequest(demand::add))
                            .publishOn(Schedulers.single());
                case FUSED -> operator.apply(source.map(value -> value)).publishOn(Schedulers.immediate());
                case CONDITIONAL ->
                    operator.apply(source.doOnRequest(demand::add)).filter(value -> true);
                case HIDDEN ->
                    operator.apply(source.hide().doOnRequest(demand::add)).hide();
            };
        }
    }

    // ---- rows ----------------------------------------------------------------------------------------------------

    /** A chain built around the traced part, how it is consumed, and what its spans must be. */
    private record Row<P>(
            String name,
            Function<UnaryOperator<P>, P> chain,
            Supplier<RecordingSubscriber<Integer>> subscriber,
            String... outcomes) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Flux<Integer> three() {
        return Flux.range(1, 3);
    }

    private static Flux<Integer> failingAtTheThird() {
        return Flux.range(1, 3).map(i -> {
            if (i == 3) {
                throw new IllegalStateException("third");
            }
            return i;
        });
    }

    private static Mono<Integer> one() {
        return Mono.fromCallable(() -> 1);
    }

    private static Mono<Integer> failing() {
        return Mono.fromCallable(() -> {
            throw new IllegalStateException("only");
        });
    }

    private static List<Row<Flux<Integer>>> fluxRows() {
        return List.of(
                new Row<>("values", traced -> traced.apply(three()), RecordingSubscriber::unbounded, "ok chunks=3"),
                new Row<>(
                        "values one by one",
                        traced -> traced.apply(three()),
                        RecordingSubscriber::oneByOne,
                        "ok chunks=3"),
                new Row<>("empty", traced -> traced.apply(Flux.empty()), RecordingSubscriber::unbounded, "ok chunks=0"),
                new Row<>(
                        "error at once",
                        traced -> traced.apply(Flux.error(new IllegalStateException("no"))),
                        RecordingSubscriber::unbounded,
                        "error java.lang.IllegalStateException chunks=0"),
                new Row<>(
                        "error after values",
                        traced -> traced.apply(failingAtTheThird()),
                        RecordingSubscriber::unbounded,
                        "error java.lang.IllegalStateException chunks=2 cut"),
                new Row<>(
                        "cancelled at once",
                        traced -> traced.apply(Flux.never()),
                        () -> RecordingSubscriber.cancellingAfter(0),
                        "cancelled chunks=0 cut"),
                new Row<>(
                        "cancelled by take",
                        traced -> traced.apply(Flux.range(1, 10).delayElements(Duration.ofMillis(1)))
                                .take(2),
                        RecordingSubscriber::unbounded,
                        "cancelled chunks=2 cut"),
                new Row<>(
                        "cancelled by next",
                        traced -> traced.apply(Flux.range(1, 10).delayElements(Duration.ofMillis(1)))
                                .next()
                                .flux(),
                        RecordingSubscriber::unbounded,
                        "cancelled chunks=1 cut"),
                new Row<>(
                        "time-out above",
                        traced -> traced.apply(Flux.<Integer>never().timeout(Duration.ofSeconds(1))),
                        RecordingSubscriber::unbounded,
                        "error timeout chunks=0"),
                new Row<>(
                        "time-out below",
                        traced -> traced.apply(Flux.never()).timeout(Duration.ofSeconds(1)),
                        RecordingSubscriber::unbounded,
                        "cancelled chunks=0 cut"),
                new Row<>(
                        "above retry",
                        traced -> traced.apply(failingAtTheThird()).retry(2),
                        RecordingSubscriber::unbounded,
                        "error java.lang.IllegalStateException chunks=2 cut",
                        "error java.lang.IllegalStateException chunks=2 cut",
                        "error java.lang.IllegalStateException chunks=2 cut"),
                new Row<>(
                        "below retry",
                        traced -> traced.apply(failingAtTheThird().retry(2)),
                        RecordingSubscriber::unbounded,
                        "error java.lang.IllegalStateException chunks=6 cut"),
                new Row<>(
                        "above repeat",
                        traced -> traced.apply(three()).repeat(1),
                        RecordingSubscriber::unbounded,
                        "ok chunks=3",
                        "ok chunks=3"),
                new Row<>(
                        "below repeat",
                        traced -> traced.apply(three().repeat(1)),
                        RecordingSubscriber::unbounded,
                        "ok chunks=6"),
                new Row<>(
                        "published to several",
                        traced -> traced.apply(three())
                                .publish()
                                .autoConnect()
                                .next()
                                .flux(),
                        RecordingSubscriber::unbounded,
                        "ok chunks=3"),
                new Row<>(
                        "never ends",
                        traced -> traced.apply(Flux.never()),
                        RecordingSubscriber::unbounded,
                        "error timeout expired"));
    }

    private static List<Row<Mono<Integer>>> monoRows() {
        return List.of(
                new Row<>("value", traced -> traced.apply(one()), RecordingSubscriber::unbounded, "ok"),
                new Row<>("value asked for alone", traced -> traced.apply(one()), RecordingSubscriber::oneByOne, "ok"),
                new Row<>("empty", traced -> traced.apply(Mono.empty()), RecordingSubscriber::unbounded, "ok"),
                new Row<>(
                        "error",
                        traced -> traced.apply(failing()),
                        RecordingSubscriber::unbounded,
                        "error java.lang.IllegalStateException"),
                new Row<>(
                        "cancelled",
                        traced -> traced.apply(Mono.never()),
                        () -> RecordingSubscriber.cancellingAfter(0),
                        "cancelled cut"),
                new Row<>(
                        "time-out above",
                        traced -> traced.apply(Mono.<Integer>never().timeout(Duration.ofSeconds(1))),
                        RecordingSubscriber::unbounded,
                        "error timeout"),
                new Row<>(
                        "time-out below",
                        traced -> traced.apply(Mono.never()).timeout(Duration.ofSeconds(1)),
                        RecordingSubscriber::unbounded,
                        "cancelled cut"),
                new Row<>(
                        "above retry",
                        traced -> traced.apply(failing()).retry(1),
                        RecordingSubscriber::unbounded,
                        "error java.lang.IllegalStateException",
                        "error java.lang.IllegalStateException"),
                new Row<>(
                        "below retry",
                        traced -> traced.apply(failing().retry(1)),
                        RecordingSubscriber::unbounded,
                        "error java.lang.IllegalStateException"),
                new Row<>(
                        "above repeat",
                        traced -> traced.apply(one()).repeat(1).last(),
                        RecordingSubscriber::unbounded,
                        "ok",
                        "ok"),
                new Row<>("cached", traced -> traced.apply(one()).cache(), RecordingSubscriber::unbounded, "ok"),
                new Row<>(
                        "never ends",
                        traced -> traced.apply(Mono.never()),
                        RecordingSubscriber::unbounded,
                        "error timeout expired"));
    }

    static Stream<Arguments> fluxCases() {
        return fluxRows().stream()
                .flatMap(row -> Stream.of(Neighbours.values()).map(around -> Arguments.of(row, around)));
    }

    static Stream<Arguments> monoCases() {
        return monoRows().stream()
                .flatMap(row -> Stream.of(Neighbours.values()).map(around -> Arguments.of(row, around)));
    }

    // ---- the test ------------------------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("fluxCases")
    void flux(Row<Flux<Integer>> row, Neighbours around) {
        TraceOperator<Integer> operator = trace.chat("openai", "gpt", (generation, value) -> {});
        verify(
                row,
                (traced, demand) -> row.chain.apply(source ->
                        around.around(source, traced ? flux -> flux.transform(operator) : flux -> flux, demand)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("monoCases")
    void mono(Row<Mono<Integer>> row, Neighbours around) {
        TraceOperator<Integer> operator = trace.chat("openai", "gpt", (generation, value) -> {});
        verify(
                row,
                (traced, demand) -> row.chain
                        .apply(source ->
                                around.around(source, traced ? mono -> mono.transform(operator) : mono -> mono, demand))
                        .flux());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("fluxCases")
    void flux_withACallbackThatThrows(Row<Flux<Integer>> row, Neighbours around) {
        TraceOperator<Integer> operator = trace.chat("openai", "gpt", (generation, value) -> {
            throw new IllegalStateException("in the callback");
        });
        verify(
                row,
                (traced, demand) -> row.chain.apply(source ->
                        around.around(source, traced ? flux -> flux.transform(operator) : flux -> flux, demand)));
    }

    private interface Chain {
        Flux<Integer> build(boolean traced, List<Long> demand);
    }

    private void verify(Row<?> row, Chain chain) {
        List<Long> bareDemand = new ArrayList<>();
        List<Long> tracedDemand = new ArrayList<>();

        List<String> bare = run(row, chain.build(false, bareDemand));
        assertThat(spans.spans()).isEmpty();
        List<String> traced = run(row, chain.build(true, tracedDemand));

        assertThat(traced).isEqualTo(bare);
        assertThat(tracedDemand).isEqualTo(bareDemand);
        assertThat(spans.spans().stream().map(TraceOperatorBehaviourTest::outcome))
                .containsExactly(row.outcomes);
        assertThat(spans.spans().stream().map(span -> span.context().spanId())).doesNotHaveDuplicates();
        assertThat(spanflux.tracer().liveSpans()).isZero();
    }

    private List<String> run(Row<?> row, Flux<Integer> chain) {
        RecordingSubscriber<Integer> subscriber = row.subscriber.get();
        chain.subscribe(subscriber);
        time.advanceTimeBy(Duration.ofMinutes(90));
        return subscriber.signals;
    }

    private static String outcome(Span span) {
        Map<String, Object> attributes = span.attributes().asMap();
        StringBuilder outcome = new StringBuilder();
        if (span.status() == SpanStatus.ERROR) {
            outcome.append("error ").append(attributes.get("error.type"));
        } else if (Boolean.TRUE.equals(attributes.get("spanflux.cancelled"))) {
            assertThat(span.status()).isEqualTo(SpanStatus.UNSET);
            assertThat(attributes).doesNotContainKey("error.type");
            outcome.append("cancelled");
        } else {
            assertThat(span.status()).isEqualTo(SpanStatus.UNSET);
            outcome.append("ok");
        }
        if (attributes.containsKey("spanflux.stream.chunks")) {
            outcome.append(" chunks=").append(attributes.get("spanflux.stream.chunks"));
        }
        if (List.of("error").equals(attributes.get("gen_ai.response.finish_reasons"))) {
            outcome.append(" cut");
        }
        if (Boolean.TRUE.equals(attributes.get("spanflux.expired"))) {
            outcome.append(" expired");
        }
        assertThat(span.data()).isInstanceOf(Generation.class);
        return outcome.toString();
    }
}
