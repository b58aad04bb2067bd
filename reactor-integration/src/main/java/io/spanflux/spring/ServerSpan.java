// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanBuilder;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.Tracer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.ErrorResponse;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.resource.ResourceWebHandler;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.ContextView;

/**
 * The span of a request, by the HTTP conventions. Of what the client sends it takes method, path, scheme and host; never the
 * query, a header or an address.
 *
 * <p>Ends once, whoever is first: when the response is complete, also a streamed one; when the client goes away; for a
 * WebSocket when the session is over.
 */
final class ServerSpan {
    private static final String ATTRIBUTE = ServerSpan.class.getName();

    /** What an error's answer may take; only an answer that never comes, since the client has left, takes longer. */
    private static final long ANSWER_SECONDS = 5;

    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY");

    private enum Outcome {
        ANSWERED,
        /** With an error after the response, or the session, had begun. */
        BROKEN_OFF,
        CANCELLED
    }

    private final Span span;
    private final ServerWebExchange exchange;
    private final RepeatedWarning failures;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean upgraded;

    private ServerSpan(Span span, ServerWebExchange exchange, RepeatedWarning failures) {
        this.span = span;
        this.exchange = exchange;
        this.failures = failures;
    }

    /** Starts the span of a request that came at {@code came}; null means now. */
    static Span start(Tracer tracer, ServerHttpRequest request, ContextView context, @Nullable Instant came) {
        String method = request.getMethod().name();
        boolean known = METHODS.contains(method);
        URI uri = request.getURI();
        SpanBuilder span = tracer.span(known ? method : "HTTP")
                .kind(SpanKind.SERVER)
                .parent(context)
                .attribute("http.request.method", known ? method : "_OTHER")
                .attribute("url.path", uri.getRawPath())
                .attribute("url.scheme", uri.getScheme())
                .attribute("server.address", uri.getHost());
        if (!known) {
            span.attribute("http.request.method_original", method);
        }
        if (came != null) {
            span.startTime(came);
        }
        int port = port(uri, request.getLocalAddress());
        return (port < 0 ? span : span.attribute("server.port", port)).start();
    }

    private static int port(URI uri, @Nullable InetSocketAddress local) {
        return uri.getPort() >= 0 || local == null ? uri.getPort() : local.getPort();
    }

    /** The span as what ends it, which handlers of {@code exchange} find there. */
    static ServerSpan of(Span span, ServerWebExchange exchange, RepeatedWarning failures) {
        ServerSpan server = new ServerSpan(span, exchange, failures);
        exchange.getAttributes().put(ATTRIBUTE, server);
        return server;
    }

    static @Nullable ServerSpan from(ServerWebExchange exchange) {
        return exchange.getAttribute(ATTRIBUTE);
    }

    Span span() {
        return span;
    }

    /** The connection is a WebSocket's from now on, and the session ends the span. */
    void upgraded() {
        upgraded = true;
    }

    void completed() {
        if (!upgraded) {
            end(null, Outcome.ANSWERED);
        }
    }

    void cancelled() {
        if (!upgraded) {
            end(null, Outcome.CANCELLED);
        }
    }

    void failed(Throwable error) {
        if (upgraded) {
            return;
        }
        ServerHttpResponse response = exchange.getResponse();
        if (response.isCommitted()) {
            brokenOff(error);
            return;
        }
        // What the status is, is decided further out, by who handles the error.
        Disposable unanswered =
                Schedulers.parallel().schedule(() -> end(error, Outcome.ANSWERED), ANSWER_SECONDS, TimeUnit.SECONDS);
        response.beforeCommit(() -> Mono.fromRunnable(() -> {
            unanswered.dispose();
            end(error, Outcome.ANSWERED);
        }));
    }

    void sessionCompleted() {
        end(null, Outcome.ANSWERED);
    }

    void sessionFailed(Throwable error) {
        brokenOff(error);
    }

    void sessionCancelled() {
        end(null, Outcome.CANCELLED);
    }

    private void brokenOff(Throwable error) {
        end(error, Outcome.BROKEN_OFF);
    }

    private void end(@Nullable Throwable error, Outcome outcome) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        try {
            describe(error, outcome);
        } catch (Throwable e) {
            failures.caught("A request could not be described in full; its span ends without.", e);
        } finally {
            span.end();
        }
    }

    private void describe(@Nullable Throwable error, Outcome outcome) {
        int status = status(error, outcome);
        Object route = exchange.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE);
        if (route != null && !(status == 404 && isWhatNothingElseMatched(route))) {
            span.attribute("http.route", route.toString()).rename(span.name() + ' ' + route);
        }
        if (status > 0) {
            span.attribute("http.response.status_code", status);
        }
        if (outcome == Outcome.CANCELLED) {
            span.attribute("spanflux.cancelled", true);
        } else if (error != null && (status >= 500 || outcome == Outcome.BROKEN_OFF)) {
            span.error(error);
        } else if (status >= 500) {
            span.status(SpanStatus.ERROR).attribute("error.type", Integer.toString(status));
        }
    }

    /** Spring's handler of static files takes every path that is nobody else's. */
    private boolean isWhatNothingElseMatched(Object route) {
        return route.toString().equals("/**")
                && exchange.getAttribute(HandlerMapping.BEST_MATCHING_HANDLER_ATTRIBUTE) instanceof ResourceWebHandler;
    }

    /** What was or will be answered; 0 for a client that left before. */
    private int status(@Nullable Throwable error, Outcome outcome) {
        if (upgraded) {
            return 101;
        }
        ServerHttpResponse response = exchange.getResponse();
        if (outcome == Outcome.CANCELLED && !response.isCommitted()) {
            return 0;
        }
        HttpStatusCode status = response.getStatusCode();
        boolean answered = error == null || response.isCommitted() || isError(status);
        if (answered) {
            return status == null ? 200 : status.value();
        }
        return error instanceof ErrorResponse answer ? answer.getStatusCode().value() : 500;
    }

    private static boolean isError(@Nullable HttpStatusCode status) {
        return status != null && status.isError();
    }
}
