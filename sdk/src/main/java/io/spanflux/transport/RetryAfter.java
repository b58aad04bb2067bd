// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * How long a server wants to be left alone: {@code retry-after-ms}, which OpenAI sends besides, else {@code Retry-After} in
 * seconds or as an HTTP date; from a server that may be broken or hostile.
 */
final class RetryAfter {
    static final String HEADER = "Retry-After";
    static final String MILLIS_HEADER = "retry-after-ms";

    /** A server may slow us down, not switch us off. */
    static final Duration MAX = Duration.ofSeconds(60);

    private RetryAfter() {}

    /** How long to wait at least; zero when no header says so that can be read. */
    static Duration of(Response response, Instant now) {
        String millis = response.header(MILLIS_HEADER);
        if (millis != null) {
            // A fraction of a millisecond is nothing.
            String whole = millis.strip().replaceFirst("\\.[0-9]*$", "");
            if (whole.length() <= 9 && isDigits(whole)) {
                return capped(Duration.ofMillis(Long.parseLong(whole)));
            }
        }
        return parse(response.retryAfter(), now);
    }

    private static boolean isDigits(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** How long to wait at least; zero when the header is missing, in the past or cannot be read. */
    static Duration parse(@Nullable String header, Instant now) {
        if (header == null) {
            return Duration.ZERO;
        }
        String text = header.strip();
        if (isDigits(text)) {
            // Ten digits are three centuries already.
            return text.length() > 9 ? MAX : capped(Duration.ofSeconds(Long.parseLong(text)));
        }
        try {
            Instant date = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            return capped(Duration.between(now, date));
        } catch (DateTimeException e) {
            return Duration.ZERO;
        }
    }

    private static Duration capped(Duration wait) {
        if (wait.isNegative()) {
            return Duration.ZERO;
        }
        return wait.compareTo(MAX) > 0 ? MAX : wait;
    }
}
