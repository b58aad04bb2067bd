// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.propagation.Propagator;
import java.net.URI;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Tells chosen hosts of the trace of the call: writes {@code traceparent}, {@code tracestate} and {@code baggage} into requests
 * of a {@code WebClient}. Hosts that are not named learn nothing, neither ids nor baggage: most that an LLM application talks to
 * belong to someone else.
 *
 * <pre>{@code
 * WebClient.builder().filter(TracePropagation.of(spanflux.propagator(), "search.internal", "*.svc.cluster.local"))
 * }</pre>
 *
 * <p>A request that already carries one of the headers is left as it is. A redirect that the HTTP client follows by itself takes
 * the headers along, wherever it leads.
 *
 * <p>Threads: immutable.
 */
public final class TracePropagation implements ExchangeFilterFunction {
    private static final Logger log = LoggerFactory.getLogger(TracePropagation.class);

    private static final Pattern NAME_AND_PORT = Pattern.compile("([A-Za-z0-9_.-]+)(?::\\d*)?");

    private final Propagator propagator;
    private final boolean everywhere;
    private final Set<String> names = new HashSet<>();
    private final Set<String> suffixes = new HashSet<>();
    private final RepeatedWarning failures = new RepeatedWarning(log);

    private TracePropagation(Propagator propagator, String... hosts) {
        this.propagator = Objects.requireNonNull(propagator, "propagator == null");
        boolean all = false;
        for (String host : hosts) {
            String name = host.strip().toLowerCase(Locale.ROOT);
            if (name.equals("*")) {
                all = true;
            } else if (name.startsWith("*.") && isName(name.substring(2))) {
                suffixes.add(name.substring(1));
            } else if (isName(name)) {
                names.add(name);
            } else {
                throw new IllegalArgumentException(
                        "hosts holds what is neither a host's name, *.name nor * (ports and paths are no part of it): "
                                + host);
            }
        }
        this.everywhere = all;
    }

    /**
     * Writes to requests to {@code hosts}: a name or an address in any case, {@code *.name} for every host below it but not for
     * itself, {@code *} for all. None means nowhere.
     *
     * @throws IllegalArgumentException for anything else, for example a URL or a port
     */
    public static TracePropagation of(Propagator propagator, String... hosts) {
        return new TracePropagation(propagator, hosts);
    }

    private static boolean isName(String name) {
        boolean address = name.startsWith("[") && name.endsWith("]");
        return !name.isEmpty() && (address || name.chars().noneMatch(c -> "*/:@?# ".indexOf(c) >= 0));
    }

    @Override
    public Mono<ClientResponse> filter(ClientRequest request, ExchangeFunction next) {
        if (!isAllowed(request.url())) {
            return next.exchange(request);
        }
        return Mono.deferContextual(context -> next.exchange(told(request, context)));
    }

    private boolean isAllowed(URI url) {
        String host = hostOf(url);
        if (host == null) {
            return false;
        }
        String name = host.toLowerCase(Locale.ROOT);
        return everywhere || names.contains(name) || suffixes.stream().anyMatch(name::endsWith);
    }

    /** Java's URI knows no host of a name with an underscore, which networks of containers often have. */
    private static @Nullable String hostOf(URI url) {
        String authority = url.getAuthority();
        if (url.getHost() != null || authority == null) {
            return url.getHost();
        }
        Matcher named = NAME_AND_PORT.matcher(authority);
        return named.matches() ? named.group(1) : null;
    }

    private ClientRequest told(ClientRequest request, ContextView context) {
        try {
            for (String field : propagator.fields()) {
                if (request.headers().containsHeader(field)) {
                    return request;
                }
            }
            return ClientRequest.from(request)
                    .headers(headers -> propagator.inject(context, headers::set))
                    .build();
        } catch (Throwable e) {
            failures.caught("A Propagator failed; the request leaves without a trace.", e);
            return request;
        }
    }

    @Override
    public String toString() {
        return "TracePropagation{" + (everywhere ? "*" : names + " " + suffixes) + '}';
    }
}
