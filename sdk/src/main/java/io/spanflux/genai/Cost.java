// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.math.BigDecimal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * What a model call cost, exactly. Attributes carry the doubles that are nearest to the exact amounts.
 *
 * @param total the sum
 * @param currency the currency as in ISO 4217, for example {@code USD}
 * @param parts what the sum consists of, null for a cost that the provider reported as a sum
 */
public record Cost(
        BigDecimal total, String currency, @Nullable Parts parts) {
    /** No cost of a call comes near, and amounts below it are cheap to calculate with. */
    private static final BigDecimal BOUND = BigDecimal.TEN.pow(30);

    /** More than the exact value of a double has. */
    private static final int MAX_DECIMALS = 1_100;

    /** Refuses what is no amount or no currency, and parts that do not add up. */
    public Cost {
        checkAmount("total", total);
        Objects.requireNonNull(currency, "currency == null");
        if (!isCurrency(currency)) {
            throw new IllegalArgumentException("currency is not three capital letters as in ISO 4217");
        }
        if (parts != null && parts.sum().compareTo(total) != 0) {
            throw new IllegalArgumentException("total is not the sum of its parts: " + total + " != " + parts.sum());
        }
    }

    private static void checkAmount(String name, BigDecimal amount) {
        Objects.requireNonNull(amount, () -> name + " == null");
        if (!isAmount(amount)) {
            // Not the amount: it may be as long as a book.
            throw new IllegalArgumentException(
                    name + " is not between 0 and 10^30 with at most " + MAX_DECIMALS + " decimals");
        }
    }

    static boolean isAmount(BigDecimal amount) {
        return amount.signum() >= 0 && Math.abs((long) amount.scale()) <= MAX_DECIMALS && amount.compareTo(BOUND) < 0;
    }

    static boolean isCurrency(String currency) {
        return currency.length() == 3 && currency.chars().allMatch(letter -> letter >= 'A' && letter <= 'Z');
    }

    /** A cost that the provider reported. */
    public static Cost reported(BigDecimal total, String currency) {
        return new Cost(total, currency, null);
    }

    /** A cost that was calculated here. */
    public static Cost of(Parts parts, String currency) {
        return new Cost(parts.sum(), currency, parts);
    }

    /** Who says so: {@code provider}, or {@code local} for what was calculated here. */
    public String source() {
        return parts == null ? "provider" : "local";
    }

    /** Both together; null where there is no such sum, in two currencies or beyond all bounds. */
    @Nullable
    Cost plus(Cost more) {
        BigDecimal both = total.add(more.total);
        if (!currency.equals(more.currency) || !isAmount(both)) {
            return null;
        }
        return parts == null || more.parts == null
                ? reported(both, currency)
                : new Cost(both, currency, parts.plus(more.parts));
    }

    void forEachAttribute(AttributeConsumer to) {
        to.accept(COST_TOTAL, total.doubleValue());
        if (parts != null) {
            to.accept(COST_INPUT, parts.input().doubleValue());
            acceptIfCharged(COST_CACHE_READ, parts.cacheRead(), to);
            acceptIfCharged(COST_CACHE_WRITE, parts.cacheWrite(), to);
            acceptIfCharged(COST_AUDIO_INPUT, parts.audioInput(), to);
            to.accept(COST_OUTPUT, parts.output().doubleValue());
            acceptIfCharged(COST_REASONING, parts.reasoning(), to);
            acceptIfCharged(COST_AUDIO_OUTPUT, parts.audioOutput(), to);
        }
        to.accept(COST_CURRENCY, currency);
        to.accept(COST_SOURCE, source());
    }

    private static void acceptIfCharged(String key, BigDecimal amount, AttributeConsumer to) {
        if (amount.signum() != 0) {
            to.accept(key, amount.doubleValue());
        }
    }

    void forEachExperimentalAttribute(AttributeConsumer to) {
        to.accept(USAGE_COST_AMOUNT, total.doubleValue());
        to.accept(USAGE_COST_CURRENCY, currency);
        to.accept(USAGE_COST_SOURCE, source());
    }

    /**
     * The parts of a cost. No token is in two of them.
     *
     * @param input input that is neither cached nor audio
     * @param cacheRead input read from the provider's cache
     * @param cacheWrite input written to the provider's cache
     * @param audioInput audio input
     * @param output output that is neither reasoning nor audio
     * @param reasoning reasoning
     * @param audioOutput audio output
     */
    public record Parts(
            BigDecimal input,
            BigDecimal cacheRead,
            BigDecimal cacheWrite,
            BigDecimal audioInput,
            BigDecimal output,
            BigDecimal reasoning,
            BigDecimal audioOutput) {
        /** Refuses what is no amount. */
        public Parts {
            checkAmount("input", input);
            checkAmount("cacheRead", cacheRead);
            checkAmount("cacheWrite", cacheWrite);
            checkAmount("audioInput", audioInput);
            checkAmount("output", output);
            checkAmount("reasoning", reasoning);
            checkAmount("audioOutput", audioOutput);
        }

        Parts plus(Parts more) {
            return new Parts(
                    input.add(more.input),
                    cacheRead.add(more.cacheRead),
                    cacheWrite.add(more.cacheWrite),
                    audioInput.add(more.audioInput),
                    output.add(more.output),
                    reasoning.add(more.reasoning),
                    audioOutput.add(more.audioOutput));
        }

        /** All of them together. */
        public BigDecimal sum() {
            return input.add(cacheRead)
                    .add(cacheWrite)
                    .add(audioInput)
                    .add(output)
                    .add(reasoning)
                    .add(audioOutput);
        }
    }
}
