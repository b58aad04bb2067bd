// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** The {@code Retry-After} header: seconds or an HTTP date, from a server that may be broken or hostile. */
final class RetryAfter {
    /** A server may slow us down, not switch us off. */
    static final Duration MAX = Duration.ofSeconds(60);

    private RetryAfter() {}

    /** How long to wait at least; zero when the header is missing, in the past or cannot be read. */
    static Duration parse(@Nullable String header, Instant now) {
        if (header == null) {
            return Duration.ZERO;
        }
        String text = header.strip();
        if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
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
