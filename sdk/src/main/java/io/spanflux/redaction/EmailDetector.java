// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/**
 * E-mail addresses. Tried where a run of local characters begins; inside a longer run once every {@value #STRIDE}
 * characters, seeing {@value #LOCAL} ahead, so that no character is read more than a few times and no address is missed
 * for what is glued to its front.
 */
final class EmailDetector implements Detector {
    private static final int STRIDE = 64;
    private static final int LOCAL = 128;
    private static final int DOMAIN = 255;

    @Override
    public int lengthAt(Window window) {
        char first = window.at(0);
        boolean unspaced = Chars.isUnspaced(first);
        if (!isLocal(first, unspaced)) {
            return 0;
        }
        if (window.position() % STRIDE != 0 && isLocal(window.at(-1), unspaced)) {
            return 0;
        }
        int lead = Math.max(0, window.escapeAt(-1) - 1);
        int length = 0;
        while (length < LOCAL && isLocal(window.at(length), unspaced)) {
            if (lead == length && isQuoteOrDot(window.at(length))) {
                lead++;
            }
            length++;
        }
        if (lead == length || window.at(length) != '@') {
            return 0;
        }
        int end = endOfDomain(window, length + 1);
        if (end > 0) {
            window.secretFrom(lead);
        }
        return end;
    }

    /** Where the longest prefix that ends in a top-level domain ends; 0 when there is none. */
    private static int endOfDomain(Window window, int from) {
        int end = 0;
        int label = from;
        while (true) {
            char first = window.at(label);
            boolean unspaced = Chars.isUnspaced(first);
            int at = label;
            while (at - from < DOMAIN && isLabel(window.at(at), unspaced)) {
                at++;
            }
            if (at == label) {
                return end;
            }
            if (label > from && at - label >= 2 && Character.isLetter(first)) {
                end = at;
            }
            if (window.at(at) != '.') {
                return end;
            }
            label = at + 1;
        }
    }

    private static boolean isLabel(char c, boolean unspaced) {
        return unspaced ? Chars.isUnspaced(c) : Chars.isWord(c) || c == '-';
    }

    private static boolean isLocal(char c, boolean unspaced) {
        return unspaced
                ? Chars.isUnspaced(c)
                : Chars.isWord(c) || c == '_' || c == '%' || c == '+' || c == '-' || isQuoteOrDot(c);
    }

    private static boolean isQuoteOrDot(char c) {
        return c == '\'' || c == '.';
    }
}
