// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.test.FakeClock;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

class ConsoleSpanExporterTest {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);
    private final FakeClock clock = new FakeClock();
    private final Tracer tracer = Tracer.builder().clock(clock).build();

    private void export(ConsoleSpanExporter exporter, Span... spans) {
        StepVerifier.create(exporter.export(List.of(spans)))
                .expectNext(ExportResult.sent(spans.length))
                .expectComplete()
                .verify(PATIENCE);
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void lines_areOneASpanWithWhatAPersonLooksFor() {
        Span first = tracer.span("chat m").start().attribute("gen_ai.request.model", "m");
        clock.advance(Duration.ofNanos(1_234_567_000));
        first.end();
        Span second = tracer.span("tool").start();
        second.error(new IllegalStateException("broken")).end();

        export(ConsoleSpanExporter.lines(out), first, second);

        assertThat(printed().lines()).hasSize(2);
        assertThat(printed().lines().toList().get(0))
                .isEqualTo(TIME.format(Instant.ofEpochSecond(0, first.startEpochNanos()))
                        + "     1.235 s   chat m gen_ai.request.model=m" + ids(first));
        assertThat(printed().lines().toList().get(1))
                .contains("     0.000 ms  tool ERROR: broken error.type=java.lang.IllegalStateException");
    }

    private static String ids(Span span) {
        return " trace=" + span.context().traceId() + " span=" + span.context().spanId();
    }

    @Test
    void lines_standBelowTheirParents_inTheOrderInWhichTheyBegan() {
        Span agent = tracer.span("agent").start();
        clock.advance(Duration.ofMillis(1));
        Span chat = tracer.span("chat").parent(agent).start();
        clock.advance(Duration.ofMillis(1));
        Span inner = tracer.span("http").parent(chat).start();
        Span other = tracer.span("other").start();
        clock.advance(Duration.ofMillis(1));
        Span tool = tracer.span("tool").parent(agent).start();
        List.of(inner, chat, tool, other, agent).forEach(Span::end);

        export(ConsoleSpanExporter.lines(out), inner, chat, tool, other, agent);

        assertThat(printed()
                        .lines()
                        .map(line ->
                                line.replaceFirst("^\\S+ +\\S+ (?:ms|s )  ", "").replaceFirst(" trace=.*", "")))
                .containsExactly("agent", "  chat", "    http", "  tool", "other");
    }

    @Test
    void lines_withoutTheirParent_standAlone() {
        Span agent = tracer.span("agent").start();
        Span chat = tracer.span("chat").parent(agent).start();
        chat.end();
        agent.end();

        export(ConsoleSpanExporter.lines(out), chat);

        assertThat(printed()).contains(" ms  chat trace=");
    }

    @Test
    void lines_showTheBeginningOfALongValue() {
        Span span = tracer.span("x").start().attribute("k", "a".repeat(199) + "\uD83D\uDE00" + "b".repeat(99));
        span.end();

        export(ConsoleSpanExporter.lines(out), span);

        assertThat(printed()).contains(" k=" + "a".repeat(199) + "... (300 characters) trace=");
    }

    @Test
    void lines_cannotBeForgedByAValue() {
        Span span = tracer.span("a\nb\u001b[2J").start().attribute("k", "c\u0085d\u2028e\u2029f\u009bg\rh");
        span.end();

        export(ConsoleSpanExporter.lines(out), span);

        assertThat(printed().stripTrailing()).endsWith(" a b [2J k=c d e f g h" + ids(span));
    }

    @Test
    void lines_cannotBeForgedByAKey() {
        Span span = tracer.span("x").start().attribute("k\nFORGED\u202E", Map.of("in\nner", "v"));
        span.end();

        export(ConsoleSpanExporter.lines(out), span);

        assertThat(printed().stripTrailing())
                .endsWith(" x k FORGED ={in ner=v}" + ids(span))
                .doesNotContain("\u202E");
        assertThat(printed().lines()).hasSize(1);
    }

    @Test
    void otlpJson_isOneDocumentALine() {
        Span first = tracer.span("first").start();
        first.end();
        Span second = tracer.span("second\n").start();
        second.end();
        ConsoleSpanExporter exporter = ConsoleSpanExporter.otlpJson(out);

        export(exporter, first, second);
        export(exporter, second);

        List<JsonNode> documents =
                printed().lines().map(new JsonMapper()::readTree).toList();
        assertThat(documents).hasSize(2);
        assertThat(documents.get(0).at("/resourceSpans/0/scopeSpans/0/spans")).hasSize(2);
        assertThat(documents
                        .get(1)
                        .at("/resourceSpans/0/scopeSpans/0/spans/0/name")
                        .asString())
                .isEqualTo("second\n");
    }

    @Test
    void export_printsWhereBlockingIsAllowed() {
        AtomicReference<String> thread = new AtomicReference<>();
        PrintStream slow = new PrintStream(
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        thread.set(Thread.currentThread().getName());
                    }
                },
                true,
                StandardCharsets.UTF_8);
        Span span = tracer.span("x").start();
        span.end();

        export(ConsoleSpanExporter.lines(slow), span);

        assertThat(thread.get()).startsWith("boundedElastic");
    }
}
