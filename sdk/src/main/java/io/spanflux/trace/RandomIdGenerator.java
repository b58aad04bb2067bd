// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014) over one shared counter.
 * One atomic add an id, no lock and no thread-local; the three kinds of number are mixed from three seeds of 64 bits
 * each, so that a trace id carries 128 bits of the operating system's entropy. Ids are unique, not unguessable.
 */
public final class RandomIdGenerator implements IdGenerator {
    private static final RandomIdGenerator SHARED = new RandomIdGenerator();
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final AtomicLong counter = new AtomicLong();
    private volatile long highSeed;
    private volatile long lowSeed;
    private volatile long spanSeed;

    /** A generator with seeds of its own. */
    public RandomIdGenerator() {
        reseed();
    }

    static RandomIdGenerator shared() {
        return SHARED;
    }

    /** Takes new seeds: a process restored twice from one checkpoint must not repeat ids. */
    public void reseed() {
        byte[] seeds = new byte[3 * Long.BYTES];
        new SecureRandom().nextBytes(seeds);
        ByteBuffer buffer = ByteBuffer.wrap(seeds);
        highSeed = buffer.getLong();
        lowSeed = buffer.getLong();
        spanSeed = buffer.getLong();
    }

    @Override
    public long traceIdHigh() {
        return mix(highSeed + next());
    }

    @Override
    public long traceIdLow() {
        return mix(lowSeed + next());
    }

    @Override
    public long spanId() {
        return mix(spanSeed + next());
    }

    private long next() {
        return counter.getAndAdd(GOLDEN_GAMMA);
    }

    /** A bijection, so that different counts never give the same number; variant 13 of Stafford's mixers. */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
