// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import io.spanflux.trace.Attributes;
import io.spanflux.trace.Scope;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** The {@code baggage} header: {@link Baggage}, and those attributes of the scope that are allowed to travel. */
final class BaggagePropagator implements Propagator {
    static final BaggagePropagator INSTANCE = new BaggagePropagator(Set.of());

    private static final String BAGGAGE = "baggage";

    private final Set<String> scopeAttributes;

    private BaggagePropagator(Set<String> scopeAttributes) {
        this.scopeAttributes = scopeAttributes;
    }

    static BaggagePropagator allowing(List<String> scopeAttributes) {
        Set<String> allowed = new LinkedHashSet<>();
        for (String key : scopeAttributes) {
            if (!Baggage.isToken(key)) {
                throw new IllegalArgumentException("scopeAttributes holds what cannot be a key of baggage: " + key);
            }
            allowed.add(key);
        }
        return allowed.isEmpty() ? INSTANCE : new BaggagePropagator(allowed);
    }

    @Override
    public void inject(ContextView context, BiConsumer<String, String> header) {
        Baggage baggage = Baggage.from(context);
        if (!scopeAttributes.isEmpty()) {
            Attributes scope = Scope.from(context).attributes();
            for (String key : scopeAttributes) {
                Object value = scope.get(key);
                if (value instanceof String || value instanceof Number || value instanceof Boolean) {
                    baggage = baggage.with(key, value.toString());
                }
            }
        }
        String text = baggage.header();
        if (!text.isEmpty()) {
            header.accept(BAGGAGE, text);
        }
    }

    @Override
    public Context extract(Context context, Function<String, @Nullable String> header) {
        Baggage baggage = Baggage.parse(header.apply(BAGGAGE));
        if (baggage.equals(Baggage.empty())) {
            return context;
        }
        Scope scope = Scope.none();
        for (String key : scopeAttributes) {
            scope = scope.attribute(key, baggage.get(key));
        }
        Context stored = baggage.storeIn(context);
        return scope.attributes().isEmpty() ? stored : scope.apply(stored);
    }

    @Override
    public List<String> fields() {
        return List.of(BAGGAGE);
    }

    @Override
    public String toString() {
        return scopeAttributes.isEmpty() ? BAGGAGE : BAGGAGE + scopeAttributes;
    }
}
