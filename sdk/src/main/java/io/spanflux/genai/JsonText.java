// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

/** Texts as they stand inside the quotes of JSON, measured in code points after escaping. */
final class JsonText {
    private JsonText() {}

    /** How long {@code text} is once it is escaped; stops counting where it is longer than {@code max}. */
    static int length(String text, int max) {
        int length = 0;
        for (int i = 0; i < text.length() && length <= max; i += width(text, i)) {
            length += cost(text.charAt(i));
        }
        return length;
    }

    /** The longest beginning of {@code text} that is no longer than {@code max} once it is escaped. */
    static String cut(String text, int max) {
        int length = 0;
        int i = 0;
        while (i < text.length()) {
            length += cost(text.charAt(i));
            if (length > max) {
                return text.substring(0, i);
            }
            i += width(text, i);
        }
        return text;
    }

    /** {@code text} with U+FFFD for each half of a surrogate pair that stands alone: receivers refuse a batch for one. */
    static String clean(String text) {
        for (int i = 0; i < text.length(); i += width(text, i)) {
            if (Character.isSurrogate(text.charAt(i)) && width(text, i) == 1) {
                return replaced(text, i);
            }
        }
        return text;
    }

    private static String replaced(String text, int from) {
        StringBuilder replaced = new StringBuilder(text);
        for (int i = from; i < text.length(); i += width(text, i)) {
            if (Character.isSurrogate(text.charAt(i)) && width(text, i) == 1) {
                replaced.setCharAt(i, '\uFFFD');
            }
        }
        return replaced.toString();
    }

    private static int width(String text, int at) {
        return Character.isHighSurrogate(text.charAt(at))
                        && at + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(at + 1))
                ? 2
                : 1;
    }

    private static int cost(char c) {
        if (c >= 0x20) {
            return c == '"' || c == '\\' ? 2 : 1;
        }
        return c == '\b' || c == '\t' || c == '\n' || c == '\f' || c == '\r' ? 2 : 6;
    }
}
