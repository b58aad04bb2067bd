// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Sends a body and tells what the server answered.
 *
 * <p>Threads: {@link #send} may be subscribed to on any thread and never blocks it.
 */
public interface PayloadSender {
    /**
     * Sends {@code payload} once for each subscription. Any answer of the server is a value, whatever its status; an
     * error means that there was no answer, or one that could not be read.
     */
    Mono<Response> send(Payload payload);

    /**
     * Whether this sends again after {@code response}, so that time had run out where it is the last one. Default after 429,
     * 502, 503 and 504.
     */
    default boolean isTriedAgain(Response response) {
        return RetryingSender.isOverload(response.status());
    }

    /** Where this sends to, for log messages: never with credentials or a query. */
    String target();

    /**
     * Does ahead what would make a process's first request slow, such as loading classes, with a body like those that will be
     * sent, made where it is needed. Sends nothing, leaves nothing open, never fails. Default: nothing.
     */
    default Mono<Void> warmUp(Supplier<Payload> example) {
        return Mono.empty();
    }

    /** Cuts short a wait that this sender chose by itself before trying again; not one that the server asked for. */
    default void retryNow() {}

    /**
     * What the last attempt failed on: {@code status 503}, the class of an exception. Null when it succeeded, and where a
     * sender does not know, which is the default.
     */
    default @Nullable String obstacle() {
        return null;
    }

    /** Closes connections and threads. What is sent after that opens them anew. */
    Mono<Void> close();
}
