// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.trace.Scope;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Says what every span of a request inherits: user, tenant, session. Without a bean of this type nothing of a request but its
 * trace is taken over; no header is ever copied.
 *
 * <pre>{@code
 * @Bean
 * RequestScope requestScope() {
 *     return exchange -> exchange.getPrincipal().map(principal -> Scope.none().user(principal.getName()));
 * }
 * }</pre>
 *
 * <p>The principal is known only where {@code spanflux.webflux.order} stands behind Spring Security's filter, which is at -100.
 *
 * <p>What this looks up itself stands below the caller's span: that of the request starts when its scope is known, with the time at
 * which the request came.
 *
 * <p>Threads: called on the event loop, once a request and before it is handled; must not block. An empty answer is no scope.
 * What it throws, and an answer that takes more than a second, is counted and warned of, and the request goes on without.
 */
@FunctionalInterface
public interface RequestScope {
    /** The scope of this request. */
    Mono<Scope> scope(ServerWebExchange exchange);
}
