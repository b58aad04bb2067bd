// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class ResourceTest {
    private final Resource resource =
            Resource.of(Attributes.of("service.name", "old").with("host.name", "h"));

    @Test
    void merge_valuesOfTheOtherWin() {
        Resource merged = resource.merge(Resource.of(Map.of("service.name", "new")));

        assertThat(merged.attributes().asMap()).containsExactly(entry("service.name", "new"), entry("host.name", "h"));
        assertThat(resource.attributes().get("service.name")).isEqualTo("old");
    }

    @Test
    void merge_withNothing_isEqual() {
        Resource nothing = Resource.of(Attributes.empty());

        assertThat(resource.merge(nothing)).isEqualTo(resource).hasSameHashCodeAs(resource);
        assertThat(nothing.merge(resource)).isEqualTo(resource);
        assertThat(nothing).isNotEqualTo(resource);
    }

    @Test
    void of_isExemptFromLimits() {
        Attributes many = Attributes.empty();
        for (int i = 0; i < 200; i++) {
            many = many.with("key" + i, "x".repeat(10_000));
        }

        Span span = Tracer.builder()
                .resource(Resource.of(many))
                .build()
                .span("span")
                .start();

        assertThat(span.resource().attributes()).isEqualTo(many);
    }

    @Test
    void of_null_isRefusedByName() {
        assertThatThrownBy(() -> Resource.of((Attributes) null)).hasMessage("attributes == null");
    }

    @Test
    void toString_showsKeysOnly() {
        assertThat(resource).hasToString("Resource[service.name, host.name]");
    }
}
