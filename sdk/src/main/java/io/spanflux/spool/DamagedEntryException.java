// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import java.io.IOException;

/** A file is not a whole entry. Says why, never what is in it. */
final class DamagedEntryException extends IOException {
    DamagedEntryException(String message) {
        super(message);
    }
}
