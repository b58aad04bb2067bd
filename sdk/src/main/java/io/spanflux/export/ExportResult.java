// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import java.util.EnumMap;
import java.util.Map;

/**
 * What became of a batch; the numbers add up to its size.
 *
 * @param sent spans that the destination confirmed
 * @param rejected spans that the destination took and threw away, as it says in a partial success
 * @param dropped spans that were given up, by cause
 * @param spooled spans that wait on disk; what becomes of them {@link SpanExporter#afterSpool} tells
 */
public record ExportResult(long sent, long rejected, Map<DropCause, Long> dropped, long spooled) {
    /** Refuses negative numbers and copies the map. */
    public ExportResult {
        if (sent < 0 || rejected < 0 || spooled < 0) {
            throw new IllegalArgumentException(
                    "negative count: sent=" + sent + ", rejected=" + rejected + ", spooled=" + spooled);
        }
        dropped = Map.copyOf(dropped);
    }

    /** Without a spool. */
    public ExportResult(long sent, long rejected, Map<DropCause, Long> dropped) {
        this(sent, rejected, dropped, 0);
    }

    /** All {@code count} spans arrived. */
    public static ExportResult sent(long count) {
        return new ExportResult(count, 0, Map.of());
    }

    /** All {@code count} spans were given up. */
    public static ExportResult dropped(DropCause cause, long count) {
        return new ExportResult(0, 0, Map.of(cause, count));
    }

    /** All {@code count} spans wait on disk. */
    public static ExportResult spooled(long count) {
        return new ExportResult(0, 0, Map.of(), count);
    }

    /** Both results together. */
    public ExportResult plus(ExportResult other) {
        Map<DropCause, Long> all = new EnumMap<>(DropCause.class);
        all.putAll(dropped);
        other.dropped.forEach((cause, count) -> all.merge(cause, count, Long::sum));
        return new ExportResult(sent + other.sent, rejected + other.rejected, all, spooled + other.spooled);
    }

    /** How many spans this speaks of. */
    public long total() {
        long total = sent + rejected + spooled;
        for (long count : dropped.values()) {
            total += count;
        }
        return total;
    }
}
