// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/** Throws what the compiler would not allow, as Kotlin's and Groovy's code does. */
final class Sneaky {
    private Sneaky() {}

    @SuppressWarnings("unchecked") // The point of it.
    static <E extends Throwable> RuntimeException rethrow(Throwable thrown) throws E {
        throw (E) thrown;
    }
}
