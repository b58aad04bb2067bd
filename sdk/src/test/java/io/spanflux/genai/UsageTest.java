// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class UsageTest {
    @Test
    void new_negativeCounts_areNotKnown() {
        assertThat(new Usage(-1L, -2L, -3L, -4L, -5L)).isEqualTo(new Usage(null, null, null, null, null));
        assertThat(Usage.of(-1, 5)).isEqualTo(new Usage(null, 5L, null, null, null));
    }

    @Test
    void new_zero_isACount() {
        assertThat(new Usage(0L, 0L, 0L, 0L, 0L).inputTokens()).isZero();
    }

    @Test
    void with_changesItsPartOnly() {
        Usage usage = Usage.of(1, 2).withCache(3L, 4L).withReasoning(5L);

        assertThat(usage).isEqualTo(new Usage(1L, 2L, 3L, 4L, 5L));
        assertThat(usage.withCache(null, null)).isEqualTo(new Usage(1L, 2L, null, null, 5L));
        assertThat(usage.withReasoning(null)).isEqualTo(new Usage(1L, 2L, 3L, 4L, null));
    }

    @Test
    void withAudio_changesNothingElse() {
        Usage usage = new Usage(1L, 2L, 3L, 4L, 5L).withAudio(6L, -7L);

        assertThat(usage).isEqualTo(new Usage(1L, 2L, 3L, 4L, 5L).withAudio(6L, null));
        assertThat(usage.withCache(null, null)).isEqualTo(new Usage(1L, 2L, null, null, 5L).withAudio(6L, null));
        assertThat(usage.withReasoning(null)).isEqualTo(new Usage(1L, 2L, 3L, 4L, null).withAudio(6L, null));
    }

    @Test
    void plus_addsWhatIsKnown() {
        Usage.Modality text = new Usage.Modality(1L, null, 3L);
        Usage one = new Usage(1L, 2L, 3L, null, 5L).withModalities(text, text, text);
        Usage.Modality both = new Usage.Modality(2L, null, 6L);

        assertThat(one.plus(one)).isEqualTo(new Usage(2L, 4L, 6L, null, 10L).withModalities(both, both, both));
        assertThat(one.plus(new Usage(null, 1L, null, 4L, null)))
                .isEqualTo(new Usage(1L, 3L, 3L, 4L, 5L).withModalities(text, text, text));
        assertThat(Usage.of(Long.MAX_VALUE, 1).plus(Usage.of(1, 1)))
                .as("more than can be counted")
                .isEqualTo(new Usage(null, 2L, null, null, null));
    }
}
