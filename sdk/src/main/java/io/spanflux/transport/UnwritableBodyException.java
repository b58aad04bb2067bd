// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.io.IOException;

/** A body could not be written; it would fail again. */
public final class UnwritableBodyException extends IOException {
    UnwritableBodyException(Throwable cause) {
        super("the body could not be written: " + cause.getClass().getName(), cause);
    }
}
