// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which traces a server has been told of, so that each is told once.
 *
 * <p>Bound: the last {@value #GENERATION} to twice as many; the item of a trace that is forgotten meanwhile is sent again.
 *
 * <p>Threads: any; threads that race may forget a few early.
 */
final class AnnouncedTraces {
    static final int GENERATION = 4096;

    /** A trace as one account of the server knows it. */
    record Announced(String traceId, @Nullable String key) {
        /** Without the key, which is a secret. */
        @Override
        public String toString() {
            return "Announced{" + traceId + '}';
        }
    }

    private volatile Set<Announced> current = ConcurrentHashMap.newKeySet();
    private volatile Set<Announced> previous = Set.of();

    boolean contains(Announced trace) {
        return current.contains(trace) || previous.contains(trace);
    }

    void add(Announced trace) {
        Set<Announced> latest = current;
        if (latest.add(trace) && latest.size() >= GENERATION) {
            previous = latest;
            current = ConcurrentHashMap.newKeySet();
        }
    }
}
