// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.CorePublisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/**
 * Wraps a Publisher into a span for each subscription, for {@code transform}: a {@code Mono} stays a {@code Mono}, anything
 * else becomes a {@code Flux}. Made by {@link ReactiveTracer}.
 *
 * <p>Values, errors, demand and cancellation go through unchanged and on the threads they come on; conditional subscribers
 * and {@code Scannable} are kept, fusion is not offered. What is subscribed to upstream finds the span as its parent in the
 * {@code Context}, what is downstream does not.
 *
 * @param <T> the type of the values
 */
public final class TraceOperator<T> implements UnaryOperator<Publisher<T>> {
    private final ReactiveTracer tracer;
    private final Supplier<? extends SpanData> data;
    private final @Nullable ValueCallback<T> onNext;

    TraceOperator(ReactiveTracer tracer, Supplier<? extends SpanData> data, @Nullable ValueCallback<T> onNext) {
        this.tracer = tracer;
        this.data = data;
        this.onNext = onNext;
    }

    /** What a value tells about its span. */
    interface ValueCallback<T> {
        void accept(Span span, SpanData data, T value);
    }

    @Override
    public Publisher<T> apply(Publisher<T> source) {
        // With automatic context propagation, operators that Reactor does not know do not restore thread-locals around
        // them. Reactor's own contextWrite does, so it stands on both sides.
        boolean restoreThreadLocals = Hooks.isAutomaticContextPropagationEnabled();
        if (source instanceof Mono<T> mono) {
            return restoreThreadLocals
                    ? TraceMono.create(mono.contextWrite(context -> context), this)
                            .contextWrite(context -> context)
                    : TraceMono.create(mono, this);
        }
        Flux<T> flux = Flux.from(source);
        return restoreThreadLocals
                ? TraceFlux.create(flux.contextWrite(context -> context), this).contextWrite(context -> context)
                : TraceFlux.create(flux, this);
    }

    /** Subscribes {@code subscriber}, whose span ends even if the source throws instead of answering. */
    static <T> void subscribe(CorePublisher<T> source, CoreSubscriber<? super T> subscriber) {
        try {
            source.subscribe(subscriber);
        } catch (Throwable e) {
            if (subscriber instanceof TraceSubscriber<?> traced) {
                traced.end(e);
            }
            // Throws on what is fatal to Reactor.
            Operators.reportThrowInSubscribe(subscriber, e);
        }
    }

    /** Starts a span and returns the subscriber that ends it; {@code actual} itself should that fail. */
    CoreSubscriber<? super T> begin(CoreSubscriber<? super T> actual, boolean mono) {
        if (!tracer.tracer().isEnabled()) {
            return actual;
        }
        try {
            SpanData made = Objects.requireNonNull(data.get(), "the supplier returned null");
            Span span = tracer.tracer().start(made, actual.currentContext());
            ValueCallback<T> callback = span.isRecording() ? onNext : null;
            return mono
                    ? new MonoTraceSubscriber<>(actual, tracer, span, made, callback)
                    : new FluxTraceSubscriber<>(actual, tracer, span, made, callback);
        } catch (Throwable e) {
            tracer.failed(e);
            return actual;
        }
    }
}
