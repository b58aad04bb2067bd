// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.client.reactive.ClientHttpConnector;
import org.springframework.http.client.reactive.ClientHttpRequest;
import org.springframework.http.client.reactive.ClientHttpResponse;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.mock.http.client.reactive.MockClientHttpRequest;
import org.springframework.mock.http.client.reactive.MockClientHttpResponse;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import org.springframework.web.server.adapter.WebHttpHandlerBuilder;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A request to a WebFlux application that asks a model for {@value #WORDS} words and streams them on, all on one thread and without
 * a network, whose share differs from one machine to the next: what tracing adds to it is the difference to the peer
 * {@code plain}. Spans go into a pipeline whose exporter forgets them.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(2)
@State(Scope.Benchmark)
public class RequestBenchmark {
    static final int WORDS = 20;

    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);

    @Param({"plain", "spanflux", "micrometer"})
    String peer;

    private ConfigurableApplicationContext application;
    private HttpHandler handler;

    /** Starts the application. */
    @Setup
    public void start() {
        application = ChatApplication.start(peer, "http://model", "", new Model());
        handler = WebHttpHandlerBuilder.applicationContext(application).build();
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        application.close();
    }

    /** A request and its whole answer. */
    @Benchmark
    public MockServerHttpResponse request() {
        MockServerHttpRequest request =
                MockServerHttpRequest.get("/chat/m").header("X-User", "ada").build();
        MockServerHttpResponse response = new MockServerHttpResponse(BUFFERS);
        response.setWriteHandler(body -> body.doOnNext(DataBufferUtils::release).then());
        handler.handle(request, response).subscribe();
        if (response.getStatusCode() != null && response.getStatusCode().isError()) {
            throw new IllegalStateException(response.toString());
        }
        return response;
    }

    /** Answers at once, as OpenAI does. */
    private static final class Model implements ClientHttpConnector {
        private static final List<byte[]> ANSWER = Stream.concat(
                        IntStream.range(0, WORDS).mapToObj(i -> ChatApplication.WORD), Stream.of(ChatApplication.END))
                .map(event -> event.getBytes(StandardCharsets.UTF_8))
                .toList();

        @Override
        public Mono<ClientHttpResponse> connect(
                HttpMethod method, URI uri, Function<? super ClientHttpRequest, Mono<Void>> write) {
            return Mono.defer(() -> {
                MockClientHttpRequest request = new MockClientHttpRequest(method, uri);
                MockClientHttpResponse response = new MockClientHttpResponse(HttpStatus.OK);
                response.getHeaders().setContentType(MediaType.TEXT_EVENT_STREAM);
                response.setBody(Flux.fromIterable(ANSWER).map(bytes -> BUFFERS.wrap(Unpooled.wrappedBuffer(bytes))));
                return write.apply(request).thenReturn(response);
            });
        }
    }
}
