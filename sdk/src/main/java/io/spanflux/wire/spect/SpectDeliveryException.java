// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

/** A session was not delivered; the message says why, without credentials and content. */
public final class SpectDeliveryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SpectDeliveryException(String message) {
        super(message, null, false, false);
    }
}
