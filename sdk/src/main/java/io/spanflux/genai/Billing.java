// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** What every kind of {@link BilledData} keeps to know its cost. */
final class Billing {
    /** Reported, or calculated by the first reader after the end; a racing reader at worst calculates an equal one. */
    private @Nullable Cost cost;

    private @Nullable CostCalculator calculator;
    private long startEpochNanos;

    /** What the provider says; nothing when that is no cost. */
    void report(@Nullable BigDecimal amount, @Nullable String currency) {
        if (amount != null && currency != null && Cost.isAmount(amount) && Cost.isCurrency(currency)) {
            cost = Cost.reported(amount, currency);
        }
    }

    void calculator(@Nullable CostCalculator calculator, long startEpochNanos) {
        this.calculator = calculator;
        this.startEpochNanos = startEpochNanos;
    }

    @Nullable
    Cost reported() {
        return cost;
    }

    /** The cost of a call that is over. */
    @Nullable
    Cost of(
            @Nullable String provider,
            @Nullable String requestModel,
            @Nullable String responseModel,
            @Nullable String serviceTier,
            @Nullable Usage usage) {
        Cost known = cost;
        if (known == null && calculator != null && usage != null) {
            known = calculator.cost(
                    new ModelCall(provider, requestModel, responseModel, serviceTier, usage, startEpochNanos));
            cost = known;
        }
        return known;
    }

    void forEachAttribute(@Nullable Cost known, AttributeConsumer to) {
        if (known != null) {
            known.forEachAttribute(to);
            if (calculator != null && calculator.usesExperimentalNames()) {
                known.forEachExperimentalAttribute(to);
            }
        }
    }
}
