// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Usage;
import io.spanflux.test.LogCapture;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.testing.SpanVerifier;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(30)
class ReactiveTracerTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Spanflux spanflux = spanflux(builder -> {});
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);

    private Spanflux spanflux(Consumer<Spanflux.Builder> options) {
        Spanflux.Builder builder = Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
                .tracer(tracer -> tracer.handler(spans));
        options.accept(builder);
        return builder.build();
    }

    private SpanVerifier verifier() {
        return SpanVerifier.create(spans.spans());
    }

    private record Completion(String text, Usage usage) {}

    private record Chunk(String delta, String finishReason, Usage usage) {}

    // ---- the API as users write it -------------------------------------------------------------------------------

    @Test
    void chat_ofAMono_infersItsTypes() {
        Mono<Completion> call = Mono.just(new Completion("hi", Usage.of(3, 4)));

        Mono<Completion> answer = call.transform(
                trace.chat("openai", "gpt-4o-mini", (generation, completion) -> generation.usage(completion.usage())));

        assertThat(answer.block().text()).isEqualTo("hi");
        verifier()
                .expectSpan("chat gpt-4o-mini")
                .isRoot()
                .hasKind(SpanKind.CLIENT)
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("gen_ai.operation.name", "chat")
                .hasAttribute("gen_ai.provider.name", "openai")
                .hasAttribute("gen_ai.request.model", "gpt-4o-mini")
                .hasAttribute("gen_ai.usage.input_tokens", 3)
                .hasAttribute("gen_ai.usage.output_tokens", 4)
                .hasNoAttribute("gen_ai.request.stream")
                .hasNoAttribute("gen_ai.response.time_to_first_chunk")
                .hasNoAttribute("spanflux.stream.chunks")
                .expectNoMoreSpans()
                .verify();
    }

    @Test
    void chat_ofAFlux_describesTheRequestOnceASubscription_andSeesEachChunk() {
        AtomicInteger described = new AtomicInteger();
        Flux<Chunk> stream = Flux.just(
                new Chunk("Hel", null, null),
                new Chunk("lo", null, null),
                new Chunk("", "stop", null),
                new Chunk("", null, Usage.of(9, 2)));

        Flux<Chunk> traced = stream.transform(trace.chat(
                call -> {
                    described.incrementAndGet();
                    call.provider("openai").model("gpt-4o-mini").temperature(0.2);
                },
                (generation, chunk) -> generation
                        .append(chunk.delta())
                        .finishReason(chunk.finishReason())
                        .usage(chunk.usage())));

        assertThat(described).hasValue(0);
        traced.blockLast();
        traced.blockLast();
        assertThat(described).hasValue(2);
        verifier()
                .expectSpan("chat gpt-4o-mini")
                .hasAttribute("gen_ai.request.temperature", 0.2)
                .hasAttribute("gen_ai.request.stream", true)
                .hasAttribute("gen_ai.response.finish_reasons", List.of("stop"))
                .hasAttribute("gen_ai.response.time_to_first_chunk")
                .hasAttribute("gen_ai.usage.input_tokens", 9)
                .hasAttribute("spanflux.stream.chunks", 4)
                .hasNoAttribute("gen_ai.output.messages")
                .expectSpan("chat gpt-4o-mini")
                .expectNoMoreSpans()
                .verify();
    }

    @Test
    void everyKindOfOperator_hasItsSpan() {
        Mono<String> source = Mono.just("v");
        source.transform(trace.agent("support")).block();
        source.transform(trace.agent("support", (agent, value) -> agent.description("d")))
                .block();
        source.transform(trace.tool("weather")).block();
        source.transform(trace.tool("weather", (tool, value) -> tool.callId("c1")))
                .block();
        source.transform(trace.tool("weather", call -> call.callId("c2"), (tool, value) -> {}))
                .block();
        source.transform(trace.span("plain")).block();
        source.transform(trace.span("plain", (span, value) -> span.attribute("value", value)))
                .block();
        source.transform(trace.chat("p", "m")).block();
        source.transform(trace.chat(call -> call.model("m2"))).block();
        verifier()
                .expectSpan("invoke_agent support")
                .hasKind(SpanKind.INTERNAL)
                .hasAttribute("gen_ai.agent.name", "support")
                .expectSpan("invoke_agent support")
                .hasAttribute("gen_ai.agent.description", "d")
                .expectSpan("execute_tool weather")
                .hasKind(SpanKind.INTERNAL)
                .hasAttribute("gen_ai.tool.name", "weather")
                .hasAttribute("gen_ai.tool.type", "function")
                .expectSpan("execute_tool weather")
                .hasAttribute("gen_ai.tool.call.id", "c1")
                .expectSpan("execute_tool weather")
                .hasAttribute("gen_ai.tool.call.id", "c2")
                .expectSpan("plain")
                .expectSpan("plain")
                .hasAttribute("value", "v")
                .expectSpan("chat m")
                .expectSpan("chat m2")
                .hasNoAttribute("gen_ai.provider.name")
                .expectNoMoreSpans()
                .verify();
    }

    @Test
    void arguments_thatAreNull_areRefusedByName() {
        assertThatThrownBy(() -> trace.chat(null, "m")).hasMessage("provider == null");
        assertThatThrownBy(() -> trace.chat("p", (String) null)).hasMessage("model == null");
        assertThatThrownBy(() -> trace.chat(null)).hasMessage("request == null");
        assertThatThrownBy(() -> trace.chat("p", "m", null)).hasMessage("onNext == null");
        assertThatThrownBy(() -> trace.tool(null)).hasMessage("name == null");
        assertThatThrownBy(() -> trace.agent(null)).hasMessage("name == null");
        assertThatThrownBy(() -> trace.span(null)).hasMessage("name == null");
    }

    @Test
    void apply_ofAnotherPublisher_isAFlux() {
        Flux<Integer> traced = Flux.from(
                trace.<Integer>span("x").apply(subscriber -> Flux.range(1, 3).subscribe(subscriber)));
        StepVerifier.create(traced).expectNext(1, 2, 3).verifyComplete();
        verifier().expectSpan("x").expectNoMoreSpans().verify();
    }

    // ---- parents -------------------------------------------------------------------------------------------------

    @Test
    void children_nestUnderTheOperatorsSpan_acrossEveryHop() {
        Scheduler hop = Schedulers.newBoundedElastic(4, 100, "hop");
        Mono<Integer> child = Mono.fromCallable(() -> 1).transform(trace.tool("child"));
        Mono<Integer> asynchronous = child.subscribeOn(hop).publishOn(Schedulers.parallel());
        Flux.range(1, 3)
                .flatMap(i -> child)
                .concatMap(i -> asynchronous)
                .publishOn(Schedulers.parallel())
                .flatMap(i -> Mono.zip(asynchronous, child, child.delaySubscription(Duration.ofMillis(1))))
                .then(Mono.defer(() -> child))
                .flatMap(i -> Mono.using(() -> i, resource -> child, resource -> {}))
                .flatMap(i -> Mono.firstWithValue(child, Mono.never()))
                .subscribeOn(hop)
                .transform(trace.agent("parent"))
                .block(LONG);
        hop.dispose();

        List<Span> all = spans.spans();
        Span parent = all.get(all.size() - 1);
        assertThat(parent.name()).isEqualTo("invoke_agent parent");
        assertThat(all).hasSize(1 + 3 + 3 + 9 + 1 + 1 + 1);
        assertThat(all.subList(0, all.size() - 1))
                .allMatch(span -> span.parentSpanIdBits() == parent.spanIdBits()
                        && span.traceIdLow() == parent.traceIdLow()
                        && span.endEpochNanos() <= parent.endEpochNanos());
    }

    @Test
    void siblingsDownstream_areNotChildren() {
        Mono.just(1)
                .transform(trace.tool("first"))
                .flatMap(i -> Mono.just(2).transform(trace.tool("second")))
                .transform(trace.agent("parent"))
                .block();
        verifier()
                .expectSpan("execute_tool first")
                .isChildOf("invoke_agent parent")
                .expectSpan("execute_tool second")
                .isChildOf("invoke_agent parent")
                .verify();
    }

    @Test
    void spans_endInsideOut_whateverTheSignal() {
        Flux<Integer> failing = Flux.error(new IllegalStateException());
        for (Flux<Integer> source : List.of(Flux.just(1), Flux.<Integer>empty(), failing)) {
            spans.reset();
            source.transform(trace.span("inner"))
                    .transform(trace.span("outer"))
                    .onErrorComplete()
                    .blockLast();
            assertThat(spans.spans().stream().map(Span::name)).containsExactly("inner", "outer");
        }
        spans.reset();
        Flux.never()
                .transform(trace.span("inner"))
                .transform(trace.span("outer"))
                .subscribe()
                .dispose();
        assertThat(spans.spans().stream().map(Span::name)).containsExactly("inner", "outer");
    }

    @Test
    void retry_above_givesEachAttemptItsOwnSpanAndChildren() {
        AtomicInteger attempts = new AtomicInteger();
        Mono.defer(() -> Mono.fromCallable(() -> {
                            if (attempts.incrementAndGet() < 3) {
                                throw new IllegalStateException("attempt " + attempts);
                            }
                            return "ok";
                        })
                        .transform(trace.tool("call")))
                .transform(trace.span("attempt"))
                .retry()
                .transform(trace.span("logical"))
                .block();
        verifier()
                .expectSpan("attempt")
                .isChildOf("logical")
                .hasStatus(SpanStatus.ERROR)
                .expectSpan("attempt")
                .hasStatus(SpanStatus.ERROR)
                .expectSpan("attempt")
                .hasStatus(SpanStatus.UNSET)
                .expectSpan("execute_tool call")
                .isChildOf("attempt")
                .expectSpan("execute_tool call")
                .expectSpan("execute_tool call")
                .expectSpan("logical")
                .isRoot()
                .hasStatus(SpanStatus.UNSET)
                .expectNoMoreSpans()
                .verify();
        assertThat(spans.spans().stream().map(Span::spanIdBits).distinct()).hasSize(7);
    }

    @Test
    void current_isTheSpanAround_andEmptyOutside() {
        String inside = trace.current()
                .map(Span::name)
                .transform(trace.agent("support"))
                .block();
        assertThat(inside).isEqualTo("invoke_agent support");
        assertThat(trace.current().blockOptional()).isEmpty();
    }

    @Test
    void currentTrace_isWhatIsSaidOfTheTraceAround_andEmptyOutside() {
        String inside = trace.currentTrace()
                .map(TraceInfo::traceId)
                .transform(trace.agent("support"))
                .contextWrite(Scope.named("s").trace(TraceInfo.named("w")))
                .block();
        assertThat(inside).isEqualTo(spans.spans().get(0).context().traceId());
        assertThat(trace.currentTrace().blockOptional()).isEmpty();
    }

    @Test
    void handlersAndSwitch_changeWhileTheOperatorStays() {
        Mono<Integer> call = Mono.just(1).transform(trace.agent("support"));
        InMemorySpanExporter more = InMemorySpanExporter.create();
        call.block();
        spanflux.tracer().addHandler(more);
        call.block();
        spanflux.tracer().enabled(false);
        call.block();
        spanflux.tracer().enabled(true);
        spanflux.tracer().removeHandler(more);
        call.block();

        assertThat(spans.spans()).hasSize(3);
        assertThat(more.spans()).containsExactly(spans.spans().get(1));
    }

    @Test
    void aSpanStartedByHand_isAParentToo() {
        Span byHand = spanflux.tracer().span("by hand").start();
        Mono.just(1)
                .transform(trace.tool("child"))
                .contextWrite(byHand::storeIn)
                .block();
        byHand.end();
        verifier().expectSpan("execute_tool child").isChildOf("by hand").verify();
    }

    // ---- scope ---------------------------------------------------------------------------------------------------

    @Test
    void scope_isInheritedByEverySpanBelow_andMergesWithTheOneOutside() {
        Mono.just(1)
                .transform(trace.tool("inner", (tool, value) -> {}))
                .contextWrite(
                        Scope.named("inner scope").attribute("step", "lookup").attribute("tenant", "overridden"))
                .then(Mono.just(2).transform(trace.tool("outer")))
                .transform(trace.agent("support"))
                .contextWrite(Scope.named("handle-ticket")
                        .attribute("tenant", "acme")
                        .conversation("c-1")
                        .user("u-1"))
                .block();
        verifier()
                .expectSpan("execute_tool inner")
                .hasAttribute("step", "lookup")
                .hasAttribute("tenant", "overridden")
                .hasAttribute("gen_ai.conversation.id", "c-1")
                .hasAttribute("user.id", "u-1")
                .hasAttribute("spanflux.scope.name", "inner scope")
                .expectSpan("execute_tool outer")
                .hasNoAttribute("step")
                .hasAttribute("tenant", "acme")
                .hasAttribute("spanflux.scope.name", "handle-ticket")
                .expectSpan("invoke_agent support")
                .hasAttribute("tenant", "acme")
                .hasAttribute("gen_ai.conversation.id", "c-1")
                .verify();
    }

    @Test
    void scope_ofConcurrentRequests_neverMixes() {
        Flux.range(0, 200)
                .flatMap(
                        user -> Mono.just(user)
                                .delayElement(Duration.ofMillis(user % 7))
                                .transform(trace.tool("call", (tool, value) -> tool.callId("user-" + value)))
                                .flatMap(value -> Mono.just(value)
                                        .subscribeOn(Schedulers.boundedElastic())
                                        .transform(trace.chat("p", "m")))
                                .contextWrite(Scope.named("request").user("user-" + user)),
                        200)
                .blockLast(LONG);
        assertThat(spans.spans()).hasSize(400);
        Map<Object, List<Object>> scopes = spans.spans().stream()
                .map(Span::attributes)
                .collect(Collectors.groupingBy(
                        attributes -> attributes.get("user.id"),
                        Collectors.mapping(attributes -> attributes.get("spanflux.scope.id"), Collectors.toList())));
        assertThat(scopes).hasSize(200);
        scopes.values().forEach(ids -> assertThat(ids).hasSize(2).containsOnly(ids.get(0)));
        for (Span span : spans.spans()) {
            if (span.name().startsWith("execute_tool")) {
                assertThat(span.attributes().get("gen_ai.tool.call.id"))
                        .isEqualTo(span.attributes().get("user.id"));
            }
        }
    }

    @Test
    void scope_isEnteredOnceASubscription() {
        Mono<Object> scoped = trace.current()
                .<Object>map(span -> span.scope().id())
                .transform(trace.span("x"))
                .contextWrite(Scope.named("s"));
        assertThat(scoped.block()).isNotEqualTo(scoped.block());
    }

    // ---- content -------------------------------------------------------------------------------------------------

    @Test
    void content_isKeptOnlyWhereItIsAskedFor() {
        AtomicInteger asked = new AtomicInteger();
        Consumer<ReactiveTracer> call = tracer -> Flux.just("Hel", "lo")
                .transform(tracer.chat(
                        generation -> generation.model("m").input(() -> {
                            asked.incrementAndGet();
                            return List.of(Message.user("secret"));
                        }),
                        (generation, delta) -> generation.append(delta)))
                .blockLast();

        call.accept(trace);
        assertThat(asked).hasValue(0);
        verifier()
                .expectSpan("chat m")
                .hasNoAttribute("gen_ai.input.messages")
                .hasNoAttribute("gen_ai.output.messages")
                .verify();
        spans.reset();

        call.accept(ReactiveTracer.of(spanflux(builder -> builder.captureContent(true))));
        verifier()
                .expectSpan("chat m")
                .hasAttribute(
                        "gen_ai.input.messages",
                        "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"secret\"}]}]")
                .hasAttribute(
                        "gen_ai.output.messages",
                        "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Hello\"}]}]")
                .verify();
    }

    @Test
    void content_ofACancelledStream_isWhatHadArrived() {
        ReactiveTracer capturing = ReactiveTracer.of(spanflux(builder -> builder.captureContent(true)));
        Flux.just("one ", "two ", "three ")
                .concatWith(Flux.never())
                .transform(capturing.chat(
                        "p",
                        "m",
                        (generation, delta) -> generation.append(delta).usage(Usage.of(1, 3))))
                .take(2)
                .blockLast();
        verifier()
                .expectSpan("chat m")
                .hasStatus(SpanStatus.UNSET)
                .hasAttribute("spanflux.cancelled", true)
                .hasAttribute("gen_ai.response.finish_reasons", List.of("error"))
                .hasAttribute("gen_ai.usage.output_tokens", 3)
                .hasAttribute("gen_ai.response.time_to_first_chunk")
                .matches(
                        "keeps the text so far",
                        span -> span.attributes()
                                .get("gen_ai.output.messages")
                                .toString()
                                .contains("\"one two \""))
                .verify();
    }

    // ---- everything of ours that can go wrong --------------------------------------------------------------------

    @Test
    void aCallbackThatThrows_isCountedAndWarnedOfOnce_andTheStreamGoesOn() {
        LogCapture logs = LogCapture.start();
        ReactiveTracer own = ReactiveTracer.of(spanflux);
        StepVerifier.create(Flux.range(1, 100).transform(own.chat("p", "m", (generation, value) -> {
                    throw new AssertionError("even an Error");
                })))
                .expectNextCount(100)
                .verifyComplete();
        assertThat(own.callbackFailures()).isEqualTo(100);
        assertThat(logs.warnings()).hasSize(1);
        verifier()
                .expectSpan("chat m")
                .hasAttribute("spanflux.stream.chunks", 100)
                .verify();
    }

    @Test
    void aDescriptionThatThrows_costsWhatItWouldHaveSaid() {
        StepVerifier.create(Mono.just(1).transform(trace.chat(generation -> {
                    generation.model("m");
                    throw new IllegalStateException("half-way");
                })))
                .expectNext(1)
                .verifyComplete();
        verifier().expectSpan("chat m").verify();
        assertThat(trace.callbackFailures()).isEqualTo(1);
    }

    @Test
    void dataThatCannotBeMade_leavesTheCallUntraced() {
        StepVerifier.create(Flux.range(1, 3)
                        .transform(trace.<Integer, SpanData>trace(
                                () -> {
                                    throw new IllegalStateException("no data");
                                },
                                (data, value) -> {})))
                .expectNext(1, 2, 3)
                .verifyComplete();
        StepVerifier.create(Mono.just(1).transform(trace.<Integer, SpanData>trace(() -> null, (data, value) -> {})))
                .expectNext(1)
                .verifyComplete();
        assertThat(spans.spans()).isEmpty();
        assertThat(trace.callbackFailures()).isEqualTo(2);
    }

    /** Data that throws wherever it can. */
    private static final class Broken implements SpanData {
        @Override
        public String spanName() {
            throw new IllegalStateException("name");
        }

        @Override
        public SpanKind kind() {
            throw new IllegalStateException("kind");
        }

        @Override
        public void forEachAttribute(AttributeConsumer consumer) {
            throw new IllegalStateException("attributes");
        }

        @Override
        public void end() {
            throw new IllegalStateException("end");
        }

        @Override
        public int estimatedBytes() {
            throw new IllegalStateException("bytes");
        }
    }

    @Test
    void dataSamplersAndHandlersThatThrow_neverReachTheCall() {
        ReactiveTracer broken =
                ReactiveTracer.of(spanflux(builder -> builder.tracer(tracer -> tracer.sampler(request -> {
                            throw new IllegalStateException("sampler");
                        })
                        .handler(new SpanHandler() {
                            @Override
                            public void onStart(Span span) {
                                throw new IllegalStateException("start");
                            }

                            @Override
                            public void onEnd(Span span) {
                                throw new LinkageError("end");
                            }
                        }))));
        StepVerifier.create(Flux.range(1, 3).transform(broken.trace(Broken::new, (data, value) -> {})))
                .expectNext(1, 2, 3)
                .verifyComplete();
        verifier().expectSpan("Broken").expectNoMoreSpans().verify();
    }

    @Test
    void subscribe_aFluxThatThrowsInstead_endsTheSpanAndReportsTheError() {
        IllegalStateException broken = new IllegalStateException("subscribe");
        Flux<Integer> source = new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Integer> actual) {
                throw broken;
            }
        };

        StepVerifier.create(source.transform(trace.span("flux"))).verifyErrorMatches(error -> error == broken);

        assertThat(spanflux.tracer().liveSpans()).isZero();
        verifier().expectSpan("flux").hasStatus(SpanStatus.ERROR).verify();
    }

    @Test
    void subscribe_aMonoThatThrowsInstead_endsTheSpanAndReportsTheError() {
        IllegalStateException broken = new IllegalStateException("subscribe");
        Mono<Integer> source = new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Integer> actual) {
                throw broken;
            }
        };

        StepVerifier.create(source.transform(trace.span("mono"))).verifyErrorMatches(error -> error == broken);

        assertThat(spanflux.tracer().liveSpans()).isZero();
        verifier().expectSpan("mono").hasStatus(SpanStatus.ERROR).verify();
    }

    @Test
    void subscribe_aSourceThatMissesAClass_endsTheSpanAndThrowsAsReactorDoes() {
        Mono<Integer> source = Mono.fromCallable(() -> {
            throw new NoClassDefFoundError("gone");
        });

        assertThatThrownBy(() -> source.transform(trace.span("mono")).subscribe())
                .isInstanceOf(NoClassDefFoundError.class);

        assertThat(spanflux.tracer().liveSpans()).isZero();
    }

    @Test
    void disabled_isNotThere() {
        Spanflux disabled =
                spanflux(builder -> builder.environment(Environment.of(Map.of("OTEL_SDK_DISABLED", "true"))));
        Flux<Integer> traced = Flux.just(1)
                .transform(ReactiveTracer.of(disabled).trace(() -> {
                    throw new AssertionError("a disabled tracer asks no data");
                }));

        StepVerifier.create(traced).expectNext(1).verifyComplete();
        assertThat(disabled.tracer().callbackFailures()).isZero();
    }

    @Test
    void clock_thatThrows_changesNoSignal() {
        AtomicInteger reads = new AtomicInteger();
        Spanflux timeless = spanflux(builder -> builder.tracer(tracer -> tracer.clock(new Clock() {
            @Override
            public long nanoTime() {
                if (reads.getAndIncrement() > 0) {
                    throw new IllegalStateException("no time");
                }
                return 1;
            }

            @Override
            public long epochNanos(long nanoTime) {
                return nanoTime;
            }
        })));

        StepVerifier.create(
                        Flux.just(1, 2).transform(ReactiveTracer.of(timeless).span("flux")))
                .expectNext(1, 2)
                .verifyComplete();
        assertThat(timeless.tracer().liveSpans()).isZero();
    }

    // ---- sampled out ---------------------------------------------------------------------------------------------

    @Test
    void sampledOut_nothingIsRecorded_callbacksAreNotCalled_andChildrenFollow() {
        ReactiveTracer off = ReactiveTracer.of(spanflux(
                builder -> builder.tracer(tracer -> tracer.sampler(Sampler.parentBased(Sampler.alwaysOff())))));
        AtomicInteger called = new AtomicInteger();
        List<Span> seen = new ArrayList<>();
        off.current()
                .doOnNext(seen::add)
                .transform(off.chat("p", "m", (generation, value) -> called.incrementAndGet()))
                .transform(off.agent("a"))
                .block();
        assertThat(called).hasValue(0);
        assertThat(spans.spans()).isEmpty();
        assertThat(seen.get(0).context().isValid()).isTrue();
        assertThat(seen.get(0).isRecording()).isFalse();
    }

    // ---- Reactor's contracts -------------------------------------------------------------------------------------

    @Test
    void mono_endsItsSpanBeforeTheValueIsPassedOn() {
        List<Integer> endedWhenSeen = new ArrayList<>();
        Mono.just(1)
                .transform(trace.span("x"))
                .doOnNext(value -> endedWhenSeen.add(spans.spans().size()))
                .block();
        assertThat(endedWhenSeen).containsExactly(1);
    }

    @Test
    void scannable_theChainCanBeWalked() {
        Mono<Integer> mono = Mono.just(1).hide().transform(trace.span("x"));
        assertThat(Scannable.from(mono).scan(Scannable.Attr.PARENT)).isInstanceOf(Mono.class);
        assertThat(Scannable.from(mono).scan(Scannable.Attr.RUN_STYLE)).isEqualTo(Scannable.Attr.RunStyle.SYNC);
        assertThat(Scannable.from(mono).name()).isEqualTo("trace");

        AtomicReference<Subscription> seen = new AtomicReference<>();
        Disposable subscribed = Flux.<Integer>never()
                .hide()
                .transform(trace.span("x"))
                .doOnSubscribe(seen::set)
                .subscribe();
        Scannable own = Scannable.from(seen.get());
        assertThat(own.stepName()).isEqualTo("trace");
        assertThat(own.scan(Scannable.Attr.PARENT)).isNotNull();
        assertThat(own.scan(Scannable.Attr.ACTUAL)).isNotNull();
        assertThat(own.scan(Scannable.Attr.RUN_STYLE)).isEqualTo(Scannable.Attr.RunStyle.SYNC);
        assertThat(own.scan(Scannable.Attr.CANCELLED)).isFalse();
        subscribed.dispose();
        assertThat(own.scan(Scannable.Attr.CANCELLED)).isTrue();
    }

    @Test
    void assemblyHooks_seeTheOperator() {
        List<String> assembled = new ArrayList<>();
        Hooks.onEachOperator("test", publisher -> {
            assembled.add(publisher.getClass().getSimpleName());
            return publisher;
        });
        try {
            Mono.just(1).transform(trace.span("x"));
            Flux.just(1).transform(trace.span("x"));
        } finally {
            Hooks.resetOnEachOperator("test");
        }
        assertThat(assembled).contains("TraceMono", "TraceFlux");
    }

    @Test
    void generation_isTheDataOfItsSpan() {
        Mono.just(1).transform(trace.chat("p", "m")).block();
        assertThat(spans.spans().get(0).data()).isInstanceOf(Generation.class);
    }
}
