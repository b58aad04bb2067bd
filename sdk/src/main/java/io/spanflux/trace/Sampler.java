// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/**
 * Decides at the start of a span whether it is recorded and whether it is exported.
 *
 * <p>Threads: called on the traced call's thread for each span; must be fast and must not block. A sampler that throws
 * is counted and warned of, and the span is recorded and exported: too much is better than silence.
 */
@FunctionalInterface
public interface Sampler {
    /** The decision for one span about to start. */
    SamplingResult sample(SamplingRequest request);

    /** Records and exports every span ({@code always_on}). */
    static Sampler alwaysOn() {
        return Samplers.ALWAYS_ON;
    }

    /** Records no span ({@code always_off}). */
    static Sampler alwaysOff() {
        return Samplers.ALWAYS_OFF;
    }

    /**
     * Records and exports this part of all traces ({@code traceidratio}). The decision depends on the trace id alone, so
     * that every service decides alike, and what a lower ratio keeps a higher one keeps too. Sampled spans carry the
     * threshold in their trace state ({@code ot=th:...}), from which a back end can count what was left out.
     *
     * @param ratio 0 for none to 1 for all
     */
    static Sampler traceIdRatio(double ratio) {
        return new Samplers.TraceIdRatio(ratio);
    }

    /**
     * Follows the parent where there is one, of this or another process, and asks {@code root} for spans that begin a
     * trace ({@code parentbased_always_on}, {@code parentbased_always_off}, {@code parentbased_traceidratio}).
     */
    static Sampler parentBased(Sampler root) {
        return new Samplers.ParentBased(root);
    }
}
