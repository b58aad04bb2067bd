// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.opentelemetry;

import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingReceiverTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.spanflux.Spanflux;
import io.spanflux.reactor.ReactiveTracer;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A WebFlux application with Spring's observations, traced by Micrometer through an OpenTelemetry SDK, and Spanflux, whose spans
 * leave through the same SDK's exporter: one list of all spans, in both orders of nesting.
 */
@Timeout(90)
class ObservationNestingTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CALLER = "b7ad6b7169203331";

    private final InMemorySpanExporter exported = InMemorySpanExporter.create();
    private final SdkTracerProvider sdk = SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(exported))
            .build();
    private final DisposableServer model = HttpServer.create()
            .host("127.0.0.1")
            .port(0)
            .handle((request, response) -> request.receive()
                    .then(response.header("Content-Type", "application/json")
                            .sendString(Mono.just("{\"id\":\"chatcmpl-1\",\"model\":\"m-1\",\"choices\":[]}"))
                            .then()))
            .bindNow(SOON);
    private ConfigurableApplicationContext application;

    @AfterEach
    void stop() {
        application.close();
        model.disposeNow(SOON);
        sdk.close();
    }

    /** The spans of one request by their names. */
    private Map<String, SpanData> ask(String... properties) {
        SpringApplication app = new SpringApplication(App.class);
        app.setWebApplicationType(WebApplicationType.REACTIVE);
        app.setRegisterShutdownHook(false);
        app.addInitializers(context -> {
            context.getBeanFactory().registerSingleton("exported", exported);
            context.getBeanFactory().registerSingleton("sdk", sdk);
            context.getBeanFactory().registerSingleton("model", model);
        });
        app.setDefaultProperties(Map.of(
                "server.port", "0",
                "spring.main.banner-mode", "off",
                "spring.reactor.netty.shutdown-quiet-period", "0s"));
        application = app.run(properties);
        int port = ((WebServerApplicationContext) application).getWebServer().getPort();
        WebClient.create("http://localhost:" + port)
                .get()
                .uri("/ask")
                .header("traceparent", "00-" + TRACE + '-' + CALLER + "-01")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        Spanflux spanflux = application.getBean(Spanflux.class);
        int expected = properties.length == 2 ? 4 : 5;
        Flux.interval(Duration.ofMillis(20))
                .onBackpressureDrop()
                .concatMap(tick -> spanflux.flush(SOON), 1)
                .takeUntil(report -> exported.getFinishedSpanItems().size() >= expected)
                .blockLast(SOON);
        assertThat(exported.getFinishedSpanItems())
                .hasSize(expected)
                .allSatisfy(span -> assertThat(span.getTraceId()).isEqualTo(TRACE));
        return exported.getFinishedSpanItems().stream()
                .collect(Collectors.toMap(SpanData::getName, Function.identity()));
    }

    @Test
    void ours_standBelowTheObservationOfTheRequest_whereThatIsAskedFor() {
        Map<String, SpanData> spans = ask("--spanflux.observation-parent=true", "--spanflux.webflux.server-span=false");
        assertThat(spans).containsOnlyKeys("http get /ask", "invoke_agent support", "chat m", "http post");
        assertThat(spans.get("http get /ask").getParentSpanId()).isEqualTo(CALLER);
        assertBelow(spans, "invoke_agent support", "http get /ask");
        assertBelow(spans, "chat m", "invoke_agent support");
        assertBelow(spans, "http post", "http get /ask");
    }

    @Test
    void serverSpanOfOurs_standsBetween_whereItIsLeftOn() {
        Map<String, SpanData> spans = ask("--spanflux.observation-parent=true");
        assertThat(spans.get("http get /ask").getParentSpanId()).isEqualTo(CALLER);
        assertBelow(spans, "GET /ask", "http get /ask");
        assertBelow(spans, "invoke_agent support", "GET /ask");
    }

    @Test
    void bothNestAmongThemselves_belowTheCaller_otherwise() {
        Map<String, SpanData> spans = ask();
        assertThat(spans).containsOnlyKeys("http get /ask", "GET /ask", "invoke_agent support", "chat m", "http post");
        assertThat(spans.get("http get /ask").getParentSpanId()).isEqualTo(CALLER);
        assertThat(spans.get("GET /ask").getParentSpanId()).isEqualTo(CALLER);
        assertBelow(spans, "invoke_agent support", "GET /ask");
        assertBelow(spans, "chat m", "invoke_agent support");
        assertBelow(spans, "http post", "http get /ask");
    }

    private static void assertBelow(Map<String, SpanData> spans, String name, String parent) {
        assertThat(spans.get(name).getParentSpanId())
                .as(name + " below " + parent)
                .isEqualTo(spans.get(parent).getSpanId())
                .isNotEqualTo(SpanId.getInvalid());
    }

    @RestController
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class App {
        @Bean
        io.spanflux.export.SpanExporter exporter(InMemorySpanExporter exported) {
            return OtelSdkExporter.of(exported);
        }

        @Bean
        ObservationRegistry observations(SdkTracerProvider sdk) {
            // The first time it looks for services, in files, which no event loop may do.
            assertThat(io.opentelemetry.context.Context.current()).isNotNull();
            Tracer tracer = sdk.get("spring");
            OtelTracer bridge = new OtelTracer(tracer, new OtelCurrentTraceContext(), event -> {});
            OtelPropagator propagator =
                    new OtelPropagator(ContextPropagators.create(W3CTraceContextPropagator.getInstance()), tracer);
            ObservationRegistry registry = ObservationRegistry.create();
            registry.observationConfig()
                    .observationHandler(
                            new io.micrometer.observation.ObservationHandler.FirstMatchingCompositeObservationHandler(
                                    new PropagatingReceiverTracingObservationHandler<>(bridge, propagator),
                                    new DefaultTracingObservationHandler(bridge)));
            return registry;
        }

        @Bean
        Function<String, Mono<String>> ask(
                WebClient.Builder builder,
                ObservationRegistry observations,
                DisposableServer model,
                ReactiveTracer trace) {
            WebClient client = builder.observationRegistry(observations)
                    .baseUrl("http://127.0.0.1:" + model.port())
                    .build();
            return question -> client.post()
                    .uri("/v1/chat/completions")
                    .contentType(MediaType.APPLICATION_JSON)
                    .bodyValue("{\"model\":\"m\",\"messages\":[]}")
                    .retrieve()
                    .bodyToMono(String.class)
                    .transform(trace.agent("support"));
        }

        @org.springframework.beans.factory.annotation.Autowired
        private org.springframework.beans.factory.ObjectProvider<Function<String, Mono<String>>> ask;

        @GetMapping("/ask")
        Mono<String> ask() {
            return ask.getObject().apply("?");
        }
    }
}
