// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanData;
import org.jspecify.annotations.Nullable;

/** Data of a call that a provider bills by its tokens. */
public sealed interface BilledData extends SpanData permits Generation, Embeddings {
    /** How many calls of one span are told apart. */
    int MAX_INNER_CALLS = 1024;

    /**
     * Who is asked after the end what a call cost that began then, in nanoseconds since the epoch; not asked where the
     * provider reported it. Set where the span starts.
     */
    BilledData costCalculator(@Nullable CostCalculator calculator, long startEpochNanos);

    /**
     * Another call of a model that this consists of, for bindings that see each of them, at any time and from any thread.
     * What these count is added up, and each is priced by itself, unless the application says itself what all took: that
     * holds. Null where there are {@value #MAX_INNER_CALLS} already.
     */
    @Nullable
    InnerCall innerCall();

    /** What the call cost, null when it is not known: before the end only what the provider reported. */
    @Nullable
    Cost cost();
}
