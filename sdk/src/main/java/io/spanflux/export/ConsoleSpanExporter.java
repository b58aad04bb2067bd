// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Prints spans, for a look at what leaves: one line a span for people, or OTLP JSON lines for tools. Prints whatever the
 * spans hold, content too where it is captured.
 *
 * <p>Threads: printing blocks, so it happens on {@code Schedulers.boundedElastic()}.
 */
public final class ConsoleSpanExporter implements SpanExporter {
    private final PrintStream out;
    private final Function<List<Span>, String> format;

    private ConsoleSpanExporter(PrintStream out, Function<List<Span>, String> format) {
        this.out = Objects.requireNonNull(out, "out == null");
        this.format = format;
    }

    /** Prints one readable line a span to {@code out}. */
    public static ConsoleSpanExporter lines(PrintStream out) {
        return new ConsoleSpanExporter(out, ConsoleSpanExporter::readable);
    }

    /** Prints one line of OTLP JSON a batch to {@code out}. */
    public static ConsoleSpanExporter otlpJson(PrintStream out) {
        SpanEncoder encoder = new OtlpJsonEncoder();
        return new ConsoleSpanExporter(out, batch -> json(batch, encoder));
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return Mono.fromCallable(() -> {
                    out.print(format.apply(batch));
                    out.flush();
                    return ExportResult.sent(batch.size());
                })
                .subscribeOn(Schedulers.boundedElastic());
    }

    private static String readable(List<Span> batch) {
        StringBuilder text = new StringBuilder();
        for (Span span : batch) {
            double millis = (span.endEpochNanos() - span.startEpochNanos()) / 1e6;
            text.append(span.context().traceId())
                    .append(' ')
                    .append(span.context().spanId())
                    .append(String.format(Locale.ROOT, " %10.3f ms ", millis))
                    .append(span.status() == SpanStatus.ERROR ? "ERROR " : "")
                    .append(oneLine(span.name()));
            for (Map.Entry<String, Object> attribute : span.attributes().asMap().entrySet()) {
                text.append(' ')
                        .append(oneLine(attribute.getKey()))
                        .append('=')
                        .append(oneLine(attribute.getValue().toString()));
            }
            text.append(System.lineSeparator());
        }
        return text.toString();
    }

    /** A text must not be able to forge lines, to move a terminal's cursor, or to turn the direction of writing. */
    private static String oneLine(String text) {
        return text.replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}\\u202A-\\u202E\\u2066-\\u2069]", " ");
    }

    private static String json(List<Span> batch, SpanEncoder encoder) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            SpanEncoder.Encoding encoding = encoder.begin(bytes);
            for (Span span : batch) {
                encoding.write(span);
            }
            encoding.end();
        } catch (IOException e) {
            throw new IllegalStateException("an array cannot fail", e);
        }
        return bytes.toString(StandardCharsets.UTF_8) + System.lineSeparator();
    }

    @Override
    public String toString() {
        return "ConsoleSpanExporter";
    }
}
