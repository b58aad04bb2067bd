// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.math.BigDecimal;
import java.math.MathContext;
import tools.jackson.core.io.NumberOutput;

/** Numbers as Python writes them, for wires that Python wrote first: the same values in the same bytes. */
public final class PythonNumbers {
    private PythonNumbers() {}

    /**
     * The shortest digits that say {@code value}, which must be finite: {@code 3.0}, {@code 2.5e-05}, {@code 1e+22}. Not
     * {@code Double.toString}, which is not always the shortest before JDK 19.
     */
    public static String text(double value) {
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(NumberOutput.toString(value, true)).stripTrailingZeros();
        if (shortest.precision() == 2) {
            // Java prints two digits at least, and the closest of those; one may be enough.
            BigDecimal shorter = shortest.round(new MathContext(1));
            shortest = shorter.doubleValue() == value ? shorter : shortest;
        }
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
}
