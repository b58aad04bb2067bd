// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.propagation.Propagator;
import io.spanflux.trace.Scope;
import io.spanflux.wire.tracentic.TracenticScope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Recipe: the trace and the scope of an order go with it through a message queue, as properties of the message. A queue that
 * allows no hyphen in names of properties (JMS) needs them translated here, in both directions.
 */
final class OrderQueue {
    private final Propagator propagator;

    /** {@code propagator} is {@code Spanflux.propagator()}, with {@link TracenticScope#propagator()} among its parts. */
    OrderQueue(Propagator propagator) {
        this.propagator = propagator;
    }

    /** What the queue carries. */
    record Message(String body, Map<String, String> properties) {}

    /** The producer: says in the message where the subscriber is. */
    Mono<Message> message(String body) {
        return Mono.deferContextual(context -> {
            Map<String, String> properties = new LinkedHashMap<>();
            propagator.inject(context, properties::put);
            return Mono.just(new Message(body, properties));
        });
    }

    /** The consumer: {@code handler} goes on where the producer was, in a scope of its own. */
    <T> Mono<T> handled(Message message, Function<String, Mono<T>> handler) {
        return Mono.defer(() -> handler.apply(message.body()))
                .contextWrite(Scope.named("fulfillment"))
                .contextWrite(context -> propagator.extract(context, message.properties()::get));
    }

    /** The scope alone, for a producer without a propagator. */
    static Mono<Message> messageByHand(String body) {
        return Mono.deferContextual(context -> {
            String id = Scope.from(context).id();
            return Mono.just(new Message(body, id == null ? Map.of() : Map.of(TracenticScope.HEADER, id)));
        });
    }

    /** The scope alone, for a consumer without a propagator; whoever says nothing is the parent of nothing. */
    static Scope scopeByHand(Message message) {
        @Nullable String parent = message.properties().get(TracenticScope.HEADER);
        Scope own = Scope.named("fulfillment");
        return own.enteredIn(parent == null ? Scope.none() : Scope.remote(parent));
    }
}
