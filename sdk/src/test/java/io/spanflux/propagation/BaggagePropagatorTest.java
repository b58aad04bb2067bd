// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import io.spanflux.trace.Scope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class BaggagePropagatorTest {
    private static final Scope SCOPE = Scope.named("ticket")
            .conversation("conv 1")
            .user("u-7")
            .session("s-1")
            .tenant("acme")
            .tags("beta", "vip")
            .prompt("greeting", "3")
            .attribute("attempt", 2);

    private static Map<String, String> inject(Propagator propagator, Context context) {
        Map<String, String> headers = new LinkedHashMap<>();
        propagator.inject(context, headers::put);
        return headers;
    }

    @Test
    void inject_byDefault_letsNothingOfTheScopeOut() {
        assertThat(inject(Propagator.baggage(), SCOPE.apply(Context.empty()))).isEmpty();
        assertThat(inject(Propagator.baggage(List.of()), SCOPE.apply(Context.empty())))
                .isEmpty();
    }

    @Test
    void inject_letsOutWhatIsAllowed_besideTheBaggageThatIsThere() {
        Propagator propagator =
                Propagator.baggage(List.of("gen_ai.conversation.id", "attempt", "spanflux.tags", "absent"));
        Context context = Baggage.empty().with("k", "v").storeIn(SCOPE.apply(Context.empty()));

        assertThat(inject(propagator, context))
                .containsExactly(Map.entry("baggage", "k=v,gen_ai.conversation.id=conv%201,attempt=2"));
    }

    @Test
    void extract_putsWhatIsAllowedIntoTheScope_andNothingElse() {
        Propagator propagator = Propagator.baggage(List.of("gen_ai.conversation.id"));
        Context outside = Scope.named("outer").attribute("a", 1).apply(Context.empty());

        Context context = propagator.extract(outside, name -> "gen_ai.conversation.id=conv%201,user.id=mallory");

        assertThat(Scope.from(context).attributes().asMap())
                .containsEntry("gen_ai.conversation.id", "conv 1")
                .containsEntry("a", 1L)
                .doesNotContainKey("user.id");
        assertThat(Baggage.from(context).get("user.id")).isEqualTo("mallory");
    }

    @Test
    void extract_withoutWhatIsAllowed_leavesTheScopeAlone() {
        Propagator propagator = Propagator.baggage(List.of("gen_ai.conversation.id"));

        assertThat(propagator.extract(Context.empty(), name -> "user.id=u").hasKey(Scope.class))
                .isFalse();
        assertThat(propagator.extract(Context.empty(), name -> null)).isEqualTo(Context.empty());
    }

    @Test
    void scope_saysWhatIsInheritedByItsConventionalName() {
        assertThat(SCOPE.attributes().asMap())
                .containsExactly(
                        Map.entry("gen_ai.conversation.id", "conv 1"),
                        Map.entry("user.id", "u-7"),
                        Map.entry("session.id", "s-1"),
                        Map.entry("spanflux.tenant.id", "acme"),
                        Map.entry("spanflux.tags", List.of("beta", "vip")),
                        Map.entry("gen_ai.prompt.name", "greeting"),
                        Map.entry("gen_ai.prompt.version", "3"),
                        Map.entry("attempt", 2L));
        assertThat(Scope.named("s").prompt("p", null).attributes().asMap()).containsOnlyKeys("gen_ai.prompt.name");
    }

    @Test
    void baggage_ofWhatIsNoKey_isRefused() {
        assertThatThrownBy(() -> Propagator.baggage(List.of("a b")))
                .hasMessage("scopeAttributes holds what cannot be a key of baggage: a b");
        assertThat(Propagator.baggage(List.of("a"))).hasToString("baggage[a]");
    }
}
