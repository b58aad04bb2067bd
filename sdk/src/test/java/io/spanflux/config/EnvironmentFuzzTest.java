// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.config;

import java.time.Duration;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import static org.assertj.core.api.Assertions.assertThat;

/** Variables are garbage now and then, and no reason for a service not to start. */
class EnvironmentFuzzTest {
    @Provide
    static Arbitrary<String> values() {
        Arbitrary<String> near =
                Arbitraries.strings().withChars("ab=,%2G0+- .e\u00e9\u0000").ofMaxLength(60);
        return Arbitraries.oneOf(near, near, Arbitraries.strings().all().ofMaxLength(60));
    }

    @Property
    void anyValue_isReadOrIgnored(@ForAll("values") String value) {
        Environment environment = Environment.of(Map.of("X", value));

        assertThat(environment.pairs("X")).doesNotContainKey("").doesNotContainValue(null);
        assertThat(environment.list("X")).allSatisfy(item -> assertThat(item).isNotBlank());
        environment.flag("X");
        environment.integer("X", 1).ifPresent(number -> assertThat(number).isPositive());
        assertThat(environment.millis("X", 0))
                .satisfiesAnyOf(
                        duration -> assertThat(duration).isNull(),
                        duration -> assertThat(duration).isGreaterThanOrEqualTo(Duration.ZERO));
        environment
                .number("X", 0, 1)
                .ifPresent(number -> assertThat(number >= 0 && number <= 1).isTrue());
    }
}
