// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.propagation.Propagator;
import io.spanflux.trace.Scope;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What links the scopes of several services: Tracentic shows a scope below the one whose id it names as its parent.
 *
 * <p>Tracentic's scopes have names. One of ours without a name, as baggage makes them, is passed over in favour of the
 * next one around it.
 */
public final class TracenticScope {
    /** The header that carries the id of the caller's scope. */
    public static final String HEADER = "x-tracentic-scope-id";

    /**
     * An attribute of a {@link Scope}: what the scope is about in the words of the business, an order or a ticket, by which
     * Tracentic finds scopes that no header links. Inherited by the scopes inside.
     */
    public static final String CORRELATION_ID = "tracentic.scope.correlation_id";

    /** Theirs have 32 characters. */
    private static final int MAX_ID_LENGTH = 256;

    private static final Propagator PROPAGATOR = new ScopePropagator();

    private TracenticScope() {}

    /**
     * Writes the id of the current scope as {@value #HEADER}, and makes the one that comes in the parent of the scopes
     * that are entered below; spans in no scope of this service count to the caller's. For headers of HTTP and properties
     * of messages alike. An id that is empty, longer than 256 characters or not visible ASCII is dropped.
     *
     * <pre>{@code
     * Spanflux.builder().addPropagator(TracenticScope.propagator())
     * }</pre>
     */
    public static Propagator propagator() {
        return PROPAGATOR;
    }

    /** The nearest of {@code scope} and those around it that Tracentic has a word for; null when there is none. */
    static @Nullable Scope nearest(@Nullable Scope scope) {
        Scope known = scope;
        while (known != null && (known.id() == null || (known.name() == null && !known.isRemote()))) {
            known = known.parent();
        }
        return known;
    }

    private static final class ScopePropagator implements Propagator {
        @Override
        public void inject(ContextView context, BiConsumer<String, String> header) {
            Scope scope = nearest(Scope.from(context));
            if (scope != null && scope.id() != null) {
                header.accept(HEADER, scope.id());
            }
        }

        @Override
        public Context extract(Context context, Function<String, @Nullable String> header) {
            String id = header.apply(HEADER);
            return id == null || !isValid(id.strip())
                    ? context
                    : Scope.remote(id.strip()).apply(context);
        }

        private static boolean isValid(String id) {
            return !id.isEmpty() && id.length() <= MAX_ID_LENGTH && id.chars().allMatch(c -> c > 0x20 && c < 0x7F);
        }

        @Override
        public List<String> fields() {
            return List.of(HEADER);
        }

        @Override
        public String toString() {
            return HEADER;
        }
    }
}
