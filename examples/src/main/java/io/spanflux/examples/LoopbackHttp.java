// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.http.server.HttpServerRoutes;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.JsonNode;

/**
 * What the two embedded servers have in common: a free port of 127.0.0.1, which nobody outside this machine can reach,
 * bodies that are bounded, answers in JSON.
 *
 * <p>Bound: {@value #MAX_BODY_BYTES} bytes of a body, also after decompression.
 *
 * <p>Threads: one daemon thread a server, ended by {@link #close()}. Starting and closing block.
 */
final class LoopbackHttp implements AutoCloseable {
    private static final int MAX_BODY_BYTES = 8 * 1024 * 1024;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final LoopResources loop;
    private final DisposableServer server;

    private LoopbackHttp(LoopResources loop, DisposableServer server) {
        this.loop = loop;
        this.server = server;
    }

    /** A server with these routes. */
    static LoopbackHttp start(String threadName, Consumer<HttpServerRoutes> routes) {
        LoopResources loop = LoopResources.create(threadName, 1, true);
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .runOn(loop)
                .route(routes)
                .bindNow(TIMEOUT);
        return new LoopbackHttp(loop, server);
    }

    /** {@code http://127.0.0.1:port}. */
    String url() {
        return "http://127.0.0.1:" + server.port();
    }

    /** Ends open connections as well. */
    @Override
    public void close() {
        server.disposeNow(TIMEOUT);
        loop.disposeLater(Duration.ZERO, TIMEOUT).block(TIMEOUT);
    }

    /** A body that is too large, or not what its headers say. */
    static final class UnreadableBodyException extends RuntimeException {
        private final int status;

        UnreadableBodyException(int status, String message) {
            super(message);
            this.status = status;
        }

        /** What HTTP calls that. */
        int status() {
            return status;
        }
    }

    /** The body, decompressed; an empty one is an empty array, a bad one an {@link UnreadableBodyException}. */
    static Mono<byte[]> body(HttpServerRequest request) {
        String encoding = request.requestHeaders().get(HttpHeaderNames.CONTENT_ENCODING, "identity");
        return request.receive()
                .asByteArray()
                .reduceWith(ByteArrayOutputStream::new, LoopbackHttp::append)
                .map(body -> decoded(body.toByteArray(), encoding));
    }

    private static ByteArrayOutputStream append(ByteArrayOutputStream body, byte[] piece) {
        if (body.size() + piece.length > MAX_BODY_BYTES) {
            throw new UnreadableBodyException(413, "body exceeds " + MAX_BODY_BYTES + " bytes");
        }
        body.writeBytes(piece);
        return body;
    }

    private static byte[] decoded(byte[] body, String encoding) {
        if (encoding.equalsIgnoreCase("identity")) {
            return body;
        }
        if (!encoding.equalsIgnoreCase("gzip")) {
            throw new UnreadableBodyException(400, "unsupported Content-Encoding");
        }
        try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(body))) {
            byte[] inflated = gzip.readNBytes(MAX_BODY_BYTES + 1);
            if (inflated.length > MAX_BODY_BYTES) {
                throw new UnreadableBodyException(413, "body exceeds " + MAX_BODY_BYTES + " bytes");
            }
            return inflated;
        } catch (IOException e) {
            throw new UnreadableBodyException(400, "body is not gzip");
        }
    }

    /** Answers with a JSON document. */
    static Publisher<Void> answer(HttpServerResponse response, int status, JsonNode body) {
        return response.status(status)
                .header(HttpHeaderNames.CONTENT_TYPE, "application/json")
                .sendString(Mono.just(body.toString()));
    }
}
