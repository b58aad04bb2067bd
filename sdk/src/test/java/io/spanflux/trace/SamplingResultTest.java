// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class SamplingResultTest {
    @Test
    void factories_decideAndSayNothingElse() {
        assertThat(SamplingResult.drop())
                .isEqualTo(new SamplingResult(SamplingResult.Decision.DROP, Attributes.empty(), null));
        assertThat(SamplingResult.record())
                .isEqualTo(new SamplingResult(SamplingResult.Decision.RECORD, Attributes.empty(), null));
        assertThat(SamplingResult.sample())
                .isEqualTo(new SamplingResult(SamplingResult.Decision.SAMPLE, Attributes.empty(), null));
    }

    @Test
    void new_missingParts_areRefusedByName() {
        assertThatThrownBy(() -> new SamplingResult(null, Attributes.empty(), null))
                .hasMessage("decision == null");
        assertThatThrownBy(() -> new SamplingResult(SamplingResult.Decision.DROP, null, null))
                .hasMessage("attributes == null");
    }
}
