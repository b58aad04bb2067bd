// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/**
 * Makes the numbers of traces and spans. A zero is not a valid id; where a generator returns one, the tracer takes
 * another number.
 *
 * <p>Threads: called by any number of threads at once on the traced call's path; must be fast and must not block.
 */
public interface IdGenerator {
    /** The upper half of a trace id. */
    long traceIdHigh();

    /** The lower half of a trace id; samplers read its low 56 bits as a random number. */
    long traceIdLow();

    /** A span id. */
    long spanId();

    /** Ids that are random to everyone outside this process; see {@link RandomIdGenerator}. */
    static IdGenerator random() {
        return RandomIdGenerator.shared();
    }
}
