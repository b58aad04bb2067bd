// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import java.math.BigDecimal;
import tools.jackson.core.io.NumberOutput;

/** Numbers as Python writes them: the same values in the same bytes. */
final class PythonNumbers {
    private PythonNumbers() {}

    /**
     * The shortest digits that say {@code value}, which must be finite: {@code 3.0}, {@code 2.5e-05}, {@code 1e+22}. Not
     * {@code Double.toString}, which is not always the shortest before JDK 19.
     */
    static String text(double value) {
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(NumberOutput.toString(value, true)).stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            return scientific(shortest, exponent);
        }
        String plain = shortest.toPlainString();
        return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }

    private static String scientific(BigDecimal value, int exponent) {
        StringBuilder text = new StringBuilder(32);
        if (value.signum() < 0) {
            text.append('-');
        }
        String digits = value.unscaledValue().abs().toString();
        text.append(digits.charAt(0));
        if (digits.length() > 1) {
            text.append('.').append(digits, 1, digits.length());
        }
        text.append('e').append(exponent < 0 ? '-' : '+');
        int size = Math.abs(exponent);
        return text.append(size < 10 ? "0" : "").append(size).toString();
    }

    /** Milliseconds between two times in nanoseconds since the epoch, as Python's clock, datetimes and floats have it. */
    static long durationMillis(long startEpochNanos, long endEpochNanos) {
        return (long) Math.rint((seconds(endEpochNanos) - seconds(startEpochNanos)) * 1000);
    }

    private static double seconds(long epochNanos) {
        return Math.floorDiv(epochNanos, 1000L) / 1e6;
    }
}
