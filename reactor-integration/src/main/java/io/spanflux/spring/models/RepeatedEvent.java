// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.util.Arrays;

/**
 * The last event that was read, so that the next one, if it differs in nothing but texts that are not kept, need not be read
 * again: of a stream whose content is not captured most events are such, a word each.
 *
 * <p>Bound: an event of {@value #MAX_BYTES} bytes beside those texts, of which there are {@value #MAX_GAPS}; larger ones are always read.
 *
 * <p>Threads: one at a time.
 */
final class RepeatedEvent {
    static final int MAX_GAPS = 16;
    private static final int MAX_BYTES = 4096;

    /** The event without those texts, and where in it they were. */
    private byte[] kept = new byte[0];

    private int length;
    private final int[] gaps = new int[MAX_GAPS];
    private int gapCount;

    /** The event is what stands in {@code bytes}; at {@code gapsAt} begin texts that are not kept, which end with a quote. */
    void learn(byte[] bytes, int from, int to, int[] gapsAt, int count) {
        length = 0;
        gapCount = 0;
        if (to - from > MAX_BYTES) {
            return;
        }
        kept = kept.length < to - from ? new byte[to - from] : kept;
        int at = from;
        for (int i = 0; i < count; i++) {
            append(bytes, at, gapsAt[i]);
            gaps[gapCount++] = length;
            at = endOfText(bytes, gapsAt[i], to);
            if (at == to) {
                forget();
                return;
            }
        }
        append(bytes, at, to);
    }

    private void append(byte[] bytes, int from, int to) {
        System.arraycopy(bytes, from, kept, length, to - from);
        length += to - from;
    }

    void forget() {
        length = 0;
    }

    /** Where in {@code bytes} the same event ends again, if it does before {@code to}; else -1. */
    int endOfNext(byte[] bytes, int from, int to) {
        if (length == 0) {
            return -1;
        }
        int at = from;
        int compared = 0;
        for (int i = 0; i < gapCount && at >= 0; i++) {
            at = endOfSame(compared, gaps[i], bytes, at, to);
            compared = gaps[i];
            at = at < 0 ? at : endOfText(bytes, at, to);
        }
        return at < 0 ? at : endOfSame(compared, length, bytes, at, to);
    }

    private int endOfSame(int start, int end, byte[] bytes, int from, int to) {
        int last = from + end - start;
        return last <= to && Arrays.equals(kept, start, end, bytes, from, last) ? last : -1;
    }

    /** Where the closing quote is; {@code to} where there is none in this line. */
    private static int endOfText(byte[] bytes, int from, int to) {
        boolean escape = false;
        for (int i = from; i < to && bytes[i] != '\n' && bytes[i] != '\r'; i++) {
            if (escape) {
                escape = false;
            } else if (bytes[i] == '"') {
                return i;
            } else {
                escape = bytes[i] == '\\';
            }
        }
        return to;
    }
}
