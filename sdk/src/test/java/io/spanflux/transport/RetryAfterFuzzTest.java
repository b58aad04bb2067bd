// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.time.Duration;
import java.time.Instant;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import static org.assertj.core.api.Assertions.assertThat;

class RetryAfterFuzzTest {
    @Provide
    static Arbitrary<String> headers() {
        Arbitrary<String> near = Arbitraries.of(
                        "Sun, ",
                        "06 ",
                        "Nov ",
                        "1994 ",
                        "9999 ",
                        "08:49:37 ",
                        "GMT",
                        "+9999",
                        "12",
                        "-",
                        " ",
                        "99999999999")
                .list()
                .ofMaxSize(7)
                .map(pieces -> String.join("", pieces));
        return Arbitraries.oneOf(near, near, Arbitraries.strings().all().ofMaxLength(40));
    }

    @Property
    void anyHeader_isBetweenNothingAndItsCap(@ForAll("headers") String header) {
        assertThat(RetryAfter.parse(header, Instant.EPOCH)).isBetween(Duration.ZERO, RetryAfter.MAX);
    }
}
