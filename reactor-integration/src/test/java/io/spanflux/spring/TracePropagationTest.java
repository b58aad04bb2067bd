// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.propagation.Propagator;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.web.reactive.function.client.ClientRequest;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class TracePropagationTest {
    private final Span span = Tracer.builder().build().span("caller").start();
    private final Propagator propagator =
            Propagator.all(List.of(Propagator.traceContext(), Propagator.baggage(List.of("user.id"))));

    private HttpHeaders sent(TracePropagation propagation, String url, String... header) {
        AtomicReference<HttpHeaders> sent = new AtomicReference<>();
        ClientRequest.Builder request = ClientRequest.create(HttpMethod.GET, URI.create(url));
        if (header.length > 0) {
            request.header(header[0], header[1]);
        }
        propagation
                .filter(request.build(), outgoing -> {
                    sent.set(outgoing.headers());
                    return Mono.empty();
                })
                .contextWrite(context -> span.storeIn(Scope.none().user("ann").apply(Context.of(context))))
                .block();
        return sent.get();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://search.internal/q", "https://SEARCH.internal:8443/q", "http://a.b.cluster.local"})
    void allowedHost_isToldOfTheTrace(String url) {
        HttpHeaders headers = sent(TracePropagation.of(propagator, "Search.internal", "*.cluster.local"), url);
        assertThat(headers.getFirst("traceparent"))
                .contains(span.context().traceId(), span.context().spanId());
        assertThat(headers.getFirst("baggage")).isEqualTo("user.id=ann");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://api.openai.com/v1",
                "http://search.internal.evil.example",
                "http://evilsearch.internal",
                "http://cluster.local",
                "http://evilcluster.local"
            })
    void otherHost_learnsNothing(String url) {
        HttpHeaders headers = sent(TracePropagation.of(propagator, "search.internal", "*.cluster.local"), url);
        assertThat(headers.isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://search_api:8080/q", "http://search_api/q", "http://a_b.cluster.local:80"})
    void hostWithAnUnderscore_isAName(String url) {
        assertThat(sent(TracePropagation.of(propagator, "search_api", "*.cluster.local"), url)
                        .containsHeader("traceparent"))
                .isTrue();
        assertThat(sent(TracePropagation.of(propagator, "search", "api", "cluster.local"), url)
                        .isEmpty())
                .isTrue();
    }

    @Test
    void userBeforeTheHost_isNoHost() {
        for (String url :
                List.of("http://search_api@evil_one/", "http://evil_one@search_api/", "http://search_api:80:80/")) {
            assertThat(sent(TracePropagation.of(propagator, "search_api"), url).isEmpty())
                    .as(url)
                    .isTrue();
        }
    }

    @Test
    void hosts_noneMeansNowhere_andAStarEverywhere() {
        assertThat(sent(TracePropagation.of(propagator), "http://a").isEmpty()).isTrue();
        assertThat(sent(TracePropagation.of(propagator, "*"), "http://a").containsHeader("traceparent"))
                .isTrue();
    }

    @Test
    void request_thatCarriesATraceAlready_isLeftAsItIs() {
        HttpHeaders headers = sent(TracePropagation.of(propagator, "*"), "http://a", "TraceParent", "mine");
        assertThat(headers.getFirst("traceparent")).isEqualTo("mine");
        assertThat(headers.containsHeader("baggage")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://a.example", "a:8080", "a/b", "", "*.", "a*"})
    void hosts_refusesWhatIsNoName(String host) {
        assertThatThrownBy(() -> TracePropagation.of(propagator, host))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("hosts")
                .hasMessageContaining(host);
    }
}
