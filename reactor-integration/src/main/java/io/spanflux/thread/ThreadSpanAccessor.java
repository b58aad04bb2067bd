// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.thread;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ThreadLocalAccessor;
import io.spanflux.trace.Span;
import org.jspecify.annotations.Nullable;

/**
 * Carries the span between Reactor's {@code Context} and threads, by Micrometer's context-propagation. Not found by itself, since it
 * would be in every application that has both: one line registers it.
 *
 * <pre>{@code
 * ThreadSpanAccessor.register();
 * Hooks.enableAutomaticContextPropagation();      // or spring.reactor.context-propagation=auto
 * }</pre>
 *
 * <p>Threads: any.
 */
public final class ThreadSpanAccessor implements ThreadLocalAccessor<Span> {
    private ThreadSpanAccessor() {}

    /** Registers it for this process; again is once. */
    public static void register() {
        ContextRegistry.getInstance().registerThreadLocalAccessor(new ThreadSpanAccessor());
    }

    /** Takes the registration back. */
    public static void unregister() {
        ContextRegistry.getInstance().removeThreadLocalAccessor(Span.class);
    }

    /** The key of the span in Reactor's {@code Context}. */
    @Override
    public Object key() {
        return Span.class;
    }

    @Override
    public @Nullable Span getValue() {
        return ThreadSpan.current();
    }

    @Override
    public void setValue(Span span) {
        ThreadSpan.set(span);
    }

    @Override
    public void setValue() {
        ThreadSpan.clear();
    }
}
