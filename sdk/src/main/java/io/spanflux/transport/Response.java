// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a server answered, its body within the bound of the sender. */
public final class Response {
    private static final int MAX_EXCERPT = 200;

    private final int status;
    private final Function<String, @Nullable String> headers;
    private final byte[] body;
    private final Secrets secrets;

    /**
     * A response.
     *
     * @param status the HTTP status
     * @param retryAfter the {@code Retry-After} header, null when there was none
     * @param body the body, empty when there was none
     */
    public Response(int status, @Nullable String retryAfter, byte[] body) {
        this(status, name -> name.equals(RetryAfter.HEADER) ? retryAfter : null, body, Secrets.NONE);
    }

    Response(int status, Function<String, @Nullable String> headers, byte[] body, Secrets secrets) {
        this.status = status;
        this.headers = headers;
        this.body = body.clone();
        this.secrets = secrets;
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
        return headers.apply(RetryAfter.HEADER);
    }

    /** A header, null when there was none. */
    @Nullable
    String header(String name) {
        return headers.apply(name);
    }

    /** The body. */
    public byte[] body() {
        return body.clone();
    }

    /** The first {@value #MAX_EXCERPT} characters of the body, as {@link #loggable} makes them. */
    public String excerpt() {
        return loggable(new String(body, StandardCharsets.UTF_8), MAX_EXCERPT);
    }

    /**
     * What of {@code text}, which comes out of the body, a log may show: {@code maxLength} characters on one line, with
     * three asterisks in the place of header values and of the URL's query that the request had.
     */
    public String loggable(String text, int maxLength) {
        // Masked first: of a secret that is cut the rest would not be found any more.
        String line = secrets.masked(text)
                .replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}\\s\\u202A-\\u202E\\u2066-\\u2069]+", " ")
                .strip();
        return line.length() > maxLength ? line.substring(0, maxLength) + "..." : line;
    }

    @Override
    public String toString() {
        return "Response{status=" + status + ", body=" + body.length + " bytes}";
    }
}
