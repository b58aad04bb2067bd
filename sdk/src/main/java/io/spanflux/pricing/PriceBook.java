// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import io.spanflux.diagnostics.RepeatedWarning;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * What models cost at their providers. Built in is a dated, published list; books of your own replace or extend it:
 *
 * <pre>{@code
 * PriceBook ours = PriceBook.builder()
 *         .price("openai", "gpt-4o-mini", ModelPrice.of("0.12", "0.48"))
 *         .build();
 * Spanflux.builder().priceBook(ours.orElse(PriceBook.builtIn()));
 * }</pre>
 *
 * <p>Names match exactly, in their case; only what has no price under its own name is looked for under the aliases that
 * a book states, of the model, then of the provider. There is no guessing from similar names. Providers are named as in
 * {@code gen_ai.provider.name}.
 *
 * <p>Threads: any. The built-in list is read when it is first needed, on a thread that may block; until then a thread
 * that must not block finds no prices.
 */
public final class PriceBook {
    private static final Logger log = LoggerFactory.getLogger(PriceBook.class);
    private static final String RESOURCE = "prices.json";
    private static final PriceBook EMPTY = new Builder().build();
    private static final PriceBook BUILT_IN = unread();

    /** The first that has a price is right. */
    private final List<Part> parts;

    private PriceBook(List<Part> parts) {
        this.parts = parts;
    }

    /** Prices that may have yet to be read; shared by all books that they are part of. */
    private static final class Part {
        private final Supplier<Prices> reader;
        private volatile @Nullable Prices prices;

        Part(Supplier<Prices> reader, @Nullable Prices prices) {
            this.reader = reader;
            this.prices = prices;
        }

        /** Read twice at worst, by two threads at a time; no lock, because a reader might be one that must not wait. */
        Prices prices() {
            Prices known = prices;
            if (known == null) {
                known = reader.get();
                prices = known;
            }
            return known;
        }

        @Override
        public String toString() {
            Prices known = prices;
            return known == null
                    ? "not read yet"
                    : "source=" + known.source() + ", models="
                            + known.models().values().stream()
                                    .mapToInt(Map::size)
                                    .sum();
        }
    }

    /**
     * Where prices are from.
     *
     * @param name what the list is called
     * @param version its version
     * @param date the day it was published
     * @param licence what it may be used under
     */
    public record Source(
            String name,
            @Nullable String version,
            LocalDate date,
            @Nullable String licence) {
        /** Refuses a missing name or date. */
        public Source {
            Objects.requireNonNull(name, "name == null");
            Objects.requireNonNull(date, "date == null");
        }
    }

    /** All that is in a book. Prices of one model are sorted, those that are valid longest last. */
    record Prices(
            @Nullable Source source,
            Map<String, String> providers,
            Map<String, Map<String, String>> aliases,
            Map<String, Map<String, List<ModelPrice>>> models) {
        @Nullable
        ModelPrice find(String provider, String model, LocalDate day) {
            for (ModelPrice price : models.getOrDefault(provider, Map.of()).getOrDefault(model, List.of())) {
                LocalDate validFrom = price.validFrom();
                if (validFrom == null || !validFrom.isAfter(day)) {
                    return price;
                }
            }
            return null;
        }

        @Nullable
        String alias(String provider, String model) {
            return aliases.getOrDefault(provider, Map.of()).get(model);
        }
    }

    /**
     * The published list that comes with Spanflux: {@link #source()} names it. It covers the providers of the GenAI
     * conventions and some others, in {@code USD}.
     */
    public static PriceBook builtIn() {
        return BUILT_IN;
    }

    /** No prices at all. */
    public static PriceBook empty() {
        return EMPTY;
    }

    /** A book to write prices into. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads the JSON file at {@code path}, now. The format is that of the built-in list, {@code prices.json} in this
     * package; only {@code prices} is required.
     *
     * @throws IllegalArgumentException when the file cannot be read or says something that is not known; the message names
     *     the file and the place in it
     */
    public static PriceBook read(Path path) {
        return loaded(PriceFile.read(path));
    }

    /** The built-in list before anyone needed it. */
    static PriceBook unread() {
        return new PriceBook(List.of(new Part(PriceBook::readResource, null)));
    }

    private static PriceBook loaded(Prices prices) {
        return new PriceBook(List.of(new Part(() -> prices, prices)));
    }

    private static Prices readResource() {
        try {
            return PriceFile.readResource(RESOURCE);
        } catch (RuntimeException e) {
            notRead(e);
            return new Prices(null, Map.of(), Map.of(), Map.of());
        }
    }

    private static void notRead(Throwable failure) {
        new RepeatedWarning(log)
                .caught("The price list cannot be read: no call has a cost unless the provider reports it.", failure);
    }

    /** This book, and for models that it has no price for on the day of the call {@code other}. */
    public PriceBook orElse(PriceBook other) {
        List<Part> all = new ArrayList<>(parts);
        all.addAll(other.parts);
        return new PriceBook(List.copyOf(all));
    }

    /** Where the prices are from, null when the (first) book does not say. Reads it if that has yet to be done. */
    public @Nullable Source source() {
        return parts.get(0).prices().source();
    }

    /**
     * The price of a call on {@code day}, in UTC. Null when there is none, or when the book has yet to be read and this
     * thread must not block.
     */
    public @Nullable ModelPrice price(String provider, String model, LocalDate day) {
        if (!isReady()) {
            return null;
        }
        String otherProvider = first(prices -> prices.providers().get(provider));
        String otherModel = first(prices -> prices.alias(provider, model));
        if (otherModel == null && otherProvider != null) {
            otherModel = first(prices -> prices.alias(otherProvider, model));
        }
        ModelPrice price = find(provider, model, otherModel, day);
        return price == null && otherProvider != null ? find(otherProvider, model, otherModel, day) : price;
    }

    private @Nullable ModelPrice find(String provider, String model, @Nullable String otherModel, LocalDate day) {
        ModelPrice price = first(prices -> prices.find(provider, model, day));
        return price == null && otherModel != null ? first(prices -> prices.find(provider, otherModel, day)) : price;
    }

    private <T> @Nullable T first(Function<Prices, @Nullable T> wanted) {
        for (Part part : parts) {
            T found = wanted.apply(part.prices());
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** Whether there is nothing in this book, as far as that is known without reading it. */
    boolean isEmpty() {
        for (Part part : parts) {
            Prices known = part.prices;
            if (known == null || !known.models().isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** Whether this thread can have all prices now. */
    boolean isReady() {
        return isLoaded() || !Schedulers.isInNonBlockingThread();
    }

    /** Whether every thread finds every price. */
    boolean isLoaded() {
        for (Part part : parts) {
            if (part.prices == null) {
                return false;
            }
        }
        return true;
    }

    /** Completes when every price can be found by every thread. Never fails. */
    Mono<Void> load() {
        return Mono.<Void>fromRunnable(() -> parts.forEach(Part::prices))
                .subscribeOn(Schedulers.boundedElastic())
                .onErrorResume(failure -> {
                    notRead(failure);
                    return Mono.empty();
                });
    }

    /** All that is in the first part. */
    Prices prices() {
        return parts.get(0).prices();
    }

    @Override
    public String toString() {
        return "PriceBook" + parts;
    }

    /** Collects prices. Not thread-safe. */
    public static final class Builder {
        private @Nullable Source source;
        private final Map<String, String> providers = new HashMap<>();
        private final Map<String, Map<String, String>> aliases = new HashMap<>();
        private final Map<String, Map<String, List<ModelPrice>>> models = new HashMap<>();

        private Builder() {}

        /** Where the prices are from. Default not stated. */
        public Builder source(Source source) {
            this.source = Objects.requireNonNull(source, "source == null");
            return this;
        }

        /** Lets {@code alias} stand for {@code provider}, for models that have no price under {@code alias} itself. */
        public Builder provider(String alias, String provider) {
            Objects.requireNonNull(alias, "alias == null");
            Objects.requireNonNull(provider, "provider == null");
            if (providers.containsKey(provider) || providers.containsValue(alias) || alias.equals(provider)) {
                throw new IllegalArgumentException(
                        "alias of an alias: " + ModelPrice.shortened(alias + " -> " + provider));
            }
            providers.put(alias, provider);
            return this;
        }

        /**
         * Lets {@code alias}, for example the name of a deployment, stand for {@code model} of the same provider, in
         * whichever book that has its price.
         */
        public Builder model(String provider, String alias, String model) {
            Objects.requireNonNull(provider, "provider == null");
            Objects.requireNonNull(alias, "alias == null");
            Objects.requireNonNull(model, "model == null");
            Map<String, String> ofProvider = aliases.computeIfAbsent(provider, key -> new HashMap<>());
            if (ofProvider.containsKey(model) || ofProvider.containsValue(alias) || alias.equals(model)) {
                throw new IllegalArgumentException(
                        "alias of an alias: " + ModelPrice.shortened(alias + " -> " + model));
            }
            ofProvider.put(alias, model);
            return this;
        }

        /** The price of a model; several, if each is valid from another day. */
        public Builder price(String provider, String model, ModelPrice price) {
            Objects.requireNonNull(provider, "provider == null");
            Objects.requireNonNull(model, "model == null");
            Objects.requireNonNull(price, "price == null");
            if (!price.perMillion().containsKey(ModelPrice.Part.INPUT)) {
                throw new IllegalArgumentException("price of " + ModelPrice.shortened(model) + " has no input");
            }
            List<ModelPrice> all = models.computeIfAbsent(provider, key -> new HashMap<>())
                    .computeIfAbsent(model, key -> new ArrayList<>());
            int at = 0;
            for (ModelPrice each : all) {
                if (Objects.equals(each.validFrom(), price.validFrom())) {
                    throw new IllegalArgumentException("two prices of " + ModelPrice.shortened(model)
                            + " are valid from " + (price.validFrom() == null ? "the beginning" : price.validFrom()));
                }
                at += isLater(each.validFrom(), price.validFrom()) ? 1 : 0;
            }
            all.add(at, price);
            return this;
        }

        private static boolean isLater(@Nullable LocalDate day, @Nullable LocalDate than) {
            return day != null && (than == null || day.isAfter(than));
        }

        Prices prices() {
            Map<String, Map<String, String>> aliasesCopy = new HashMap<>();
            aliases.forEach((provider, ofProvider) -> aliasesCopy.put(provider, Map.copyOf(ofProvider)));
            Map<String, Map<String, List<ModelPrice>>> modelsCopy = new HashMap<>();
            models.forEach((provider, ofProvider) -> {
                Map<String, List<ModelPrice>> ofModel = new HashMap<>();
                ofProvider.forEach((model, prices) -> ofModel.put(model, List.copyOf(prices)));
                modelsCopy.put(provider, ofModel);
            });
            return new Prices(source, Map.copyOf(providers), aliasesCopy, modelsCopy);
        }

        /** The book. */
        public PriceBook build() {
            return loaded(prices());
        }
    }
}
