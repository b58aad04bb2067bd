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
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Prints spans, for a look at what leaves: one line a span for people, or OTLP JSON lines for tools. Prints whatever the
 * spans hold, content too where it is captured; for people the first {@value #MAX_SHOWN} characters of each value.
 *
 * <pre>{@code
 * 10:15:30.120Z     1.235 s   invoke_agent support gen_ai.operation.name=invoke_agent .. trace=.. span=..
 * 10:15:30.121Z   812.000 ms    chat gpt-4o gen_ai.operation.name=chat gen_ai.usage.input_tokens=12 .. trace=.. span=..
 * 10:15:30.935Z     3.100 ms    execute_tool get_order ERROR: no such order error.type=.. trace=.. span=..
 * }</pre>
 *
 * <p>Threads: printing blocks, so it happens on {@code Schedulers.boundedElastic()}.
 */
public final class ConsoleSpanExporter implements SpanExporter {
    private static final int MAX_SHOWN = 200;
    private static final int MAX_INDENT = 20;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSSX", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final PrintStream out;
    private final Function<List<Span>, String> format;

    private ConsoleSpanExporter(PrintStream out, Function<List<Span>, String> format) {
        this.out = Objects.requireNonNull(out, "out == null");
        this.format = format;
    }

    /** Prints one readable line a span to {@code out}, below its parent where both are in one batch. */
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
        for (Line line : lines(batch)) {
            Span span = line.span;
            text.append(TIME.format(Instant.EPOCH.plusNanos(span.startEpochNanos())))
                    .append(duration(span.endEpochNanos() - span.startEpochNanos()))
                    .append("  ")
                    .append("  ".repeat(Math.min(line.depth, MAX_INDENT)))
                    .append(shown(span.name()));
            if (span.status() == SpanStatus.ERROR) {
                text.append(" ERROR");
                String description = span.statusDescription();
                text.append(description == null ? "" : ": " + shown(description));
            }
            for (Map.Entry<String, Object> attribute : span.attributes().asMap().entrySet()) {
                text.append(' ')
                        .append(shown(attribute.getKey()))
                        .append('=')
                        .append(shown(attribute.getValue().toString()));
            }
            text.append(" trace=")
                    .append(span.context().traceId())
                    .append(" span=")
                    .append(span.context().spanId())
                    .append(System.lineSeparator());
        }
        return text.toString();
    }

    private record Id(long traceHigh, long traceLow, long span) {
        static Id of(Span span) {
            return new Id(span.traceIdHigh(), span.traceIdLow(), span.spanIdBits());
        }

        static Id ofParent(Span span) {
            return new Id(span.traceIdHigh(), span.traceIdLow(), span.parentSpanIdBits());
        }
    }

    private record Line(Span span, int depth) {}

    /** Spans by their start, each below its parent where the batch has it: inner spans end, and arrive, first. */
    private static List<Line> lines(List<Span> batch) {
        List<Span> byStart = new ArrayList<>(batch);
        byStart.sort(Comparator.comparingLong(Span::startEpochNanos));
        Set<Id> present = byStart.stream().map(Id::of).collect(Collectors.toSet());
        Map<Id, List<Span>> below = new HashMap<>();
        Deque<Line> next = new ArrayDeque<>();
        for (Span span : byStart) {
            Id parent = Id.ofParent(span);
            if (present.contains(parent)) {
                below.computeIfAbsent(parent, id -> new ArrayList<>()).add(span);
            } else {
                next.add(new Line(span, 0));
            }
        }
        List<Line> lines = new ArrayList<>(byStart.size());
        while (!next.isEmpty()) {
            Line line = next.removeFirst();
            lines.add(line);
            List<Span> children = below.remove(Id.of(line.span));
            for (int i = children == null ? 0 : children.size(); i > 0; i--) {
                next.addFirst(new Line(Objects.requireNonNull(children).get(i - 1), line.depth + 1));
            }
        }
        // Whose ids run in a circle, which only ids of the application's own can.
        below.values().forEach(rest -> rest.forEach(span -> lines.add(new Line(span, 0))));
        return lines;
    }

    private static String duration(long nanos) {
        return nanos < 1_000_000_000
                ? String.format(Locale.ROOT, "%10.3f ms", nanos / 1e6)
                : String.format(Locale.ROOT, "%10.3f s ", nanos / 1e9);
    }

    /** On one line, and no longer than a person reads: the whole is what {@link #otlpJson} is for. */
    private static String shown(String text) {
        if (text.length() <= MAX_SHOWN) {
            return oneLine(text);
        }
        int end = Character.isHighSurrogate(text.charAt(MAX_SHOWN - 1)) ? MAX_SHOWN - 1 : MAX_SHOWN;
        return oneLine(text.substring(0, end)) + "... (" + text.length() + " characters)";
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
