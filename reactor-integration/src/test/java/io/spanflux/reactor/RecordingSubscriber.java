// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** Writes down each signal it gets; a script says what it asks for and when it cancels. */
final class RecordingSubscriber<T> implements CoreSubscriber<T> {
    final List<String> signals = new ArrayList<>();
    private final long first;
    private final BiConsumer<RecordingSubscriber<T>, Integer> afterValue;
    private Subscription subscription;
    private int values;

    private RecordingSubscriber(long first, BiConsumer<RecordingSubscriber<T>, Integer> afterValue) {
        this.first = first;
        this.afterValue = afterValue;
    }

    /** Asks for everything. */
    static <T> RecordingSubscriber<T> unbounded() {
        return new RecordingSubscriber<>(Long.MAX_VALUE, (subscriber, count) -> {});
    }

    /** Asks for one value after the other. */
    static <T> RecordingSubscriber<T> oneByOne() {
        return new RecordingSubscriber<>(1, (subscriber, count) -> subscriber.request(1));
    }

    /** Asks for everything and cancels after so many values; at once for 0. */
    static <T> RecordingSubscriber<T> cancellingAfter(int cancelAt) {
        return new RecordingSubscriber<>(Long.MAX_VALUE, (subscriber, count) -> {
            if (count == cancelAt) {
                subscriber.cancel();
            }
        });
    }

    void request(long n) {
        subscription.request(n);
    }

    void cancel() {
        signals.add("(cancelled)");
        subscription.cancel();
    }

    @Override
    public void onSubscribe(Subscription s) {
        subscription = s;
        signals.add("subscribed");
        s.request(first);
        afterValue.accept(this, 0);
    }

    @Override
    public void onNext(T value) {
        signals.add("next " + value);
        afterValue.accept(this, ++values);
    }

    @Override
    public void onError(Throwable failure) {
        // Reactor's time-out names the operator above it, which tracing changes.
        String message = String.valueOf(failure.getMessage()).replaceAll(" in '\\w+'", "");
        signals.add("error " + failure.getClass().getSimpleName() + ' ' + message);
    }

    @Override
    public void onComplete() {
        signals.add("complete");
    }
}
