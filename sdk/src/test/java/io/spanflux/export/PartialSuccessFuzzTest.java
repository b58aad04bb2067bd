// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.transport.Response;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import static org.assertj.core.api.Assertions.assertThat;

/** What a server says beside a 2xx: whatever it is, the batch was taken, and at most as many rejected as were sent. */
class PartialSuccessFuzzTest {
    @Provide
    static Arbitrary<String> bodies() {
        Arbitrary<String> near = Arbitraries.of(
                        "{",
                        "}",
                        "\"partialSuccess\":",
                        "\"rejectedSpans\":",
                        "\"errorMessage\":",
                        "\"7\"",
                        "-1",
                        "9223372036854775808",
                        "1e400",
                        "[[[[",
                        ",",
                        "null",
                        "\"a\\nb\\u202ec\"",
                        "\u0000")
                .list()
                .ofMaxSize(14)
                .map(pieces -> String.join("", pieces));
        return Arbitraries.oneOf(near, near, Arbitraries.strings().all().ofMaxLength(60));
    }

    @Property
    void anyBody_isUnderstoodOrNothingWasRejected(@ForAll("bodies") String body) {
        PartialSuccess partial =
                PartialSuccess.parse(new Response(200, null, body.getBytes(StandardCharsets.UTF_8)), 5);

        assertThat(partial.rejected()).isBetween(0, 5);
        assertThat(partial.message().length()).isLessThanOrEqualTo(510);
        assertThat(partial.message().chars()).noneMatch(Character::isISOControl);
    }
}
