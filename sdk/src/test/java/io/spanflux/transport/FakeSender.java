// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;

/** Answers as a script says and remembers when it was asked. Single-threaded, for virtual time. */
final class FakeSender implements PayloadSender {
    final List<Duration> sentAt = new ArrayList<>();
    final Queue<Supplier<Mono<Response>>> script = new ArrayDeque<>();
    Supplier<Mono<Response>> otherwise = () -> Mono.just(response(200));
    int closes;
    int cancelled;
    private final LongSupplier nanos;

    FakeSender(LongSupplier nanos) {
        this.nanos = nanos;
    }

    static Response response(int status) {
        return response(status, null);
    }

    static Response response(int status, String retryAfter) {
        return new Response(status, retryAfter, new byte[0]);
    }

    FakeSender then(int... statuses) {
        for (int status : statuses) {
            script.add(() -> Mono.just(response(status)));
        }
        return this;
    }

    FakeSender then(int status, String retryAfter) {
        script.add(() -> Mono.just(response(status, retryAfter)));
        return this;
    }

    FakeSender then(int status, String header, String value) {
        script.add(() ->
                Mono.just(new Response(status, name -> name.equals(header) ? value : null, new byte[0], Secrets.NONE)));
        return this;
    }

    FakeSender then(Throwable failure) {
        script.add(() -> Mono.error(failure));
        return this;
    }

    FakeSender always(Supplier<Mono<Response>> answer) {
        otherwise = answer;
        return this;
    }

    /** The waits between attempts, in milliseconds. */
    List<Long> waits() {
        List<Long> waits = new ArrayList<>();
        for (int i = 1; i < sentAt.size(); i++) {
            waits.add(sentAt.get(i).minus(sentAt.get(i - 1)).toMillis());
        }
        return waits;
    }

    @Override
    public Mono<Response> send(Payload payload) {
        return Mono.defer(() -> {
                    sentAt.add(Duration.ofNanos(nanos.getAsLong()));
                    Supplier<Mono<Response>> next = script.poll();
                    return (next == null ? otherwise : next).get();
                })
                .doOnCancel(() -> cancelled++);
    }

    @Override
    public String target() {
        return "http://fake.test/v1/traces";
    }

    @Override
    public Mono<Void> close() {
        return Mono.fromRunnable(() -> closes++);
    }

    @Override
    public String toString() {
        return "FakeSender";
    }
}
