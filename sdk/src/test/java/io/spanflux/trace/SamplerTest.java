// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class SamplerTest {
    private static final long SEED = 20_260_901L;
    private static final long RANGE = 1L << 56;

    private static SamplingRequest root(long traceIdLow) {
        return below(null, traceIdLow);
    }

    private static SamplingRequest below(SpanContext parent, long traceIdLow) {
        return new SamplingRequest(
                parent, 1, traceIdLow, "name", SpanKind.CLIENT, Attributes.empty(), null, Scope.none());
    }

    private static SpanContext parent(int flags, String traceState) {
        return SpanContext.remote(
                "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", flags, TraceState.parse(traceState));
    }

    private static boolean samples(Sampler sampler, SamplingRequest request) {
        return sampler.sample(request).decision() == SamplingResult.Decision.SAMPLE;
    }

    @Test
    void alwaysOn_samplesWhateverTheParentSays() {
        assertThat(Sampler.alwaysOn().sample(root(1))).isEqualTo(SamplingResult.sample());
        assertThat(Sampler.alwaysOn().sample(below(parent(0, ""), 1))).isEqualTo(SamplingResult.sample());
    }

    @Test
    void alwaysOff_dropsWhateverTheParentSays() {
        assertThat(Sampler.alwaysOff().sample(root(1))).isEqualTo(SamplingResult.drop());
        assertThat(Sampler.alwaysOff().sample(below(parent(SpanContext.SAMPLED, ""), 1)))
                .isEqualTo(SamplingResult.drop());
    }

    @ParameterizedTest
    @CsvSource({
        // root sampler, parent's flags (-1 for no parent), sampled
        "on, -1, true",
        "on, 0, false",
        "on, 1, true",
        "on, 3, true",
        "on, 2, false",
        "off, -1, false",
        "off, 0, false",
        "off, 1, true",
        "none, -1, false",
        "none, 1, true",
        "all, -1, true",
        "all, 0, false",
    })
    void parentBased_followsTheParentElseAsksTheRoot(String root, int parentFlags, boolean sampled) {
        Sampler sampler = Sampler.parentBased(
                switch (root) {
                    case "on" -> Sampler.alwaysOn();
                    case "off" -> Sampler.alwaysOff();
                    case "none" -> Sampler.traceIdRatio(0);
                    default -> Sampler.traceIdRatio(1);
                });

        SamplingRequest request = parentFlags < 0 ? root(42) : below(parent(parentFlags, "v=1"), 42);

        assertThat(samples(sampler, request)).isEqualTo(sampled);
    }

    @Test
    void parentBased_withAParent_leavesItsTraceStateAlone() {
        Sampler sampler = Sampler.parentBased(Sampler.traceIdRatio(0.5));

        assertThat(sampler.sample(below(parent(1, "ot=th:c"), 0)).traceState()).isNull();
    }

    @Test
    void parentBased_withoutARoot_isRefused() {
        assertThatThrownBy(() -> Sampler.parentBased(null)).hasMessage("root == null");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.01, 1.01, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void traceIdRatio_outOfRange_isRefusedByNameAndValue(double ratio) {
        assertThatThrownBy(() -> Sampler.traceIdRatio(ratio))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ratio is not between 0 and 1: " + ratio);
    }

    @ParameterizedTest
    @CsvSource({
        "1, th:0",
        "0.5, th:8",
        "0.25, th:c",
        "0.75, th:4",
        "0.125, th:e",
        "0.00390625, th:ff",
        "0.1, th:e6666666666666",
        "1.3877787807814457E-17, th:ffffffffffffff",
    })
    void traceIdRatio_sampled_statesItsThreshold(double ratio, String member) {
        SamplingResult result = Sampler.traceIdRatio(ratio).sample(root(-1));

        assertThat(result.decision()).isEqualTo(SamplingResult.Decision.SAMPLE);
        assertThat(result.traceState().get("ot")).isEqualTo(member);
    }

    @ParameterizedTest
    @CsvSource({
        "'ot=th:c,v=1', 'ot=th:8,v=1'",
        "ot=rv:ffffffffffffff, ot=th:8;rv:ffffffffffffff",
        "ot=th:c;rv:80000000000000;x:1, ot=th:8;rv:80000000000000;x:1",
        "ot=x:1;th:c;rv:abc, ot=th:8;x:1;rv:abc",
        "ot=ath:c, ot=th:8;ath:c",
    })
    void traceIdRatio_ofAStatedEntry_changesTheThresholdAlone(String before, String after) {
        SamplingResult result = Sampler.traceIdRatio(0.5).sample(below(parent(1, before), -1));
        assertThat(result.traceState().header()).isEqualTo(after);
    }

    @Test
    void traceIdRatio_statedRandomness_goesBeforeTheTraceId() {
        Sampler half = Sampler.traceIdRatio(0.5);
        assertThat(samples(half, below(parent(1, "ot=rv:7fffffffffffff"), -1))).isFalse();
        assertThat(samples(half, below(parent(1, "ot=th:0;rv:80000000000000"), 0)))
                .isTrue();
    }

    @Test
    void traceIdRatio_threshold_isExactAndOfTheLow56Bits() {
        Sampler half = Sampler.traceIdRatio(0.5);

        assertThat(samples(half, root(RANGE / 2))).isTrue();
        assertThat(samples(half, root(RANGE / 2 - 1))).isFalse();
        assertThat(samples(half, root(0xFF00_0000_0000_0000L)))
                .as("random bits all zero")
                .isFalse();
        assertThat(samples(half, root(0x00FF_FFFF_FFFF_FFFFL)))
                .as("random bits all one")
                .isTrue();
    }

    @Test
    void traceIdRatio_zero_keepsNothingAndOneEverything() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 1_000; i++) {
            long id = random.nextLong();
            assertThat(samples(Sampler.traceIdRatio(0), root(id))).isFalse();
            assertThat(samples(Sampler.traceIdRatio(1), root(id))).isTrue();
        }
        assertThat(samples(Sampler.traceIdRatio(0), root(-1))).isFalse();
        assertThat(samples(Sampler.traceIdRatio(1), root(0))).isTrue();
        // So small that it rounds to nothing.
        assertThat(samples(Sampler.traceIdRatio(Double.MIN_VALUE), root(-1))).isFalse();
    }

    @Test
    void traceIdRatio_isDeterministicAndALowerRatioKeepsASubset() {
        double[] ratios = {0.01, 0.1, 0.25, 0.3, 0.5, 0.9, 0.99};
        int[] kept = new int[ratios.length];
        SplittableRandom random = new SplittableRandom(SEED);
        int traces = 20_000;
        for (int i = 0; i < traces; i++) {
            long id = random.nextLong();
            boolean lowerKept = false;
            for (int r = 0; r < ratios.length; r++) {
                boolean keeps = samples(Sampler.traceIdRatio(ratios[r]), root(id));
                if (samples(Sampler.traceIdRatio(ratios[r]), root(id)) != keeps || (lowerKept && !keeps)) {
                    throw new AssertionError("seed " + SEED + ", trace " + Long.toHexString(id) + ": " + ratios[r]
                            + " decides one way and the other, or drops what a lower ratio keeps");
                }
                lowerKept = keeps;
                kept[r] += keeps ? 1 : 0;
            }
        }
        for (int r = 0; r < ratios.length; r++) {
            assertThat((double) kept[r] / traces)
                    .as("seed %d: part kept by %s", SEED, ratios[r])
                    .isBetween(ratios[r] - 0.015, ratios[r] + 0.015);
        }
    }

    @Test
    void traceIdRatio_withAParent_keepsOtherMembersBehindItsOwn() {
        SamplingResult result = Sampler.traceIdRatio(0.5).sample(below(parent(0, "vendor=1,ot=th:0"), -1));

        assertThat(result.traceState().header()).isEqualTo("ot=th:8,vendor=1");
    }

    @Test
    void traceIdRatio_dropped_saysNothing() {
        assertThat(Sampler.traceIdRatio(0.5).sample(root(0))).isEqualTo(SamplingResult.drop());
    }

    @Test
    void toString_isWhatItDoes() {
        assertThat(Sampler.parentBased(Sampler.traceIdRatio(0.25)).toString())
                .isEqualTo("ParentBased{root=TraceIdRatio{0.25}}");
        assertThat(Sampler.alwaysOn().toString()).isEqualTo("AlwaysOn");
        assertThat(Sampler.alwaysOff().toString()).isEqualTo("AlwaysOff");
    }
}
