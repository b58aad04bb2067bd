// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import java.nio.file.Path;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.ZeroCopyHttpOutputMessage;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Tells the span of a request that the client left in the middle of a stream. The server then cancels the body, but completes the
 * response as if all had been sent.
 */
class WatchedResponse extends ServerHttpResponseDecorator {
    private final ServerSpan server;

    private WatchedResponse(ServerHttpResponse response, ServerSpan server) {
        super(response);
        this.server = server;
    }

    static ServerHttpResponse of(ServerHttpResponse response, ServerSpan server) {
        return response instanceof ZeroCopyHttpOutputMessage files
                ? new OfFiles(response, files, server)
                : new WatchedResponse(response, server);
    }

    @Override
    public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
        // A Mono is no stream, and the server writes it in a cheaper way as long as it sees that.
        return super.writeWith(body instanceof Mono ? body : Flux.from(body).doOnCancel(server::cancelled));
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
        return super.writeAndFlushWith(Flux.from(body).doOnCancel(server::cancelled));
    }

    /** Keeps what the server can do with files. */
    private static final class OfFiles extends WatchedResponse implements ZeroCopyHttpOutputMessage {
        private final ZeroCopyHttpOutputMessage files;

        OfFiles(ServerHttpResponse response, ZeroCopyHttpOutputMessage files, ServerSpan server) {
            super(response, server);
            this.files = files;
        }

        @Override
        public Mono<Void> writeWith(Path file, long position, long count) {
            return files.writeWith(file, position, count);
        }
    }
}
