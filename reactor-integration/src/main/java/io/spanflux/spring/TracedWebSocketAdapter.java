// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.Ordered;
import org.springframework.web.reactive.HandlerAdapter;
import org.springframework.web.reactive.HandlerResult;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.reactive.socket.WebSocketSession;
import org.springframework.web.reactive.socket.server.support.WebSocketHandlerAdapter;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * Lets the span of a WebSocket's request live as long as the session: the request itself is over with the handshake. Stands before
 * the application's {@link WebSocketHandlerAdapter}, and leaves all work to it.
 */
final class TracedWebSocketAdapter implements HandlerAdapter, Ordered {
    private final ObjectProvider<WebSocketHandlerAdapter> adapters;

    TracedWebSocketAdapter(ObjectProvider<WebSocketHandlerAdapter> adapters) {
        this.adapters = adapters;
    }

    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

    @Override
    public boolean supports(Object handler) {
        return handler instanceof WebSocketHandler && adapters.stream().anyMatch(adapter -> adapter.supports(handler));
    }

    @Override
    public Mono<HandlerResult> handle(ServerWebExchange exchange, Object handler) {
        WebSocketHandlerAdapter adapter = adapters.orderedStream()
                .filter(each -> each.supports(handler))
                .findFirst()
                .orElseThrow();
        ServerSpan server = ServerSpan.from(exchange);
        return adapter.handle(
                exchange,
                server == null || !(handler instanceof WebSocketHandler socket)
                        ? handler
                        : new TracedWebSocketHandler(socket, server));
    }

    /** Ends the span with the handler or with the connection, whichever is first. */
    private record TracedWebSocketHandler(WebSocketHandler handler, ServerSpan server) implements WebSocketHandler {
        @Override
        public List<String> getSubProtocols() {
            return handler.getSubProtocols();
        }

        @Override
        public Mono<Void> handle(WebSocketSession session) {
            server.upgraded();
            return Mono.defer(() -> {
                // A handler that waits for something else may not notice that the client has left.
                Disposable closed = session.closeStatus()
                        .subscribe(
                                status -> server.sessionCompleted(), server::sessionFailed, server::sessionCompleted);
                return handler.handle(session)
                        .doOnSuccess(nothing -> server.sessionCompleted())
                        .doOnError(server::sessionFailed)
                        .doOnCancel(server::sessionCancelled)
                        .doFinally(signal -> closed.dispose());
            });
        }
    }
}
