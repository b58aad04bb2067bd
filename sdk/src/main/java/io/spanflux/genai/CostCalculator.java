// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import org.jspecify.annotations.Nullable;

/**
 * Knows what a model call cost. {@code io.spanflux.pricing.Pricing} is the one that goes by a price book.
 *
 * <p>Threads: asked by whoever first reads the cost of a call that is over, which is an export thread; it must not block.
 * What it throws is counted and costs no more than the cost.
 */
@FunctionalInterface
public interface CostCalculator {
    /** What {@code call} cost; null when that is not known, never a guess. A cost is kept, null is asked for again. */
    @Nullable
    Cost cost(ModelCall call);

    /** Whether the cost also leaves as {@code gen_ai.usage.cost.*}, which is no convention yet. Default not. */
    default boolean usesExperimentalNames() {
        return false;
    }
}
