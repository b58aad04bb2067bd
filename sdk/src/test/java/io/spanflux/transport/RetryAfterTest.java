// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class RetryAfterTest {
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        " 7 , 7",
        "60, 60",
        "61, 60",
        "3600, 60",
        "999999999, 60",
        "99999999999999999999999999, 60",
        "000000000000000000000005, 60"
    })
    void parse_seconds(String header, int seconds) {
        assertThat(RetryAfter.parse(header, NOW)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Sat, 21 Nov 2026 10:00:05 GMT | 5", "Sat, 21 Nov 2026 10:10:00 GMT | 60",
                "Sat, 21 Nov 2026 09:59:00 GMT | 0", "Fri, 31 Dec 9999 23:59:59 GMT | 60"
            })
    void parse_date(String header, int seconds) {
        assertThat(RetryAfter.parse(header, NOW)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "soon",
                "-1",
                "1.5",
                "+3",
                "5 seconds",
                "NaN",
                "Sat, 99 Nov 2026 10:00:05 GMT",
                "\u0665",
                "٣"
            })
    void parse_garbage_isNoWait(String header) {
        assertThat(RetryAfter.parse(header, NOW)).isEqualTo(Duration.ZERO);
    }

    @Test
    void parse_nothing_isNoWait() {
        assertThat(RetryAfter.parse(null, NOW)).isEqualTo(Duration.ZERO);
    }
}
