// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.Metric;
import io.spanflux.encode.Temporality;
import io.spanflux.trace.Resource;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * Where collected metrics go.
 *
 * <p>Threads: one export at a time, subscribed to on the scheduler of the metrics; must not block it.
 */
public interface MetricExporter {
    /** What time the numbers are to be about. Must always answer the same. */
    default Temporality temporality() {
        return Temporality.CUMULATIVE;
    }

    /** Delivers {@code metrics}, none of which is without points. An error counts as {@link Outcome#FAILED}. */
    Mono<Outcome> export(Resource resource, List<Metric> metrics);

    /** Cuts short a wait before another attempt, unless the server asked for it: someone is waiting. */
    default void retryNow() {}

    /** Closes connections. What is exported after that opens them anew. */
    default Mono<Void> close() {
        return Mono.empty();
    }

    /** Where this exports to, for log messages: never with credentials. */
    default String target() {
        return toString();
    }

    /** What became of an export. */
    enum Outcome {
        /** It arrived. */
        DELIVERED,
        /** It did not; the next one will say the same and more. */
        FAILED,
        /** Nobody there takes metrics; to send more is pointless. */
        UNSUPPORTED
    }
}
