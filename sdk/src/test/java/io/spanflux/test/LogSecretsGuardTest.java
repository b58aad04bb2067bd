// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;

/** If it read nothing, no secret would be found. */
class LogSecretsGuardTest {
    @Test
    void guard_findsASecret_atDebug_andInTheCauseOfACause() {
        LogSecretsGuard.takeLeaks();
        LoggerFactory.getLogger("io.spanflux.Something").debug("Authorization: Bearer planted-1");
        LoggerFactory.getLogger("io.spanflux.Something")
                .warn("failed", new IllegalStateException("wrapped", new IllegalStateException("planted-2")));
        LoggerFactory.getLogger("io.spanflux.Something").info("nothing to see");

        assertThat(LogSecretsGuard.takeLeaks()).hasSize(2);
        assertThat(LogSecretsGuard.takeLeaks()).isEmpty();
    }
}
