// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a pipeline remembers in order to say how it fares. Times are milliseconds of the scheduler's clock.
 *
 * <p>Threads: written by the pipeline's loop, read by any.
 */
final class HealthLog {
    /** An export that takes longer is in trouble, whatever becomes of it. */
    static final Duration STALL = Duration.ofSeconds(10);

    /** How long a loss is remembered. */
    static final Duration MEMORY = Duration.ofMinutes(1);

    /** Immutable, so that a reader sees what fits together. */
    private record State(
            long upSince,
            @Nullable Long failingSince,
            String failure,
            @Nullable Long lossesSince,
            long lastLoss,
            String losses) {}

    private volatile State state;

    HealthLog(long now) {
        state = new State(now, null, "", null, 0, "");
    }

    /** An export has ended that began at {@code begun}; {@code obstacle} is what the exporter last failed on. */
    void exported(ExportResult result, long begun, long now, @Nullable String obstacle) {
        State s = state;
        boolean arrived = result.sent() + result.rejected() > 0;
        Map<DropCause, Long> lost = result.dropped();
        if (arrived) {
            boolean wasDown = s.failingSince != null || now - begun > STALL.toMillis();
            s = new State(wasDown ? now : s.upSince, null, "", s.lossesSince, s.lastLoss, s.losses);
        } else if (result.spooled() > 0 || !lost.isEmpty()) {
            String what = result.spooled() > 0
                    ? result.spooled() + " were moved to the spool"
                    : describe(lost) + " were dropped";
            Long since = s.failingSince == null ? Long.valueOf(begun) : s.failingSince;
            String why = obstacle == null ? "" : " (" + obstacle + ")";
            s = new State(
                    s.upSince,
                    since,
                    "nothing arrives" + why + "; of the last batch " + what,
                    s.lossesSince,
                    s.lastLoss,
                    s.losses);
        }
        state = s;
        if (!lost.isEmpty() || result.rejected() > 0) {
            lost(result.rejected() > 0 ? result.rejected() + " rejected by the destination" : describe(lost), now);
        }
    }

    /** Something was lost just now. */
    void lost(String what, long now) {
        State s = state;
        Long since = s.lossesSince == null || now - s.lastLoss > MEMORY.toMillis() ? Long.valueOf(now) : s.lossesSince;
        state = new State(s.upSince, s.failingSince, s.failure, since, now, what);
    }

    private static String describe(Map<DropCause, Long> lost) {
        return lost.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(loss -> loss.getValue() + " " + loss.getKey())
                .collect(Collectors.joining(", "));
    }

    /** {@code begun} is when the export under way began, null when there is none. */
    Health at(long now, @Nullable Long begun, @Nullable String obstacle) {
        State s = state;
        if (s.failingSince != null) {
            return health(Health.Status.DOWN, s.failingSince, s.failure);
        }
        if (begun != null && now - begun > STALL.toMillis()) {
            String why = obstacle == null ? "no answer yet" : obstacle;
            return health(Health.Status.DOWN, begun, "a batch is under way and does not arrive (" + why + ")");
        }
        Long lossesSince = s.lossesSince;
        if (lossesSince != null && now - s.lastLoss <= MEMORY.toMillis()) {
            return health(Health.Status.DEGRADED, lossesSince, "records were lost: " + s.losses);
        }
        long forgotten = lossesSince == null ? s.upSince : s.lastLoss + MEMORY.toMillis();
        return health(Health.Status.UP, Math.max(s.upSince, forgotten), "");
    }

    private static Health health(Health.Status status, long sinceMillis, String reason) {
        return new Health(status, Instant.ofEpochMilli(sinceMillis), reason);
    }
}
