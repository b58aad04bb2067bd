// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** Several propagators, one after the other. */
record CompositePropagator(List<Propagator> propagators) implements Propagator {
    @Override
    public void inject(ContextView context, BiConsumer<String, String> header) {
        for (Propagator propagator : propagators) {
            propagator.inject(context, header);
        }
    }

    @Override
    public Context extract(Context context, Function<String, @Nullable String> header) {
        Context extracted = context;
        for (Propagator propagator : propagators) {
            extracted = propagator.extract(extracted, header);
        }
        return extracted;
    }

    @Override
    public List<String> fields() {
        return propagators.stream()
                .flatMap(propagator -> propagator.fields().stream())
                .distinct()
                .toList();
    }
}
