// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Is told of each attempt to send something, where the Context of a subscription to {@link ReactorNettySender#send} holds
 * one: for those who debug. Targets are those of {@link PayloadSender#target}.
 *
 * <p>Threads: whatever thread sends, often an event loop. Must neither block nor throw.
 */
public interface SendingWatch {
    /** An attempt begins. */
    void sending(String target);

    /** It was answered with a status. */
    void answered(String target, int status);

    /** It was not answered. */
    void failed(String target, Throwable failure);

    /** This, told of a body with so many records. */
    SendingWatch of(int records);

    /** The one in {@code context}, null where nobody watches. */
    static @Nullable SendingWatch from(ContextView context) {
        return context.getOrDefault(SendingWatch.class, null);
    }

    /** {@code context} for sending so many records. */
    static Context counting(Context context, int records) {
        SendingWatch watch = from(context);
        return watch == null ? context : context.put(SendingWatch.class, watch.of(records));
    }
}
