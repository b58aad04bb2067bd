// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class ScopeTest {
    private final Mono<Scope> current = Mono.deferContextual(context -> Mono.just(Scope.from(context)));
    private final Scope recipe = Scope.named("handle-ticket").attribute("tenant", "t1");

    @Test
    void named_isARecipeWithoutId() {
        assertThat(recipe.name()).isEqualTo("handle-ticket");
        assertThat(recipe.id()).isNull();
        assertThat(recipe.parent()).isNull();
        assertThat(recipe.attributes().asMap()).containsExactly(entry("tenant", "t1"));
    }

    @Test
    void named_withoutName_isRefused() {
        assertThatThrownBy(() -> Scope.named(null)).hasMessage("name == null");
    }

    @Test
    void attribute_returnsACopy() {
        Scope changed = recipe.attribute("tenant", "t2").attribute("nothing", null);

        assertThat(changed.attributes().asMap()).containsExactly(entry("tenant", "t2"));
        assertThat(recipe.attributes().asMap()).containsExactly(entry("tenant", "t1"));
    }

    @Test
    void shorthands_useTheConventionsNames() {
        Scope scope = Scope.named("s")
                .conversation("c")
                .user("u")
                .session("s1")
                .attributes(Attributes.of("a", 1).with("b", 2));

        assertThat(scope.attributes().asMap())
                .containsExactly(
                        entry("gen_ai.conversation.id", "c"),
                        entry("user.id", "u"),
                        entry("session.id", "s1"),
                        entry("a", 1L),
                        entry("b", 2L));
        assertThat(Scope.named("s").conversation(null).attributes().isEmpty())
                .as("a conversation is never made up")
                .isTrue();
    }

    @Test
    void contextWrite_eachSubscription_hasAnIdOfItsOwn() {
        Mono<Scope> scoped = current.contextWrite(recipe);

        List<Scope> entered = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            entered.add(scoped.block());
        }

        assertThat(entered).extracting(Scope::id).doesNotContainNull().doesNotHaveDuplicates();
        assertThat(entered)
                .extracting(Scope::id)
                .allSatisfy(id -> assertThat(id).matches("[0-9a-f]{32}"));
        Scope first = entered.get(0);
        assertThat(first.attributes().asMap())
                .containsOnly(
                        entry("tenant", "t1"),
                        entry("spanflux.scope.id", first.id()),
                        entry("spanflux.scope.name", "handle-ticket"));
        assertThat(first.parent()).isNull();
    }

    @Test
    void contextWrite_nested_mergesAndTheInnerWins() {
        Scope inner = Scope.named("step").attribute("tenant", "t2").attribute("step", 1);

        Scope entered = current.contextWrite(inner)
                .contextWrite(recipe.attribute("outer", true))
                .block();

        Scope outer = entered.parent();
        assertThat(entered.name()).isEqualTo("step");
        assertThat(entered.attributes().asMap())
                .containsOnly(
                        entry("tenant", "t2"),
                        entry("outer", true),
                        entry("step", 1L),
                        entry("spanflux.scope.id", entered.id()),
                        entry("spanflux.scope.name", "step"));
        assertThat(outer.name()).isEqualTo("handle-ticket");
        assertThat(outer.id()).isNotEqualTo(entered.id());
        assertThat(outer.attributes().get("tenant")).isEqualTo("t1");
    }

    @Test
    void contextWrite_crossesThreads() {
        List<String> ids = Flux.range(0, 20)
                .flatMap(i -> current.map(Scope::id).subscribeOn(Schedulers.parallel()))
                .contextWrite(recipe)
                .collectList()
                .block();

        assertThat(new HashSet<>(ids)).hasSize(1);
    }

    @Test
    void from_aContextWithoutScope_isNone() {
        Scope none = Scope.from(Context.empty());

        assertThat(none).isSameAs(Scope.none());
        assertThat(none.name()).isNull();
        assertThat(none.id()).isNull();
        assertThat(none.parent()).isNull();
        assertThat(none.attributes().isEmpty()).isTrue();
    }

    @Test
    void none_withAttributes_isAScopeWithoutAName() {
        Scope entered = Scope.none().attribute("a", 1).enteredIn(Scope.none());

        assertThat(entered.attributes().asMap()).containsOnly(entry("a", 1L), entry("spanflux.scope.id", entered.id()));
    }

    @Test
    void apply_leavesTheRestOfTheContext() {
        Context context = recipe.apply(Context.of("other", "entry"));

        assertThat(context.<String>get("other")).isEqualTo("entry");
        assertThat(Scope.from(context).name()).isEqualTo("handle-ticket");
    }

    @Test
    void toString_showsNoValues() {
        assertThat(Scope.named("s").user("SECRET").toString())
                .contains("name=s", "user.id")
                .doesNotContain("SECRET");
    }

    @Test
    void enteredIn_saysWhen() {
        assertThat(recipe.enteredAt()).isNull();
        Instant before = Instant.now();
        assertThat(recipe.enteredIn(Scope.none()).enteredAt()).isBetween(before, Instant.now());
    }

    @Test
    void remote_isKnownByItsIdOnly_alsoWhereItIsEntered() {
        Scope remote = Scope.remote("abc");
        Scope entered = remote.enteredIn(recipe.enteredIn(Scope.none()));

        assertThat(remote.id()).isEqualTo("abc");
        assertThat(entered.id()).isEqualTo("abc");
        assertThat(entered.isRemote()).isTrue();
        assertThat(entered.name()).isNull();
        assertThat(entered.enteredAt()).isNull();
        assertThat(entered.attributes().get("tenant"))
                .as("what is around it goes on to hold")
                .isEqualTo("t1");
        assertThat(entered.attributes().get("spanflux.scope.id")).isEqualTo("abc");
    }

    @Test
    void remote_isTheParentOfWhatIsEnteredInside() {
        Scope inside = recipe.enteredIn(Scope.remote("abc"));

        assertThat(inside.parent().id()).isEqualTo("abc");
        assertThat(inside.id()).hasSize(32);
        assertThat(inside.isRemote()).isFalse();
    }

    @Test
    void remote_withoutId_isRefused() {
        assertThatThrownBy(() -> Scope.remote("")).hasMessage("id is empty");
    }
}
