// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/** If the guard slept, no other test would prove that nothing blocks. */
class BlockHoundGuardTest {
    @Test
    void guard_seesABlockingCall_andLetsItPass() {
        Mono<String> sleeping = Mono.fromCallable(() -> {
                    Thread.sleep(1);
                    return "slept";
                })
                .subscribeOn(Schedulers.parallel());

        assertThat(sleeping.block()).isEqualTo("slept");
        assertThat(BlockHoundGuard.takeViolations())
                .singleElement()
                .satisfies(call ->
                        assertThat(call).hasMessageContaining("sleep").hasStackTraceContaining("BlockHoundGuardTest"));
    }

    /** An error thrown out of park would leave its waiter in the lock's queue: nobody could take that lock again. */
    @Test
    void guard_leavesALockThatIsWaitedForWhole() throws Exception {
        ReentrantLock lock = new ReentrantLock();
        lock.lock();
        AtomicReference<Thread> waiter = new AtomicReference<>();
        CompletableFuture<Void> waited = Mono.<Void>fromRunnable(() -> {
                    waiter.set(Thread.currentThread());
                    lock.lock();
                    lock.unlock();
                })
                .subscribeOn(Schedulers.parallel())
                .toFuture();
        while (waiter.get() == null || waiter.get().getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        lock.unlock();

        waited.get(30, TimeUnit.SECONDS);
        assertThat(lock.tryLock(30, TimeUnit.SECONDS)).isTrue();
        assertThat(BlockHoundGuard.takeViolations()).isNotEmpty();
    }
}
