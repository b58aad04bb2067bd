// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.SpanStatus;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.config.annotation.web.reactive.EnableWebFluxSecurity;
import org.springframework.security.core.userdetails.MapReactiveUserDetailsService;
import org.springframework.security.core.userdetails.User;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.client.ReactorNettyWebSocketClient;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.WebFilter;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import static org.assertj.core.api.Assertions.assertThat;

/** The filter in a real server: WebFlux on reactor-netty, over sockets. */
@Timeout(90)
class ServerTraceFilterTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private final InMemorySpanExporter ended = InMemorySpanExporter.create();
    private ConfigurableApplicationContext application;
    private int port;

    @AfterEach
    void stop() {
        if (application != null) {
            application.close();
        }
    }

    private void start(Class<?> configuration, String... properties) {
        SpringApplication app = new SpringApplication(configuration);
        app.setWebApplicationType(WebApplicationType.REACTIVE);
        app.setRegisterShutdownHook(false);
        app.addInitializers(context -> context.getBeanFactory()
                .registerSingleton("ended", (SpanHandler) new SpanHandler() {
                    @Override
                    public void onEnd(Span span) {
                        ended.onEnd(span);
                    }
                }));
        List<String> all = new ArrayList<>(List.of(properties));
        all.addAll(List.of(
                "--server.port=0",
                "--spring.main.banner-mode=off",
                "--server.shutdown=graceful",
                // Else Spring waits two seconds for tasks that might still come, each time that it closes event loops.
                "--spring.reactor.netty.shutdown-quiet-period=0s"));
        application = app.run(all.toArray(new String[0]));
        port = ((WebServerApplicationContext) application).getWebServer().getPort();
    }

    private void getEach(String... paths) {
        for (String path : paths) {
            client().get()
                    .uri(path)
                    .exchangeToMono(response -> response.releaseBody())
                    .block(SOON);
        }
    }

    private WebClient client() {
        return WebClient.create("http://localhost:" + port);
    }

    /** Waits for what happens on other threads; fails after 30 s. */
    private static void await(BooleanSupplier condition) {
        Flux.interval(Duration.ofMillis(5))
                .onBackpressureDrop()
                .takeUntil(tick -> condition.getAsBoolean())
                .blockLast(SOON);
    }

    private void awaitAllEnded(int count) {
        Spanflux spanflux = application.getBean(Spanflux.class);
        await(() -> ended.spans().size() >= count && spanflux.tracer().liveSpans() == 0);
    }

    private Span server(String name) {
        return ended.spans().stream()
                .filter(span -> span.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + ended.spans()));
    }

    @Test
    void filter_givesEachOf200ConcurrentRequestsItsOwnUser() {
        start(App.class);
        Random random = new Random(7);
        List<Mono<?>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            String path = i % 2 == 0 ? "/ask/" + i : "/stream/" + i;
            Flux<String> body = client().get()
                    .uri(path)
                    .header("X-User", "user-" + i)
                    .header("traceparent", "00-" + traceId(i) + "-00000000000000aa-01")
                    .retrieve()
                    .bodyToFlux(String.class);
            calls.add((i % 2 == 0 ? body : body.take(1 + random.nextInt(8))).then());
        }
        Flux.merge(Flux.fromIterable(calls), 200).blockLast(SOON);
        awaitAllEnded(400);
        assertThat(ended.spans()).hasSize(400);

        List<String> wrong = new ArrayList<>();
        int[] servers = new int[200];
        for (Span span : ended.spans()) {
            String path = span.name().startsWith("chat model-")
                    ? span.name().substring("chat model-".length())
                    : String.valueOf(span.attributes().get("url.path")).replaceAll("\\D", "");
            int request = Integer.parseInt(path);
            if (!("user-" + request).equals(span.attributes().get("user.id"))
                    || !span.context().traceId().equals(traceId(request))) {
                wrong.add(span + " " + span.attributes().get("user.id"));
            }
            if (span.attributes().contains("url.path")) {
                servers[request]++;
                assertThat(span.parentSpanIdBits()).isEqualTo(0xaa);
                assertThat(span.attributes().contains("spanflux.expired")).isFalse();
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(servers).as("server spans of each request").containsOnly(1);
        long cancelled = ended.spans().stream()
                .filter(span -> span.name().equals("GET /stream/{n}"))
                .filter(span -> Boolean.TRUE.equals(span.attributes().get("spanflux.cancelled")))
                .count();
        assertThat(cancelled)
                .as(() -> "streams that the client left, of which one is "
                        + server("GET /stream/{n}").attributes()
                        + server("GET /stream/{n}").status()
                        + server("GET /stream/{n}").events())
                .isEqualTo(100);
    }

    private static String traceId(int request) {
        return String.format("%032x", request + 1);
    }

    @Test
    void serverSpan_saysWhatTheConventionsAsk_andNothingThatTheClientSentBesides() {
        start(App.class);
        client().get()
                .uri("/ask/1?secret=s3cret")
                .header("X-User", "ann")
                .header("Authorization", "Bearer s3cret")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        awaitAllEnded(2);
        Map<String, Object> attributes = server("GET /ask/{n}").attributes().asMap();
        assertThat(attributes)
                .containsEntry("http.request.method", "GET")
                .containsEntry("http.route", "/ask/{n}")
                .containsEntry("http.response.status_code", 200L)
                .containsEntry("url.path", "/ask/1")
                .containsEntry("url.scheme", "http")
                .containsEntry("server.address", "localhost")
                .containsEntry("server.port", (long) port)
                .containsEntry("user.id", "ann");
        assertThat(attributes.toString()).doesNotContain("s3cret");
    }

    @Test
    void status_ofAnAnsweredErrorIsTheAnswers_andOnly5xxAreFailures() {
        start(App.class);
        getEach("/missing", "/broken", "/nowhere");
        awaitAllEnded(3);
        assertThat(server("GET /missing").attributes().get("http.response.status_code"))
                .isEqualTo(404L);
        assertThat(server("GET /missing").status()).isEqualTo(SpanStatus.UNSET);
        assertThat(server("GET /broken").attributes().asMap())
                .containsEntry("http.response.status_code", 500L)
                .containsEntry("error.type", "java.lang.IllegalStateException");
        assertThat(server("GET /broken").status()).isEqualTo(SpanStatus.ERROR);
        assertThat(ended.spans())
                .filteredOn(span -> "/nowhere".equals(span.attributes().get("url.path")))
                .singleElement()
                .satisfies(span -> assertThat(span.attributes().get("http.response.status_code"))
                        .isEqualTo(404L));
    }

    @Test
    void mistypedPath_hasNoRoute_butAFileHasTheOneOfFiles() {
        start(App.class);
        getEach("/nowhere", "/hello.txt", "/anything/else");
        awaitAllEnded(3);
        assertThat(server("GET").attributes().asMap())
                .containsEntry("http.response.status_code", 404L)
                .doesNotContainKey("http.route");
        assertThat(server("GET /**").attributes().asMap())
                .containsEntry("url.path", "/hello.txt")
                .containsEntry("http.response.status_code", 200L);
        assertThat(server("GET /anything/**").attributes().asMap())
                .as("a route of the application, which answers 404")
                .containsEntry("http.response.status_code", 404L);
    }

    @Test
    void client_thatLeavesBeforeTheAnswer_endsTheSpans() {
        start(App.class);
        Disposable call =
                client().get().uri("/never").retrieve().bodyToMono(String.class).subscribe();
        Spanflux spanflux = application.getBean(Spanflux.class);
        await(() -> spanflux.tracer().liveSpans() == 2);
        call.dispose();
        awaitAllEnded(2);
        assertThat(server("GET /never").attributes().asMap())
                .containsEntry("spanflux.cancelled", true)
                .doesNotContainKey("http.response.status_code");
        assertThat(server("GET /never").status()).isEqualTo(SpanStatus.UNSET);
    }

    @Test
    void excludedPath_hasNoServerSpan_butTheParentOfTheRequest() {
        start(App.class, "--spanflux.webflux.exclude-paths=/ask/**");
        client().get()
                .uri("/ask/1")
                .header("traceparent", "00-" + traceId(1) + "-00000000000000aa-01")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        awaitAllEnded(1);
        assertThat(ended.spans()).singleElement().satisfies(span -> {
            assertThat(span.name()).isEqualTo("chat model-1");
            assertThat(span.parentSpanIdBits()).isEqualTo(0xaa);
        });
    }

    @Test
    void scopeOfTheCaller_isAroundThatOfTheRequest_andToldToAllowedHostsOnly() {
        start(App.class, "--spanflux.tracentic-scope=true", "--spanflux.webclient.hosts=localhost");
        String here = client().get()
                .uri("/scopes")
                .header("x-tracentic-scope-id", "caller")
                .header("X-User", "ann")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        assertThat(here).isEqualTo("ann < caller");
        for (String host : List.of("localhost", "127.0.0.1")) {
            String next = client().get()
                    .uri("/relay/" + host)
                    .header("x-tracentic-scope-id", "caller")
                    .retrieve()
                    .bodyToMono(String.class)
                    .block(SOON);
            assertThat(next).as(host).isEqualTo(host.equals("localhost") ? "caller" : null);
        }
    }

    @Test
    void scopeOfTheCaller_isNothingToOneThatKnowsNothingOfTracentic() {
        start(App.class);
        String here = client().get()
                .uri("/scopes")
                .header("x-tracentic-scope-id", "caller")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        assertThat(here).isNull();
    }

    @Test
    void requestScope_thatFails_costsTheScopeOnly() {
        start(App.class);
        String answer = client().get()
                .uri("/ask/1")
                .header("X-User", "throw")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        assertThat(answer).isEqualTo("answer 1");
        assertThat(application.getBean(ServerTraceFilter.class).callbackFailures())
                .isEqualTo(1);
    }

    @Test
    void requestScope_isLookedUpInTheTraceOfTheRequest_andWithinItsTime() {
        start(Asking.class);
        client().get()
                .uri("/ask/1")
                .header("traceparent", "00-" + traceId(1) + "-00000000000000aa-01")
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        awaitAllEnded(3);
        Span lookup = server("lookup");
        Span server = server("GET /ask/{n}");
        assertThat(lookup.context().traceId()).isEqualTo(traceId(1));
        assertThat(lookup.parentSpanIdBits()).isEqualTo(0xaa);
        assertThat(server.parentSpanIdBits()).isEqualTo(0xaa);
        assertThat(server.attributes().get("user.id")).isEqualTo("ann");
        assertThat(server("chat model-1").parentSpanIdBits()).isEqualTo(server.spanIdBits());
        assertThat(server.startEpochNanos()).isLessThanOrEqualTo(lookup.startEpochNanos());
    }

    @Test
    void request_thatIsLeftWhileItsScopeIsLookedUp_hasASpanAllTheSame() {
        start(Asking.class);
        client().get()
                .uri("/ask/1")
                .header("X-User", "nobody")
                .header("traceparent", "00-" + traceId(1) + "-00000000000000aa-01")
                .exchangeToMono(response -> response.releaseBody())
                .block(SOON);
        awaitAllEnded(2);
        Span server = server("GET");
        assertThat(server.attributes().asMap())
                .containsEntry("spanflux.cancelled", true)
                .containsEntry("url.path", "/ask/1")
                .doesNotContainKeys("http.response.status_code", "user.id");
        assertThat(server.parentSpanIdBits()).isEqualTo(0xaa);
        assertThat(server.startEpochNanos())
                .isLessThanOrEqualTo(server("lookup").startEpochNanos());
        assertThat(ended.spans()).hasSize(2);
    }

    @Test
    void requestThatIsAnswered_afterItsScopeWasLookedUp_hasOneSpan() {
        start(Asking.class);
        Disposable call =
                client().get().uri("/never").retrieve().bodyToMono(String.class).subscribe();
        Spanflux spanflux = application.getBean(Spanflux.class);
        await(() -> !ended.spans().isEmpty() && spanflux.tracer().liveSpans() == 2);
        call.dispose();
        awaitAllEnded(3);
        assertThat(ended.spans()).extracting(Span::name).containsExactlyInAnyOrder("lookup", "waiting", "GET /never");
    }

    @Test
    void webSocket_keepsItsSpanUntilTheSessionIsOver() {
        start(App.class);
        Sinks.Empty<Void> leave = Sinks.empty();
        CountDownLatch answered = new CountDownLatch(1);
        Disposable session = new ReactorNettyWebSocketClient()
                .execute(
                        URI.create("ws://localhost:" + port + "/echo"),
                        client -> client.send(Mono.just(client.textMessage("hello")))
                                .thenMany(client.receive()
                                        .map(WebSocketMessage::getPayloadAsText)
                                        .doOnNext(text -> answered.countDown())
                                        .takeUntilOther(leave.asMono()))
                                .then())
                .subscribe();
        await(() -> answered.getCount() == 0);
        assertThat(ended.spans()).extracting(Span::name).containsExactly("in-session");
        leave.tryEmitEmpty();
        awaitAllEnded(2);
        session.dispose();
        Span server = server("GET /echo");
        assertThat(server.attributes().get("http.response.status_code")).isEqualTo(101L);
        assertThat(server("in-session").parentSpanIdBits()).isEqualTo(server.spanIdBits());
    }

    @Test
    void webSocket_whoseHandlerWaitsForever_endsItsSpanWhenTheClientGoesAway() {
        start(App.class);
        CountDownLatch open = new CountDownLatch(1);
        Disposable session = new ReactorNettyWebSocketClient()
                .execute(URI.create("ws://localhost:" + port + "/deaf"), client -> {
                    open.countDown();
                    return Mono.never();
                })
                .subscribe();
        await(() -> open.getCount() == 0);
        assertThat(application.getBean(Spanflux.class).tracer().liveSpans()).isEqualTo(1);
        session.dispose();
        awaitAllEnded(1);
        assertThat(server("GET /deaf").hasEnded()).isTrue();
    }

    @Test
    void filter_behindSpringSecurity_knowsThePrincipal() {
        start(Secured.class, "--spanflux.webflux.order=-50");
        client().get()
                .uri("/ask/1")
                .headers(headers -> headers.setBasicAuth("ann", "pw"))
                .retrieve()
                .bodyToMono(String.class)
                .block(SOON);
        awaitAllEnded(2);
        assertThat(ended.spans())
                .extracting(span -> span.attributes().get("user.id"))
                .containsExactly("ann", "ann");
    }

    @Test
    void filter_beforeSpringSecurity_hasASpanOfWhatIsRefused() {
        start(Secured.class);
        HttpStatus status = client().get()
                .uri("/ask/1")
                .exchangeToMono(response -> response.releaseBody().thenReturn((HttpStatus) response.statusCode()))
                .block(SOON);
        assertThat(status).isEqualTo(HttpStatus.UNAUTHORIZED);
        awaitAllEnded(1);
        assertThat(server("GET").attributes().get("http.response.status_code")).isEqualTo(401L);
    }

    @Test
    void gracefulShutdown_deliversSpansThatEndWhileItDrains() throws Exception {
        start(Draining.class);
        Draining draining = application.getBean(Draining.class);
        Mono<String> answer =
                client().get().uri("/held").retrieve().bodyToMono(String.class).cache();
        Disposable call = answer.subscribe();
        assertThat(draining.arrived.await(10, TimeUnit.SECONDS)).isTrue();
        Thread closing = new Thread(application::close);
        closing.start();
        assertThat(draining.stopping.await(10, TimeUnit.SECONDS)).isTrue();
        Mono.delay(Duration.ofMillis(300)).block();
        assertThat(draining.events)
                .as("nothing of tracing has stopped while requests run")
                .isEmpty();
        draining.release.tryEmitEmpty();
        assertThat(answer.block(SOON)).isEqualTo("held");
        closing.join(20_000);
        call.dispose();
        assertThat(draining.events.subList(0, 3)).containsExactly("exported work", "exported GET /held", "closed");
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Endpoints.class)
    static class App {
        @Bean
        SpanExporter exporter() {
            return InMemorySpanExporter.create();
        }

        @Bean
        RequestScope requestScope() {
            return exchange -> {
                String user = exchange.getRequest().getHeaders().getFirst("X-User");
                if ("throw".equals(user)) {
                    throw new IllegalStateException("on purpose");
                }
                return user == null ? Mono.empty() : Mono.just(Scope.none().user(user));
            };
        }

        @Bean
        HandlerMapping sockets(ReactiveTracer trace) {
            WebSocketHandler echo = session -> session.send(session.receive()
                    .concatMap(message ->
                            Mono.just("echo " + message.getPayloadAsText()).transform(trace.span("in-session")))
                    .map(session::textMessage));
            WebSocketHandler deaf = session -> Mono.never();
            return new SimpleUrlHandlerMapping(Map.of("/echo", echo, "/deaf", deaf), -1);
        }
    }

    /** Looks users up in a place that is traced; who names one leaves when that begins. */
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Endpoints.class)
    static class Asking {
        private final Sinks.Empty<Void> leave = Sinks.empty();

        @Bean
        SpanExporter exporter() {
            return InMemorySpanExporter.create();
        }

        @Bean
        RequestScope requestScope(ReactiveTracer trace) {
            Mono<Scope> ann = Mono.fromSupplier(() -> Scope.none().user("ann"));
            Mono<Scope> nobody = Mono.<Scope>never().doOnRequest(n -> leave.tryEmitEmpty());
            return exchange -> {
                boolean named = exchange.getRequest().getHeaders().containsHeader("X-User");
                return (named ? nobody : ann).transform(trace.span("lookup"));
            };
        }

        /** Outside of the filter that is tested. */
        @Bean
        @Order(-2000)
        WebFilter leaving() {
            return (exchange, chain) -> chain.filter(exchange).takeUntilOther(leave.asMono());
        }
    }

    @RestController
    static class Endpoints {
        private final ReactiveTracer trace;
        private final WebClient.Builder client;

        Endpoints(ReactiveTracer trace, WebClient.Builder client) {
            this.trace = trace;
            this.client = client;
        }

        /** The scopes around, the innermost first: ids of those from elsewhere, users of ours. */
        @GetMapping("/scopes")
        Mono<String> scopes() {
            return Mono.deferContextual(context -> {
                List<String> scopes = new ArrayList<>();
                for (Scope scope = Scope.from(context);
                        scope != null && scope != Scope.none();
                        scope = scope.parent()) {
                    Object user = scope.attributes().get("user.id");
                    scopes.add(scope.isRemote() ? scope.id() : String.valueOf(user));
                }
                return Mono.just(String.join(" < ", scopes));
            });
        }

        @GetMapping("/relay/{host}")
        Mono<String> relay(@PathVariable String host, ServerHttpRequest request) {
            return client.build()
                    .get()
                    .uri("http://" + host + ":" + request.getLocalAddress().getPort() + "/scopes")
                    .retrieve()
                    .bodyToMono(String.class);
        }

        @GetMapping("/ask/{n}")
        Mono<String> ask(@PathVariable int n) {
            return Mono.delay(Duration.ofMillis(20))
                    .map(tick -> "answer " + n)
                    .transform(trace.chat("test", "model-" + n));
        }

        @GetMapping(path = "/stream/{n}", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
        Flux<String> stream(@PathVariable int n) {
            return Flux.interval(Duration.ofMillis(5))
                    .onBackpressureDrop()
                    .map(tick -> "chunk " + tick)
                    .transform(trace.chat("test", "model-" + n));
        }

        @GetMapping("/never")
        Mono<String> never() {
            return Mono.<String>never().transform(trace.span("waiting"));
        }

        @GetMapping("/missing")
        Mono<String> missing() {
            return Mono.error(new ResponseStatusException(HttpStatus.NOT_FOUND));
        }

        @GetMapping("/anything/**")
        Mono<String> anything() {
            return missing();
        }

        @GetMapping("/broken")
        Mono<String> broken() {
            return Mono.error(new IllegalStateException("on purpose"));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableWebFluxSecurity
    @Import(Endpoints.class)
    static class Secured {
        @Bean
        SpanExporter exporter() {
            return InMemorySpanExporter.create();
        }

        @Bean
        MapReactiveUserDetailsService users() {
            return new MapReactiveUserDetailsService(
                    User.withUsername("ann").password("{noop}pw").roles("USER").build());
        }

        @Bean
        RequestScope requestScope() {
            return exchange ->
                    exchange.getPrincipal().map(principal -> Scope.none().user(principal.getName()));
        }
    }

    @RestController
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Draining {
        final CountDownLatch arrived = new CountDownLatch(1);
        final CountDownLatch stopping = new CountDownLatch(1);
        final Sinks.Empty<String> release = Sinks.empty();
        final List<String> events = new CopyOnWriteArrayList<>();

        @Autowired
        private ObjectProvider<ReactiveTracer> tracer;

        @GetMapping("/held")
        Mono<String> held() {
            ReactiveTracer trace = tracer.getObject();
            arrived.countDown();
            return release.asMono().defaultIfEmpty("held").transform(trace.span("work"));
        }

        @Bean
        SpanExporter exporter() {
            return new SpanExporter() {
                @Override
                public Mono<ExportResult> export(List<Span> batch) {
                    return Mono.fromSupplier(() -> {
                        batch.forEach(span -> events.add("exported " + span.name()));
                        return ExportResult.sent(batch.size());
                    });
                }

                @Override
                public Mono<Void> close() {
                    return Mono.fromRunnable(() -> events.add("closed"));
                }
            };
        }

        @Bean
        SmartLifecycle announcing() {
            return new SmartLifecycle() {
                private volatile boolean running;

                @Override
                public void start() {
                    running = true;
                }

                @Override
                public void stop() {
                    running = false;
                    stopping.countDown();
                }

                @Override
                public boolean isRunning() {
                    return running;
                }

                @Override
                public int getPhase() {
                    return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 1;
                }
            };
        }
    }
}
