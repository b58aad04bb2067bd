// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The identity of a span, as it crosses process borders. Immutable. */
public final class SpanContext {
    /** The W3C flag that says that the span is recorded and exported. */
    public static final int SAMPLED = 0x01;

    /** The W3C (level 2) flag that says that the low 56 bits of the trace id are random. */
    public static final int RANDOM = 0x02;

    private static final HexFormat HEX = HexFormat.of();
    private static final SpanContext INVALID = new SpanContext(0, 0, 0, 0, TraceState.empty(), false);

    private final long traceIdHigh;
    private final long traceIdLow;
    private final long spanId;
    private final int traceFlags;
    private final TraceState traceState;
    private final boolean remote;

    SpanContext(long traceIdHigh, long traceIdLow, long spanId, int traceFlags, TraceState traceState, boolean remote) {
        this.traceIdHigh = traceIdHigh;
        this.traceIdLow = traceIdLow;
        this.spanId = spanId;
        this.traceFlags = traceFlags;
        this.traceState = traceState;
        this.remote = remote;
    }

    /** The context of no span. */
    public static SpanContext invalid() {
        return INVALID;
    }

    /**
     * The context of a span of another process.
     *
     * @param traceId 32 lower-case hexadecimal digits, not all zero
     * @param spanId 16 lower-case hexadecimal digits, not all zero
     * @param traceFlags W3C trace flags, 0 to 255
     * @throws IllegalArgumentException when an id or the flags are not of that form
     */
    public static SpanContext remote(String traceId, String spanId, int traceFlags, TraceState traceState) {
        Objects.requireNonNull(traceId, "traceId == null");
        Objects.requireNonNull(spanId, "spanId == null");
        Objects.requireNonNull(traceState, "traceState == null");
        if (traceFlags < 0 || traceFlags > 0xFF) {
            throw new IllegalArgumentException("traceFlags is not between 0 and 255: " + traceFlags);
        }
        if (!isLowerHex(traceId, 32)) {
            throw new IllegalArgumentException("traceId is not 32 lower-case hexadecimal digits");
        }
        if (!isLowerHex(spanId, 16)) {
            throw new IllegalArgumentException("spanId is not 16 lower-case hexadecimal digits");
        }
        long high = HexFormat.fromHexDigitsToLong(traceId, 0, 16);
        long low = HexFormat.fromHexDigitsToLong(traceId, 16, 32);
        long span = HexFormat.fromHexDigitsToLong(spanId);
        if ((high | low) == 0 || span == 0) {
            throw new IllegalArgumentException("an id of zeros is not valid");
        }
        return new SpanContext(high, low, span, traceFlags, traceState, true);
    }

    private static boolean isLowerHex(String text, int length) {
        if (text.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
                return false;
            }
        }
        return true;
    }

    /** 32 lower-case hexadecimal digits. */
    public String traceId() {
        return HEX.toHexDigits(traceIdHigh) + HEX.toHexDigits(traceIdLow);
    }

    /** 16 lower-case hexadecimal digits. */
    public String spanId() {
        return HEX.toHexDigits(spanId);
    }

    /** The first 64 bits of the trace id. */
    public long traceIdHigh() {
        return traceIdHigh;
    }

    /** The last 64 bits of the trace id. */
    public long traceIdLow() {
        return traceIdLow;
    }

    /** The span id as a number. */
    public long spanIdBits() {
        return spanId;
    }

    /** W3C trace flags, 0 to 255. */
    public int traceFlags() {
        return traceFlags;
    }

    /** Whether the span is recorded and exported. */
    public boolean isSampled() {
        return (traceFlags & SAMPLED) != 0;
    }

    /** The trace state. */
    public TraceState traceState() {
        return traceState;
    }

    /** Whether the span lives in another process. */
    public boolean isRemote() {
        return remote;
    }

    /** Whether neither id is zero. */
    public boolean isValid() {
        return (traceIdHigh | traceIdLow) != 0 && spanId != 0;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SpanContext that
                && traceIdHigh == that.traceIdHigh
                && traceIdLow == that.traceIdLow
                && spanId == that.spanId
                && traceFlags == that.traceFlags
                && remote == that.remote
                && traceState.equals(that.traceState);
    }

    @Override
    public int hashCode() {
        return Objects.hash(traceIdHigh, traceIdLow, spanId);
    }

    @Override
    public String toString() {
        return "SpanContext{traceId=" + traceId() + ", spanId=" + spanId() + ", sampled=" + isSampled() + ", remote="
                + remote + '}';
    }
}
