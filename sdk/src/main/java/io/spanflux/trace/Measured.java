// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/** What waits in a queue that is bounded by bytes. */
public interface Measured {
    /** Roughly how many bytes this holds alive or takes on the wire. Cheap, and the same each time while it is queued. */
    int estimatedBytes();
}
