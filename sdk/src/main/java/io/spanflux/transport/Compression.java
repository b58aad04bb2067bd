// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

/** How a body is compressed on its way. */
public enum Compression {
    /** Not at all. */
    NONE,
    /** {@code gzip}, at its fastest level. */
    GZIP
}
