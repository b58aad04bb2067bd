// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.trace.IdGenerator;
import io.spanflux.trace.Span;
import io.spanflux.trace.TraceInfo;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Ids and times as this format has them, for applications that make up their own. Threads: any. */
public final class OpenAiIds {
    /** An id of a span has 8 bytes here and 12 there; the rest is zeros, so that one is found by the other. */
    private static final String PADDING = "00000000";

    private static final HexFormat HEX = HexFormat.of();
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private OpenAiIds() {}

    /** A random id of a trace: {@code trace_} and 32 hexadecimal digits. For {@link TraceInfo#id}. */
    public static String traceId() {
        IdGenerator ids = IdGenerator.random();
        return "trace_" + HEX.toHexDigits(ids.traceIdHigh()) + HEX.toHexDigits(ids.traceIdLow());
    }

    /** A random id of a span: {@code span_} and 24 hexadecimal digits. For {@code SpanBuilder.id}. */
    public static String spanId() {
        return "span_" + digits24();
    }

    /** A random id of a group of traces: {@code group_} and 24 hexadecimal digits. For {@link TraceInfo#group}. */
    public static String groupId() {
        return "group_" + digits24();
    }

    private static String digits24() {
        IdGenerator ids = IdGenerator.random();
        return HEX.toHexDigits(ids.spanId()) + HEX.toHexDigits((int) ids.traceIdLow());
    }

    /** Now; see {@link #time(Instant)}. */
    public static String time() {
        return time(Instant.now());
    }

    /** ISO 8601 in UTC with an offset and microseconds, which are left out when they are zero. */
    public static String time(Instant instant) {
        Objects.requireNonNull(instant, "instant == null");
        int micros = instant.get(ChronoField.MICRO_OF_SECOND);
        String seconds = SECONDS.format(instant.truncatedTo(ChronoUnit.SECONDS));
        return seconds + (micros == 0 ? "" : String.format(Locale.ROOT, ".%06d", micros)) + "+00:00";
    }

    static String time(long epochNanos) {
        return time(Instant.ofEpochSecond(
                Math.floorDiv(epochNanos, 1_000_000_000L), Math.floorMod(epochNanos, 1_000_000_000L)));
    }

    /** The application's own id, else one made of the 128 bits that other formats have. */
    static String traceId(Span span) {
        TraceInfo trace = span.scope().trace();
        String own = trace == null ? null : trace.ownId();
        return own == null ? "trace_" + HEX.toHexDigits(span.traceIdHigh()) + HEX.toHexDigits(span.traceIdLow()) : own;
    }

    /** The application's own id, else one made of the 128 bits that other formats have; null until the trace begins. */
    static @Nullable String traceId(TraceInfo trace) {
        String own = trace.ownId();
        String bits = trace.traceId();
        return own != null || bits == null ? own : "trace_" + bits;
    }

    /** The application's own id, else one made of the 64 bits that other formats have. */
    static String spanId(long bits, @Nullable TraceInfo trace) {
        String own = trace == null ? null : trace.ownSpanId(bits);
        return own == null ? "span_" + HEX.toHexDigits(bits) + PADDING : own;
    }
}
