// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pricing;

import io.spanflux.genai.Cost;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.Generation;
import io.spanflux.genai.ModelCall;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Usage;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(30)
class PricingTest {
    private static final PriceBook BOOK = PriceBook.builder()
            .price("p", "m", ModelPrice.of("1", "2").tier("batch", ModelPrice.of("0.5", "1")))
            .price("p", "m-2026-01-01", ModelPrice.of("3", "4"))
            .price("p", "n", ModelPrice.of("1", "2").validFrom(LocalDate.of(2026, 1, 1)))
            .build();
    private static final Usage MILLION = Usage.of(1_000_000, 0);

    private final Pricing pricing = Pricing.of(BOOK);
    private final LogCapture logs = LogCapture.start();

    private static ModelCall call(String provider, String requested, @Nullable String answered) {
        return new ModelCall(provider, requested, answered, null, MILLION, 0);
    }

    private @Nullable String total(ModelCall call) {
        Cost cost = pricing.cost(call);
        return cost == null ? null : cost.total().stripTrailingZeros().toPlainString();
    }

    private List<String> warnings(String about) {
        return logs.warnings().stream().filter(each -> each.contains(about)).toList();
    }

    // ---- which price -----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            m        | -              | 1
            m        | m              | 1
            m        | m-2026-01-01   | 3
            other    | m              | 1
            m        | m-2027-01-01   | 1
            m        | m@20270101     | 1
            m        | m-0613         | 1
            m-latest | m-2026-01-01   | 3
            M        | -              | -
            m        | M              | -
            m        | m-mini         | -
            m        | m-mini-2027-01 | -
            m        | m2027          | -
            m        | m-             | -
            m-2026-01-01 | m-2027-01-01 | -
            """)
    void cost_answeringModelDecides_orTheOneItIsADatedFormOf(
            String requested, @Nullable String answered, @Nullable String price) {
        assertThat(total(call("p", requested, answered))).isEqualTo(price);
    }

    @Test
    void cost_goesByTheDayAndTheTierOfTheCall() {
        long newYear = TimeUnit.SECONDS.toNanos(
                LocalDate.of(2026, 1, 1).atStartOfDay(ZoneOffset.UTC).toEpochSecond());

        assertThat(total(new ModelCall("p", "n", null, null, MILLION, newYear))).isEqualTo("1");
        assertThat(total(new ModelCall("p", "n", null, null, MILLION, newYear - 1)))
                .isNull();
        assertThat(total(new ModelCall("p", "m", null, "batch", MILLION, newYear)))
                .isEqualTo("0.5");
    }

    // ---- what is unknown -------------------------------------------------------------------------------------------

    @Test
    void cost_modelWithoutAPrice_isWarnedOfOnceByName() {
        for (int i = 0; i < 3; i++) {
            assertThat(pricing.cost(call("p", "unpriced-1", null))).isNull();
            assertThat(pricing.cost(call("p", "unpriced-2", null))).isNull();
        }
        assertThat(pricing.cost(new ModelCall("p", "m", null, "odd-tier", MILLION, 0)))
                .isNull();

        assertThat(warnings("No price for model unpriced-1 of provider p")).hasSize(1);
        assertThat(warnings("No price for model unpriced-2 of provider p")).hasSize(1);
        assertThat(warnings("No price for model m of provider p in service tier odd-tier"))
                .hasSize(1);
    }

    @Test
    void cost_moreModelsThanTheBound_areOnlyCounted() {
        for (int i = 0; i < 2_000; i++) {
            pricing.cost(call("bound", "model-" + i, null));
        }

        assertThat(warnings("of provider bound: such calls")).hasSize(256);
        assertThat(warnings("no more are named")).hasSize(1);
    }

    @Test
    void cost_hostileName_isCutAndCannotForgeALine() {
        pricing.cost(call("hostile", "a\nWARN b" + "x".repeat(10_000), null));

        assertThat(warnings("of provider hostile"))
                .singleElement()
                .satisfies(warning -> assertThat(warning).doesNotContain("\n").hasSizeLessThan(400));
    }

    @Test
    void cost_usageThatContradictsItself_isUnknownAndWarnedOf() {
        Usage usage = Usage.of(10, 5).withCache(11L, null);

        assertThat(pricing.cost(new ModelCall("p", "m", null, null, usage, 0))).isNull();

        assertThat(warnings("its usage says that a part")).hasSize(1);
        assertThat(warnings("No price")).isEmpty();
    }

    @Test
    void cost_ofACallThatWasCancelled_isUnknownWithoutAWarning() {
        Usage noOutput = new Usage(10L, null, null, null, null);

        assertThat(pricing.cost(new ModelCall("p", "m", null, null, noOutput, 0)))
                .isNull();
        assertThat(pricing.cost(new ModelCall("p", "m", null, null, new Usage(null, 1L, null, null, null), 0)))
                .isNull();

        assertThat(warnings("No price")).isEmpty();
    }

    @Test
    void cost_emptyBook_warnsOfNothing() {
        assertThat(Pricing.of(PriceBook.empty()).cost(call("p", "quiet", null))).isNull();

        assertThat(warnings("quiet")).isEmpty();
    }

    // ---- as a handler ----------------------------------------------------------------------------------------------

    private static Generation ended(Tracer tracer, Generation generation) {
        tracer.span(generation).start().end();
        return generation;
    }

    @Test
    void onStart_callsArePriced_othersAreLeftAlone() {
        Tracer tracer = Tracer.builder().handler(pricing).build();

        Generation generation = ended(tracer, Generation.chat("p", "m").usage(10, 5));
        tracer.span(Tool.named("t")).start().end();

        assertThat(generation.cost().total()).isEqualByComparingTo("0.00002");
        assertThat(generation.cost().source()).isEqualTo("local");
    }

    @Test
    void onStart_embeddings_arePricedByTheirInput() {
        Pricing embedding = Pricing.of(
                PriceBook.builder().price("p", "e", ModelPrice.ofInput("0.02")).build());
        Tracer tracer = Tracer.builder().handler(embedding).build();
        Embeddings embeddings = Embeddings.of("p", "e").inputTokens(1_000L);
        Span span = tracer.span(embeddings).start();
        assertThat(embeddings.cost()).isNull();
        span.end();

        assertThat(embeddings.cost().total()).isEqualByComparingTo("0.00002");
        assertThat(span.attributes().get("spanflux.cost.total")).isEqualTo(0.00002);
    }

    @Test
    void cost_ofEmbeddings_isAskedForWithTheTierThatAnswered() {
        List<String> tiers = new ArrayList<>();
        Embeddings embeddings = Embeddings.of("openai", "e").inputTokens(1L).serviceTier("batch");
        embeddings.costCalculator(
                call -> {
                    tiers.add(call.serviceTier());
                    return null;
                },
                0);
        embeddings.end();
        embeddings.cost();

        assertThat(tiers).containsExactly("batch");
    }

    @Test
    void onStart_embeddingsWithoutACount_haveNoCost() {
        Tracer tracer = Tracer.builder().handler(pricing).build();
        Embeddings embeddings = Embeddings.of("p", "m");
        tracer.span(embeddings).start().end();

        assertThat(embeddings.cost()).isNull();
        assertThat(warnings("No price")).isEmpty();
    }

    @Test
    void onStart_costThatTheProviderReports_wins() {
        Tracer tracer = Tracer.builder().handler(pricing).build();

        Generation generation =
                ended(tracer, Generation.chat("p", "m").usage(10, 5).cost(new BigDecimal("7"), "EUR"));
        Embeddings embeddings = Embeddings.of("p", "m").inputTokens(10L).cost(new BigDecimal("0.5"), "USD");
        Span span = tracer.span(embeddings).start();
        span.end();

        assertThat(generation.cost()).isEqualTo(Cost.reported(new BigDecimal("7"), "EUR"));
        assertThat(embeddings.cost()).isEqualTo(Cost.reported(new BigDecimal("0.5"), "USD"));
        assertThat(span.attributes().get("spanflux.cost.source")).isEqualTo("provider");
    }

    @Test
    void ready_bookIsReadAtTheFirstCall_andOffThreadsThatMustNotBlock() {
        PriceBook book = PriceBook.unread();
        Pricing pricing = Pricing.of(book);
        Tracer tracer = Tracer.builder().handler(pricing).build();

        tracer.span(Tool.named("t")).start().end();
        StepVerifier.create(pricing.ready()).verifyComplete();
        assertThat(book.isLoaded()).isFalse();

        Mono<Generation> call = Mono.fromCallable(() ->
                        ended(tracer, Generation.chat("openai", "gpt-4o-mini").usage(10, 5)))
                .subscribeOn(Schedulers.parallel());
        StepVerifier.create(call.delayUntil(generation -> pricing.ready())
                        .publishOn(Schedulers.parallel())
                        .map(Generation::cost))
                .expectNextCount(1)
                .verifyComplete();
        assertThat(book.isLoaded()).isTrue();
    }
}
