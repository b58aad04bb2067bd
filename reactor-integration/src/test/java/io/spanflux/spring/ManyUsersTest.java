// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.netty.util.LeakPresenceDetector;
import io.spanflux.Spanflux;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanStatus;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionPoolMetrics;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A WebFlux application on reactor-netty, as many as 200 people at once, each with a conversation of their own that a model
 * answers as a stream; every second one leaves at some moment. Real sockets between the people, the application and the model.
 */
@Timeout(90)
class ManyUsersTest {
    private static final int USERS = 200;
    private static final Duration SOON = Duration.ofSeconds(30);

    /** Of 1,200 spans: what a thread or a connection did last it may remember. */
    private static final int MOST_HELD = 12;

    private static final ParameterizedTypeReference<ServerSentEvent<String>> EVENTS =
            new ParameterizedTypeReference<>() {};

    private final InMemorySpanExporter ended = InMemorySpanExporter.create();
    private final Queue<WeakReference<Span>> requests = new ConcurrentLinkedQueue<>();
    private final LoopResources loops = LoopResources.create("many-users-test", 2, true);
    private final ConnectionProvider people = ConnectionProvider.create("people", USERS);
    private final Pool pool = new Pool();
    private final Model model = new Model(loops);
    private ConfigurableApplicationContext application;

    @BeforeEach
    void start() {
        SpringApplication app = new SpringApplication(App.class);
        app.setWebApplicationType(WebApplicationType.REACTIVE);
        app.setRegisterShutdownHook(false);
        app.addInitializers(context -> {
            context.getBeanFactory().registerSingleton("ended", (SpanHandler) new SpanHandler() {
                @Override
                public void onStart(Span span) {
                    requests.add(new WeakReference<>(span));
                }

                @Override
                public void onEnd(Span span) {
                    ended.onEnd(span);
                }
            });
            context.getBeanFactory().registerSingleton("loops", loops);
            context.getBeanFactory().registerSingleton("pool", pool);
            context.getBeanFactory().registerSingleton("model", model);
        });
        application = app.run("--server.port=0", "--spring.main.banner-mode=off");
    }

    @AfterEach
    void stop() {
        application.close();
        model.close();
        people.disposeLater().block(SOON);
        pool.connections.disposeLater().block(SOON);
        loops.disposeLater(Duration.ZERO, SOON).block(SOON);
        LeakPresenceDetector.check();
    }

    @Test
    void spans_of200PeopleAtOnce_areTheirOwn_allEnd_andNothingIsLeftBehind() {
        Random random = new Random(7);
        for (int wave = 0; wave < 2; wave++) {
            ended.reset();
            // The second wave comes over connections that the first has left open.
            wave(wave * USERS, random);
            check(wave * USERS);
            assertThat(model.answering).as("answers nobody waits for any more").hasValue(0);
            await(() -> pool.metrics.acquiredSize() == 0 && pool.metrics.pendingAcquireSize() == 0);
        }
        assertThat(application.getBean(ServerTraceFilter.class).callbackFailures())
                .isZero();
        ended.reset();
        people.disposeLater().block(SOON);
        assertThat(requests).hasSize(2 * 3 * USERS);
        // Until then the last ones wait for more that they could be exported with.
        application.getBean(Spanflux.class).awaitFlush(SOON);
        for (int i = 0; i < 30 && requests.size() > MOST_HELD; i++) {
            System.gc();
            requests.removeIf(reference -> reference.refersTo(null));
            Mono.delay(Duration.ofMillis(100)).block(SOON);
        }
        assertThat(requests).as("spans that something still holds").hasSizeLessThanOrEqualTo(MOST_HELD);
    }

    /** Who leaves gets an answer without end, so that it is certain that the answer was not over before. */
    private static boolean leaves(int user) {
        return user % 2 == 1;
    }

    private void wave(int first, Random random) {
        WebClient client = WebClient.builder()
                .baseUrl("http://localhost:"
                        + ((WebServerApplicationContext) application)
                                .getWebServer()
                                .getPort())
                .clientConnector(
                        new ReactorClientHttpConnector(HttpClient.create(people).runOn(loops)))
                .build();
        Map<Integer, String> answers = new ConcurrentHashMap<>();
        List<Mono<String>> calls = new ArrayList<>();
        for (int user = first; user < first + USERS; user++) {
            int id = user;
            Flux<String> answer = client.get()
                    .uri("/chat/{user}", user)
                    .header("X-User", "user-" + user)
                    .header("X-Conversation", "conversation-" + user)
                    .header("traceparent", "00-" + traceId(user) + "-00000000000000aa-01")
                    .retrieve()
                    .bodyToFlux(EVENTS)
                    .mapNotNull(ServerSentEvent::data);
            calls.add((leaves(user) ? answer.take(1 + random.nextInt(Model.WORDS)) : answer)
                    .reduce("", String::concat)
                    .doOnNext(text -> answers.put(id, text)));
        }
        Flux.merge(Flux.fromIterable(calls), USERS).blockLast(SOON);
        Spanflux spanflux = application.getBean(Spanflux.class);
        await(() -> spanflux.tracer().liveSpans() == 0 && ended.spans().size() >= 3 * USERS);
        await(() -> model.answering.get() == 0);
        answers.forEach((user, text) -> {
            if (!leaves(user)) {
                assertThat(text).isEqualTo(("word-" + user + ' ').repeat(Model.WORDS));
            }
        });
        assertThat(answers).hasSize(USERS);
    }

    private void check(int first) {
        List<Span> spans = ended.spans();
        assertThat(spans).hasSize(3 * USERS);
        Map<String, Span> byId = new HashMap<>();
        spans.forEach(span -> byId.put(span.context().spanId(), span));
        List<String> wrong = new ArrayList<>();
        int servers = 0;
        for (Span span : spans) {
            Map<String, Object> attributes = span.attributes().asMap();
            int user = Integer.parseInt(span.context().traceId(), 16) - 1;
            Map<String, Object> expected =
                    new HashMap<>(Map.of("user.id", "user-" + user, "gen_ai.conversation.id", "conversation-" + user));
            String parent;
            if (span.kind() == SpanKind.SERVER) {
                servers++;
                parent = "the caller";
                expected.put("url.path", "/chat/" + user);
                expected.put("http.response.status_code", 200L);
            } else if (span.kind() == SpanKind.CLIENT) {
                parent = "invoke_agent support";
                expected.put("gen_ai.request.model", "model-" + user);
                expected.put("gen_ai.response.id", "chatcmpl-" + user);
                if (!leaves(user)) {
                    expected.put("gen_ai.usage.output_tokens", (long) user);
                }
            } else {
                parent = "GET /chat/{user}";
                expected.put("gen_ai.agent.name", "support");
            }
            expected.put("spanflux.cancelled", leaves(user) ? true : null);
            Span above = byId.get(String.format("%016x", span.parentSpanIdBits()));
            String actualParent = span.parentSpanIdBits() == 0xaa ? "the caller" : above == null ? "?" : above.name();
            boolean right = user >= first
                    && user < first + USERS
                    && parent.equals(actualParent)
                    && (above == null || above.context().traceId().equals(traceId(user)))
                    && span.hasEnded()
                    && span.status() != SpanStatus.ERROR
                    && !attributes.containsKey("spanflux.expired")
                    && expected.entrySet().stream()
                            .allMatch(each -> each.getValue() == null
                                    ? !attributes.containsKey(each.getKey())
                                    : each.getValue().equals(attributes.get(each.getKey())));
            if (!right) {
                wrong.add(span + " below " + actualParent + ' ' + attributes);
            }
        }
        assertThat(wrong).as("wrong of " + spans.size()).isEmpty();
        assertThat(servers).isEqualTo(USERS);
    }

    /** One that has read something: the first time it takes a lock, which is no matter of the application's. */
    private static JsonMapper json() {
        JsonMapper json = new JsonMapper();
        assertThat(json.readTree("{}").isObject()).isTrue();
        return json;
    }

    private static String traceId(int user) {
        return String.format("%032x", user + 1);
    }

    private static void await(BooleanSupplier condition) {
        Flux.interval(Duration.ofMillis(10))
                .onBackpressureDrop()
                .takeUntil(tick -> condition.getAsBoolean())
                .blockLast(SOON);
    }

    /** The application's connections to the model, and how many of them are in use. */
    private static final class Pool {
        private volatile ConnectionPoolMetrics metrics;
        private final ConnectionProvider connections = ConnectionProvider.builder("model")
                .maxConnections(USERS)
                .metrics(true, () -> (name, id, address, registered) -> metrics = registered)
                .build();
    }

    /** OpenAI's streamed chat completions; no answer begins before as many have asked as are there. */
    private static final class Model {
        private static final int WORDS = 10;
        private static final JsonMapper JSON = json();

        private final AtomicInteger asked = new AtomicInteger();
        private final AtomicInteger answering = new AtomicInteger();
        private final Map<Integer, Sinks.Empty<Void>> gates = new ConcurrentHashMap<>();
        private final DisposableServer server;

        Model(LoopResources loops) {
            server = HttpServer.create()
                    .host("127.0.0.1")
                    .port(0)
                    .runOn(loops)
                    .route(routes -> routes.post(
                            "/v1/chat/completions",
                            (request, response) -> request.receive()
                                    .aggregate()
                                    .asString()
                                    .flatMap(body -> response.sse()
                                            .sendString(answer(JSON.readTree(body)))
                                            .then())))
                    .bindNow(SOON);
        }

        private Flux<String> answer(JsonNode request) {
            int user = Integer.parseInt(request.path("model").asString().substring("model-".length()));
            Sinks.Empty<Void> gate = gates.computeIfAbsent(user / USERS, wave -> Sinks.empty());
            Flux<String> words = Flux.interval(Duration.ofMillis(20))
                    .onBackpressureDrop()
                    .map(tick -> chunk(user, "\"delta\":{\"content\":\"word-" + user + " \"},\"finish_reason\":null"));
            Flux<String> end = Flux.just(
                    chunk(user, "\"delta\":{},\"finish_reason\":\"stop\""),
                    "data: {\"id\":\"chatcmpl-" + user + "\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,"
                            + "\"completion_tokens\":" + user + "}}\n\n",
                    "data: [DONE]\n\n");
            return gate.asMono()
                    .thenMany(leaves(user) ? words : words.take(WORDS).concatWith(end))
                    .doOnSubscribe(subscription -> {
                        answering.incrementAndGet();
                        if (asked.incrementAndGet() % USERS == 0) {
                            gate.tryEmitEmpty();
                        }
                    })
                    .doFinally(signal -> answering.decrementAndGet());
        }

        private static String chunk(int user, String choice) {
            return "data: {\"id\":\"chatcmpl-" + user + "\",\"model\":\"model-" + user + "\",\"choices\":[{\"index\":0,"
                    + choice + "}]}\n\n";
        }

        String url() {
            return "http://127.0.0.1:" + server.port();
        }

        void close() {
            server.disposeNow(SOON);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class App {
        @Bean
        SpanExporter exporter() {
            // The handler keeps them already, and is told when to forget them.
            return batch -> Mono.just(ExportResult.sent(batch.size()));
        }

        @Bean
        ReactorResourceFactory resources(LoopResources loops) {
            ReactorResourceFactory resources = new ReactorResourceFactory();
            resources.setUseGlobalResources(false);
            resources.setLoopResources(loops);
            return resources;
        }

        @Bean
        RequestScope requestScope() {
            return exchange -> {
                HttpHeaders headers = exchange.getRequest().getHeaders();
                return Mono.just(
                        Scope.none().user(headers.getFirst("X-User")).conversation(headers.getFirst("X-Conversation")));
            };
        }

        @Bean
        Chat chat(WebClient.Builder builder, Pool pool, Model model, LoopResources loops, ReactiveTracer trace) {
            WebClient client = builder.baseUrl(model.url())
                    .clientConnector(new ReactorClientHttpConnector(
                            HttpClient.create(pool.connections).runOn(loops)))
                    .build();
            return new Chat(client, trace);
        }
    }

    @RestController
    static class Chat {
        private static final JsonMapper JSON = json();

        private final WebClient client;
        private final ReactiveTracer trace;

        Chat(WebClient client, ReactiveTracer trace) {
            this.client = client;
            this.trace = trace;
        }

        @GetMapping(path = "/chat/{user}", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
        Flux<ServerSentEvent<String>> chat(@PathVariable int user) {
            return client.post()
                    .uri("/v1/chat/completions")
                    .contentType(MediaType.APPLICATION_JSON)
                    .bodyValue("{\"model\":\"model-" + user + "\",\"stream\":true,\"messages\":[]}")
                    .retrieve()
                    .bodyToFlux(byte[].class)
                    .transform(Chat::events)
                    .filter(data -> !data.equals("[DONE]"))
                    .map(data -> JSON.readTree(data)
                            .path("choices")
                            .path(0)
                            .path("delta")
                            .path("content")
                            .asString(""))
                    .filter(text -> !text.isEmpty())
                    .transform(trace.agent("support"))
                    .map(text -> ServerSentEvent.builder(text).build());
        }

        /**
         * The data of events. Spring's {@code StringDecoder}, which would do it, now and then loses a buffer with half a line when one
         * thread delivers it while another cancels: it clears its list, and the line's half is put into it after that.
         */
        private static Flux<String> events(Flux<byte[]> pieces) {
            return Flux.defer(() -> {
                StringBuilder rest = new StringBuilder();
                return pieces.concatMapIterable(piece -> {
                    rest.append(new String(piece, StandardCharsets.US_ASCII));
                    List<String> events = new ArrayList<>();
                    for (int end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
                        events.add(rest.substring("data: ".length(), end));
                        rest.delete(0, end + 2);
                    }
                    return events;
                });
            });
        }
    }
}
