// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/** Payment cards: the longest run of whole groups that is as long as its issuer makes them and passes the Luhn check. */
final class CardDetector implements Detector {
    private static final int MAX_DIGITS = 19;
    private static final int MIN_GROUP = 3;

    @Override
    public int lengthAt(Window window) {
        char first = window.at(0);
        if (first < '2' || first > '6') {
            return 0;
        }
        char before = window.before();
        if (Chars.isWord(before) || before == '.' || before == ',') {
            return 0;
        }
        byte[] digits = new byte[MAX_DIGITS];
        int count = 0;
        int group = 0;
        int end = 0;
        for (int at = 0; ; at++) {
            char c = window.at(at);
            if (Chars.isDigit(c)) {
                if (count == MAX_DIGITS) {
                    return end;
                }
                digits[count++] = (byte) (c - '0');
                group++;
                continue;
            }
            if (Chars.isWord(c)) {
                return end;
            }
            if (isIssued(digits, count) && passesLuhn(digits, count)) {
                end = at;
            }
            if (group < MIN_GROUP || (c != ' ' && c != '-') || !Chars.isDigit(window.at(at + 1))) {
                return end;
            }
            group = 0;
        }
    }

    /** Whether issuers give out numbers of this length that begin so; no date or time of ours does. */
    private static boolean isIssued(byte[] digits, int count) {
        int prefix = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
        if (digits[0] == 4) {
            return count == 13 || count == 16 || count == 19;
        }
        if (isIn(prefix, 2221, 2720) || isIn(prefix, 5100, 5599)) {
            return count == 16;
        }
        if (isIn(prefix, 2200, 2204) || isIn(prefix, 3528, 3589)) {
            return count >= 16;
        }
        if (isIn(prefix, 3400, 3499) || isIn(prefix, 3700, 3799)) {
            return count == 15;
        }
        if (isIn(prefix, 3000, 3059) || isIn(prefix, 3095, 3099) || isIn(prefix, 3600, 3699)) {
            return count >= 14;
        }
        if (isIn(prefix, 3800, 3999)) {
            return count >= 14;
        }
        return (digits[0] == 5 || digits[0] == 6) && count >= 13;
    }

    private static boolean isIn(int prefix, int first, int last) {
        return prefix >= first && prefix <= last;
    }

    private static boolean passesLuhn(byte[] digits, int count) {
        int sum = 0;
        for (int i = 0; i < count; i++) {
            int digit = digits[count - 1 - i];
            if (i % 2 == 1) {
                digit *= 2;
                if (digit > 9) {
                    digit -= 9;
                }
            }
            sum += digit;
        }
        return sum % 10 == 0;
    }
}
