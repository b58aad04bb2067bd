// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

/**
 * How much a span's attributes may hold on this wire, beside those that the wire itself adds.
 *
 * @param count how many, at most {@value TracenticExporter#MAX_ATTRIBUTES}
 * @param keyLength code points of a key, at most {@value TracenticExporter#MAX_KEY_LENGTH}
 * @param valueLength code points of a text, at most {@value TracenticExporter#MAX_VALUE_LENGTH}
 */
record TracenticLimits(int count, int keyLength, int valueLength) {
    static final TracenticLimits MAXIMA = new TracenticLimits(
            TracenticExporter.MAX_ATTRIBUTES, TracenticExporter.MAX_KEY_LENGTH, TracenticExporter.MAX_VALUE_LENGTH);

    /** Clamps each to 1 and its maximum. */
    TracenticLimits {
        count = clamped(count, TracenticExporter.MAX_ATTRIBUTES);
        keyLength = clamped(keyLength, TracenticExporter.MAX_KEY_LENGTH);
        valueLength = clamped(valueLength, TracenticExporter.MAX_VALUE_LENGTH);
    }

    private static int clamped(int value, int maximum) {
        return Math.max(1, Math.min(value, maximum));
    }
}
