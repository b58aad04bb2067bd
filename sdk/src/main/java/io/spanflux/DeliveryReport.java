// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.export.DropCause;
import io.spanflux.pipeline.Ledger;

/**
 * What a flush or a shutdown achieved.
 *
 * @param ledger what became of every span since the application started, summed over all exporters; compare with
 *     {@link Ledger#since} to see what one invocation did
 * @param timedOut whether time ran out before the fate of every span was known; those are {@link Ledger#pending}
 */
public record DeliveryReport(Ledger ledger, boolean timedOut) {
    /** Whether nothing was lost since the start and nothing waits; what a tail sampler or a switch left out is not lost. */
    public boolean isComplete() {
        long leftOut = ledger.dropped(DropCause.SAMPLED_OUT) + ledger.dropped(DropCause.DISABLED);
        return !timedOut && ledger.accepted() == ledger.sent() + leftOut;
    }
}
