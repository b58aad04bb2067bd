// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import io.spanflux.genai.Cost;
import io.spanflux.genai.Usage;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The price of a model's tokens, per 1,000,000 of them, as decimal text, so that no binary fraction slips in.
 *
 * <pre>{@code
 * ModelPrice.of("2.50", "10")
 *         .cacheRead("1.25")
 *         .tier("batch", ModelPrice.of("1.25", "5").cacheRead("0.625"))
 *         .above(200_000, ModelPrice.of("5", "15").cacheRead("2.50"))
 * }</pre>
 *
 * <p>Tokens without a price of their own (cached, reasoning, audio) cost what other input or output costs. A tier or a
 * threshold that leaves out what the model does price is not complete, and a call that needs it has no cost.
 *
 * <p>Tokens are all there is: searches, images, sessions, and caching for longer than the default are not priced. Cached
 * tokens are taken as text; of audio that was read from a cache no provider's count is carried.
 *
 * <p>Threads: immutable; every method returns a new price.
 */
public final class ModelPrice {
    private static final BigDecimal MAX = BigDecimal.valueOf(1_000_000_000);
    private static final int MAX_DECIMALS = 30;
    private static final int MAX_LENGTH = 100;
    private static final String USD = "USD";
    private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");
    private static final Set<String> STANDARD_TIERS = Set.of("default", "auto", "standard");

    /** What may have a price of its own. */
    enum Part {
        INPUT("input"),
        OUTPUT("output"),
        CACHE_READ("cacheRead"),
        CACHE_WRITE("cacheWrite"),
        REASONING("reasoning"),
        AUDIO_INPUT("audioInput"),
        AUDIO_OUTPUT("audioOutput");

        /** In files and messages. */
        final String label;

        Part(String label) {
            this.label = label;
        }
    }

    private final Map<Part, BigDecimal> perMillion;
    private final Map<String, ModelPrice> tiers;
    private final NavigableMap<Long, ModelPrice> above;
    private final String currency;
    private final @Nullable LocalDate validFrom;

    private ModelPrice(
            Map<Part, BigDecimal> perMillion,
            Map<String, ModelPrice> tiers,
            NavigableMap<Long, ModelPrice> above,
            String currency,
            @Nullable LocalDate validFrom) {
        this.perMillion = perMillion;
        this.tiers = tiers;
        this.above = above;
        this.currency = currency;
        this.validFrom = validFrom;
    }

    /** The price of input and output, in {@code USD}. */
    public static ModelPrice of(String input, String output) {
        return ofInput(input).with(Part.OUTPUT, output);
    }

    /** The price of input, in {@code USD}, of a model whose output costs nothing: an embedding. */
    public static ModelPrice ofInput(String input) {
        return empty().with(Part.INPUT, input);
    }

    static ModelPrice empty() {
        return new ModelPrice(Map.of(), Map.of(), new TreeMap<>(), USD, null);
    }

    /** Input that is read from the provider's cache. */
    public ModelPrice cacheRead(String perMillion) {
        return with(Part.CACHE_READ, perMillion);
    }

    /** Input that is written to the provider's cache. */
    public ModelPrice cacheWrite(String perMillion) {
        return with(Part.CACHE_WRITE, perMillion);
    }

    /** Output that is reasoning. */
    public ModelPrice reasoning(String perMillion) {
        return with(Part.REASONING, perMillion);
    }

    /** Input that is audio. */
    public ModelPrice audioInput(String perMillion) {
        return with(Part.AUDIO_INPUT, perMillion);
    }

    /** Output that is audio. */
    public ModelPrice audioOutput(String perMillion) {
        return with(Part.AUDIO_OUTPUT, perMillion);
    }

    private ModelPrice with(Part part, String price) {
        Objects.requireNonNull(price, () -> part.label + " == null");
        if (price.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(part.label + " is longer than " + MAX_LENGTH + " characters");
        }
        BigDecimal amount;
        try {
            amount = new BigDecimal(price);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(part.label + " is not a decimal number: " + shortened(price), e);
        }
        return with(part, amount);
    }

    ModelPrice with(Part part, BigDecimal price) {
        // A small exponent first: 1e999999999 is cheap to write and costs gigabytes to calculate with.
        if (price.signum() < 0 || Math.abs((long) price.scale()) > MAX_DECIMALS || price.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(part.label + " is not between 0 and 10^9 with at most " + MAX_DECIMALS
                    + " decimals: " + shortened(price.toString()));
        }
        Map<Part, BigDecimal> prices = new EnumMap<>(Part.class);
        prices.putAll(perMillion);
        prices.put(part, price);
        return new ModelPrice(prices, tiers, above, currency, validFrom);
    }

    /**
     * The price in a service tier: {@code batch}, {@code flex}, {@code priority}, in any case. A call is in the standard
     * tier, which is this price, when its tier is not known or {@code default}, {@code auto} or {@code standard}.
     */
    public ModelPrice tier(String name, ModelPrice price) {
        String tier = name.toLowerCase(Locale.ROOT);
        if (tier.isBlank() || STANDARD_TIERS.contains(tier)) {
            throw new IllegalArgumentException("name is not that of a tier of its own: " + shortened(name));
        }
        if (!price.tiers.isEmpty() || !price.above.isEmpty()) {
            throw new IllegalArgumentException("price of tier " + shortened(name) + " has tiers or thresholds");
        }
        checkPlain("price of tier " + shortened(name), price);
        Map<String, ModelPrice> all = new HashMap<>(tiers);
        all.put(tier, price);
        return new ModelPrice(perMillion, all, above, currency, validFrom);
    }

    /** The price of all tokens of a call with more than {@code inputTokens}; the highest such threshold holds. */
    public ModelPrice above(long inputTokens, ModelPrice price) {
        if (inputTokens <= 0) {
            throw new IllegalArgumentException("inputTokens is not positive: " + inputTokens);
        }
        if (!price.above.isEmpty()) {
            throw new IllegalArgumentException("price above " + inputTokens + " tokens has thresholds");
        }
        checkPlain("price above " + inputTokens + " tokens", price);
        NavigableMap<Long, ModelPrice> all = new TreeMap<>(above);
        all.put(inputTokens, price);
        return new ModelPrice(perMillion, tiers, all, currency, validFrom);
    }

    /** Currency and first day are those of the whole; a part that states others would be charged wrongly. */
    private static void checkPlain(String what, ModelPrice price) {
        if (price.validFrom != null || !price.currency.equals(USD)) {
            throw new IllegalArgumentException(what + " has a currency or a first day: only the whole price has");
        }
    }

    /** The currency of all these prices, tiers and thresholds included, as in ISO 4217. Default {@code USD}. */
    public ModelPrice currency(String currency) {
        if (!CURRENCY.matcher(currency).matches()) {
            throw new IllegalArgumentException(
                    "currency is not three capital letters as in ISO 4217: " + shortened(currency));
        }
        return new ModelPrice(perMillion, tiers, above, currency, validFrom);
    }

    /** The first day, in UTC, on which calls cost this much. Default always; a price with a later day replaces it then. */
    public ModelPrice validFrom(LocalDate day) {
        return new ModelPrice(perMillion, tiers, above, currency, Objects.requireNonNull(day, "day == null"));
    }

    @Nullable
    LocalDate validFrom() {
        return validFrom;
    }

    /** Prices as stated here, without those of tiers and thresholds. */
    Map<Part, BigDecimal> perMillion() {
        return perMillion;
    }

    /** Prices in tiers, and above thresholds. */
    Collection<ModelPrice> variants() {
        Collection<ModelPrice> all = new ArrayList<>(tiers.values());
        all.addAll(above.values());
        return all;
    }

    /**
     * What these tokens cost in this tier (null for the standard one). Null when it is not known: input or output was not
     * counted, the counts contradict each other, or something that was used has no price.
     */
    public @Nullable Cost cost(Usage usage, @Nullable String tier) {
        if (usage.inputTokens() == null
                || (usage.outputTokens() == null && perMillion.containsKey(Part.OUTPUT))
                || !addsUp(usage)) {
            return null;
        }
        ModelPrice rates = rates(usage.inputTokens(), tier);
        if (rates == null) {
            return null;
        }
        long read = orZero(usage.cacheReadTokens());
        long write = orZero(usage.cacheWriteTokens());
        long uncached = usage.inputTokens() - read - write;
        long audioIn = Math.min(orZero(usage.audioInputTokens()), uncached);
        long reasoning = orZero(usage.reasoningTokens());
        long answer = orZero(usage.outputTokens()) - reasoning;
        long audioOut = Math.min(orZero(usage.audioOutputTokens()), answer);
        BigDecimal inputCost = cost(uncached - audioIn, Part.INPUT, Part.INPUT, rates);
        BigDecimal readCost = cost(read, Part.CACHE_READ, Part.INPUT, rates);
        BigDecimal writeCost = cost(write, Part.CACHE_WRITE, Part.INPUT, rates);
        BigDecimal audioInCost = cost(audioIn, Part.AUDIO_INPUT, Part.INPUT, rates);
        BigDecimal outputCost = cost(answer - audioOut, Part.OUTPUT, Part.OUTPUT, rates);
        BigDecimal reasoningCost = cost(reasoning, Part.REASONING, Part.OUTPUT, rates);
        BigDecimal audioOutCost = cost(audioOut, Part.AUDIO_OUTPUT, Part.OUTPUT, rates);
        if (inputCost == null
                || readCost == null
                || writeCost == null
                || audioInCost == null
                || outputCost == null
                || reasoningCost == null
                || audioOutCost == null) {
            return null;
        }
        return Cost.of(
                new Cost.Parts(inputCost, readCost, writeCost, audioInCost, outputCost, reasoningCost, audioOutCost),
                currency);
    }

    /** Whether no part is larger than its whole. Subtracting, because a sum of counts might overflow. */
    static boolean addsUp(Usage usage) {
        long input = orZero(usage.inputTokens());
        long output = orZero(usage.outputTokens());
        long read = orZero(usage.cacheReadTokens());
        return read <= input
                && orZero(usage.cacheWriteTokens()) <= input - read
                && orZero(usage.audioInputTokens()) <= input
                && orZero(usage.reasoningTokens()) <= output
                && orZero(usage.audioOutputTokens()) <= output;
    }

    private static long orZero(@Nullable Long count) {
        return count == null ? 0 : count;
    }

    /** The prices for a call of this size in this tier, null when there are none. */
    private @Nullable ModelPrice rates(long inputTokens, @Nullable String tier) {
        Map.Entry<Long, ModelPrice> threshold = above.lowerEntry(inputTokens);
        ModelPrice ofSize = threshold == null ? this : threshold.getValue();
        if (tier == null) {
            return ofSize;
        }
        String name = tier.toLowerCase(Locale.ROOT);
        return STANDARD_TIERS.contains(name) ? ofSize : ofSize.tiers.get(name);
    }

    /** What {@code tokens} cost; null when that is not known. */
    private @Nullable BigDecimal cost(long tokens, Part part, Part whole, ModelPrice rates) {
        if (tokens == 0) {
            return BigDecimal.ZERO;
        }
        BigDecimal price = rates.perMillion.get(part);
        if (price == null && !perMillion.containsKey(part)) {
            price = rates.perMillion.get(whole);
        }
        return price == null ? null : price.multiply(BigDecimal.valueOf(tokens)).movePointLeft(6);
    }

    /** For messages: names come from files and requests. */
    static String shortened(String text) {
        return (text.length() > 100 ? text.substring(0, 100) + "..." : text).replaceAll("\\p{Cntrl}", " ");
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("ModelPrice{");
        perMillion.forEach((part, price) -> text.append(part.label)
                .append('=')
                .append(price.toPlainString())
                .append(", "));
        return text.append(currency)
                        .append(" per 1000000 tokens, tiers=")
                        .append(tiers.keySet())
                        .append(", above=")
                        .append(above.keySet())
                + (validFrom == null ? "" : ", validFrom=" + validFrom)
                + '}';
    }
}
