// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanData;
import org.jspecify.annotations.Nullable;

/** Data of a call that a provider bills by its tokens. */
public sealed interface BilledData extends SpanData permits Generation, Embeddings {
    /**
     * Who is asked after the end what a call cost that began then, in nanoseconds since the epoch; not asked where the
     * provider reported it. Set where the span starts.
     */
    BilledData costCalculator(@Nullable CostCalculator calculator, long startEpochNanos);

    /** What the call cost, null when it is not known: before the end only what the provider reported. */
    @Nullable
    Cost cost();
}
