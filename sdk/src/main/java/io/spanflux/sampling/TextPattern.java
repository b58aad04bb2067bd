// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import java.util.Objects;

/** A text in which {@code *} stands for any text. No regular expression: it runs where spans start, on foreign text. */
final class TextPattern {
    private final String pattern;

    TextPattern(String pattern) {
        this.pattern = Objects.requireNonNull(pattern, "pattern == null");
        if (pattern.isEmpty()) {
            throw new IllegalArgumentException("pattern is empty");
        }
    }

    /** At most {@code pattern x text} steps: only the last star is ever tried again. */
    boolean matches(String text) {
        int p = 0;
        int t = 0;
        int star = -1;
        int afterStar = 0;
        while (t < text.length()) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                afterStar = t;
            } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
                p++;
                t++;
            } else if (star >= 0) {
                p = star + 1;
                t = ++afterStar;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }
}
