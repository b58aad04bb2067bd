// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.propagation.Propagator;
import io.spanflux.trace.Scope;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;

class TracenticScopeTest {
    private final Propagator propagator = TracenticScope.propagator();

    private Map<String, String> injected(Scope scope) {
        Map<String, String> headers = new HashMap<>();
        propagator.inject(Context.of(Scope.class, scope), headers::put);
        return headers;
    }

    private Context extracted(String value) {
        return propagator.extract(Context.empty(), name -> name.equals("x-tracentic-scope-id") ? value : null);
    }

    @Test
    void header_isTheirs() {
        assertThat(TracenticScope.HEADER).isEqualTo("x-tracentic-scope-id");
        assertThat(propagator.fields()).containsExactly("x-tracentic-scope-id");
    }

    @Test
    void aScope_isTheParentOfTheNextServices() {
        Scope caller = Scope.named("caller").enteredIn(Scope.none());
        Map<String, String> headers = injected(caller);
        assertThat(headers).containsOnly(Map.entry("x-tracentic-scope-id", caller.id()));

        Context here = propagator.extract(Context.empty(), headers::get);
        Scope handled = Scope.from(Scope.named("handled").apply(here));
        assertThat(handled.parent().id()).isEqualTo(caller.id());
        assertThat(injected(handled)).containsValue(handled.id());
    }

    @Test
    void inject_ofAServiceWithoutScopes_passesTheCallersOn() {
        assertThat(injected(Scope.from(extracted("caller")))).containsValue("caller");
    }

    @Test
    void inject_withoutScope_saysNothing() {
        assertThat(injected(Scope.none())).isEmpty();
        assertThat(injected(Scope.named("not entered"))).isEmpty();
        assertThat(injected(Scope.none().attribute("k", "v").enteredIn(Scope.none())))
                .isEmpty();
    }

    @Test
    void extract_besideBaggage_inAnyOrder_keepsBoth() {
        Propagator baggage = Propagator.baggage(List.of("tenant"));
        Map<String, String> headers = Map.of("baggage", "tenant=t1", TracenticScope.HEADER, "caller");
        for (List<Propagator> order : List.of(List.of(baggage, propagator), List.of(propagator, baggage))) {
            Context context = Propagator.all(order).extract(Context.empty(), headers::get);
            Scope handled = Scope.from(Scope.named("handled").apply(context));
            assertThat(handled.attributes().get("tenant")).isEqualTo("t1");
            assertThat(TracenticScope.nearest(handled.parent()).id()).isEqualTo("caller");
        }
    }

    @Test
    void extract_spaceAround_isNoPart() {
        assertThat(Scope.from(extracted(" abc ")).id()).isEqualTo("abc");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a\nb", "é", "a\u0000"})
    void extract_whatIsNoId_isDropped(String value) {
        assertThat(Scope.from(extracted(value))).isSameAs(Scope.none());
    }

    @Test
    void extract_aMissingOrEndlessId_isDropped() {
        assertThat(Scope.from(extracted(null))).isSameAs(Scope.none());
        assertThat(Scope.from(extracted("a".repeat(257)))).isSameAs(Scope.none());
        assertThat(Scope.from(extracted("a".repeat(256))).id()).hasSize(256);
    }
}
