// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.propagation.Propagator;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.PathContainer;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * Puts what a request says of its trace, and what the application says of its scope, into Reactor's {@code Context}, where every
 * operator below finds it; and makes a span of the request, unless it is told not to.
 *
 * <p>Threads: any; a request's are its event loop's. Nothing blocks, and nothing that goes wrong here reaches the request.
 */
final class ServerTraceFilter implements WebFilter, Ordered {
    /** Before Spring Security at -100, so that what that refuses has a span too; after what may rewrite the request. */
    static final int DEFAULT_ORDER = -1000;

    private static final Logger log = LoggerFactory.getLogger(ServerTraceFilter.class);
    private static final Duration SCOPE_TIMEOUT = Duration.ofSeconds(1);

    private final Tracer tracer;
    private final Propagator propagator;
    private final @Nullable RequestScope requestScope;
    private final boolean serverSpan;
    private final List<PathPattern> excluded;
    private final int order;
    private final String description;
    private final RepeatedWarning failures = new RepeatedWarning(log);

    ServerTraceFilter(Spanflux spanflux, @Nullable RequestScope requestScope, SpanfluxProperties.Webflux properties) {
        this.tracer = spanflux.tracer();
        this.propagator = spanflux.propagator();
        this.requestScope = requestScope;
        this.serverSpan = properties.serverSpan();
        this.excluded = properties.excludePaths().stream()
                .map(PathPatternParser.defaultInstance::parse)
                .toList();
        this.order = properties.order();
        this.description =
                "ServerTraceFilter{serverSpan=" + serverSpan + ", order=" + order + ", excluded=" + excluded + '}';
    }

    @Override
    public int getOrder() {
        return order;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        return Mono.deferContextual(outer -> {
            Context context = extracted(Context.of(outer), exchange.getRequest().getHeaders());
            boolean makesSpan = serverSpan && !isExcluded(exchange.getRequest());
            RequestScope asked = requestScope;
            if (asked == null) {
                return makesSpan ? traced(exchange, chain, context, null) : passedOn(exchange, chain, context);
            }
            Mono<Scope> scope = scopeOf(exchange, asked).contextWrite(unused -> context);
            return makesSpan
                    ? tracedIn(scope, exchange, chain, context)
                    : scope.flatMap(found -> passedOn(exchange, chain, inScope(found, context)));
        });
    }

    private static Context inScope(Scope scope, Context context) {
        return scope == Scope.none() ? context : scope.apply(context);
    }

    private static Mono<Void> passedOn(ServerWebExchange exchange, WebFilterChain chain, Context context) {
        return chain.filter(exchange).contextWrite(unused -> context);
    }

    /**
     * The span starts when its scope is known, which samplers go by, with the time at which the request came. Who leaves before
     * that has a span without the scope.
     */
    private Mono<Void> tracedIn(Mono<Scope> scope, ServerWebExchange exchange, WebFilterChain chain, Context context) {
        Clock clock = tracer.clock();
        Instant came = Instant.EPOCH.plusNanos(clock.epochNanos(clock.nanoTime()));
        // A cancellation also reaches a lookup that is over.
        AtomicBoolean begun = new AtomicBoolean();
        return scope.doOnCancel(() -> {
                    if (begun.compareAndSet(false, true)) {
                        started(exchange, context, came).cancelled();
                    }
                })
                .flatMap(found -> begun.compareAndSet(false, true)
                        ? traced(exchange, chain, inScope(found, context), came)
                        : Mono.empty());
    }

    private Mono<Scope> scopeOf(ServerWebExchange exchange, RequestScope asked) {
        // What is there without waiting takes no timer, whose thread would have to be woken for each request.
        return Mono.defer(() -> {
                    Mono<Scope> scope = asked.scope(exchange);
                    return scope instanceof Callable ? scope : scope.timeout(SCOPE_TIMEOUT);
                })
                .onErrorResume(e -> {
                    failures.caught("A RequestScope failed; the request goes on without what it would have said.", e);
                    return Mono.empty();
                })
                .defaultIfEmpty(Scope.none());
    }

    private ServerSpan started(ServerWebExchange exchange, Context context, @Nullable Instant came) {
        return ServerSpan.of(ServerSpan.start(tracer, exchange.getRequest(), context, came), exchange, failures);
    }

    private Mono<Void> traced(
            ServerWebExchange exchange, WebFilterChain chain, Context context, @Nullable Instant came) {
        ServerSpan server = started(exchange, context, came);
        ServerWebExchange watched = exchange.mutate()
                .response(WatchedResponse.of(exchange.getResponse(), server))
                .build();
        return Mono.defer(() -> chain.filter(watched))
                .doOnSuccess(nothing -> server.completed())
                .doOnError(server::failed)
                .doOnCancel(server::cancelled)
                .contextWrite(unused -> server.span().storeIn(context));
    }

    private Context extracted(Context context, HttpHeaders headers) {
        try {
            // Several lines of one name are one list; two traceparents then are none, as W3C asks.
            return propagator.extract(context, name -> {
                List<String> lines = headers.get(name);
                return lines == null || lines.isEmpty() ? null : String.join(",", lines);
            });
        } catch (Throwable e) {
            failures.caught("A Propagator failed; the request begins a trace of its own.", e);
            return context;
        }
    }

    private boolean isExcluded(ServerHttpRequest request) {
        if (excluded.isEmpty()) {
            return false;
        }
        PathContainer path = request.getPath().pathWithinApplication();
        return excluded.stream().anyMatch(pattern -> pattern.matches(path));
    }

    /** How many times a {@link RequestScope}, a propagator or the description of a request failed. */
    long callbackFailures() {
        return failures.count();
    }

    /** Spring asks each filter for it with each request, for its checkpoints. */
    @Override
    public String toString() {
        return description;
    }
}
