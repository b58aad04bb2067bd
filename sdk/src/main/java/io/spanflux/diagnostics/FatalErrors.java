// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.diagnostics;

/** What must not be caught, even where nothing may reach the traced call. */
public final class FatalErrors {
    private FatalErrors() {}

    /** Throws {@code failure} on if it is an error of the JVM itself, after which nothing can be relied on. */
    public static void propagate(Throwable failure) {
        if (failure instanceof VirtualMachineError fatal) {
            throw fatal;
        }
    }
}
