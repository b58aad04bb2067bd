// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SpanKindTest {
    @Test
    void code_isThatOfOtlp() {
        assertThat(Arrays.stream(SpanKind.values()).map(kind -> kind + "=" + kind.code()))
                .containsExactly("INTERNAL=1", "SERVER=2", "CLIENT=3", "PRODUCER=4", "CONSUMER=5");
        assertThat(Arrays.stream(SpanStatus.values()).map(status -> status + "=" + status.code()))
                .containsExactly("UNSET=0", "OK=1", "ERROR=2");
    }
}
