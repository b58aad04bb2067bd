// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import org.junit.jupiter.api.Test;
import reactor.blockhound.BlockingOperationError;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** If the guard slept, no other test would prove that nothing blocks. */
class BlockHoundGuardTest {
    @Test
    void guard_isAwake() {
        Mono<Object> sleeping = Mono.fromCallable(() -> {
                    Thread.sleep(1);
                    return new Object();
                })
                .subscribeOn(Schedulers.parallel());

        assertThatThrownBy(sleeping::block).hasCauseInstanceOf(BlockingOperationError.class);
        assertThat(BlockHoundGuard.takeViolations()).hasSize(1);
    }

    @Test
    void guard_seesWhatGuardedCodeSwallows() {
        Mono.fromRunnable(() -> {
                    try {
                        Thread.sleep(1);
                    } catch (Throwable swallowed) {
                        // As code does that must not let anything through.
                    }
                })
                .subscribeOn(Schedulers.parallel())
                .block();

        assertThat(BlockHoundGuard.takeViolations()).hasSize(1);
    }
}
