// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class SpanContextTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";

    @Test
    void remote_keepsWhatItWasGiven() {
        TraceState state = TraceState.parse("a=1");

        SpanContext context = SpanContext.remote(TRACE, SPAN, 0xFF, state);

        assertThat(context.traceId()).isEqualTo(TRACE);
        assertThat(context.spanId()).isEqualTo(SPAN);
        assertThat(context.traceIdHigh()).isEqualTo(0x0af7651916cd43ddL);
        assertThat(context.traceIdLow()).isEqualTo(0x8448eb211c80319cL);
        assertThat(context.spanIdBits()).isEqualTo(0xb7ad6b7169203331L);
        assertThat(context.traceFlags()).isEqualTo(0xFF);
        assertThat(context.isSampled()).isTrue();
        assertThat(context.isRemote()).isTrue();
        assertThat(context.isValid()).isTrue();
        assertThat(context.traceState()).isSameAs(state);
    }

    @Test
    void remote_halfZeroTraceId_isValid() {
        assertThat(SpanContext.remote("0000000000000000" + SPAN, SPAN, 0, TraceState.empty())
                        .isValid())
                .isTrue();
        assertThat(SpanContext.remote(SPAN + "0000000000000000", SPAN, 0, TraceState.empty())
                        .isValid())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "00000000000000000000000000000000, b7ad6b7169203331, 1, zeros",
        "0af7651916cd43dd8448eb211c80319c, 0000000000000000, 1, zeros",
        "0AF7651916cd43dd8448eb211c80319c, b7ad6b7169203331, 1, traceId",
        "0af7651916cd43dd8448eb211c80319, b7ad6b7169203331, 1, traceId",
        "0af7651916cd43dd8448eb211c80319c0, b7ad6b7169203331, 1, traceId",
        "0af7651916cd43dd8448eb211c80319g, b7ad6b7169203331, 1, traceId",
        "'', b7ad6b7169203331, 1, traceId",
        "0af7651916cd43dd8448eb211c80319c, B7AD6B7169203331, 1, spanId",
        "0af7651916cd43dd8448eb211c80319c, b7ad6b716920333, 1, spanId",
        "0af7651916cd43dd8448eb211c80319c, b7ad6b71692033 1, 1, spanId",
        "0af7651916cd43dd8448eb211c80319c, ٠7ad6b7169203331, 1, spanId",
        "0af7651916cd43dd8448eb211c80319c, b7ad6b7169203331, -1, traceFlags",
        "0af7651916cd43dd8448eb211c80319c, b7ad6b7169203331, 256, traceFlags",
    })
    void remote_notOfTheForm_isRefusedByName(String traceId, String spanId, int flags, String named) {
        assertThatThrownBy(() -> SpanContext.remote(traceId, spanId, flags, TraceState.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(named);
    }

    @Test
    void remote_missingParts_areRefusedByName() {
        assertThatThrownBy(() -> SpanContext.remote(null, SPAN, 0, TraceState.empty()))
                .hasMessage("traceId == null");
        assertThatThrownBy(() -> SpanContext.remote(TRACE, null, 0, TraceState.empty()))
                .hasMessage("spanId == null");
        assertThatThrownBy(() -> SpanContext.remote(TRACE, SPAN, 0, null)).hasMessage("traceState == null");
    }

    @Test
    void invalid_isNot() {
        assertThat(SpanContext.invalid().isValid()).isFalse();
        assertThat(SpanContext.invalid().isSampled()).isFalse();
        assertThat(SpanContext.invalid().traceId()).isEqualTo("0".repeat(32));
    }

    @Test
    void isSampled_isTheFirstFlagOnly() {
        assertThat(SpanContext.remote(TRACE, SPAN, 0xFE, TraceState.empty()).isSampled())
                .isFalse();
    }

    @Test
    void equals_eachPart_counts() {
        SpanContext context = SpanContext.remote(TRACE, SPAN, 1, TraceState.empty());
        String other = "1".repeat(16);

        assertThat(context)
                .isEqualTo(SpanContext.remote(TRACE, SPAN, 1, TraceState.empty()))
                .hasSameHashCodeAs(SpanContext.remote(TRACE, SPAN, 1, TraceState.empty()))
                .isNotEqualTo(SpanContext.remote(other + TRACE.substring(16), SPAN, 1, TraceState.empty()))
                .isNotEqualTo(SpanContext.remote(TRACE.substring(0, 16) + other, SPAN, 1, TraceState.empty()))
                .isNotEqualTo(SpanContext.remote(TRACE, other, 1, TraceState.empty()))
                .isNotEqualTo(SpanContext.remote(TRACE, SPAN, 0, TraceState.empty()))
                .isNotEqualTo(SpanContext.remote(TRACE, SPAN, 1, TraceState.parse("a=1")))
                .isNotEqualTo(new SpanContext(
                        context.traceIdHigh(),
                        context.traceIdLow(),
                        context.spanIdBits(),
                        1,
                        TraceState.empty(),
                        false))
                .isNotEqualTo("context");
    }

    @Test
    void toString_namesTheIds() {
        assertThat(SpanContext.remote(TRACE, SPAN, 1, TraceState.empty()))
                .hasToString("SpanContext{traceId=" + TRACE + ", spanId=" + SPAN + ", sampled=true, remote=true}");
    }
}
