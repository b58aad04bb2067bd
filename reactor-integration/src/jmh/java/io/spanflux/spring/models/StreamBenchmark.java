// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.Spanflux;
import io.spanflux.bench.Discard;
import io.spanflux.bench.Settings;
import io.spanflux.trace.ContentCapture;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The reading of a model's stream as it passes, an event in each buffer; per event of {@value #EVENTS}, the call's span included.
 * The peer {@code plain} is the floor: the same buffers, not read. With content, the events are read one by one; without, most
 * only repeat the one before, but for the arguments of tools ({@code answer=tools}), which come in two shapes in turn.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(2)
@State(Scope.Benchmark)
public class StreamBenchmark {
    static final int EVENTS = 200;

    private static final DataBufferFactory BUFFERS = DefaultDataBufferFactory.sharedInstance;

    @Param({"plain", "spanflux", "spanfluxContent"})
    String peer;

    @Param({"words", "tools"})
    String answer;

    private final ClientRequest request = ClientRequest.create(
                    HttpMethod.POST, URI.create("http://127.0.0.1/v1/chat/completions"))
            .build();
    private List<byte[]> events = List.of();
    private ExchangeFilterFunction filter = (request, next) -> next.exchange(request);
    private Runnable drain = () -> {};
    private Runnable close = () -> {};

    /** Makes the events, and what reads them. */
    @Setup
    public void assemble() {
        events = Stream.concat(
                        IntStream.range(0, EVENTS - 1)
                                .mapToObj(i -> event(answer.equals("words") || i % 2 == 0 ? word(i) : argument(i))),
                        Stream.of("data: [DONE]\n\n"))
                .map(event -> event.getBytes(StandardCharsets.UTF_8))
                .toList();
        if (!peer.equals("plain")) {
            Spanflux spanflux = Spanflux.builder()
                    .content(content ->
                            content.capture(peer.equals("spanflux") ? ContentCapture.NONE : ContentCapture.SPANS))
                    .exporter(new Discard.ToSpanflux(Mono::empty))
                    .build();
            Settings.print(peer, spanflux);
            filter = GenerationTrace.of(spanflux);
            drain = () -> spanflux.awaitFlush(Duration.ofSeconds(10));
            close = () -> spanflux.close(Duration.ofSeconds(1)).block();
        }
    }

    private static String event(String delta) {
        return "data: {\"id\":\"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG\",\"object\":\"chat.completion.chunk\",\"created\":1741570283,"
                + "\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44709d6fcb\","
                + "\"choices\":[{\"index\":0,\"delta\":{" + delta + "},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
    }

    private static String word(int i) {
        return "\"content\":\" word" + i + "\"";
    }

    private static String argument(int i) {
        return "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"" + i + ", \"}}]";
    }

    /** Outside the time: the spans' way out. */
    @Setup(Level.Iteration)
    public void drain() {
        drain.run();
    }

    /** Ends it. */
    @TearDown
    public void close() {
        close.run();
    }

    /** A call and its whole answer. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public DataBuffer stream() {
        return filter.filter(request, ignored -> Mono.just(response()))
                .flatMapMany(response -> response.bodyToFlux(DataBuffer.class))
                .blockLast();
    }

    private ClientResponse response() {
        return ClientResponse.create(HttpStatus.OK)
                .header("content-type", MediaType.TEXT_EVENT_STREAM_VALUE)
                .body(Flux.fromIterable(events).map(BUFFERS::wrap))
                .build();
    }
}
