// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.genai.GenAiAttributes;
import io.spanflux.reactor.TraceOperator.ValueCallback;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Fuseable;
import reactor.core.Fuseable.ConditionalSubscriber;
import reactor.core.Scannable;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Passes signals through and ends the span with the last of them.
 *
 * <p>Threads: signals come one at a time, cancellation at any time. The first of completion, error, cancellation and the
 * span's maximum lifetime ends the span. A cancellation that arrives while a callback looks at a value leaves the end to
 * that thread, so that no callback ever writes to data that is being read.
 *
 * <p>One class for conditional and other subscribers: Reactor's sources ask by type, and for a downstream that is not
 * conditional {@code tryOnNext} is {@code onNext}.
 */
abstract class TraceSubscriber<T> implements ConditionalSubscriber<T>, Subscription, Scannable {
    @SuppressWarnings("rawtypes")
    private static final AtomicIntegerFieldUpdater<TraceSubscriber> PHASE =
            AtomicIntegerFieldUpdater.newUpdater(TraceSubscriber.class, "phase");

    private static final int OPEN = 0;
    private static final int IN_CALLBACK = 1;
    private static final int CANCELLED_IN_CALLBACK = 2;
    private static final int ENDED = 3;

    final CoreSubscriber<? super T> actual;
    private final @Nullable ConditionalSubscriber<? super T> conditional;
    final ReactiveTracer tracer;
    final Span span;
    final SpanData data;
    private final @Nullable ValueCallback<T> callback;
    private final Context context;

    private @Nullable Subscription upstream;
    private volatile int phase;
    private volatile boolean cancelled;

    TraceSubscriber(
            CoreSubscriber<? super T> actual,
            ReactiveTracer tracer,
            Span span,
            SpanData data,
            @Nullable ValueCallback<T> callback) {
        this.actual = actual;
        this.conditional = conditionalOrNull(actual);
        this.tracer = tracer;
        this.span = span;
        this.data = data;
        this.callback = callback;
        this.context = span.storeIn(actual.currentContext());
    }

    @SuppressWarnings("unchecked") // A conditional subscriber of T by contract: it was subscribed with onNext(T).
    private static <T> @Nullable ConditionalSubscriber<? super T> conditionalOrNull(CoreSubscriber<? super T> actual) {
        return actual instanceof Fuseable.ConditionalSubscriber<?> ? (ConditionalSubscriber<? super T>) actual : null;
    }

    @Override
    public Context currentContext() {
        return context;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            actual.onSubscribe(this);
        }
    }

    /** A value has come and is about to be passed on. */
    abstract void beforeNext(T value);

    @Override
    public void onNext(T value) {
        beforeNext(value);
        actual.onNext(value);
    }

    @Override
    public boolean tryOnNext(T value) {
        beforeNext(value);
        if (conditional != null) {
            return conditional.tryOnNext(value);
        }
        actual.onNext(value);
        return true;
    }

    @Override
    public void onError(Throwable failure) {
        end(cancelled ? null : failure);
        actual.onError(failure);
    }

    @Override
    public void onComplete() {
        end(null);
        actual.onComplete();
    }

    @Override
    public void request(long n) {
        Subscription subscription = upstream;
        if (subscription != null) {
            subscription.request(n);
        }
    }

    /** Upstream first: spans inside end before this one. */
    @Override
    public void cancel() {
        cancelled = true;
        try {
            Subscription subscription = upstream;
            if (subscription != null) {
                subscription.cancel();
            }
        } finally {
            end(null);
        }
    }

    /** Shows a value to the callback, if there is one and the span has not ended. */
    final void observe(T value) {
        ValueCallback<T> onNext = callback;
        if (onNext == null || !PHASE.compareAndSet(this, OPEN, IN_CALLBACK)) {
            return;
        }
        try {
            onNext.accept(span, data, value);
        } catch (Throwable e) {
            tracer.failed(e);
        } finally {
            if (!PHASE.compareAndSet(this, IN_CALLBACK, OPEN)) {
                phase = ENDED;
                finish(null);
            }
        }
    }

    /** Ends the span, once; {@code failure} is null when there was none. */
    final void end(@Nullable Throwable failure) {
        while (true) {
            int current = phase;
            if (current == OPEN) {
                if (PHASE.compareAndSet(this, OPEN, ENDED)) {
                    finish(failure);
                    return;
                }
            } else if (current != IN_CALLBACK || PHASE.compareAndSet(this, IN_CALLBACK, CANCELLED_IN_CALLBACK)) {
                return;
            }
        }
    }

    private void finish(@Nullable Throwable failure) {
        if (!span.isRecording()) {
            return;
        }
        // An error that ended the span is what ended it, even if a cancellation came meanwhile.
        boolean byCancellation = cancelled && failure == null;
        try {
            if (byCancellation) {
                span.attribute(GenAiAttributes.CANCELLED, true);
            }
            describeEnd(byCancellation, failure);
            if (failure != null) {
                span.error(failure);
            }
        } catch (Throwable e) {
            tracer.failed(e);
        } finally {
            span.end();
        }
    }

    /** Says what was measured, just before the span ends. */
    abstract void describeEnd(boolean cancelled, @Nullable Throwable failure);

    @Override
    @SuppressWarnings("rawtypes") // Reactor's signature.
    public @Nullable Object scanUnsafe(Attr key) {
        if (key.equals(Attr.PARENT)) {
            return upstream;
        }
        if (key.equals(Attr.ACTUAL)) {
            return actual;
        }
        if (key.equals(Attr.RUN_STYLE)) {
            return Attr.RunStyle.SYNC;
        }
        if (key.equals(Attr.CANCELLED)) {
            return cancelled;
        }
        return null;
    }
}
