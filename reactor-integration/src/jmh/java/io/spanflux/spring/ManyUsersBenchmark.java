// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import com.sun.management.OperatingSystemMXBean;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.spanflux.bench.Collector;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.trace.Scope;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.MediaType;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;

/**
 * The application of ManyUsersTest, 200 people at once of whom half leave, in a process of its own for each peer; people, model and
 * collector are in this one. The peers take turns, and what counts is the processor time of the application's whole process.
 *
 * <p>{@code plain} traces nothing. {@code spanflux} makes three spans of a request (server, agent, generation, whose stream it
 * reads) and sends them by OTLP. {@code micrometer} has Spring's observations of server and client, two spans, through the bridge
 * to OpenTelemetry's SDK and its exporter.
 */
public final class ManyUsersBenchmark {
    private static final int USERS = 200;
    private static final int WAVES = 5;
    private static final int WORDS = 20;
    private static final List<String> PEERS = List.of("plain", "spanflux", "micrometer");
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final ParameterizedTypeReference<ServerSentEvent<String>> EVENTS =
            new ParameterizedTypeReference<>() {};

    private ManyUsersBenchmark() {}

    /** Rounds that count, 9 unless said otherwise, after half as many that do not. */
    public static void main(String[] arguments) throws IOException {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9;
        AtomicLong bodies = new AtomicLong();
        DisposableServer model = model();
        Map<String, App> apps = new LinkedHashMap<>();
        Map<String, List<Double>> micros = new LinkedHashMap<>();
        try (Collector collector = new Collector(nanoTime -> bodies.incrementAndGet())) {
            for (String peer : PEERS) {
                apps.put(peer, new App(peer, "http://127.0.0.1:" + model.port(), collector.endpoint()));
            }
            for (int round = -rounds / 2; round < rounds; round++) {
                for (String peer : PEERS) {
                    double each = apps.get(peer).round();
                    if (round >= 0) {
                        micros.computeIfAbsent(peer, key -> new ArrayList<>()).add(each);
                    }
                }
            }
        } finally {
            apps.values().forEach(app -> app.process.destroy());
            model.disposeNow();
        }
        double plain = median(micros.get("plain"));
        micros.forEach((peer, each) -> System.out.printf(
                "%-12s %7.0f us of CPU a request, %.0f to %.0f, %.2f times plain%n",
                peer, median(each), each.get(0), each.get(each.size() - 1), median(each) / plain));
        System.out.println(bodies + " bodies have reached the collector");
    }

    private static double median(List<Double> values) {
        Collections.sort(values);
        return values.get(values.size() / 2);
    }

    /** OpenAI's streamed chat completions; who leaves is answered without end. */
    private static DisposableServer model() {
        return HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .route(routes -> routes.post(
                        "/v1/chat/completions",
                        (request, response) -> request.receive()
                                .aggregate()
                                .asString()
                                .flatMap(body -> response.sse()
                                        .sendString(answer(body.contains("model-leaves")))
                                        .then())))
                .bindNow();
    }

    private static Flux<String> answer(boolean endless) {
        Flux<String> words = Flux.interval(Duration.ofMillis(10))
                .onBackpressureDrop()
                .map(tick -> "data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
                        + "{\"content\":\"word \"},\"finish_reason\":null}]}\n\n");
        return endless
                ? words
                : words.take(WORDS)
                        .concatWithValues(
                                "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{},"
                                        + "\"finish_reason\":\"stop\"}]}\n\n",
                                "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
                                        + "\"completion_tokens\":20}}\n\n",
                                "data: [DONE]\n\n");
    }

    /** An application in a process of its own, as the people see it. */
    private static final class App {
        private final Process process;
        private final BufferedReader answers;
        private final WebClient client;

        App(String peer, String model, String collector) throws IOException {
            process = new ProcessBuilder(Collector.java(List.of(Child.class.getName(), peer, model, collector)))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            client = WebClient.builder()
                    .baseUrl("http://localhost:" + number())
                    .clientConnector(
                            new ReactorClientHttpConnector(HttpClient.create(ConnectionProvider.newConnection())))
                    .build();
        }

        private long number() throws IOException {
            String line = answers.readLine();
            while (line != null && !line.matches("\\d+")) {
                line = answers.readLine();
            }
            return Long.parseLong(line);
        }

        private long cpuNanos() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            return number();
        }

        /** Microseconds of CPU a request. */
        double round() throws IOException {
            long before = cpuNanos();
            for (int wave = 0; wave < WAVES; wave++) {
                List<Mono<Void>> calls = new ArrayList<>();
                for (int user = 0; user < USERS; user++) {
                    boolean leaves = user % 2 == 1;
                    Flux<ServerSentEvent<String>> words = client.get()
                            .uri("/chat/{model}", leaves ? "model-leaves" : "model-stays")
                            .header("X-User", "user-" + user)
                            .retrieve()
                            .bodyToFlux(EVENTS);
                    calls.add((leaves ? words.take(1 + user % WORDS) : words).then());
                }
                Flux.merge(Flux.fromIterable(calls), USERS).blockLast(SOON);
            }
            return (cpuNanos() - before) / 1e3 / (WAVES * USERS);
        }
    }

    /** The application's process: prints its port, and the processor time it has had whenever it is asked. */
    static final class Child {
        public static void main(String[] arguments) throws IOException {
            SpringApplication app = new SpringApplication(Configured.class);
            app.setDefaultProperties(Map.of(
                    "server.port", "0",
                    "spring.main.banner-mode", "off",
                    "bench.model", arguments[1],
                    "bench.peer", arguments[0],
                    "bench.collector", arguments[2],
                    "spanflux.enabled", Boolean.toString(arguments[0].equals("spanflux")),
                    "spanflux.otlp.endpoint", arguments[2]));
            ConfigurableApplicationContext context = app.run();
            System.out.println(
                    ((WebServerApplicationContext) context).getWebServer().getPort());
            OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
            for (int asked = System.in.read(); asked >= 0; asked = System.in.read()) {
                System.out.println(system.getProcessCpuTime());
            }
        }
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
        ObservationRegistry observations(org.springframework.core.env.Environment environment) {
            if (!"micrometer".equals(environment.getProperty("bench.peer"))) {
                return ObservationRegistry.NOOP;
            }
            SdkTracerProvider sdk = SdkTracerProvider.builder()
                    .addSpanProcessor(BatchSpanProcessor.builder(OtlpHttpSpanExporter.builder()
                                    .setEndpoint(environment.getRequiredProperty("bench.collector"))
                                    .build())
                            .build())
                    .build();
            ObservationRegistry registry = ObservationRegistry.create();
            registry.observationConfig()
                    .observationHandler(new DefaultTracingObservationHandler(
                            new OtelTracer(sdk.get("spring"), new OtelCurrentTraceContext(), event -> {})));
            return registry;
        }

        @Bean
        Chat chat(
                WebClient.Builder builder,
                ObservationRegistry observations,
                ReactiveTracer trace,
                org.springframework.core.env.Environment environment) {
            WebClient client = builder.observationRegistry(observations)
                    .baseUrl(environment.getRequiredProperty("bench.model"))
                    .clientConnector(new ReactorClientHttpConnector(
                            HttpClient.create(ConnectionProvider.create("model", USERS))))
                    .build();
            return new Chat(client, "spanflux".equals(environment.getProperty("bench.peer")) ? trace : null);
        }
    }

    @RestController
    static class Chat {
        private final WebClient client;
        private final ReactiveTracer trace;

        Chat(WebClient client, ReactiveTracer trace) {
            this.client = client;
            this.trace = trace;
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
            return (trace == null ? words : words.transform(trace.agent("support")))
                    .map(text -> ServerSentEvent.builder(text).build());
        }
    }
}
