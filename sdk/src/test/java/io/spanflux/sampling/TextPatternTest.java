// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class TextPatternTest {
    @ParameterizedTest
    @CsvSource({
        "gpt-4o, gpt-4o, true",
        "gpt-4o, gpt-4o-mini, false",
        "gpt-4o, my-gpt-4o, false",
        "gpt-4o, GPT-4o, false",
        "gpt-4o*, gpt-4o, true",
        "gpt-4o*, gpt-4o-mini, true",
        "gpt-4o*, gpt-4, false",
        "*mini, gpt-4o-mini, true",
        "*mini, gpt-4o-mini-2024, false",
        "*, '', true",
        "*, anything, true",
        "**, '', true",
        "a*b*c, abc, true",
        "a*b*c, a-b-b-c, true",
        "a*b*c, a-c-b, false",
        "*ab, aab, true",
        "a.c, abc, false",
        "a?c, abc, false",
        "x, '', false",
    })
    void matches_starsStandForAnyText(String pattern, String text, boolean matches) {
        assertThat(new TextPattern(pattern).matches(text)).isEqualTo(matches);
    }

    @Test
    void matches_aHostileText_takesNoLongerThanTheProductOfTheLengths() {
        assertThat(new TextPattern("*a*a*a*a*a*a*a*a*b").matches("a".repeat(100_000)))
                .isFalse();
    }

    @Test
    void pattern_thatSaysNothing_isRefused() {
        assertThatThrownBy(() -> new TextPattern("")).hasMessage("pattern is empty");
        assertThatNullPointerException().isThrownBy(() -> new TextPattern(null)).withMessage("pattern == null");
    }
}
