// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.ExportResult;
import io.spanflux.export.OtlpExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.genai.Cost;
import io.spanflux.genai.Generation;
import io.spanflux.pricing.ModelPrice;
import io.spanflux.pricing.PriceBook;
import io.spanflux.pricing.Pricing;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Costs, from a price book to what leaves. */
@Timeout(30)
class SpanfluxPricingTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Environment NONE = Environment.of(Map.of());

    @TempDir
    Path folder;

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

    private Spanflux.Builder builder() {
        return Spanflux.builder().environment(NONE).exporter(exporter);
    }

    private Attributes exported(Spanflux.Builder builder, Generation generation) {
        Spanflux spanflux = builder.build();
        spanflux.tracer().span(generation).start().end();
        spanflux.awaitClose(PATIENCE);
        return exporter.spans().get(0).attributes();
    }

    private static Generation mini() {
        return Generation.chat("openai", "gpt-4o-mini")
                .responseModel("gpt-4o-mini-2024-07-18")
                .usage(1_000, 500);
    }

    @Test
    void cost_ofAListedModel_leavesWithTheSpan() {
        Attributes attributes = exported(builder(), mini());

        // 1,000 at 0.15 and 500 at 0.60 a million.
        assertThat(attributes.get("spanflux.cost.total")).isEqualTo(0.00045);
        assertThat(attributes.get("spanflux.cost.input")).isEqualTo(0.00015);
        assertThat(attributes.get("spanflux.cost.output")).isEqualTo(0.0003);
        assertThat(attributes.get("spanflux.cost.currency")).isEqualTo("USD");
        assertThat(attributes.get("spanflux.cost.source")).isEqualTo("local");
        assertThat(attributes.get("gen_ai.usage.cost.amount")).isNull();
    }

    @Test
    void cost_isOnTheWireToo() {
        try (LoopbackServer server = LoopbackServer.start()) {
            Spanflux spanflux = Spanflux.builder()
                    .environment(NONE)
                    .exporter(OtlpExporter.builder()
                            .environment(NONE)
                            .endpoint(server.url("/v1/traces"))
                            .build())
                    .build();
            spanflux.tracer().span(mini()).start().end();
            spanflux.awaitClose(PATIENCE);

            assertThat(server.requests())
                    .singleElement()
                    .satisfies(request -> assertThat(request.text())
                            .contains("{\"key\":\"spanflux.cost.total\",\"value\":{\"doubleValue\":4.5E-4}}"));
        }
    }

    @Test
    void cost_reportedByTheProvider_winsOverTheBook() {
        Attributes attributes = exported(builder(), mini().cost(new BigDecimal("0.7"), "EUR"));

        assertThat(attributes.get("spanflux.cost.total")).isEqualTo(0.7);
        assertThat(attributes.get("spanflux.cost.currency")).isEqualTo("EUR");
        assertThat(attributes.get("spanflux.cost.source")).isEqualTo("provider");
        assertThat(attributes.get("spanflux.cost.input")).isNull();
    }

    @Test
    void cost_unlistedModel_isNoAttributeAndOneWarning() {
        LogCapture logs = LogCapture.start();
        Spanflux spanflux = builder().build();
        for (int i = 0; i < 10; i++) {
            spanflux.tracer()
                    .span(Generation.chat("openai", "gpt-4o-mimi").usage(1, 1))
                    .start()
                    .end();
        }
        spanflux.awaitClose(PATIENCE);

        assertThat(exporter.spans())
                .hasSize(10)
                .allSatisfy(span -> assertThat(span.attributes().asMap().keySet())
                        .noneMatch(key -> key.startsWith("spanflux.cost")));
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .startsWith("No price for model gpt-4o-mimi of provider openai");
    }

    @Test
    void priceBook_replacesTheBuiltInList() {
        PriceBook ours = PriceBook.builder()
                .price("openai", "gpt-4o-mini", ModelPrice.of("1000", "2000").currency("CHF"))
                .build();

        Attributes attributes = exported(builder().priceBook(ours), mini());

        assertThat(attributes.get("spanflux.cost.total")).isEqualTo(2.0);
        assertThat(attributes.get("spanflux.cost.currency")).isEqualTo("CHF");
    }

    @Test
    void priceFile_comesBeforeTheBook() throws IOException {
        Path file = Files.writeString(folder.resolve("ours.json"), """
                {"prices": {"openai": {"gpt-4o-mini-2024-07-18": {"input": 1000, "output": 2000}, "prod": "gpt-4o-mini"}}}
                """);
        Spanflux spanflux = builder().priceFile(file).build();
        spanflux.tracer().span(mini()).start().end();
        spanflux.tracer()
                .span(Generation.chat("openai", "prod").usage(1_000, 500))
                .start()
                .end();
        spanflux.awaitClose(PATIENCE);

        assertThat(exporter.spans())
                .extracting(span -> span.attributes().get("spanflux.cost.total"))
                .containsExactly(2.0, 0.00045);
    }

    @Test
    void priceFile_withAMistake_isRefusedByBuildWithFileAndField() throws IOException {
        Path file = Files.writeString(
                folder.resolve("ours.json"),
                "{\"prices\": {\"openai\": {\n\"gpt-4o\": {\"input\": -1, \"output\": 1}}}}");
        Spanflux.Builder builder = builder().priceFile(file);

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("price file " + file + ", line 2, column 21, field /prices/openai/gpt-4o/input:"
                        + " input is not between 0 and 10^9 with at most 30 decimals: -1");
        assertThatThrownBy(() -> builder.priceFile(folder.resolve("none.json")).build())
                .hasMessage("price file cannot be read: " + folder.resolve("none.json"));
        assertThatThrownBy(() -> builder.priceFile(null)).hasMessage("priceFile == null");
        assertThatThrownBy(() -> builder.priceBook(null)).hasMessage("priceBook == null");
    }

    // ---- where costs are calculated --------------------------------------------------------------------------------

    private static final class RenderingElsewhere implements SpanExporter {
        final List<Attributes> rendered = new ArrayList<>();
        int retries;
        int closes;

        @Override
        public Mono<ExportResult> export(List<Span> batch) {
            return Mono.fromSupplier(() -> {
                        batch.forEach(span -> rendered.add(span.attributes()));
                        return ExportResult.sent(batch.size());
                    })
                    .subscribeOn(Schedulers.parallel());
        }

        @Override
        public void retryNow() {
            retries++;
        }

        @Override
        public Mono<Void> close() {
            closes++;
            return Mono.empty();
        }

        @Override
        public String toString() {
            return "there";
        }
    }

    private static Span ended(Generation generation) {
        Span span = Tracer.builder().build().span(generation).start();
        span.end();
        return span;
    }

    @Test
    void pricedExporter_calculatesOnceAndBeforeTheExporterSeesTheBatch() {
        RenderingElsewhere there = new RenderingElsewhere();
        List<Thread> asked = new ArrayList<>();
        Generation generation = mini().costCalculator(
                        call -> {
                            asked.add(Thread.currentThread());
                            return Cost.reported(BigDecimal.TEN, "USD");
                        },
                        1);
        Span span = ended(generation);

        StepVerifier.create(new PricedExporter(there, Pricing.of(PriceBook.empty())).export(List.of(span)))
                .expectNext(ExportResult.sent(1))
                .verifyComplete();

        assertThat(asked).containsExactly(Thread.currentThread());
        assertThat(there.rendered.get(0).get("spanflux.cost.total")).isEqualTo(10.0);
    }

    @Test
    void pricedExporter_calculatorThatThrows_costsOnlyTheCost() {
        RenderingElsewhere there = new RenderingElsewhere();
        Span span = ended(mini().costCalculator(
                        call -> {
                            throw new IllegalStateException("no");
                        },
                        1));

        StepVerifier.create(new PricedExporter(there, Pricing.of(PriceBook.empty())).export(List.of(span)))
                .expectNext(ExportResult.sent(1))
                .verifyComplete();

        assertThat(there.rendered.get(0).get("gen_ai.usage.output_tokens")).isEqualTo(500L);
        assertThat(there.rendered.get(0).get("spanflux.cost.total")).isNull();
    }

    @Test
    void pricedExporter_exporterThatThrows_failsTheBatchOnly() {
        SpanExporter unlinked = batch -> {
            throw new NoClassDefFoundError("gone");
        };

        StepVerifier.create(new PricedExporter(unlinked, Pricing.of(PriceBook.empty())).export(List.of(ended(mini()))))
                .expectErrorMessage("export threw java.lang.NoClassDefFoundError")
                .verify();
    }

    @Test
    void pricedExporter_isTheExporterForEverythingElse() {
        RenderingElsewhere there = new RenderingElsewhere();
        PricedExporter priced = new PricedExporter(there, Pricing.of(PriceBook.empty()));

        priced.retryNow();
        StepVerifier.create(priced.close()).verifyComplete();

        assertThat(there.retries).isEqualTo(1);
        assertThat(there.closes).isEqualTo(1);
        assertThat(priced).hasToString("there");
    }
}
