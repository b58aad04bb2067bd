// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import java.util.Set;
import java.util.stream.Collectors;

/** The event loops of senders that began after this was made, so that no other test's loops are counted. */
public final class HttpThreads {
    private final Set<Thread> before = alive();

    /** How many of them live. */
    public long count() {
        return alive().stream().filter(thread -> !before.contains(thread)).count();
    }

    private static Set<Thread> alive() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("spanflux-http") && thread.isAlive())
                .collect(Collectors.toSet());
    }
}
