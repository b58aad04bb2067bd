// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.client.reactive.ClientHttpRequest;
import org.springframework.http.client.reactive.ClientHttpRequestDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Shows the body of a request as it is written. */
final class WatchedRequest extends ClientHttpRequestDecorator {
    private final RequestBytes bytes;

    WatchedRequest(ClientHttpRequest request, RequestBytes bytes) {
        super(request);
        this.bytes = bytes;
    }

    @Override
    public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
        // A Mono stays one: the connector then sends its length instead of chunks.
        return super.writeWith(
                body instanceof Mono<? extends DataBuffer> mono
                        ? mono.doOnNext(bytes::see)
                        : Flux.from(body).doOnNext(bytes::see));
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
        return super.writeAndFlushWith(
                Flux.from(body).map(part -> Flux.from(part).doOnNext(bytes::see)));
    }
}
