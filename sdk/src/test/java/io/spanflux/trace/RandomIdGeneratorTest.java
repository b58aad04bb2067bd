// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(60)
class RandomIdGeneratorTest {
    private final RandomIdGenerator ids = new RandomIdGenerator();

    @Test
    void spanId_aMillionOnFourThreads_areUnique() throws InterruptedException {
        assertUnique(RandomIdGenerator::spanId);
    }

    @Test
    void traceIdHalves_aMillionOnFourThreads_areUnique() throws InterruptedException {
        assertUnique(RandomIdGenerator::traceIdHigh);
        assertUnique(RandomIdGenerator::traceIdLow);
    }

    private void assertUnique(ToLongFunction<RandomIdGenerator> kind) throws InterruptedException {
        int perThread = 250_000;
        long[] all = new long[4 * perThread];
        CountDownLatch start = new CountDownLatch(1);
        Thread[] threads = new Thread[4];
        for (int t = 0; t < threads.length; t++) {
            int offset = t * perThread;
            threads[t] = new Thread(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    return;
                }
                for (int i = 0; i < perThread; i++) {
                    all[offset + i] = kind.applyAsLong(ids);
                }
            });
            threads[t].start();
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }

        Arrays.sort(all);
        for (int i = 1; i < all.length; i++) {
            if (all[i] == all[i - 1]) {
                throw new AssertionError("given out twice: " + Long.toHexString(all[i]));
            }
        }
    }

    @Test
    void newGenerator_startsSomewhereElse() {
        RandomIdGenerator other = new RandomIdGenerator();

        assertThat(new long[] {other.traceIdHigh(), other.traceIdLow(), other.spanId()})
                .doesNotContain(ids.traceIdHigh(), ids.traceIdLow(), ids.spanId());
    }

    @Test
    void reseed_leavesTheSequence() {
        long first = unmixed(ids.spanId());
        long second = unmixed(ids.spanId());
        ids.reseed();
        long third = unmixed(ids.spanId());

        assertThat(second - first).as("a step of the counter").isEqualTo(0x9E3779B97F4A7C15L);
        assertThat(third - second).as("a step across new seeds").isNotEqualTo(0x9E3779B97F4A7C15L);
    }

    @Test
    void restoredTracer_leavesTheSequence_ofItsOwnGeneratorAndTheShared() {
        long own = unmixed(ids.spanId());
        long shared = unmixed(RandomIdGenerator.shared().spanId());

        Tracer.builder().idGenerator(ids).build().afterRestore();

        assertThat(unmixed(ids.spanId()) - own).isNotEqualTo(0x9E3779B97F4A7C15L);
        // Other tests may have taken some in between, each a step.
        long steps = (unmixed(RandomIdGenerator.shared().spanId()) - shared) * inverse(0x9E3779B97F4A7C15L);
        assertThat(steps).as("steps to a number after new seeds").matches(count -> count < 1 || count > 1L << 32);
    }

    /** What was mixed: two processes that were restored from one checkpoint would count on from the same number. */
    private static long unmixed(long id) {
        long z = id ^ (id >>> 31) ^ (id >>> 62);
        z *= inverse(0x94D049BB133111EBL);
        z ^= (z >>> 27) ^ (z >>> 54);
        z *= inverse(0xBF58476D1CE4E5B9L);
        return z ^ (z >>> 30) ^ (z >>> 60);
    }

    /** Newton's method, which doubles the bits that are right at each step; an odd number has three to begin with. */
    private static long inverse(long odd) {
        long inverse = odd;
        for (int i = 0; i < 5; i++) {
            inverse *= 2 - odd * inverse;
        }
        return inverse;
    }

    @Test
    void ids_useAllTheirBits() {
        int samples = 1 << 14;
        int[] ones = new int[3 * Long.SIZE];
        for (int i = 0; i < samples; i++) {
            count(ids.traceIdHigh(), ones, 0);
            count(ids.traceIdLow(), ones, Long.SIZE);
            count(ids.spanId(), ones, 2 * Long.SIZE);
        }

        for (int bit = 0; bit < ones.length; bit++) {
            // Half of 16,384 with a standard deviation of 64; ten of them.
            assertThat(ones[bit]).as("ones of bit " + bit).isBetween(samples / 2 - 640, samples / 2 + 640);
        }
    }

    private static void count(long id, int[] ones, int offset) {
        for (int bit = 0; bit < Long.SIZE; bit++) {
            ones[offset + bit] += (int) (id >>> bit & 1);
        }
    }

    @Test
    void random_isOneGeneratorForAll() {
        assertThat(IdGenerator.random()).isSameAs(IdGenerator.random()).isInstanceOf(RandomIdGenerator.class);
    }
}
