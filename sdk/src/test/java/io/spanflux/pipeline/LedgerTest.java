// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.export.DropCause;
import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class LedgerTest {
    private static final Ledger QUEUE = new Ledger(10, 4, 1, Map.of(DropCause.QUEUE_FULL, 2L), 1, 2);

    @Test
    void behind_countsWhatTheStageHoldsAsPending_andWhatItDropsByCause() {
        Ledger ledger = QUEUE.behind(
                30, Map.of(DropCause.SAMPLED_OUT, 7L, DropCause.QUEUE_FULL, 3L, DropCause.AFTER_CLOSE, 0L));

        assertThat(ledger)
                .isEqualTo(new Ledger(30, 4, 1, Map.of(DropCause.QUEUE_FULL, 5L, DropCause.SAMPLED_OUT, 7L), 1, 12));
        assertThat(ledger.isBalanced()).isTrue();
        assertThat(ledger.droppedTotal()).isEqualTo(12);
    }

    @Test
    void behind_aStageThatHoldsNothing_changesNothing() {
        assertThat(QUEUE.behind(10, Map.of())).isEqualTo(QUEUE);
    }
}
