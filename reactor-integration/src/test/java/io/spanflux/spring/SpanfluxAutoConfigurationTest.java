// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.micrometer.context.ContextRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.LogExporter;
import io.spanflux.export.OtlpLogExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.genai.ContentRedactor;
import io.spanflux.genai.Message;
import io.spanflux.metrics.MetricTarget;
import io.spanflux.propagation.Propagator;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.spring.annotation.TracedAdvisor;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Request;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.wire.tracentic.TracenticExporter;
import io.spanflux.wire.tracentic.TracenticScope;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.InMemoryGeneratedFiles;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ContextConsumer;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.boot.webclient.WebClientCustomizer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.http.HttpStatus;
import org.springframework.javapoet.ClassName;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;

class SpanfluxAutoConfigurationTest {
    private static final AutoConfigurations ALL = AutoConfigurations.of(
            SpanfluxAutoConfiguration.class,
            SpanfluxWebFluxAutoConfiguration.class,
            SpanfluxWebClientAutoConfiguration.class,
            SpanfluxActuatorAutoConfiguration.class,
            SpanfluxAnnotationAutoConfiguration.class);

    private final InMemorySpanExporter exported = InMemorySpanExporter.create();
    private final ApplicationContextRunner application = withVariables(Map.of());
    private final ReactiveWebApplicationContextRunner webApplication = new ReactiveWebApplicationContextRunner()
            .withConfiguration(ALL)
            .withBean(SpanExporter.class, () -> exported);

    private ApplicationContextRunner withVariables(Map<String, String> variables) {
        return new ApplicationContextRunner()
                .withConfiguration(ALL)
                .withBean("variables", Environment.class, () -> Environment.of(variables))
                .withBean("exported", SpanExporter.class, () -> exported);
    }

    private static Object resource(Spanflux spanflux, String key) {
        return spanflux.tracer().resource().attributes().get(key);
    }

    @Test
    void beans_areThereWithoutAnyProperty() {
        application.run(context -> {
            assertThat(context).hasSingleBean(Spanflux.class).hasSingleBean(ReactiveTracer.class);
            assertThat(context).doesNotHaveBean(ServerTraceFilter.class).doesNotHaveBean(MetricTarget.class);
            assertThat(context.getBean(Spanflux.class).metrics()).isNull();
        });
    }

    @Test
    void spans_areDeliveredWhenTheContextCloses_onceAlthoughTheExporterIsAHandlerToo() {
        application.run(context -> Mono.just(1)
                .transform(context.getBean(ReactiveTracer.class).span("work"))
                .block());
        assertThat(exported.spans()).extracting(Span::name).containsExactly("work");
    }

    @Test
    void spansThatEndInADestroyMethod_areDeliveredToo() {
        application
                .withBean("late", Late.class)
                .run(context -> assertThat(context).hasSingleBean(Late.class));
        assertThat(exported.spans()).extracting(Span::name).containsExactly("late");
    }

    static class Late implements AutoCloseable {
        private final ReactiveTracer trace;

        Late(ReactiveTracer trace) {
            this.trace = trace;
        }

        @Override
        public void close() {
            Mono.just(1).transform(trace.span("late")).block();
        }
    }

    @Test
    void lifecycle_stopsAfterTheWebServerHasDrainedAndStopped() {
        assertThat(SpanfluxLifecycle.PHASE)
                .isLessThan(WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE)
                .isLessThan(WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE);
    }

    @Test
    void context_thatStopsAndStartsAgain_tracesAgain() {
        application.run(context -> {
            ReactiveTracer trace = context.getBean(ReactiveTracer.class);
            Mono.just(1).transform(trace.span("first")).block();
            context.getSourceApplicationContext().stop();
            assertThat(exported.spans()).extracting(Span::name).containsExactly("first");
            context.getSourceApplicationContext().start();
            Mono.just(1).transform(trace.span("second")).block();
        });
        assertThat(exported.spans()).extracting(Span::name).containsExactly("first", "second");
    }

    @Test
    void properties_winOverVariables_andVariablesOverSpringsName() {
        ApplicationContextRunner both = withVariables(
                        Map.of("OTEL_SERVICE_NAME", "by-variable", "OTEL_RESOURCE_ATTRIBUTES", "team=a,tier=b"))
                .withPropertyValues("spring.application.name=by-spring");
        both.run(context -> assertThat(resource(context.getBean(Spanflux.class), "service.name"))
                .isEqualTo("by-variable"));
        both.withPropertyValues("spanflux.serviceName=by-property", "spanflux.resource[team]=c")
                .run(context -> {
                    Spanflux spanflux = context.getBean(Spanflux.class);
                    assertThat(resource(spanflux, "service.name")).isEqualTo("by-property");
                    assertThat(resource(spanflux, "team")).isEqualTo("c");
                    assertThat(resource(spanflux, "tier")).isEqualTo("b");
                });
        application
                .withPropertyValues("spring.application.name=by-spring")
                .run(context -> assertThat(resource(context.getBean(Spanflux.class), "service.name"))
                        .isEqualTo("by-spring"));
    }

    @Test
    void variable_holdsWhereNoPropertyDoes() {
        Map<String, String> off = Map.of("OTEL_TRACES_SAMPLER", "always_off");
        ApplicationContextRunner sampledOut = withVariables(off);
        sampledOut.run(context -> Mono.just(1)
                .transform(context.getBean(ReactiveTracer.class).span("unseen"))
                .block());
        sampledOut
                .withPropertyValues("spanflux.sampling.ratio=1")
                .run(context -> Mono.just(1)
                        .transform(context.getBean(ReactiveTracer.class).span("seen"))
                        .block());
        assertThat(exported.spans()).extracting(Span::name).containsExactly("seen");
    }

    @Test
    void beans_winOverProperties_andCustomizersOverBeans() {
        ApplicationContextRunner bean =
                application.withPropertyValues("spanflux.sampling.ratio=1").withBean(Sampler.class, Sampler::alwaysOff);
        bean.run(context -> Mono.just(1)
                .transform(context.getBean(ReactiveTracer.class).span("unseen"))
                .block());
        bean.withBean(
                        SpanfluxCustomizer.class,
                        () -> builder -> builder.tracer(tracer -> tracer.sampler(Sampler.alwaysOn())))
                .run(context -> Mono.just(1)
                        .transform(context.getBean(ReactiveTracer.class).span("seen"))
                        .block());
        assertThat(exported.spans()).extracting(Span::name).containsExactly("seen");
    }

    @Test
    void userBeans_arePickedUp() {
        Propagator propagator = Propagator.traceContext();
        InMemorySpanExporter handler = InMemorySpanExporter.create();
        application
                .withPropertyValues("spanflux.capture-content=spans")
                .withBean(Propagator.class, () -> propagator)
                .withBean(ContentRedactor.class, Nothing::new)
                .withBean("handler", SpanHandler.class, () -> (OnEnd) handler::onEnd)
                .run(context -> {
                    Spanflux spanflux = context.getBean(Spanflux.class);
                    assertThat(spanflux.propagator()).isSameAs(propagator);
                    assertThat(spanflux.contentPolicy().capture()).isEqualTo(ContentCapture.SPANS);
                    assertThat(spanflux.contentPolicy().toString()).contains("redactor=set");
                    Mono.just(1)
                            .transform(context.getBean(ReactiveTracer.class).span("work"))
                            .block();
                    assertThat(handler.spans()).extracting(Span::name).containsExactly("work");
                });
    }

    @Test
    void tracenticScope_isPassedOnWhereATracenticExporterIsABean_orWhereItIsAskedFor() {
        ApplicationContextRunner tracentic = application.withBean(
                "tracentic",
                SpanExporter.class,
                () -> TracenticExporter.builder().local(true).build());
        application.run(
                context -> assertThat(headersOf(context)).containsExactly("traceparent", "tracestate", "baggage"));
        tracentic.withPropertyValues("spanflux.baggage=tenant").run(context -> {
            assertThat(headersOf(context))
                    .containsExactly("traceparent", "tracestate", "baggage", TracenticScope.HEADER);
            Map<String, String> sent = new HashMap<>();
            context.getBean(Spanflux.class)
                    .propagator()
                    .inject(Scope.named("s").attribute("tenant", "t").apply(Context.empty()), sent::put);
            assertThat(sent).containsEntry("baggage", "tenant=t").containsKey(TracenticScope.HEADER);
        });
        application
                .withPropertyValues("spanflux.tracenticScope=true")
                .run(context -> assertThat(headersOf(context)).contains(TracenticScope.HEADER));
        tracentic
                .withPropertyValues("spanflux.tracentic-scope=false")
                .run(context -> assertThat(headersOf(context)).doesNotContain(TracenticScope.HEADER));
        tracentic
                .withBean(Propagator.class, Propagator::traceContext)
                .run(context -> assertThat(headersOf(context)).containsExactly("traceparent", "tracestate"));
    }

    private static List<String> headersOf(AssertableApplicationContext context) {
        return context.getBean(Spanflux.class).propagator().fields();
    }

    private interface OnEnd extends SpanHandler {
        @Override
        void onEnd(Span span);
    }

    private static final class Nothing implements ContentRedactor {
        @Override
        public Message.Part redact(Message.Part part) {
            return null;
        }

        @Override
        public Object redact(String attribute, Object value) {
            return null;
        }
    }

    @Test
    void ownSpanflux_replacesTheAutoConfiguredOne() {
        Spanflux own = Spanflux.builder().exporter(exported).build();
        application
                .withBean("own", Spanflux.class, () -> own, definition -> definition.setPrimary(true))
                .run(context -> assertThat(context).getBean(Spanflux.class).isSameAs(own));
        own.awaitClose(Duration.ofSeconds(1));
    }

    @Test
    void enabledFalse_leavesBeansThatDoNothing() {
        webApplication.withPropertyValues("spanflux.enabled=false").run(context -> {
            Spanflux spanflux = context.getBean(Spanflux.class);
            assertThat(spanflux.tracer().isEnabled()).isFalse();
            assertThat(spanflux.ledgers()).isEmpty();
            assertThat(context)
                    .hasSingleBean(ReactiveTracer.class)
                    .doesNotHaveBean(ServerTraceFilter.class)
                    .doesNotHaveBean(WebClientCustomizer.class)
                    .doesNotHaveBean(TracedAdvisor.class)
                    .doesNotHaveBean(HealthIndicator.class)
                    .doesNotHaveBean(InfoContributor.class);
        });
    }

    @Test
    void mistakes_failTheStart_byName() {
        application
                .withPropertyValues("spanflux.pipeline.max-queue-size=0")
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("maxQueueSize"));
        application
                .withPropertyValues("spanflux.sampling.ratio=2")
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("ratio"));
        application
                .withPropertyValues("spanflux.metrics.micrometer=true")
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("MeterRegistry"));
        application
                .withPropertyValues("spanflux.webclient.hosts=https://a.example")
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("hosts"));
        application
                .withPropertyValues("spanflux.otlp.endpoint=http://a/v1/traces", "spanflux.metrics.otlp=true")
                .run(context ->
                        assertThat(context).getFailure().rootCause().hasMessageContaining("spanflux.otlp.endpoint"));
        application
                .withPropertyValues("spanflux.otlp.endpoint=http://a/v1/traces", "spanflux.capture-content=events")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("spanflux.otlp.endpoint")
                        .hasMessageContaining("LogExporter"));
    }

    @Test
    void everyProperty_bindsInAnyOfSpringsSpellings(@TempDir Path files) throws Exception {
        Path prices = Files.writeString(files.resolve("prices.json"), "{\"prices\": {}}");
        application
                .withInitializer(context -> context.getEnvironment()
                        .getPropertySources()
                        .addFirst(new SystemEnvironmentPropertySource(
                                "systemEnvironment",
                                Map.of(
                                        "SPANFLUX_SERVICENAME", "by-variable",
                                        "SPANFLUX_BAGGAGE", "tenant,gen_ai.conversation.id",
                                        "SPANFLUX_OTLP_ENDPOINT", "http://localhost:1",
                                        "SPANFLUX_WEBCLIENT_HOSTS_0_", "a.example",
                                        "SPANFLUX_WEBCLIENT_HOSTS_1_", "b.example",
                                        "SPANFLUX_TAILSAMPLING_KEEPERRORS", "true"))))
                .withPropertyValues(
                        "spanflux.enabled=true",
                        "spanflux.resource[deployment.environment.name]=test",
                        "spanflux.captureContent=spans-and-events",
                        "spanflux.tracentic_scope=true",
                        "spanflux.price-file=" + prices,
                        "spanflux.experimental-cost-names=true",
                        "spanflux.max-span-lifetime=2h",
                        "spanflux.shutdownTimeout=1500",
                        "spanflux.otlp.headers.authorization=k",
                        "spanflux.otlp.timeout=3s",
                        "spanflux.otlp.compression=GZIP",
                        "spanflux.sampling.ratio=0.5",
                        "spanflux.tail-sampling.keep-slower-than=4s",
                        "spanflux.tail-sampling.keep-cost-above=0.1",
                        "spanflux.tail-sampling.keep-tokens-above=1000",
                        "spanflux.tail-sampling.keep-ratio=0.1",
                        "spanflux.tail-sampling.max-hold-time=5s",
                        "spanflux.tail-sampling.maxTraces=100",
                        "spanflux.pipeline.max-queue-size=1000",
                        "spanflux.pipeline.max-queue-bytes=8MB",
                        "spanflux.pipeline.maxBatchSize=100",
                        "spanflux.pipeline.max-batch-bytes=1MB",
                        "spanflux.pipeline.schedule-delay=200ms",
                        "spanflux.metrics.micrometer=false",
                        "spanflux.metrics.otlp=true",
                        "spanflux.metrics.exportInterval=30s",
                        "spanflux.events.otlp=true",
                        "spanflux.webflux.enabled=true",
                        "spanflux.webflux.server-span=true",
                        "spanflux.webflux.exclude-paths=/a/**,/b",
                        "spanflux.webflux.order=-50",
                        "spanflux.observationParent=true",
                        "spanflux.logging.correlation=true",
                        "spanflux.webclient.generations=false")
                .run(context -> {
                    SpanfluxProperties bound = context.getBean(SpanfluxProperties.class);
                    assertThat(bound.serviceName()).isEqualTo("by-variable");
                    assertThat(bound.baggage()).containsExactly("tenant", "gen_ai.conversation.id");
                    assertThat(bound.shutdownTimeout()).isEqualTo(Duration.ofMillis(1500));
                    assertThat(bound.webclient().hosts()).containsExactly("a.example", "b.example");
                    assertThat(bound.tailSampling().keepErrors()).isTrue();
                    Spanflux spanflux = context.getBean(Spanflux.class);
                    assertThat(resource(spanflux, "deployment.environment.name"))
                            .isEqualTo("test");
                    assertThat(spanflux.contentPolicy().capture()).isEqualTo(ContentCapture.SPANS_AND_EVENTS);
                    assertThat(spanflux.tracer().maxLifetime()).isEqualTo(Duration.ofHours(2));
                    assertThat(spanflux.tailSampler()).isNotNull();
                    assertThat(spanflux.metrics()).isNotNull();
                    assertThat(spanflux.events().isOn()).isTrue();
                    assertThat(headersOf(context)).contains(TracenticScope.HEADER);
                });
    }

    @Test
    void otlpProperties_addADestination_andNoSecretIsEverPrinted() {
        application
                .withPropertyValues(
                        "spanflux.otlp.endpoint=http://localhost:1",
                        "spanflux.otlp.headers.authorization=s3cret",
                        "spanflux.otlp.compression=gzip")
                .run(context -> {
                    assertThat(context.getBean(Spanflux.class).ledgers()).hasSize(2);
                    assertThat(context.getBean(SpanfluxProperties.class).toString())
                            .contains("authorization")
                            .doesNotContain("s3cret");
                });
    }

    @Test
    void otlpCompression_whoseLibraryIsMissing_failsTheStart() {
        application
                .withPropertyValues("spanflux.otlp.endpoint=http://localhost:1", "spanflux.otlp.compression=zstd")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("compression ZSTD needs com.github.luben:zstd-jni"));
    }

    @Test
    void contentOnEvents_leavesForTheCollectorOfTheProperties_andIsOnNoSpan() {
        try (LoopbackServer collector = LoopbackServer.start()) {
            collector.otherwise(exchange -> exchange.answer(200, "{}"));
            application
                    .withPropertyValues(
                            "spanflux.otlp.endpoint=" + collector.url(""),
                            "spanflux.otlp.headers.x-key=k",
                            "spanflux.capture-content=events")
                    .run(context -> Mono.just("Paris")
                            .transform(context.getBean(ReactiveTracer.class)
                                    .chat("openai", "gpt-4o-mini", (generation, answer) -> generation.append(answer)))
                            .block());
            Map<String, Request> requests = new HashMap<>();
            collector.requests().forEach(request -> requests.put(request.path(), request));
            assertThat(requests).containsOnlyKeys("/v1/traces", "/v1/logs");
            Request events = requests.get("/v1/logs");
            assertThat(events.header("x-key")).isEqualTo("k");
            assertThat(events.text()).contains("gen_ai.client.inference.operation.details", "Paris");
            assertThat(requests.get("/v1/traces").text())
                    .contains("gpt-4o-mini")
                    .doesNotContain("Paris");
        }
    }

    @Test
    void events_areOnWhereAPropertyABeanOrAVariableSaysSo() {
        assertThat(tellsEvents(application)).isFalse();
        assertThat(tellsEvents(application.withPropertyValues("spanflux.captureContent=SPANS_AND_EVENTS")))
                .isTrue();
        assertThat(tellsEvents(application.withPropertyValues("spanflux.capture-content=spans")))
                .isFalse();
        assertThat(tellsEvents(application.withPropertyValues("spanflux.events.otlp=true")))
                .isTrue();
        assertThat(tellsEvents(application.withPropertyValues(
                        "spanflux.capture-content=events", "spanflux.events.otlp=false")))
                .isFalse();
        assertThat(tellsEvents(application.withBean(LogExporter.class, OtlpLogExporter::create)))
                .isTrue();
        ApplicationContextRunner asked = withVariables(Map.of("OTEL_LOGS_EXPORTER", "otlp"));
        assertThat(tellsEvents(asked)).isTrue();
        assertThat(tellsEvents(asked.withPropertyValues("spanflux.events.otlp=false")))
                .isFalse();
        ApplicationContextRunner ruledOut = withVariables(Map.of("OTEL_LOGS_EXPORTER", "none"));
        assertThat(tellsEvents(ruledOut.withPropertyValues("spanflux.capture-content=events")))
                .isFalse();
        assertThat(tellsEvents(ruledOut.withPropertyValues("spanflux.events.otlp=true")))
                .isTrue();
    }

    private static boolean tellsEvents(ApplicationContextRunner application) {
        AtomicBoolean on = new AtomicBoolean();
        application.run(
                context -> on.set(context.getBean(Spanflux.class).events().isOn()));
        return on.get();
    }

    @Test
    void micrometer_measuresOnlyWhenAsked() {
        MeterRegistry registry = new SimpleMeterRegistry();
        ApplicationContextRunner withRegistry = application.withBean(MeterRegistry.class, () -> registry);
        withRegistry.run(
                context -> assertThat(context.getBean(Spanflux.class).metrics()).isNull());
        withRegistry
                .withPropertyValues("spanflux.metrics.micrometer=true")
                .run(context -> Mono.just(1)
                        .transform(context.getBean(ReactiveTracer.class).chat("openai", "gpt-4o-mini"))
                        .block());
        assertThat(registry.find("gen_ai.client.operation.duration").timer()).isNotNull();
    }

    @Test
    void application_worksWithoutActuatorMicrometerAndWebClient() {
        for (String missing : List.of(
                "org.springframework.boot.actuate",
                "org.springframework.boot.health",
                "io.micrometer",
                "org.springframework.boot.webclient",
                "org.springframework.web")) {
            application.withClassLoader(new FilteredClassLoader(missing)).run(context -> {
                assertThat(context).as("without %s", missing).hasNotFailed().hasSingleBean(ReactiveTracer.class);
            });
        }
    }

    @Test
    void health_showsTheLedger_andInfoTheVersion() {
        application.run(context -> {
            Mono.just(1)
                    .transform(context.getBean(ReactiveTracer.class).span("work"))
                    .block();
            var health = context.getBean(HealthIndicator.class).health();
            assertThat(health.getStatus()).isEqualTo(Status.UP);
            assertThat(health.getDetails().get("exporters").toString()).contains("accepted=1");
            Info.Builder info = new Info.Builder();
            context.getBean(InfoContributor.class).contribute(info);
            assertThat(info.build().getDetails().get("spanflux").toString()).contains("version=", "exporters=1");
        });
        application
                .withPropertyValues(
                        "management.health.spanflux.enabled=false", "management.info.spanflux.enabled=false")
                .run(context -> assertThat(context)
                        .doesNotHaveBean(HealthIndicator.class)
                        .doesNotHaveBean(InfoContributor.class));
    }

    @Test
    void webFilter_isThereInReactiveWebApplications_whereItIsWanted() {
        webApplication.run(context -> {
            assertThat(context).hasSingleBean(ServerTraceFilter.class).hasSingleBean(TracedWebSocketAdapter.class);
            assertThat(context.getBean(ServerTraceFilter.class).getOrder()).isEqualTo(-1000);
        });
        webApplication
                .withPropertyValues("spanflux.webflux.order=7", "spanflux.webflux.server-span=false")
                .run(context -> {
                    assertThat(context.getBean(ServerTraceFilter.class).getOrder())
                            .isEqualTo(7);
                    assertThat(context).doesNotHaveBean(TracedWebSocketAdapter.class);
                });
        webApplication
                .withPropertyValues("spanflux.webflux.enabled=false")
                .run(context -> assertThat(context).doesNotHaveBean(ServerTraceFilter.class));
    }

    @Test
    void webClients_traceCallsOfModels_unlessToldNotTo_andTellHostsOfThatSpan() {
        List<String> parents = new ArrayList<>();
        ContextConsumer<AssertableApplicationContext> call = context -> {
            WebClient.Builder builder = WebClient.builder().exchangeFunction(request -> {
                parents.add(request.headers().getFirst("traceparent"));
                return Mono.just(ClientResponse.create(HttpStatus.OK).build());
            });
            context.getBean(WebClientCustomizer.class).customize(builder);
            builder.build()
                    .post()
                    .uri("http://models.internal/v1/chat/completions")
                    .retrieve()
                    .toBodilessEntity()
                    .block();
        };
        ApplicationContextRunner told = application.withPropertyValues("spanflux.webclient.hosts=*.internal");
        told.run(call);
        assertThat(exported.spans()).singleElement().satisfies(span -> {
            assertThat(span.name()).isEqualTo("chat");
            assertThat(parents)
                    .singleElement()
                    .asString()
                    .contains(span.context().spanId());
        });
        told.withPropertyValues("spanflux.webclient.generations=false").run(call);
        assertThat(exported.spans()).hasSize(1);
    }

    @Test
    void logCorrelation_isRegisteredWhereItIsAskedFor_andOnlyWhileTheContextLives() {
        BooleanSupplier registered = () -> ContextRegistry.getInstance().getThreadLocalAccessors().stream()
                .anyMatch(accessor -> accessor.key().equals(Span.class));
        application.run(context -> assertThat(registered.getAsBoolean()).isFalse());
        ApplicationContextRunner asked = application.withPropertyValues("spanflux.logging.correlation=true");
        asked.run(context -> assertThat(registered.getAsBoolean()).isTrue());
        assertThat(registered.getAsBoolean()).isFalse();
        asked.withPropertyValues("spanflux.enabled=false")
                .run(context -> assertThat(registered.getAsBoolean()).isFalse());
    }

    @Test
    void aheadOfTime_theContextIsProcessed_andTheSdksFilesAreKept() {
        RuntimeHints hints = new RuntimeHints();
        InMemoryGeneratedFiles files = new InMemoryGeneratedFiles();
        DefaultGenerationContext generation = new DefaultGenerationContext(
                new ClassNameGenerator(ClassName.get("io.spanflux.spring", "Application")), files, hints);
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(SpanfluxAutoConfiguration.class, SpanfluxWebClientAutoConfiguration.class);
        new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
        assertThat(RuntimeHintsPredicates.resource().forResource("io/spanflux/pricing/prices.json"))
                .accepts(hints);
        assertThat(RuntimeHintsPredicates.resource().forResource("io/spanflux/config/version.properties"))
                .accepts(hints);
        assertThat(RuntimeHintsPredicates.reflection().onType(SpanfluxProperties.Webflux.class))
                .accepts(hints);
    }

    @Test
    void metadata_describesEveryProperty() throws Exception {
        String metadata;
        try (var in = getClass().getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            metadata = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        int properties = metadata.indexOf("\"properties\"");
        List<String> entries = List.of(
                metadata.substring(properties, metadata.indexOf("\"hints\"")).split("\\{"));
        List<String> described =
                entries.stream().filter(entry -> entry.contains("\"name\"")).toList();
        assertThat(described).hasSizeGreaterThan(30).allMatch(entry -> entry.contains("\"description\""));
    }
}
