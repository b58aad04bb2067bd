// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import java.util.Map;

/**
 * What a {@link TailSampler} has done since the start. Numbers that belong together fit together:
 * {@code handedOver = passedOn + sampledOut + overflowed + lost + held}.
 *
 * @param handedOver sampled spans that ended
 * @param passedOn spans of traces that were kept, and spans that ended after {@code close}
 * @param sampledOut spans of traces that were dropped
 * @param overflowed spans lost before they could be looked at, because more than {@value TailSampler#MAX_HANDED_OVER}
 *     ended while the stage's thread was not given the processor
 * @param lost spans still held when {@code close} ran out of time
 * @param held spans that wait for a decision, or after it for room in a queue
 * @param traces decisions by what they rest on; all but {@link Reason#NONE} keep the trace
 * @param decided decisions by what caused them to be made
 * @param lateKept spans that ended after their trace was decided to be kept, and were passed on
 * @param lateDropped spans that ended after their trace was decided to be dropped, and were
 * @param forgotten decisions that were forgotten for newer ones; a span that ends later begins its trace anew
 */
public record TailCounts(
        long handedOver,
        long passedOn,
        long sampledOut,
        long overflowed,
        long lost,
        long held,
        Map<Reason, Long> traces,
        Map<Moment, Long> decided,
        long lateKept,
        long lateDropped,
        long forgotten) {
    /** Copies the maps. */
    public TailCounts {
        traces = Map.copyOf(traces);
        decided = Map.copyOf(decided);
    }

    /** What a decision rests on: the first of these that holds. */
    public enum Reason {
        /** A span failed. */
        ERROR,
        /** A span took long. */
        SLOW,
        /** The spans cost much, or used many tokens. */
        EXPENSIVE,
        /** The application's predicate chose it, or threw. */
        CHOSEN,
        /** It belongs to the part that is kept whatever happened. */
        RATIO,
        /** None of these: the trace was dropped. */
        NONE
    }

    /** Why a decision was made when it was. */
    public enum Moment {
        /** All that started in this process had ended. */
        WHOLE,
        /** It had been held for {@code maxHoldTime}. */
        TIME,
        /** More than {@code maxTraces} were held and this was the oldest. */
        TRACES_FULL,
        /** More than {@code maxBytes} were held and this was the oldest. */
        BYTES_FULL,
        /** Someone flushed, shut down or closed. */
        FLUSH
    }

    /** How many traces were kept or dropped for this reason. */
    public long traces(Reason reason) {
        return traces.getOrDefault(reason, 0L);
    }

    /** How many decisions were made at such a moment. */
    public long decided(Moment moment) {
        return decided.getOrDefault(moment, 0L);
    }
}
