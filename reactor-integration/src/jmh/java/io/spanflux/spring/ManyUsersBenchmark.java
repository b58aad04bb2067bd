// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import io.spanflux.bench.Collector;
import io.spanflux.bench.Settings;
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
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;

/**
 * The application of ManyUsersTest, 200 people at once of whom half leave, in a process of its own for each peer; people, model and
 * collector are in this one. The peers take turns, and what counts is the processor time of the application's process: of all of it,
 * and of its own threads alone, which leaves out compiler and collector. Latency is that of those who stay: how long the answer took
 * beyond what the model needs to say it. The peers are {@link ChatApplication}'s.
 */
public final class ManyUsersBenchmark {
    private static final int USERS = 200;
    private static final int WAVES = 5;
    private static final int WORDS = 20;
    private static final Duration TICK = Duration.ofMillis(10);
    private static final List<String> PEERS = List.of("plain", "spanflux", "micrometer");
    private static final Duration SOON = Duration.ofSeconds(60);

    private ManyUsersBenchmark() {}

    /** Rounds of 1,000 requests that count, 9 unless said otherwise, after four times as many that do not. */
    public static void main(String[] arguments) throws IOException {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 9;
        int warmUp = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 4 * rounds;
        AtomicLong bodies = new AtomicLong();
        DisposableServer model = model();
        Map<String, App> apps = new LinkedHashMap<>();
        Map<String, List<Round>> results = new LinkedHashMap<>();
        try (Collector collector = new Collector(nanoTime -> bodies.incrementAndGet())) {
            for (String peer : PEERS) {
                apps.put(peer, new App(peer, "http://127.0.0.1:" + model.port(), collector.endpoint()));
            }
            for (int round = -warmUp; round < rounds; round++) {
                for (String peer : PEERS) {
                    Round result = apps.get(peer).round();
                    if (round >= 0) {
                        results.computeIfAbsent(peer, key -> new ArrayList<>()).add(result);
                    }
                }
            }
        } finally {
            apps.values().forEach(app -> app.process.destroy());
            model.disposeNow();
        }
        results.forEach((peer, each) -> System.out.printf(
                "%-12s us of CPU a request: %5.0f (%.0f to %.0f), of its threads %5.0f; ms beyond the model's: p50 %4.1f, p99 %5.1f%n",
                peer,
                median(each, Round::micros),
                each.stream().mapToDouble(Round::micros).min().orElseThrow(),
                each.stream().mapToDouble(Round::micros).max().orElseThrow(),
                median(each, Round::microsOfThreads),
                median(each, Round::p50),
                median(each, Round::p99)));
        System.out.println(bodies + " bodies have reached the collector");
    }

    /** What a round of requests took: CPU a request, latencies in ms. */
    private record Round(double micros, double microsOfThreads, double p50, double p99) {}

    private static double median(List<Round> rounds, ToDoubleFunction<Round> value) {
        double[] sorted = rounds.stream().mapToDouble(value).sorted().toArray();
        return sorted[sorted.length / 2];
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
        Flux<String> words = Flux.interval(TICK).onBackpressureDrop().map(tick -> ChatApplication.WORD);
        return endless ? words : words.take(WORDS).concatWithValues(ChatApplication.END);
    }

    /** An application in a process of its own, as the people see it. */
    private static final class App {
        private final Process process;
        private final BufferedReader answers;
        private final WebClient client;

        App(String peer, String model, String collector) throws IOException {
            process = new ProcessBuilder(Collector.java(List.of(Child.class.getName(), peer, model, collector)))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            client = WebClient.builder()
                    .baseUrl("http://localhost:" + line("\\d+"))
                    .clientConnector(
                            new ReactorClientHttpConnector(HttpClient.create(ConnectionProvider.newConnection())))
                    .build();
        }

        private String line(String pattern) throws IOException {
            String line = answers.readLine();
            while (line != null && !line.matches(pattern)) {
                if (line.startsWith(Settings.MARK)) {
                    System.out.println(line);
                }
                line = answers.readLine();
            }
            return Objects.requireNonNull(line, "The application has ended");
        }

        /** Nanoseconds of the process, and of its threads. */
        private long[] cpuNanos() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            return Stream.of(line("\\d+ \\d+").split(" "))
                    .mapToLong(Long::parseLong)
                    .toArray();
        }

        Round round() throws IOException {
            List<Long> nanos = Collections.synchronizedList(new ArrayList<>());
            long[] before = cpuNanos();
            for (int wave = 0; wave < WAVES; wave++) {
                List<Mono<Void>> calls = new ArrayList<>();
                for (int user = 0; user < USERS; user++) {
                    calls.add(user % 2 == 1 ? leaves(user) : stays(user, nanos));
                }
                Flux.merge(Flux.fromIterable(calls), USERS).blockLast(SOON);
            }
            long[] after = cpuNanos();
            long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
            double each = 1e3 * WAVES * USERS;
            return new Round(
                    (after[0] - before[0]) / each,
                    (after[1] - before[1]) / each,
                    sorted[sorted.length / 2] / 1e6,
                    sorted[sorted.length * 99 / 100] / 1e6);
        }

        private Mono<Void> leaves(int user) {
            return ask(user, "model-leaves").take(1 + user % WORDS).then();
        }

        private Mono<Void> stays(int user, List<Long> nanos) {
            return Mono.defer(() -> {
                long start = System.nanoTime();
                return ask(user, "model-stays")
                        .then()
                        .doOnSuccess(done -> nanos.add(System.nanoTime() - start - WORDS * TICK.toNanos()));
            });
        }

        private Flux<ServerSentEvent<String>> ask(int user, String model) {
            return client.get()
                    .uri("/chat/{model}", model)
                    .header("X-User", "user-" + user)
                    .retrieve()
                    .bodyToFlux(ChatApplication.EVENTS);
        }
    }

    /** The application's process: prints its port, and whenever it is asked the processor time that it and its threads have had. */
    static final class Child {
        public static void main(String[] arguments) throws IOException {
            ConfigurableApplicationContext app = ChatApplication.start(
                    arguments[0],
                    arguments[1],
                    arguments[2],
                    new ReactorClientHttpConnector(HttpClient.create(ConnectionProvider.create("model", USERS))));
            System.out.println(ChatApplication.port(app));
            OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
            for (int asked = System.in.read(); asked >= 0; asked = System.in.read()) {
                System.out.println(system.getProcessCpuTime() + " " + ofThreads());
            }
        }

        private static long ofThreads() {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            return LongStream.of(threads.getThreadCpuTime(threads.getAllThreadIds()))
                    .filter(nanos -> nanos > 0)
                    .sum();
        }
    }
}
