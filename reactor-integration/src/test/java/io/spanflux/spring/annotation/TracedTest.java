// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.annotation;

import io.micrometer.context.ContextSnapshotFactory;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.genai.Agent;
import io.spanflux.genai.Tool;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.spring.SpanfluxAnnotationAutoConfiguration;
import io.spanflux.spring.SpanfluxAutoConfiguration;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.thread.ThreadSpanAccessor;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanStatus;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.ParallelFlux;
import reactor.test.StepVerifier;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class TracedTest {
    private final InMemorySpanExporter ended = InMemorySpanExporter.create();

    /** How Spring Boot makes proxies. */
    private enum Proxies {
        CLASSES_WITH_ASPECTJ,
        INTERFACES_WITH_ASPECTJ,
        WITHOUT_ASPECTJ;

        ApplicationContextRunner in(ApplicationContextRunner application) {
            return switch (this) {
                case CLASSES_WITH_ASPECTJ -> application;
                case INTERFACES_WITH_ASPECTJ -> application.withPropertyValues("spring.aop.proxy-target-class=false");
                case WITHOUT_ASPECTJ -> application.withClassLoader(new FilteredClassLoader("org.aspectj"));
            };
        }
    }

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    AopAutoConfiguration.class,
                    SpanfluxAutoConfiguration.class,
                    SpanfluxAnnotationAutoConfiguration.class))
            .withBean("variables", Environment.class, () -> Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .withBean("ended", SpanHandler.class, () -> (OnEnd) ended::onEnd)
            .withBean(Tickets.class, LocalTickets::new)
            .withBean(Desk.class, Desk::new);

    private interface OnEnd extends SpanHandler {
        @Override
        void onEnd(Span span);
    }

    public interface Tickets {
        @Traced
        Mono<String> load(@SpanAttribute("ticket.id") String id);

        @Traced("count")
        int count(@SpanAttribute int least);
    }

    public static class LocalTickets implements Tickets {
        @Override
        public Mono<String> load(String id) {
            return Mono.just("ticket " + id);
        }

        @Override
        public int count(int least) {
            return least + 1;
        }
    }

    public static class Desk {
        @Traced(value = "support", as = Traced.As.AGENT)
        public Flux<String> answer(Mono<String> question) {
            return question.flux().concatWithValues("b");
        }

        @Traced(value = "get_weather", as = Traced.As.TOOL)
        public Mono<String> weather(@SpanAttribute("city") String city) {
            return Mono.error(new IllegalStateException(city));
        }

        @Traced
        public String plain(
                @SpanAttribute("id") UUID id,
                @SpanAttribute("maybe") Optional<Integer> maybe,
                @SpanAttribute("own") Desk own,
                @SpanAttribute("none") String none,
                @SpanAttribute("tags") List<String> tags) {
            return id.toString();
        }

        @Traced
        public int fails() throws IOException {
            throw new IOException("on purpose");
        }

        @Traced
        public String below(ContextView context) {
            return "x";
        }

        @Traced
        public CompletionStage<String> later(Span parent, CompletableFuture<String> future) {
            return future;
        }

        @Traced
        public ParallelFlux<Integer> parallel() {
            return Flux.just(1, 2).parallel(2);
        }

        @Traced
        public Mono<String> refuses() {
            throw new IllegalArgumentException("on purpose");
        }

        public Mono<String> itself() {
            return weather("Rome").onErrorReturn("sunny");
        }
    }

    private void run(Consumer<Desk> use) {
        application.run(context -> use.accept(context.getBean(Desk.class)));
    }

    @ParameterizedTest
    @EnumSource
    void method_ofAnInterfaceOrAClass_isTraced(Proxies proxies) {
        proxies.in(application).run(context -> {
            Tickets tickets = context.getBean(Tickets.class);
            assertThat(AopUtils.isJdkDynamicProxy(tickets)).isEqualTo(proxies == Proxies.INTERFACES_WITH_ASPECTJ);
            assertThat(tickets.load("7").block()).isEqualTo("ticket 7");
            assertThat(tickets.count(3)).isEqualTo(4);
            assertThat(context.getBean(Desk.class)
                            .answer(Mono.just("a"))
                            .collectList()
                            .block())
                    .containsExactly("a", "b");
        });
        assertThat(ended.spans())
                .extracting(Span::name)
                .containsExactly("LocalTickets.load", "count", "invoke_agent support");
        assertThat(ended.spans().get(0).attributes().get("ticket.id")).isEqualTo("7");
        assertThat(ended.spans().get(1).attributes().get("least")).isEqualTo(3L);
        assertThat(ended.spans().get(2).data()).isInstanceOf(Agent.class);
    }

    @Test
    void subscription_isASpan_belowTheSubscribersAndInItsScope() {
        application.run(context -> {
            Mono<String> loaded = context.getBean(Tickets.class).load("7");
            assertThat(ended.spans()).as("nobody has subscribed").isEmpty();
            loaded.then(loaded)
                    .transform(context.getBean(ReactiveTracer.class).span("outer"))
                    .contextWrite(Scope.none().user("ann"))
                    .block();
        });
        assertThat(ended.spans()).hasSize(3);
        Span outer = ended.spans().get(2);
        assertThat(ended.spans().subList(0, 2)).allSatisfy(span -> {
            assertThat(span.parentSpanIdBits()).isEqualTo(outer.spanIdBits());
            assertThat(span.attributes().get("user.id")).isEqualTo("ann");
            assertThat(span.attributes().get("ticket.id")).isEqualTo("7");
        });
        assertThat(outer.attributes().get("ticket.id")).isNull();
    }

    @Test
    void error_failsTheSpan_andPassesThrough() {
        run(desk -> {
            StepVerifier.create(desk.weather("Rome")).verifyErrorMessage("Rome");
            assertThatThrownBy(desk::fails).isInstanceOf(IOException.class);
            assertThatThrownBy(desk::refuses).isInstanceOf(IllegalArgumentException.class);
        });
        assertThat(ended.spans()).hasSize(2).allMatch(span -> span.status() == SpanStatus.ERROR);
        assertThat(ended.spans().get(0).data()).isInstanceOf(Tool.class);
        assertThat(ended.spans().get(1).attributes().get("error.type")).isEqualTo("java.io.IOException");
    }

    @Test
    void arguments_areAttributes_whereTheySayNothingUnforeseen() {
        UUID id = new UUID(1, 2);
        run(desk -> desk.plain(id, Optional.of(5), desk, null, List.of("a", "b")));
        assertThat(ended.spans().get(0).attributes().asMap())
                .containsEntry("id", id.toString())
                .containsEntry("maybe", 5L)
                .containsEntry("tags", List.of("a", "b"))
                .doesNotContainKeys("own", "none");
        assertThat(ended.spans().get(0).name()).isEqualTo("Desk.plain");
    }

    @Test
    void plainCall_findsItsParentInAnArgument_elseItBeginsATrace() {
        application.run(context -> {
            Desk desk = context.getBean(Desk.class);
            Mono.deferContextual(outer -> Mono.just(desk.below(outer)))
                    .transform(context.getBean(ReactiveTracer.class).span("outer"))
                    .block();
            context.getBean(Tickets.class).count(1);
        });
        assertThat(ended.spans().get(0).parentSpanIdBits())
                .isEqualTo(ended.spans().get(1).spanIdBits());
        assertThat(ended.spans().get(2).parentSpanIdBits()).isZero();
    }

    @Test
    void plainCall_findsItsParentOnTheThread_whereThatIsAskedFor() {
        ThreadSpanAccessor.register();
        application.run(context -> {
            Span parent =
                    context.getBean(Spanflux.class).tracer().span("parent").start();
            try (var scope =
                    ContextSnapshotFactory.builder().build().setThreadLocalsFrom(parent.storeIn(Context.empty()))) {
                context.getBean(Tickets.class).count(1);
            } finally {
                ThreadSpanAccessor.unregister();
                parent.end();
            }
        });
        assertThat(ended.spans().get(0).parentSpanIdBits())
                .isEqualTo(ended.spans().get(1).spanIdBits());
    }

    @Test
    void stage_endsTheSpanWhenItIsComplete_andIsTheSameStage() {
        application.run(context -> {
            Span parent =
                    context.getBean(Spanflux.class).tracer().span("parent").start();
            CompletableFuture<String> future = new CompletableFuture<>();
            assertThat(context.getBean(Desk.class).later(parent, future)).isSameAs(future);
            assertThat(ended.spans()).isEmpty();
            future.completeExceptionally(new CompletionException(new IllegalStateException("on purpose")));
            assertThat(ended.spans()).singleElement().satisfies(span -> {
                assertThat(span.parentSpanIdBits()).isEqualTo(parent.spanIdBits());
                assertThat(span.attributes().get("error.type")).isEqualTo("java.lang.IllegalStateException");
            });
            parent.end();
        });
    }

    @Test
    void typeThatCannotBeTraced_isReturnedAsItIs_andCounted() {
        application.run(context -> {
            assertThat(context.getBean(Desk.class)
                            .parallel()
                            .sequential()
                            .collectList()
                            .block())
                    .hasSize(2);
            assertThat(context.getBean(TracedAdvisor.class).failures()).isEqualTo(1);
        });
        assertThat(ended.spans()).isEmpty();
    }

    @Test
    void callFromWithin_isNotSeen() {
        run(desk -> assertThat(desk.itself().block()).isEqualTo("sunny"));
        assertThat(ended.spans()).isEmpty();
    }

    @Test
    void nothing_isTracedWhereTracingIsOff() {
        application
                .withPropertyValues("spanflux.enabled=false")
                .run(context -> assertThat(AopUtils.isAopProxy(context.getBean(Desk.class)))
                        .isFalse());
        application
                .withPropertyValues("spring.aop.auto=false")
                .run(context ->
                        assertThat(context.getBean(Tickets.class).count(1)).isEqualTo(2));
        assertThat(ended.spans()).isEmpty();
    }
}
