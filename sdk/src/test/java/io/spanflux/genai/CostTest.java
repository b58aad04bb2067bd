// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class CostTest {
    private static final Cost.Parts PARTS = new Cost.Parts(
            BigDecimal.ONE,
            BigDecimal.ONE,
            BigDecimal.ONE,
            BigDecimal.ONE,
            BigDecimal.ONE,
            BigDecimal.ONE,
            BigDecimal.TEN);

    @Test
    void of_isTheSumOfItsParts() {
        assertThat(Cost.of(PARTS, "USD").total()).isEqualByComparingTo("16");
        assertThat(Cost.of(PARTS, "USD").source()).isEqualTo("local");
        assertThat(Cost.reported(BigDecimal.ONE, "USD").source()).isEqualTo("provider");
    }

    @Test
    void plus_isTheSum_whereThereIsOne() {
        Cost cost = Cost.of(PARTS, "USD");
        assertThat(cost.plus(cost)).isEqualTo(Cost.of(PARTS.plus(PARTS), "USD"));
        assertThat(cost.plus(cost).total()).isEqualByComparingTo("32");
        assertThat(cost.plus(Cost.reported(BigDecimal.ONE, "USD")))
                .isEqualTo(Cost.reported(new BigDecimal("17"), "USD"));
        assertThat(cost.plus(Cost.of(PARTS, "EUR"))).isNull();
        Cost most = Cost.reported(new BigDecimal("9e29"), "USD");
        assertThat(most.plus(most)).isNull();
    }

    @Test
    void constructor_contradictions_areRefused() {
        assertThatThrownBy(() -> new Cost(BigDecimal.TEN, "USD", PARTS))
                .hasMessage("total is not the sum of its parts: 10 != 16");
        assertThatThrownBy(() -> Cost.reported(BigDecimal.ONE, "dollars"))
                .hasMessage("currency is not three capital letters as in ISO 4217");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.1", "1e30", "1e999999999", "1e-999999999"})
    void reported_whatIsNoAmount_isRefusedByName(String amount) {
        assertThatThrownBy(() -> Cost.reported(new BigDecimal(amount), "USD"))
                .hasMessage("total is not between 0 and 10^30 with at most 1100 decimals");
    }

    @Test
    void reported_exactValueOfADouble_isTaken() {
        assertThat(Cost.reported(new BigDecimal(Double.MIN_VALUE), "USD").total())
                .isPositive();
    }
}
