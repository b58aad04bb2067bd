// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/** Classes of characters, and what a character counts as while secrets are looked for. */
final class Chars {
    /** From here on stand the scripts written without spaces, whose letters do not bind to a neighbouring word. */
    private static final char FIRST_UNSPACED = '\u2E80';

    /** What {@link #folded} answers for a character that is not seen. */
    static final char INVISIBLE = 0;

    private Chars() {}

    /**
     * The ASCII character that {@code c} stands for: full-width forms, decimal digits of every script, the hyphens and
     * the spaces; {@link #INVISIBLE} for format characters and variation selectors; else {@code c} itself.
     */
    static char folded(char c) {
        if (c < 0x80) {
            return c;
        }
        if (c >= '\uFF01' && c <= '\uFF5E') {
            return (char) (c - 0xFEE0);
        }
        switch (c) {
            case '\u2010', '\u2011', '\u2012', '\u2013', '\u2212', '\uFE63' -> {
                return '-';
            }
            case '\uFE6B' -> {
                return '@';
            }
            case '\uFE52' -> {
                return '.';
            }
            default -> {
                return switch (Character.getType(c)) {
                    case Character.DECIMAL_DIGIT_NUMBER -> (char) ('0' + Character.digit(c, 10));
                    case Character.SPACE_SEPARATOR -> ' ';
                    case Character.FORMAT -> INVISIBLE;
                    default -> c == '\u034F' || (c >= '\uFE00' && c <= '\uFE0F') ? INVISIBLE : c;
                };
            }
        }
    }

    static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static boolean isAsciiLetter(char c) {
        return (c >= 'a' && c <= 'z') || isUpper(c);
    }

    static boolean isUpper(char c) {
        return c >= 'A' && c <= 'Z';
    }

    static boolean isAlphanumeric(char c) {
        return isAsciiLetter(c) || isDigit(c);
    }

    static boolean isBase64Url(char c) {
        return isAlphanumeric(c) || c == '-' || c == '_';
    }

    static char lower(char c) {
        return isUpper(c) ? (char) (c + 32) : c;
    }

    /** A letter or digit of a script whose words are set apart: a neighbour that makes a number part of a word. */
    static boolean isWord(char c) {
        return c < 0x80 ? isAlphanumeric(c) : c < FIRST_UNSPACED && Character.isLetterOrDigit(c);
    }

    /** A letter of a script written without spaces. */
    static boolean isUnspaced(char c) {
        return c >= FIRST_UNSPACED && Character.isLetterOrDigit(c);
    }

    /** What may be part of an unquoted value: visible ASCII except what closes or separates values. */
    static boolean isValue(char c) {
        if (c <= ' ' || c >= 0x7F) {
            return false;
        }
        return switch (c) {
            case '"', '\'', '`', ',', ';', '&', '<', '>', '(', ')', '[', ']', '{', '}', '\\' -> false;
            default -> true;
        };
    }
}
