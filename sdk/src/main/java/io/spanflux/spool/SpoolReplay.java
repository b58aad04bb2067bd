// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import reactor.core.publisher.Mono;

/** Where a spool's entries go when their time has come. Called on a thread that may block; must not throw. */
public interface SpoolReplay {
    /** Why spans left the spool without having been sent. */
    enum Loss {
        /** They were the oldest, and newer ones needed the room. */
        FULL,
        /** They were older than the spool keeps them. */
        EXPIRED,
        /** Their file could not be read. */
        DAMAGED
    }

    /**
     * Sends an entry until there is nothing more to be done about it; the value deletes it, and is run then. Subscribed to
     * for one entry at a time; cancelled when the spool is closed, which keeps the entry and runs nothing.
     *
     * @param own whether this process wrote it
     */
    Mono<Runnable> deliver(SpoolEntry entry, boolean own);

    /** Is told of {@code spans} that are lost; {@code own} is whether this process wrote them. */
    void lost(Loss loss, int spans, boolean own);
}
