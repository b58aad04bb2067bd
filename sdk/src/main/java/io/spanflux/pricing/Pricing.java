// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.genai.BilledData;
import io.spanflux.genai.Cost;
import io.spanflux.genai.CostCalculator;
import io.spanflux.genai.ModelCall;
import io.spanflux.genai.Usage;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import java.time.LocalDate;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Gives model calls what they cost by a price book. Added to a tracer as a handler; {@code Spanflux} does so by itself.
 *
 * <p>The model that answered decides, because a provider bills that one. Where its name has no price, the model that was
 * asked for does, if the other is a dated form of it ({@code gpt-4o} answered as {@code gpt-4o-2026-11-20}); any other
 * model that answers without a price has no cost.
 *
 * <p>Threads: a call's thread pays for a reference only; the cost is calculated by the first reader of the ended span,
 * an export thread.
 *
 * <p>Bound: {@value #MAX_WARNED} models without a price are named in warnings, once each; more are only counted.
 */
public final class Pricing implements SpanHandler, CostCalculator {
    private static final Logger log = LoggerFactory.getLogger(Pricing.class);
    private static final int MAX_WARNED = 256;

    /** As providers date their models: 0613, 202411, 20241120, 2024-11, 2024-11-20. */
    private static final Pattern DATE = Pattern.compile("\\d{4}(\\d{2}){0,2}|\\d{4}-\\d{2}(-\\d{2})?");

    private final PriceBook book;
    private final boolean usesExperimentalNames;
    private final Set<String> warned = ConcurrentHashMap.newKeySet();
    private final RepeatedWarning unnamed = new RepeatedWarning(log);
    private final RepeatedWarning contradictions = new RepeatedWarning(log);

    /** Reads the book at the first subscription, once. */
    private final Mono<Void> loading;

    /** Whether a call has started that has a price. */
    private volatile boolean needed;

    private Pricing(PriceBook book, boolean usesExperimentalNames) {
        this.book = book;
        this.usesExperimentalNames = usesExperimentalNames;
        this.loading = book.load().cache();
    }

    /** Prices calls by {@code book}. */
    public static Pricing of(PriceBook book) {
        return new Pricing(Objects.requireNonNull(book, "book == null"), false);
    }

    /** The same, and costs also leave as {@code gen_ai.usage.cost.*}. */
    public Pricing withExperimentalNames() {
        return new Pricing(book, true);
    }

    @Override
    public boolean usesExperimentalNames() {
        return usesExperimentalNames;
    }

    @Override
    public void onStart(Span span) {
        if (span.data() instanceof BilledData call) {
            call.costCalculator(this, span.startEpochNanos());
            if (!needed) {
                needed = true;
                if (!book.isLoaded()) {
                    // So that the prices are there when the model has answered. Never fails.
                    loading.subscribe();
                }
            }
        }
    }

    /**
     * Completes when any thread can calculate the cost of every call that has started: at once, but for the first time,
     * when the price book is read on {@code Schedulers.boundedElastic()}. Never fails.
     */
    public Mono<Void> ready() {
        return Mono.defer(() -> !needed || book.isLoaded() ? Mono.empty() : loading);
    }

    @Override
    public @Nullable Cost cost(ModelCall call) {
        Usage usage = call.usage();
        if (usage.inputTokens() == null || book.isEmpty() || !book.isReady()) {
            return null;
        }
        if (!ModelPrice.addsUp(usage)) {
            contradictions.warn("A call of " + nameOf(call) + " has no cost: its usage says that a part (cached,"
                    + " reasoning, audio) is larger than all input or output. Input is to include what is cached.");
            return null;
        }
        LocalDate day = LocalDate.ofEpochDay(TimeUnit.NANOSECONDS.toDays(call.startEpochNanos()));
        ModelPrice price = price(call, day);
        Cost cost = price == null ? null : price.cost(usage, call.serviceTier());
        // Without a count of the output, as when a stream is cancelled, it is not the price that is missing.
        if (cost == null && usage.outputTokens() != null) {
            unpriced(call);
        }
        return cost;
    }

    private @Nullable ModelPrice price(ModelCall call, LocalDate day) {
        String provider = call.provider();
        String requested = call.requestModel();
        String answered = call.responseModel();
        if (provider == null) {
            return null;
        }
        ModelPrice price = answered == null ? null : book.price(provider, answered, day);
        if (price == null && requested != null && (answered == null || isDated(answered, requested))) {
            price = book.price(provider, requested, day);
        }
        return price;
    }

    private static boolean isDated(String answered, String requested) {
        String base = requested.endsWith("-latest")
                ? requested.substring(0, requested.length() - "-latest".length())
                : requested;
        return answered.startsWith(base)
                && answered.length() > base.length()
                && (answered.charAt(base.length()) == '-' || answered.charAt(base.length()) == '@')
                && DATE.matcher(answered.substring(base.length() + 1)).matches();
    }

    private void unpriced(ModelCall call) {
        String name = nameOf(call);
        // Racing threads may exceed the bound by one name each.
        if (warned.size() < MAX_WARNED) {
            if (warned.add(name)) {
                new RepeatedWarning(log)
                        .warn(
                                "No price for " + name + ": such calls have no cost. Add one with"
                                        + " PriceBook.builder() or a price file, or report what the provider says with cost(..).");
            }
        } else if (!warned.contains(name)) {
            unnamed.warn("No price for " + name + ", and for " + MAX_WARNED + " other models; no more are named.");
        }
    }

    /** Names come from requests: cut, and without line breaks. */
    private static String nameOf(ModelCall call) {
        String model = call.responseModel() == null ? call.requestModel() : call.responseModel();
        String tier = call.serviceTier();
        return "model " + shortened(model) + " of provider " + shortened(call.provider())
                + (tier == null ? "" : " in service tier " + shortened(tier));
    }

    private static String shortened(@Nullable String name) {
        return name == null ? "(unknown)" : ModelPrice.shortened(name);
    }

    @Override
    public String toString() {
        return "Pricing{" + book + ", usesExperimentalNames=" + usesExperimentalNames + '}';
    }
}
