// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** The {@code baggage} header. */
final class BaggagePropagator implements Propagator {
    static final BaggagePropagator INSTANCE = new BaggagePropagator();

    private static final String BAGGAGE = "baggage";

    private BaggagePropagator() {}

    @Override
    public void inject(ContextView context, BiConsumer<String, String> header) {
        String text = Baggage.from(context).header();
        if (!text.isEmpty()) {
            header.accept(BAGGAGE, text);
        }
    }

    @Override
    public Context extract(Context context, Function<String, @Nullable String> header) {
        Baggage baggage = Baggage.parse(header.apply(BAGGAGE));
        return baggage.equals(Baggage.empty()) ? context : baggage.storeIn(context);
    }

    @Override
    public List<String> fields() {
        return List.of(BAGGAGE);
    }

    @Override
    public String toString() {
        return BAGGAGE;
    }
}
