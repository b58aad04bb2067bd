// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.HexFormat;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
     * OpenTelemetry's consistent probability sampling: keep a trace when its randomness, the {@code rv} of its trace state
     * or else the low 56 bits of its id, reaches the threshold 2^56 x (1 - ratio), and say so in the trace state, trailing
     * zeros cut; whatever else stands in OpenTelemetry's entry there is kept.
     */
    static final class TraceIdRatio implements Sampler {
        private static final long RANGE = 1L << 56;
        private static final Pattern RANDOMNESS = Pattern.compile("(?:^|;)rv:([0-9a-f]{14})(?:;|$)");
        private static final Pattern THRESHOLD = Pattern.compile("(?:^|;)th:[^;]*");

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
            SpanContext parent = request.parent();
            TraceState traceState = parent == null ? TraceState.empty() : parent.traceState();
            String entry = traceState.get("ot");
            Matcher stated = entry == null ? null : RANDOMNESS.matcher(entry);
            long randomness = stated != null && stated.find()
                    ? HexFormat.fromHexDigitsToLong(stated.group(1))
                    : request.traceIdLow() & (RANGE - 1);
            if (randomness < threshold) {
                return SamplingResult.drop();
            }
            String kept = entry == null ? "" : THRESHOLD.matcher(entry).replaceAll("");
            return new SamplingResult(
                    SamplingResult.Decision.SAMPLE,
                    Attributes.empty(),
                    traceState.with("ot", member + (kept.isEmpty() || kept.startsWith(";") ? kept : ';' + kept)));
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
