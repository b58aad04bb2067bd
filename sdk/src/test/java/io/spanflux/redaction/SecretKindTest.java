// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Each line of {@code samples.tsv}, by the kind alone. */
class SecretKindTest {
    static List<Sample> samples() {
        return Sample.all();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void redact_sample_isReplacedOrTheSameInstance(Sample sample) {
        SecretRedactor redactor = SecretRedactor.of(sample.kind());

        String redacted = redactor.redact(sample.text());

        assertThat(redacted).isEqualTo(sample.redacted());
        assertThat(redactor.redact(redacted)).as("again").isSameAs(redacted);
        if (!sample.isSecret()) {
            assertThat(redacted).isSameAs(sample.text());
        }
        assertThat(redactor.failures()).isZero();
    }

    @Test
    void samples_ofEachKind_haveSecretsAndNearMisses() {
        Map<SecretKind, Set<Boolean>> seen = new EnumMap<>(SecretKind.class);
        samples()
                .forEach(sample -> seen.computeIfAbsent(sample.kind(), kind -> new HashSet<>())
                        .add(sample.isSecret()));

        assertThat(seen).containsOnlyKeys(SecretKind.values());
        assertThat(seen.values()).allSatisfy(both -> assertThat(both).hasSize(2));
    }
}
