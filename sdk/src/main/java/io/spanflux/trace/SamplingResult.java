// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The decision of a sampler.
 *
 * @param decision what happens to the span
 * @param attributes attributes to add to the span
 * @param traceState the trace state of the span, null to keep the parent's
 */
public record SamplingResult(
        Decision decision, Attributes attributes, @Nullable TraceState traceState) {
    private static final SamplingResult DROP = new SamplingResult(Decision.DROP, Attributes.empty(), null);
    private static final SamplingResult RECORD = new SamplingResult(Decision.RECORD, Attributes.empty(), null);
    private static final SamplingResult SAMPLE = new SamplingResult(Decision.SAMPLE, Attributes.empty(), null);

    /** Refuses a missing decision or attributes. */
    public SamplingResult {
        Objects.requireNonNull(decision, "decision == null");
        Objects.requireNonNull(attributes, "attributes == null");
    }

    /** What happens to a span. */
    public enum Decision {
        /** It carries its identity to its children and records nothing. */
        DROP,
        /** Handlers see it; it is not exported. */
        RECORD,
        /** It is recorded and exported. */
        SAMPLE
    }

    /** {@link Decision#DROP}. */
    public static SamplingResult drop() {
        return DROP;
    }

    /** {@link Decision#RECORD}. */
    public static SamplingResult record() {
        return RECORD;
    }

    /** {@link Decision#SAMPLE}. */
    public static SamplingResult sample() {
        return SAMPLE;
    }
}
