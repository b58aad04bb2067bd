// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.DropCause;
import java.util.EnumMap;
import java.util.Map;

/**
 * What became of every span that was handed to an exporter's pipeline, since the process started. At each moment
 * {@code accepted = sent + rejected + dropped + spooled + pending}.
 *
 * @param accepted spans that ended, were sampled, and so were to be exported
 * @param sent spans that the destination confirmed; for HTTP with a status 2xx
 * @param rejected spans that the destination took and threw away
 * @param dropped spans that were lost or sampled out, by cause
 * @param spooled spans of this process that wait on disk, or in the hands of a process that took them over
 * @param pending spans that are queued or under way; of those under way some may have arrived
 */
public record Ledger(
        long accepted, long sent, long rejected, Map<DropCause, Long> dropped, long spooled, long pending) {
    private static final Ledger ZERO = new Ledger(0, 0, 0, Map.of(), 0, 0);

    /** Copies the map. */
    public Ledger {
        dropped = Map.copyOf(dropped);
    }

    /** Nothing yet. */
    public static Ledger zero() {
        return ZERO;
    }

    /** How many spans were lost or sampled out, whatever the cause. */
    public long droppedTotal() {
        return total(dropped);
    }

    /** How many spans were lost for this cause. */
    public long dropped(DropCause cause) {
        return dropped.getOrDefault(cause, 0L);
    }

    static long total(Map<DropCause, Long> dropped) {
        long total = 0;
        for (long count : dropped.values()) {
            total += count;
        }
        return total;
    }

    /** Whether every span is accounted for. */
    public boolean isBalanced() {
        return accepted == sent + rejected + droppedTotal() + spooled + pending;
    }

    /**
     * This queue's ledger as it looks from a stage before it, that took over {@code accepted} spans, lost or left out
     * {@code droppedBefore} of them, and holds what is not here. Read this ledger first, then the stage's numbers.
     */
    public Ledger behind(long accepted, Map<DropCause, Long> droppedBefore) {
        Map<DropCause, Long> all = new EnumMap<>(DropCause.class);
        all.putAll(dropped);
        droppedBefore.forEach((cause, count) -> {
            if (count > 0) {
                all.merge(cause, count, Long::sum);
            }
        });
        return new Ledger(accepted, sent, rejected, all, spooled, accepted - sent - rejected - total(all) - spooled);
    }

    /** What has happened since {@code earlier}; pending and spooled are as they are now. */
    public Ledger since(Ledger earlier) {
        Map<DropCause, Long> difference = new EnumMap<>(DropCause.class);
        dropped.forEach((cause, count) -> {
            long before = earlier.dropped(cause);
            if (count != before) {
                difference.put(cause, count - before);
            }
        });
        return new Ledger(
                accepted - earlier.accepted + earlier.pending + earlier.spooled,
                sent - earlier.sent,
                rejected - earlier.rejected,
                difference,
                spooled,
                pending);
    }

    /** Both ledgers together, for an application with several exporters. */
    public Ledger plus(Ledger other) {
        Map<DropCause, Long> all = new EnumMap<>(DropCause.class);
        all.putAll(dropped);
        other.dropped.forEach((cause, count) -> all.merge(cause, count, Long::sum));
        return new Ledger(
                accepted + other.accepted,
                sent + other.sent,
                rejected + other.rejected,
                all,
                spooled + other.spooled,
                pending + other.pending);
    }
}
