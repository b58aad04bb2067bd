// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.spanflux.Spanflux;
import io.spanflux.bench.Discard;
import io.spanflux.bench.Settings;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.trace.Scope;
import java.util.Map;
import java.util.function.Function;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.env.Environment;
import org.springframework.http.MediaType;
import org.springframework.http.client.reactive.ClientHttpConnector;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.observability.micrometer.Micrometer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * An application that asks a model and streams the answer on, traced by a peer.
 *
 * <p>{@code plain} traces nothing. The others make three spans of a request (server, agent, call of the model) and send them by
 * OTLP: {@code spanflux}, which reads the model's stream too, and {@code micrometer}, Spring's observations of server and client
 * with one of the agent through {@code tap}, by the bridge to OpenTelemetry's SDK and its exporter.
 */
final class ChatApplication {
    static final ParameterizedTypeReference<ServerSentEvent<String>> EVENTS = new ParameterizedTypeReference<>() {};

    /** A word of a model, as OpenAI streams it. */
    static final String WORD = "data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
            + "{\"content\":\"word \"},\"finish_reason\":null}]}\n\n";

    /** How its stream ends. */
    static final String[] END = {
        "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":20}}\n\n",
        "data: [DONE]\n\n"
    };

    private ChatApplication() {}

    /** Starts it, on a port of its own; spans go to {@code collector}, or, where that is empty, nowhere. */
    static ConfigurableApplicationContext start(
            String peer, String model, String collector, ClientHttpConnector client) {
        SpringApplication app = new SpringApplication(Configured.class);
        app.addInitializers(context -> context.getBeanFactory().registerSingleton("connector", client));
        app.setDefaultProperties(Map.of(
                "server.port",
                "0",
                "spring.main.banner-mode",
                "off",
                "bench.model",
                model,
                "bench.peer",
                peer,
                "bench.collector",
                collector,
                "spanflux.enabled",
                Boolean.toString(peer.equals("spanflux"))));
        ConfigurableApplicationContext context = app.run();
        if (peer.equals("spanflux")) {
            Settings.print(peer, context.getBean(Spanflux.class));
        }
        return context;
    }

    static int port(ConfigurableApplicationContext app) {
        return ((WebServerApplicationContext) app).getWebServer().getPort();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Configured {
        @Bean
        RequestScope requestScope() {
            return exchange -> Mono.just(
                    Scope.none().user(exchange.getRequest().getHeaders().getFirst("X-User")));
        }

        @Bean
        @ConditionalOnProperty(name = "spanflux.enabled", havingValue = "true")
        io.spanflux.export.SpanExporter exporter(Environment environment) {
            String collector = environment.getRequiredProperty("bench.collector");
            return collector.isEmpty()
                    ? new Discard.ToSpanflux(Mono::empty)
                    : io.spanflux.export.OtlpExporter.builder()
                            .endpoint(collector)
                            .build();
        }

        @Bean
        ObservationRegistry observations(Environment environment) {
            if (!"micrometer".equals(environment.getProperty("bench.peer"))) {
                return ObservationRegistry.NOOP;
            }
            String collector = environment.getRequiredProperty("bench.collector");
            SpanExporter exporter = collector.isEmpty()
                    ? new Discard.ToOpenTelemetry(CompletableResultCode::ofSuccess)
                    : OtlpHttpSpanExporter.builder().setEndpoint(collector).build();
            BatchSpanProcessor processor = Settings.batching(exporter);
            SdkTracerProvider sdk =
                    SdkTracerProvider.builder().addSpanProcessor(processor).build();
            ObservationRegistry registry = ObservationRegistry.create();
            OtelTracer bridge = new OtelTracer(sdk.get("spring"), new OtelCurrentTraceContext(), event -> {});
            registry.observationConfig().observationHandler(new DefaultTracingObservationHandler(bridge));
            Settings.print("micrometer", sdk, processor, registry, bridge);
            return registry;
        }

        @Bean
        Chat chat(
                WebClient.Builder builder,
                ClientHttpConnector connector,
                ObservationRegistry observations,
                ReactiveTracer trace,
                Environment environment) {
            WebClient client = builder.observationRegistry(observations)
                    .baseUrl(environment.getRequiredProperty("bench.model"))
                    .clientConnector(connector)
                    .build();
            return new Chat(
                    client,
                    switch (environment.getRequiredProperty("bench.peer")) {
                        case "spanflux" -> words -> words.transform(trace.agent("support"));
                        case "micrometer" ->
                            words -> words.name("invoke_agent support").tap(Micrometer.observation(observations));
                        default -> words -> words;
                    });
        }
    }

    /** Asks, and passes the words on. */
    @RestController
    static class Chat {
        private final WebClient client;
        private final Function<Flux<String>, Flux<String>> agent;

        Chat(WebClient client, Function<Flux<String>, Flux<String>> agent) {
            this.client = client;
            this.agent = agent;
        }

        @GetMapping(path = "/chat/{model}", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
        Flux<ServerSentEvent<String>> chat(@PathVariable String model) {
            Flux<String> words = client.post()
                    .uri("/v1/chat/completions")
                    .contentType(MediaType.APPLICATION_JSON)
                    .bodyValue("{\"model\":\"" + model + "\",\"stream\":true,\"messages\":[]}")
                    .retrieve()
                    .bodyToFlux(EVENTS)
                    .mapNotNull(ServerSentEvent::data);
            return words.transform(agent)
                    .map(text -> ServerSentEvent.builder(text).build());
        }
    }
}
