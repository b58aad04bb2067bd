// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.ReactorNettySender;
import io.spanflux.transport.RetryPolicy;
import io.spanflux.transport.RetryingSender;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(30)
class HttpSpanExporterTest {
    private final Tracer tracer = Tracer.builder().build();

    private static HttpSpanExporter exporter(JudgingSender sender) {
        return new HttpSpanExporter(new OtlpJsonEncoder(), sender);
    }

    private List<Span> spans(int count) {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Span span = tracer.span("s" + i).start();
            span.end();
            spans.add(span);
        }
        return List.copyOf(spans);
    }

    private ExportResult export(JudgingSender sender, int count) {
        return exporter(sender).export(spans(count)).block();
    }

    // ---- success -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "200, {}",
        "200, ''",
        "204, ''",
        "202, ok",
        "200, <html>",
        "200, null",
        "200, '{\"partialSuccess\":null}'",
        "200, '{\"partialSuccess\":{}}'",
        "200, '{\"partialSuccess\":{\"rejectedSpans\":0}}'",
        "200, '[1'",
        "299, '\"x\"'"
    })
    void export_any2xx_meansSent(int status, String body) {
        assertThat(export(JudgingSender.always(status, body), 3)).isEqualTo(ExportResult.sent(3));
    }

    @ParameterizedTest
    @CsvSource({"'\"2\"', 2", "2, 2", "'\"99\"', 3", "-4, 0", "'\"many\"', 0", "1e300, 0", "{}, 0"})
    void export_partialSuccess_countsWhatWasRejected_andIsNeverResent(String rejectedSpans, int rejected) {
        JudgingSender sender = JudgingSender.always(
                200, "{\"partialSuccess\":{\"rejectedSpans\":" + rejectedSpans + ",\"errorMessage\":\"too old\"}}");
        LogCapture logs = LogCapture.start();
        assertThat(export(sender, 3)).isEqualTo(new ExportResult(3 - rejected, rejected, Map.of()));
        assertThat(sender.requests).hasSize(1);
        assertThat(logs.warnings()).singleElement().asString().contains("too old", "http://judge.test");
    }

    @Test
    void export_aServersWarning_cannotForgeLogLines() {
        LogCapture logs = LogCapture.start();
        export(
                JudgingSender.always(
                        200, "{\"partialSuccess\":{\"errorMessage\":\"bad\\u0085 \\u202Eforged\\u009b1m\"}}"),
                1);
        assertThat(logs.warnings()).singleElement().asString().contains("bad forged 1m");
    }

    @Test
    void export_aServersMessage_cannotForgeLogLines() {
        LogCapture logs = LogCapture.start();
        export(JudgingSender.always(500, "bad\r\nWARN forged \u001b[31m\u202Eline" + "x".repeat(10_000)), 1);
        assertThat(logs.warnings())
                .singleElement()
                .asString()
                .contains("bad WARN forged")
                .doesNotContain("\n", "\r", "\u001b", "\u202E")
                .hasSizeLessThan(600);
    }

    // ---- refusals ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 307, 308, 401, 403, 404, 405, 408, 409, 415, 422, 500, 501})
    void export_aRefusal_losesTheBatchInOneRequest(int status) {
        JudgingSender sender = JudgingSender.always(status, "no");
        LogCapture logs = LogCapture.start();
        assertThat(export(sender, 4)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 4));
        assertThat(sender.requests).hasSize(1);
        assertThat(logs.warnings()).singleElement().asString().contains("answered " + status, "4 span(s)");
    }

    @ParameterizedTest
    @CsvSource({
        "401, credentials",
        "403, credentials",
        "404, /v1/traces",
        "413, maxBatchBytes",
        "415, JSON",
        "302, final URL"
    })
    void export_aRefusal_isExplained(int status, String remedy) {
        LogCapture logs = LogCapture.start();
        export(JudgingSender.always(status, "no"), 1);
        assertThat(logs.warnings()).singleElement().asString().contains(remedy);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 502, 503, 504})
    void export_stillOverloadedAfterAllRetries_isTimedOut(int status) {
        JudgingSender sender = JudgingSender.always(status, "");
        assertThat(export(sender, 4)).isEqualTo(ExportResult.dropped(DropCause.TIMED_OUT, 4));
        assertThat(sender.requests).hasSize(1);
    }

    @Test
    void export_noAnswer_isTimedOut() {
        JudgingSender sender = JudgingSender.of(names -> Mono.error(new ConnectException("refused")));
        assertThat(export(sender, 4)).isEqualTo(ExportResult.dropped(DropCause.TIMED_OUT, 4));
    }

    @Test
    void export_aSenderWithoutAnAnswer_isAFailure() {
        assertThat(export(JudgingSender.of(names -> Mono.empty()), 2))
                .isEqualTo(ExportResult.dropped(DropCause.EXPORTER_FAILED, 2));
    }

    // ---- one bad span --------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "400, 1, 0",
        "400, 2, 0",
        "400, 2, 1",
        "413, 3, 1",
        "400, 8, 0",
        "400, 8, 7",
        "400, 100, 63",
        "413, 512, 0",
        "400, 512, 300",
        "400, 512, 511",
        "400, 513, 512"
    })
    void export_onePoisonedSpan_isLostAlone_withinTheRequestsAllowed(int status, int count, int poisoned) {
        JudgingSender sender = JudgingSender.refusing(status, "s" + poisoned);
        List<Span> batch = spans(count);

        ExportResult result = exporter(sender).export(batch).block();

        assertThat(result).isEqualTo(new ExportResult(count - 1, 0, Map.of(DropCause.REFUSED, 1L)));
        double allowed = 2 * Math.ceil(Math.log(count) / Math.log(2)) + 2;
        assertThat(sender.requests.size()).isLessThanOrEqualTo((int) allowed);
        List<String> delivered = sender.requests.stream()
                .filter(names -> !names.contains("s" + poisoned))
                .flatMap(List::stream)
                .toList();
        assertThat(delivered).doesNotHaveDuplicates().hasSize(count - 1);
    }

    @Test
    void export_bothHalvesRefused_isNotSplitFurther() {
        JudgingSender sender = JudgingSender.always(400, "you speak another protocol");
        assertThat(export(sender, 512)).isEqualTo(ExportResult.dropped(DropCause.REFUSED, 512));
        assertThat(sender.requests).hasSize(3);
    }

    @Test
    void export_severalPoisonedSpansInOneHalf_staysWithinTheRequestsAllowed() {
        JudgingSender sender = JudgingSender.refusing(400, "s0", "s50", "s100", "s150", "s200", "s255");
        ExportResult result = export(sender, 512);
        assertThat(result.total()).isEqualTo(512);
        assertThat(result.sent()).isGreaterThanOrEqualTo(256);
        assertThat(sender.requests.size()).isLessThanOrEqualTo(20);
    }

    @Test
    void export_aHalfThatFailsForAnotherReason_isNotSplit() {
        JudgingSender sender = JudgingSender.of(names -> {
            if (names.size() == 8) {
                return Mono.just(JudgingSender.answer(413, ""));
            }
            return names.contains("s0")
                    ? Mono.just(JudgingSender.answer(401, ""))
                    : Mono.just(JudgingSender.answer(200, ""));
        });
        assertThat(export(sender, 8)).isEqualTo(new ExportResult(4, 0, Map.of(DropCause.REFUSED, 4L)));
        assertThat(sender.requests).hasSize(3);
    }

    /** Cannot write spans with this name. */
    private record Picky(String name, SpanEncoder delegate) implements SpanEncoder {
        @Override
        public String contentType() {
            return delegate.contentType();
        }

        @Override
        public Encoding begin(OutputStream out) throws IOException {
            Encoding encoding = delegate.begin(out);
            return new Encoding() {
                @Override
                public void write(Span span) throws IOException {
                    if (span.name().equals(name)) {
                        throw new IllegalStateException("cannot encode");
                    }
                    encoding.write(span);
                }

                @Override
                public void end() throws IOException {
                    encoding.end();
                }
            };
        }
    }

    @Test
    void export_oneSpanThatCannotBeEncoded_isLostAlone() {
        try (LoopbackServer server = LoopbackServer.start()) {
            ReactorNettySender sender =
                    ReactorNettySender.builder(server.url("/")).build();
            HttpSpanExporter exporter = new HttpSpanExporter(new Picky("s5", new OtlpJsonEncoder()), sender);

            ExportResult result = exporter.export(spans(16)).block(Duration.ofSeconds(10));

            assertThat(result).isEqualTo(new ExportResult(15, 0, Map.of(DropCause.UNENCODABLE, 1L)));
            exporter.close().block(Duration.ofSeconds(10));
        }
    }

    // ---- cut short -----------------------------------------------------------------------------------------------

    @Test
    void export_cutShortWhileSplitting_doesNotSendAgainWhatWasSettled() {
        AtomicBoolean hung = new AtomicBoolean(true);
        JudgingSender sender = JudgingSender.of(names -> {
            if (names.contains("s7") && names.size() > 1) {
                return names.size() == 4 && hung.getAndSet(false)
                        ? Mono.never()
                        : Mono.just(JudgingSender.answer(413, ""));
            }
            return Mono.just(JudgingSender.answer(200, "{}"));
        });
        HttpSpanExporter exporter = exporter(sender);
        List<Span> batch = spans(8);
        exporter.export(batch).subscribe().dispose();
        assertThat(sender.requests).hasSize(3);

        assertThat(exporter.export(batch).block()).isEqualTo(ExportResult.sent(8));

        assertThat(sender.requests.stream().filter(names -> names.contains("s0")))
                .hasSize(2);
        assertThat(sender.requests.stream().filter(names -> names.contains("s4")))
                .hasSize(4);
    }

    @Test
    void export_cutShort_isForgottenWhenItIsSettled() {
        AtomicBoolean hung = new AtomicBoolean(true);
        JudgingSender sender = JudgingSender.of(
                names -> hung.getAndSet(false) ? Mono.never() : Mono.just(JudgingSender.answer(200, "{}")));
        HttpSpanExporter exporter = exporter(sender);
        List<Span> batch = spans(1);
        exporter.export(batch).subscribe().dispose();
        exporter.export(batch).block();
        exporter.export(batch).block();
        assertThat(sender.requests).hasSize(3);
    }

    @Test
    void export_cutShortAgainAndAgain_stillGrowsOld() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        JudgingSender sender = JudgingSender.always(503, "");
        RetryPolicy policy = new RetryPolicy(Duration.ofMillis(100), Duration.ofMillis(100), Duration.ofSeconds(1));
        HttpSpanExporter exporter =
                new HttpSpanExporter(new OtlpJsonEncoder(), new RetryingSender(sender, policy, time));
        List<Span> batch = spans(1);
        List<ExportResult> results = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Disposable exporting = exporter.export(batch).subscribe(results::add);
            time.advanceTimeBy(Duration.ofMillis(200));
            exporting.dispose();
            assertThat(results).hasSize(i < 4 ? 0 : 1);
        }
        assertThat(results).containsExactly(ExportResult.dropped(DropCause.TIMED_OUT, 1));
    }

    @Test
    void export_splitPieces_areAsOldAsTheirBatch() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        AtomicInteger refused = new AtomicInteger();
        JudgingSender sender = JudgingSender.of(names ->
                Mono.just(JudgingSender.answer(names.size() == 4 && refused.incrementAndGet() > 2 ? 413 : 503, "")));
        RetryPolicy policy = new RetryPolicy(Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofMillis(2_500));
        HttpSpanExporter exporter =
                new HttpSpanExporter(new OtlpJsonEncoder(), new RetryingSender(sender, policy, time));
        List<ExportResult> results = new ArrayList<>();
        exporter.export(spans(4)).subscribe(results::add);
        time.advanceTimeBy(Duration.ofMillis(2_500));
        assertThat(results).containsExactly(ExportResult.dropped(DropCause.TIMED_OUT, 4));
    }

    // ---- the rest ------------------------------------------------------------------------------------------------

    @Test
    void export_isCold() {
        JudgingSender sender = JudgingSender.always(200, "{}");
        Mono<ExportResult> exporting = exporter(sender).export(spans(1));
        assertThat(sender.requests).isEmpty();
        exporting.block();
        exporting.block();
        assertThat(sender.requests).hasSize(2);
    }

    @Test
    void retryNowAndClose_reachTheSender() {
        JudgingSender sender = JudgingSender.always(200, "{}");
        HttpSpanExporter exporter = exporter(sender);
        exporter.retryNow();
        exporter.close().block();
        assertThat(sender.hurries).isEqualTo(1);
        assertThat(sender.closes).isEqualTo(1);
    }
}
