// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/** Phone numbers, international and in the national forms that are common and do not look like every other number. */
final class PhoneDetector implements Detector {
    @Override
    public int lengthAt(Window window) {
        char first = window.at(0);
        if (first != '+' && first != '(' && !Chars.isDigit(first)) {
            return 0;
        }
        char before = window.before();
        if (Chars.isWord(before) || before == '+' || (first != '+' && isJoined(window, before))) {
            return 0;
        }
        if (first == '+') {
            return isNonZero(window.at(1)) ? international(window, 1, 8) : 0;
        }
        if (first == '(') {
            return areaInBrackets(window);
        }
        if (first == '0') {
            if (window.at(1) == '0') {
                return isNonZero(window.at(2)) ? international(window, 2, 10) : 0;
            }
            return isNonZero(window.at(1)) ? trunk(window) : 0;
        }
        int length = northAmerican(window);
        return length > 0 ? length : chineseMobile(window);
    }

    /** Whether the number is the tail of something: a UUID, a date, a version, {@code order-0123456789}, a path. */
    private static boolean isJoined(Window window, char before) {
        return switch (before) {
            case '-', '_', '/' -> Chars.isWord(window.at(-2));
            case '.', ',' -> Chars.isDigit(window.at(-2));
            default -> false;
        };
    }

    /** {@code minimum} to 15 digits from {@code from} on, with single separators, or one beside a bracket. */
    private static int international(Window window, int from, int minimum) {
        int digits = 0;
        int end = 0;
        int at = from;
        while (true) {
            char c = window.at(at);
            if (Chars.isDigit(c)) {
                if (++digits > 15) {
                    return end;
                }
                at++;
                continue;
            }
            if (Chars.isWord(c)) {
                return end;
            }
            if (digits >= minimum) {
                end = at;
            }
            if (!isSeparator(c) && c != '/' && !isBracket(c)) {
                return end;
            }
            at++;
            char next = window.at(at);
            if (!Chars.isDigit(next)) {
                boolean bracketed = isBracket(c) ? isSeparator(next) : isBracket(next);
                if (!bracketed || !Chars.isDigit(window.at(++at))) {
                    return end;
                }
            }
        }
    }

    /** A trunk zero: 10 or 11 digits in a row, or 9 to 12 in groups, the first of at most five. */
    private static int trunk(Window window) {
        int first = digits(window, 0);
        if (first > 5) {
            return first >= 10 && first <= 11 && !Chars.isWord(window.at(first)) ? first : 0;
        }
        return grouped(window, first, first);
    }

    private static int areaInBrackets(Window window) {
        int area = digits(window, 1);
        if (area < 2 || area > 5 || window.at(area + 1) != ')') {
            return 0;
        }
        int at = area + 2;
        if (isSeparator(window.at(at))) {
            at++;
        }
        int number = digits(window, at);
        int end = number < 2 || number > 8 ? 0 : grouped(window, at + number, area + number);
        int plain = area + number;
        return end == 0 && plain >= 9 && plain <= 12 && !Chars.isWord(window.at(at + number)) ? at + number : end;
    }

    /** Goes on at {@code from} after {@code before} digits with groups behind one and the same separator. */
    private static int grouped(Window window, int from, int before) {
        char separator = window.at(from);
        int total = before;
        int end = 0;
        int at = from;
        while (true) {
            char c = window.at(at);
            // A slash stands only behind the area code, or dates would be numbers.
            boolean slash = c == '/' && at == from;
            if (!slash && (!isSeparator(c) || (c != separator && separator != '/'))) {
                return end;
            }
            int group = digits(window, at + 1);
            total += group;
            at += 1 + group;
            if (group < 2 || group > 8 || total > 12 || Chars.isWord(window.at(at))) {
                // Dashes and dots join: what is longer than a number is something else.
                boolean joined = c != ' ' && (group > 0 || Chars.isWord(window.at(at)));
                return joined ? 0 : end;
            }
            if (total >= 9) {
                end = at;
            }
        }
    }

    /** {@code 415-555-0123}, also behind {@code 1-}. */
    private static int northAmerican(Window window) {
        int at = window.at(0) == '1' && isSeparator(window.at(1)) ? 2 : 0;
        char separator = window.at(at + 3);
        if (!isSeparator(separator) || window.at(at + 7) != separator) {
            return 0;
        }
        boolean looksRight = window.at(at) >= '2'
                && window.at(at + 4) >= '2'
                && digits(window, at) == 3
                && digits(window, at + 4) == 3
                && digits(window, at + 8) == 4;
        boolean goesOn = separator != ' ' && window.at(at + 12) == separator && Chars.isWord(window.at(at + 13));
        return looksRight && !goesOn && !Chars.isWord(window.at(at + 12)) ? at + 12 : 0;
    }

    /** {@code 13800138000} or {@code 138 0013 8000}. */
    private static int chineseMobile(Window window) {
        if (window.at(0) != '1' || window.at(1) < '3' || window.at(1) > '9') {
            return 0;
        }
        int first = digits(window, 0);
        if (first == 11) {
            return Chars.isWord(window.at(11)) ? 0 : 11;
        }
        char separator = window.at(3);
        boolean grouped = first == 3
                && isSeparator(separator)
                && digits(window, 4) == 4
                && window.at(8) == separator
                && digits(window, 9) == 4;
        return grouped && !Chars.isWord(window.at(13)) ? 13 : 0;
    }

    /** How many digits stand from {@code from} on, as far as it matters. */
    private static int digits(Window window, int from) {
        int at = from;
        while (at - from < 16 && Chars.isDigit(window.at(at))) {
            at++;
        }
        return at - from;
    }

    private static boolean isNonZero(char c) {
        return c >= '1' && c <= '9';
    }

    private static boolean isSeparator(char c) {
        return c == ' ' || c == '-' || c == '.';
    }

    private static boolean isBracket(char c) {
        return c == '(' || c == ')';
    }
}
