// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

/**
 * An answer that is not what the protocol says, or that the provider itself broke off. Its message ends up on spans and in
 * logs, so it never quotes the answer: that is content.
 */
final class OpenAiException extends RuntimeException {
    OpenAiException(String message) {
        super(message);
    }
}
