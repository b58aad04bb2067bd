// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import io.spanflux.genai.Cost;
import io.spanflux.genai.Usage;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class ModelPriceTest {
    private static final ModelPrice PRICE = ModelPrice.of("2.50", "10");

    private static BigDecimal total(ModelPrice price, Usage usage, String tier) {
        Cost cost = price.cost(usage, tier);
        return cost == null ? null : cost.total();
    }

    @Test
    void cost_inputAndOutput_isPerMillion() {
        assertThat(total(PRICE, Usage.of(1_000_000, 100_000), null)).isEqualByComparingTo("3.50");
        assertThat(total(PRICE, Usage.of(1, 0), null)).isEqualByComparingTo("0.0000025");
        assertThat(total(PRICE, Usage.of(0, 0), null)).isEqualByComparingTo("0");
        assertThat(PRICE.cost(Usage.of(1, 1), null).currency()).isEqualTo("USD");
        assertThat(PRICE.currency("EUR").cost(Usage.of(1, 1), null).currency()).isEqualTo("EUR");
    }

    @Test
    void cost_parts_areCountedOnce() {
        ModelPrice price = PRICE.cacheRead("1")
                .cacheWrite("3")
                .audioInput("40")
                .reasoning("20")
                .audioOutput("80");
        Usage usage = new Usage(1_000L, 500L, 300L, 200L, 100L).withAudio(50L, 25L);

        Cost.Parts parts = price.cost(usage, null).parts();

        assertThat(parts.input()).isEqualByComparingTo("0.001125");
        assertThat(parts.cacheRead()).isEqualByComparingTo("0.0003");
        assertThat(parts.cacheWrite()).isEqualByComparingTo("0.0006");
        assertThat(parts.audioInput()).isEqualByComparingTo("0.002");
        assertThat(parts.output()).isEqualByComparingTo("0.00375");
        assertThat(parts.reasoning()).isEqualByComparingTo("0.002");
        assertThat(parts.audioOutput()).isEqualByComparingTo("0.002");
    }

    @Test
    void cost_partsWithoutAPriceOfTheirOwn_costWhatTheWholeCosts() {
        Usage usage = new Usage(1_000L, 500L, 300L, 200L, 100L).withAudio(50L, 25L);

        assertThat(total(PRICE, usage, null)).isEqualByComparingTo(total(PRICE, Usage.of(1_000, 500), null));
    }

    @Test
    void cost_audioThatIsPartlyCached_isCountedOnce() {
        ModelPrice price = PRICE.cacheRead("1").audioInput("40");

        // At least 60 of the 80 audio tokens came from the cache.
        assertThat(total(price, new Usage(100L, 0L, 80L, null, null).withAudio(80L, null), null))
                .isEqualByComparingTo("0.00088");
    }

    @Test
    void cost_totalIsTheSumOfItsParts_exactlyAndEachTokenOnce() {
        Random random = new Random(20261112);
        List<String> prices = List.of("0.1", "0.3", "2.50", "0.0375", "15", "1.1", "0.000007", "99.999999999999");
        for (int i = 0; i < 20_000; i++) {
            ModelPrice price = ModelPrice.of(any(prices, random), any(prices, random));
            price = random.nextBoolean() ? price.cacheRead(any(prices, random)) : price;
            price = random.nextBoolean() ? price.cacheWrite(any(prices, random)) : price;
            price = random.nextBoolean() ? price.reasoning(any(prices, random)) : price;
            price = random.nextBoolean() ? price.audioInput(any(prices, random)) : price;
            price = random.nextBoolean() ? price.audioOutput(any(prices, random)) : price;
            long input = random.nextLong(3_000_000);
            long output = random.nextLong(200_000);
            long read = random.nextLong(input + 1);
            Usage usage = new Usage(input, output, read, random.nextLong(input - read + 1), random.nextLong(output + 1))
                    .withAudio(random.nextLong(input + 1), random.nextLong(output + 1));

            Cost cost = price.cost(usage, null);

            assertThat(cost).as("%s %s", price, usage).isNotNull();
            Cost.Parts parts = cost.parts();
            assertThat(parts.input()
                            .add(parts.cacheRead())
                            .add(parts.cacheWrite())
                            .add(parts.audioInput())
                            .add(parts.output())
                            .add(parts.reasoning())
                            .add(parts.audioOutput()))
                    .as("%s %s", price, usage)
                    .isEqualByComparingTo(cost.total());
            // At one price for all, a token counted twice or not at all would show.
            ModelPrice flat = ModelPrice.of("1", "1")
                    .cacheRead("1")
                    .cacheWrite("1")
                    .reasoning("1")
                    .audioInput("1")
                    .audioOutput("1");
            assertThat(flat.cost(usage, null).total().movePointRight(6))
                    .as(usage.toString())
                    .isEqualByComparingTo(BigDecimal.valueOf(input + output));
        }
    }

    private static String any(List<String> prices, Random random) {
        return prices.get(random.nextInt(prices.size()));
    }

    @Test
    void cost_countsOfAnySize_areExact() {
        assertThat(total(ModelPrice.of("0.1", "0.2"), Usage.of(Long.MAX_VALUE, Long.MAX_VALUE), null))
                .isEqualByComparingTo(new BigDecimal(Long.MAX_VALUE).multiply(new BigDecimal("0.0000003")));
    }

    @Test
    void cost_unknownCounts_isUnknown() {
        assertThat(PRICE.cost(new Usage(null, 1L, null, null, null), null)).isNull();
        assertThat(PRICE.cost(new Usage(1L, null, null, null, null), null)).isNull();
        assertThat(ModelPrice.ofInput("0.02").cost(new Usage(10L, null, null, null, null), null))
                .isNotNull();
    }

    @Test
    void cost_outputWithoutAPrice_isUnknown() {
        assertThat(ModelPrice.ofInput("0.02").cost(Usage.of(10, 1), null)).isNull();
    }

    @Test
    void cost_partsLargerThanTheirWhole_isUnknown() {
        assertThat(PRICE.cost(Usage.of(10, 5).withCache(11L, null), null)).isNull();
        assertThat(PRICE.cost(Usage.of(10, 5).withCache(6L, 5L), null)).isNull();
        assertThat(PRICE.cost(Usage.of(10, 5).withCache(1L, Long.MAX_VALUE), null))
                .isNull();
        assertThat(PRICE.cost(Usage.of(10, 5).withReasoning(6L), null)).isNull();
        assertThat(PRICE.cost(Usage.of(10, 5).withAudio(11L, null), null)).isNull();
        assertThat(PRICE.cost(Usage.of(10, 5).withAudio(null, 6L), null)).isNull();
        assertThat(PRICE.cost(Usage.of(10, 5).withCache(6L, 4L).withReasoning(5L), null))
                .isNotNull();
    }

    @Test
    void cost_inATier_goesByTheTiersPrices() {
        ModelPrice price = PRICE.cacheRead("1.25").tier("batch", ModelPrice.of("1.25", "5"));

        assertThat(total(price, Usage.of(1_000_000, 0), "batch")).isEqualByComparingTo("1.25");
        assertThat(total(price, Usage.of(1_000_000, 0), "BATCH")).isEqualByComparingTo("1.25");
        assertThat(total(price, Usage.of(1_000_000, 0), "default")).isEqualByComparingTo("2.50");
        assertThat(price.cost(Usage.of(1, 1), "flex")).isNull();
        // The tier does not say what cached input costs, and that it costs less is known.
        assertThat(price.cost(Usage.of(10, 1).withCache(5L, null), "batch")).isNull();
    }

    @Test
    void cost_aboveAThreshold_goesByThePricesThere() {
        ModelPrice price = ModelPrice.of("1", "2")
                .above(200_000, ModelPrice.of("3", "4").tier("batch", ModelPrice.of("5", "6")))
                .above(400_000, ModelPrice.of("7", "8"));

        assertThat(total(price, Usage.of(200_000, 1_000_000), null)).isEqualByComparingTo("2.2");
        assertThat(total(price, Usage.of(200_001, 1_000_000), null)).isEqualByComparingTo("4.600003");
        assertThat(total(price, Usage.of(400_001, 0), null)).isEqualByComparingTo("2.800007");
        assertThat(total(price, Usage.of(300_000, 0), "batch")).isEqualByComparingTo("1.5");
        assertThat(price.cost(Usage.of(400_001, 0), "batch")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1e999999999", "1e-999999999", "1000000001", "NaN", "", "1,5"})
    void of_whatIsNoPrice_isRefusedByName(String price) {
        assertThatThrownBy(() -> ModelPrice.of(price, "1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("input is not ");
        assertThatThrownBy(() -> PRICE.cacheWrite(price)).hasMessageStartingWith("cacheWrite is not ");
    }

    @Test
    void mistakes_areRefusedByName() {
        ModelPrice tiered = PRICE.tier("flex", PRICE);
        assertThatThrownBy(() -> PRICE.tier("Default", PRICE))
                .hasMessage("name is not that of a tier of its own: Default");
        assertThatThrownBy(() -> PRICE.tier("flex", tiered)).hasMessage("price of tier flex has tiers or thresholds");
        assertThatThrownBy(() -> PRICE.above(0, PRICE)).hasMessage("inputTokens is not positive: 0");
        assertThatThrownBy(() -> PRICE.above(1, PRICE.above(2, PRICE)))
                .hasMessage("price above 1 tokens has thresholds");
        assertThatThrownBy(() -> PRICE.currency("usd"))
                .hasMessage("currency is not three capital letters as in ISO 4217: usd");
        assertThatThrownBy(() -> PRICE.tier("flex", PRICE.currency("EUR")))
                .hasMessage("price of tier flex has a currency or a first day: only the whole price has");
        assertThatThrownBy(() -> PRICE.above(9, PRICE.validFrom(LocalDate.EPOCH)))
                .hasMessage("price above 9 tokens has a currency or a first day: only the whole price has");
        assertThatThrownBy(() -> PRICE.reasoning("0".repeat(101)))
                .hasMessage("reasoning is longer than 100 characters");
        assertThatThrownBy(() -> PRICE.reasoning(null)).hasMessage("reasoning == null");
    }
}
