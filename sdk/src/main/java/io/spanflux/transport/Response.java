// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What a server answered, its body within the bound of the sender. */
public final class Response {
    private static final int MAX_EXCERPT = 200;

    private final int status;
    private final @Nullable String retryAfter;
    private final byte[] body;

    /**
     * A response.
     *
     * @param status the HTTP status
     * @param retryAfter the {@code Retry-After} header, null when there was none
     * @param body the body, empty when there was none
     */
    public Response(int status, @Nullable String retryAfter, byte[] body) {
        this.status = status;
        this.retryAfter = retryAfter;
        this.body = body.clone();
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** Whether the status is 2xx. */
    public boolean isSuccess() {
        return status >= 200 && status < 300;
    }

    /** The {@code Retry-After} header, null when there was none. */
    public @Nullable String retryAfter() {
        return retryAfter;
    }

    /** The body. */
    public byte[] body() {
        return body.clone();
    }

    /** The first {@value #MAX_EXCERPT} characters of the body on one line, for a log message. */
    public String excerpt() {
        int length = Math.min(body.length, 4 * MAX_EXCERPT);
        String text = new String(body, 0, length, StandardCharsets.UTF_8)
                .replaceAll("[\\p{Cntrl}\\s\\u202A-\\u202E\\u2066-\\u2069]+", " ")
                .strip();
        return text.length() > MAX_EXCERPT ? text.substring(0, MAX_EXCERPT) + "..." : text;
    }

    @Override
    public String toString() {
        return "Response{status=" + status + ", body=" + body.length + " bytes}";
    }
}
