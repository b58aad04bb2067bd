// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.io.IOException;

/** A server answered with more than a client may read; trying again would only bring more of it. */
public final class ResponseTooLargeException extends IOException {
    ResponseTooLargeException(int limit) {
        super("the response is larger than " + limit + " bytes");
    }
}
