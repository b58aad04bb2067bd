// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.diagnostics;

/** What must not be caught, even where nothing may reach the traced call. */
public final class FatalErrors {
    private FatalErrors() {}

    /**
     * Throws {@code failure} on if it is an error of the JVM itself, after which nothing can be relied on. A
     * {@code StackOverflowError} is not: code that called itself too often has been unwound by the time it is caught here,
     * and nothing else has suffered.
     */
    public static void propagate(Throwable failure) {
        if (failure instanceof VirtualMachineError fatal && !(failure instanceof StackOverflowError)) {
            throw fatal;
        }
    }
}
