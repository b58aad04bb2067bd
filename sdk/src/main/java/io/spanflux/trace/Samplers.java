// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.HexFormat;
import java.util.Objects;

/** The standard samplers behind {@link Sampler}'s factories. */
final class Samplers {
    static final Sampler ALWAYS_ON = new Named("AlwaysOn", request -> SamplingResult.sample());
    static final Sampler ALWAYS_OFF = new Named("AlwaysOff", request -> SamplingResult.drop());

    private Samplers() {}

    private record Named(String name, Sampler sampler) implements Sampler {
        @Override
        public SamplingResult sample(SamplingRequest request) {
            return sampler.sample(request);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * OpenTelemetry's consistent probability sampling: keep a trace when the low 56 bits of its id reach the threshold
     * 2^56 x (1 - ratio), and say so in the trace state, trailing zeros cut.
     */
    static final class TraceIdRatio implements Sampler {
        private static final long RANGE = 1L << 56;

        private final double ratio;
        private final long threshold;
        private final String member;

        TraceIdRatio(double ratio) {
            if (!(ratio >= 0 && ratio <= 1)) {
                throw new IllegalArgumentException("ratio is not between 0 and 1: " + ratio);
            }
            this.ratio = ratio;
            this.threshold = RANGE - Math.round(ratio * RANGE);
            String hex = HexFormat.of().toHexDigits(threshold, 14).replaceFirst("0+$", "");
            this.member = "th:" + (hex.isEmpty() ? "0" : hex);
        }

        @Override
        public SamplingResult sample(SamplingRequest request) {
            if ((request.traceIdLow() & (RANGE - 1)) < threshold) {
                return SamplingResult.drop();
            }
            SpanContext parent = request.parent();
            TraceState traceState = parent == null ? TraceState.empty() : parent.traceState();
            return new SamplingResult(
                    SamplingResult.Decision.SAMPLE, Attributes.empty(), traceState.with("ot", member));
        }

        @Override
        public String toString() {
            return "TraceIdRatio{" + ratio + '}';
        }
    }

    static final class ParentBased implements Sampler {
        private final Sampler root;

        ParentBased(Sampler root) {
            this.root = Objects.requireNonNull(root, "root == null");
        }

        @Override
        public SamplingResult sample(SamplingRequest request) {
            SpanContext parent = request.parent();
            if (parent == null) {
                return root.sample(request);
            }
            return parent.isSampled() ? SamplingResult.sample() : SamplingResult.drop();
        }

        @Override
        public String toString() {
            return "ParentBased{root=" + root + '}';
        }
    }
}
