// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class CompositePropagatorTest {
    private final Propagator both = Propagator.all(List.of(Propagator.traceContext(), Propagator.baggage()));
    private final Map<String, String> headers = new LinkedHashMap<>();

    @Test
    void injectThenExtract_carriesTraceAndBaggage() {
        Span span = Tracer.builder().build().span("span").start();
        Context sent = Baggage.empty().with("tenant", "t").storeIn(span.storeIn(Context.empty()));

        both.inject(sent, headers::put);
        Context arrived = both.extract(Context.empty(), headers::get);

        assertThat(headers).containsOnlyKeys("traceparent", "baggage");
        assertThat(Span.from(arrived).context().spanId())
                .isEqualTo(span.context().spanId());
        assertThat(Baggage.from(arrived).get("tenant")).isEqualTo("t");
    }

    @Test
    void extract_oneHeaderBroken_readsTheOther() {
        headers.put("traceparent", "broken");
        headers.put("baggage", "a=1");

        Context arrived = both.extract(Context.empty(), headers::get);

        assertThat(Span.from(arrived)).isNull();
        assertThat(Baggage.from(arrived).get("a")).isEqualTo("1");
    }

    @Test
    void fields_areThoseOfAllOnce() {
        Propagator twice = Propagator.all(List.of(both, Propagator.baggage()));

        assertThat(twice.fields()).containsExactly("traceparent", "tracestate", "baggage");
    }

    @Test
    void all_ofNone_doesNothing() {
        Propagator none = Propagator.all(List.of());
        Context context = Context.of("other", "entry");
        headers.put("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

        assertThat(none.extract(context, headers::get)).isSameAs(context);
        assertThat(none.fields()).isEmpty();
    }

    @Test
    void all_listChangedLater_isNotFollowed() {
        List<Propagator> list = new ArrayList<>();
        Propagator none = Propagator.all(list);
        list.add(Propagator.baggage());

        assertThat(none.fields()).isEmpty();
    }

    @Test
    void all_null_isRefusedByName() {
        assertThatThrownBy(() -> Propagator.all(null)).hasMessage("propagators == null");
    }
}
