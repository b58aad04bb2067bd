// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import io.spanflux.genai.Usage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class PriceBookTest {
    private static final LocalDate DAY = LocalDate.of(2026, 11, 21);
    private static final ModelPrice CHEAP = ModelPrice.of("1", "2");
    private static final ModelPrice DEAR = ModelPrice.of("10", "20");

    @TempDir
    Path folder;

    private Path file(String json) throws IOException {
        return Files.writeString(folder.resolve("ours.json"), json.replace('\'', '"'));
    }

    private static String total(ModelPrice price) {
        return price.cost(Usage.of(1_000_000, 1_000_000), null)
                .total()
                .stripTrailingZeros()
                .toPlainString();
    }

    // ---- the built-in list -----------------------------------------------------------------------------------------

    @Test
    void builtIn_hasManyModelsOfManyProviders_allPricedAboveZero() {
        PriceBook.Prices prices = PriceBook.builtIn().prices();
        int models = 0;
        Set<ModelPrice> seen = new HashSet<>();
        for (Map<String, List<ModelPrice>> ofProvider : prices.models().values()) {
            models += ofProvider.size();
            ofProvider.forEach((model, all) -> all.forEach(price -> assertPositive(model, price, seen)));
        }

        assertThat(models).isGreaterThanOrEqualTo(60);
        assertThat(seen).hasSizeGreaterThan(models);
        assertThat(prices.models())
                .hasSizeGreaterThanOrEqualTo(8)
                .containsKeys(
                        "openai",
                        "gcp.gen_ai",
                        "gcp.vertex_ai",
                        "gcp.gemini",
                        "anthropic",
                        "cohere",
                        "azure.ai.inference",
                        "azure.ai.openai",
                        "ibm.watsonx.ai",
                        "aws.bedrock",
                        "perplexity",
                        "x_ai",
                        "deepseek",
                        "groq",
                        "mistral_ai",
                        "moonshot_ai");
        assertThat(prices.providers().values()).allMatch(prices.models()::containsKey);
    }

    private static void assertPositive(String model, ModelPrice price, Set<ModelPrice> seen) {
        seen.add(price);
        assertThat(price.perMillion().values())
                .as(model)
                .isNotEmpty()
                .allMatch(amount ->
                        amount.signum() > 0 && Double.isFinite(amount.doubleValue()) && amount.doubleValue() < 100_000);
        price.variants().forEach(variant -> assertPositive(model, variant, seen));
    }

    @Test
    void builtIn_saysWhereItIsFrom() {
        PriceBook.Source source = PriceBook.builtIn().source();

        assertThat(source.name()).startsWith("LiteLLM");
        assertThat(source.version()).isNotBlank();
        assertThat(source.date()).isBetween(LocalDate.of(2026, 1, 1), LocalDate.of(2100, 1, 1));
        assertThat(source.licence()).isEqualTo("MIT");
        assertThat(PriceBook.builtIn())
                .hasToString(PriceBook.builtIn().toString())
                .asString()
                .contains("LiteLLM");
    }

    @Test
    void builtIn_carriesTheNoticeOfItsLicence() throws IOException {
        try (InputStream in = PriceBook.class.getResourceAsStream("NOTICE")) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                    .contains(
                            "LiteLLM " + PriceBook.builtIn().source().version(),
                            "Copyright (c) 2023 Berri AI",
                            "Permission is hereby granted, free of charge");
        }
    }

    @Test
    void builtIn_pricesAreThoseOfTheSource() {
        PriceBook book = PriceBook.builtIn();

        // As the list has them: 1.5e-07, 6e-07 and 7.5e-08 a token, half of it in a batch.
        ModelPrice mini = book.price("openai", "gpt-4o-mini", DAY);
        assertThat(mini.cost(Usage.of(1_000, 500).withCache(400L, null), null).total())
                .isEqualByComparingTo("0.00042");
        assertThat(mini.cost(Usage.of(1_000, 500), "batch").total()).isEqualByComparingTo("0.000225");
        // A list of prices by the hour of day cannot be charged by tokens alone.
        assertThat(book.price("deepseek", "deepseek-v4-pro", DAY)).isNull();
    }

    @Test
    void builtIn_aliasesAndDatedNames_arePriced() {
        PriceBook book = PriceBook.builtIn();

        assertThat(book.price("xai", "grok-4.3", DAY))
                .isSameAs(book.price("x_ai", "grok-4.3", DAY))
                .isNotNull();
        assertThat(book.price("openai", "gpt-4o-mini-2024-07-18", DAY)).isNotNull();
        assertThat(book.price("openai", "GPT-4o-mini", DAY)).isNull();
        assertThat(book.price("openai", "gpt-4o-min", DAY)).isNull();
    }

    // ---- finding ---------------------------------------------------------------------------------------------------

    @Test
    void price_isThatOfTheDay() {
        PriceBook book = PriceBook.builder()
                .price("p", "m", CHEAP.validFrom(LocalDate.of(2026, 1, 1)))
                .price("p", "m", DEAR.validFrom(LocalDate.of(2026, 12, 1)))
                .build();

        assertThat(book.price("p", "m", LocalDate.of(2025, 12, 31))).isNull();
        assertThat(total(book.price("p", "m", LocalDate.of(2026, 1, 1)))).isEqualTo("3");
        assertThat(total(book.price("p", "m", LocalDate.of(2026, 11, 30)))).isEqualTo("3");
        assertThat(total(book.price("p", "m", LocalDate.of(2026, 12, 1)))).isEqualTo("30");
    }

    @Test
    void price_ofNoCertainDay_isValidUntilADatedOne() {
        PriceBook book = PriceBook.builder()
                .price("p", "m", DEAR.validFrom(LocalDate.of(2026, 12, 1)))
                .price("p", "m", CHEAP)
                .build();

        assertThat(total(book.price("p", "m", DAY))).isEqualTo("3");
        assertThat(total(book.price("p", "m", DAY.plusYears(1)))).isEqualTo("30");
    }

    @Test
    void price_exactProviderComesBeforeItsAlias() {
        PriceBook book = PriceBook.builder()
                .provider("azure", "azure.ai.openai")
                .price("azure.ai.openai", "m", CHEAP)
                .price("azure.ai.openai", "n", CHEAP)
                .price("azure", "n", DEAR)
                .build();

        assertThat(book.price("azure", "m", DAY)).isSameAs(CHEAP);
        assertThat(book.price("azure", "n", DAY)).isSameAs(DEAR);
        assertThat(book.price("azur", "m", DAY)).isNull();
    }

    @Test
    void price_aliasOfAModel_isLookedForAfterTheNameItself() {
        PriceBook book = PriceBook.builder()
                .provider("azure", "azure.ai.openai")
                .model("azure.ai.openai", "ours", "m")
                .model("azure.ai.openai", "n", "m")
                .price("azure.ai.openai", "m", CHEAP)
                .price("azure.ai.openai", "n", DEAR)
                .build();

        assertThat(book.price("azure.ai.openai", "ours", DAY)).isSameAs(CHEAP);
        assertThat(book.price("azure", "ours", DAY)).isSameAs(CHEAP);
        assertThat(book.price("azure.ai.openai", "n", DAY)).isSameAs(DEAR);
        assertThat(book.price("azure.ai.openai", "Ours", DAY)).isNull();
        assertThat(book.price("openai", "ours", DAY)).isNull();
    }

    @Test
    void orElse_aliasesAndPricesMayStandInDifferentBooks() {
        PriceBook ours = PriceBook.builder()
                .model("openai", "prod-chat", "gpt-4o-mini")
                .price("mistral_ai", "mistral-small-latest", DEAR)
                .build();
        PriceBook both = ours.orElse(PriceBook.builtIn());

        assertThat(both.price("openai", "prod-chat", DAY))
                .isNotNull()
                .isSameAs(both.price("openai", "gpt-4o-mini", DAY));
        // The alias of the provider is the built-in book's, the price is ours.
        assertThat(both.price("mistral", "mistral-small-latest", DAY)).isSameAs(DEAR);
    }

    @Test
    void orElse_asksTheOtherForWhatIsMissing() {
        PriceBook ours = PriceBook.builder()
                .price("p", "m", DEAR)
                .price("p", "later", DEAR.validFrom(DAY.plusDays(1)))
                .build();
        PriceBook theirs = PriceBook.builder()
                .price("p", "m", CHEAP)
                .price("p", "later", CHEAP)
                .price("p", "n", CHEAP)
                .build();

        PriceBook both = PriceBook.empty().orElse(ours).orElse(theirs);

        assertThat(both.price("p", "m", DAY)).isSameAs(DEAR);
        assertThat(both.price("p", "later", DAY)).isSameAs(CHEAP);
        assertThat(both.price("p", "n", DAY)).isSameAs(CHEAP);
        assertThat(both.price("p", "o", DAY)).isNull();
        assertThat(ours.price("p", "n", DAY)).isNull();
        assertThat(both.isEmpty()).isFalse();
        assertThat(PriceBook.empty().orElse(PriceBook.empty()).isEmpty()).isTrue();
    }

    @Test
    void load_onAThreadThatMustNotBlock_readsElsewhere() {
        PriceBook book = PriceBook.unread();
        Mono<Boolean> before = Mono.fromCallable(() -> book.price("openai", "gpt-4o-mini", DAY) != null)
                .subscribeOn(Schedulers.parallel());

        StepVerifier.create(before).expectNext(false).verifyComplete();
        assertThat(book.isLoaded()).isFalse();
        StepVerifier.create(book.load().subscribeOn(Schedulers.parallel()).then(before))
                .expectNext(true)
                .verifyComplete();
        assertThat(book.isLoaded()).isTrue();
    }

    @Test
    void builder_mistakes_areRefusedByName() {
        PriceBook.Builder builder = PriceBook.builder().price("p", "m", CHEAP).provider("a", "b");

        assertThatThrownBy(() -> builder.price("p", "m", DEAR))
                .hasMessage("two prices of m are valid from the beginning");
        builder.model("p", "c", "d");
        assertThatThrownBy(() -> builder.model("p", "d", "e")).hasMessage("alias of an alias: d -> e");
        assertThatThrownBy(() -> builder.model("p", "e", "c")).hasMessage("alias of an alias: e -> c");
        assertThatThrownBy(() -> builder.provider("b", "c")).hasMessage("alias of an alias: b -> c");
        assertThatThrownBy(() -> builder.provider("c", "a")).hasMessage("alias of an alias: c -> a");
        assertThatThrownBy(() -> builder.provider("d", "d")).hasMessage("alias of an alias: d -> d");
    }

    // ---- files -----------------------------------------------------------------------------------------------------

    @Test
    void read_everything_isUnderstood() throws IOException {
        PriceBook book = PriceBook.read(file("""
                {
                  'source': {'name': 'contract', 'version': '7', 'date': '2026-11-01', 'licence': 'ours', 'url': '',
                             'notice': ['x'], 'mapping': []},
                  'currency': 'EUR',
                  'providers': {'azure': 'openai'},
                  'prices': {
                    'openai': {
                      'a': {'input': 1, 'output': 2.5, 'cacheRead': 0.1, 'cacheWrite': 1.5, 'reasoning': 3,
                            'audioInput': 4, 'audioOutput': 5e0, 'tiers': {'batch': {'input': 0.5, 'output': 1}},
                            'above': {'200000': {'input': 2, 'tiers': {'flex': {'input': 9}}}}},
                      'c': 'b',
                      'b': [{'input': 1, 'output': 1}, {'validFrom': '2027-01-01', 'input': 2, 'output': 2}]
                    }
                  }
                }"""));

        assertThat(book.source()).isEqualTo(new PriceBook.Source("contract", "7", LocalDate.of(2026, 11, 1), "ours"));
        ModelPrice price = book.price("azure", "a", DAY);
        assertThat(price.cost(Usage.of(1, 1), null).currency()).isEqualTo("EUR");
        assertThat(price.cost(new Usage(10L, 10L, 1L, 2L, 3L).withAudio(4L, 5L), null)
                        .total())
                .isEqualByComparingTo("0.0000611");
        assertThat(price.cost(Usage.of(4, 1), "batch").total()).isEqualByComparingTo("0.000003");
        assertThat(price.cost(Usage.of(200_001, 0), null).total()).isEqualByComparingTo("0.400002");
        assertThat(total(book.price("openai", "b", LocalDate.of(2027, 1, 1)))).isEqualTo("4");
        assertThat(book.price("azure", "c", DAY)).isSameAs(book.price("openai", "b", DAY));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {'prices': {}, 'secret': 1}                                                          | , field /secret: unknown field "secret"
            {'prices': {'p': {'m': {'input': 1, 'inptu': 2}}}}                                   | , field /prices/p/m/inptu: unknown field "inptu"
            {'prices': {'p': {'m': {'input': 1, 'tiers': {'flex': {'input': 1, 'above': {}}}}}}} | /m/tiers/flex/above: unknown field "above"
            {'source': {'nam': 'secret'}}                                                        | , field /source/nam: unknown field "nam"
            {'source': {'name': 'secret'}, 'prices': {}}                                         | , field /source: source without name or date
            {'source': {'name': 'x', 'date': 'secret'}, 'prices': {}}                            | , field /source/date: date is not a date like 2026-01-31
            {'prices': {'p': {'m': {'input': 'secret'}}}}                                        | , field /prices/p/m/input: input is not a number
            {'prices': {'p': {'m': {'input': -5}}}}                                              | , field /prices/p/m/input: input is not between 0 and 10^9 with at most 30 decimals: -5
            {'prices': {'p': {'m': {'input': 1e999999999}}}}                                     | , field /prices/p/m/input: input is not between 0 and 10^9
            {'prices': {'p': {'m': {'input': 1e-999999999}}}}                                    | , field /prices/p/m/input: input is not between 0 and 10^9
            {'prices': {'p': {'m': {'input': NaN}}}}                                             | , field /prices/p/m/input: not valid JSON
            {'prices': {'p': {'m': {'input': LONG}}}}                                            | , field /prices/p/m/input: longer or deeper than any price list
            {'prices': {'p': {'m': {'output': 1}}}}                                              | , field /prices/p/m: a price without input
            {'prices': {'p': {'m': {'input': 1, 'above': {'-1': {'input': 1}}}}}}                | /m/above/-1: inputTokens is not positive: -1
            {'prices': {'p': {'m': {'input': 1, 'above': {'many': {'input': 1}}}}}}              | /m/above/many: above has a name that is no count of tokens
            {'prices': {'p': {'m': {'input': 1, 'tiers': {'default': {'input': 1}}}}}}           | /m/tiers/default: name is not that of a tier of its own: default
            {'prices': {'p': {'m': {'input': 1}}}, 'currency': 'EUR'}                            | , field /currency: currency comes after prices
            {'currency': 'euro', 'prices': {}}                                                   | , field /currency: currency is not three capital letters as in ISO 4217
            {'currency': 'EUR'}                                                                  | : no prices
            []                                                                                   | : not a JSON object
            {'prices': {'p': {'m': secret}}}                                                     | , field /prices/p/m: not valid JSON
            {'prices': {'p': {'m': {'input': 1                                                   | , field /prices/p/m/input: not valid JSON
            {'prices': {'p': {'m': {'input': 1}, 'm': {'input': 2}}}}                            | a name that is given twice
            {'prices': {'p': {'m': [{'input': 1}, {'input': 2}]}}}                               | : two prices of m are valid from the beginning
            {'prices': {'p': {'m': 'm'}}}                                                        | , field /prices/p/m: alias of an alias: m -> m
            {'prices': {'p': {'m': 1}}}                                                          | , field /prices/p/m: a price is not an object
            {'prices': {}} {}                                                                    | : more than one object
            """)
    void read_mistake_isRefusedWithFileAndFieldAndWithoutContent(String json, String message) throws IOException {
        Path file = file(json.replace("LONG", "9".repeat(2_000)));

        assertThatThrownBy(() -> PriceBook.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("price file " + file + ", line 1, column ")
                .hasMessageContaining(message)
                .hasNoCause()
                .satisfies(e -> assertThat(e.getMessage().replace("/secret: unknown field \"secret\"", ""))
                        .doesNotContain("secret", "9".repeat(200)));
    }

    @Test
    void read_longAndHostileNames_areCutInTheMessage() throws IOException {
        Path file = file("{'prices': {'p': {'" + "m".repeat(5_000) + "': {'a\\nb': 1}}}}");

        assertThatThrownBy(() -> PriceBook.read(file))
                .hasMessageEndingWith("...: unknown field \"a b\"")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500));
    }

    @Test
    void read_noFile_namesIt() {
        Path missing = folder.resolve("missing.json");

        assertThatThrownBy(() -> PriceBook.read(missing)).hasMessage("price file cannot be read: " + missing);
    }

    @Test
    void read_hugeFile_isRefused() throws IOException {
        Path huge = folder.resolve("huge.json");
        Files.write(huge, new byte[(16 << 20) + 1]);

        assertThatThrownBy(() -> PriceBook.read(huge)).hasMessage("price file is larger than 16777216 bytes: " + huge);
    }
}
