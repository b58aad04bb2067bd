// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.List;

/** Keys of APIs: by a prefix that its issuer documents, behind {@code Bearer}, or behind a name that says what it is. */
final class ApiKeyDetector implements Detector {
    private static final List<Prefix> PREFIXES = List.of(
            new Prefix("sk-", 20, true, false),
            new Prefix("sk_live_", 20, false, false),
            new Prefix("sk_test_", 20, false, false),
            new Prefix("rk_live_", 20, false, false),
            new Prefix("rk_test_", 20, false, false),
            new Prefix("ghp_", 20, false, false),
            new Prefix("gho_", 20, false, false),
            new Prefix("ghu_", 20, false, false),
            new Prefix("ghs_", 20, false, false),
            new Prefix("ghr_", 20, false, false),
            new Prefix("github_pat_", 20, false, false),
            new Prefix("glpat-", 20, false, false),
            new Prefix("xoxb-", 10, false, false),
            new Prefix("xoxa-", 10, false, false),
            new Prefix("xoxp-", 10, false, false),
            new Prefix("xoxr-", 10, false, false),
            new Prefix("xoxs-", 10, false, false),
            new Prefix("xoxe-", 10, false, false),
            new Prefix("xapp-", 10, false, false),
            new Prefix("AIza", 35, false, false),
            new Prefix("AKIA", 16, false, true),
            new Prefix("ASIA", 16, false, true),
            new Prefix("hf_", 30, true, false),
            new Prefix("gsk_", 40, true, false),
            new Prefix("xai-", 40, true, false),
            new Prefix("pplx-", 40, true, false),
            new Prefix("nvapi-", 40, true, false),
            new Prefix("npm_", 36, true, false));

    /** Ends of names, without {@code _}, {@code -} and {@code .}. */
    private static final List<String> NAMES = List.of(
            "apikey",
            "accesskey",
            "accesskeyid",
            "secretkey",
            "privatekey",
            "signingkey",
            "encryptionkey",
            "authkey",
            "secret",
            "token",
            "password",
            "passwd",
            "passphrase",
            "pwd",
            "credential",
            "credentials");

    private static final int MAX_NAME = 128;
    private static final int MAX_SPACES = 4;
    private static final int MIN_VALUE = 8;
    private static final int MIN_BEARER = 16;
    private static final int PLAINLY_LONG = 32;

    /** Characters in a row that no word has. */
    private static final int LONG_RUN = 20;

    /**
     * @param minimum characters that follow the prefix at least
     * @param random whether these must not look like words joined by dashes: a digit and a capital, or one of these and
     *     {@value #LONG_RUN} letters and digits in a row
     * @param exact whether exactly {@code minimum} capitals and digits follow
     */
    private record Prefix(String text, int minimum, boolean random, boolean exact) {
        int lengthAt(Window window) {
            for (int i = 0; i < text.length(); i++) {
                if (window.at(i) != text.charAt(i)) {
                    return 0;
                }
            }
            boolean digit = false;
            boolean capital = false;
            int run = 0;
            int longestRun = 0;
            int at = text.length();
            for (char c = window.at(at); Chars.isBase64Url(c); c = window.at(++at)) {
                digit |= Chars.isDigit(c);
                capital |= Chars.isUpper(c);
                if (exact && !Chars.isUpper(c) && !Chars.isDigit(c)) {
                    return 0;
                }
                run = Chars.isAlphanumeric(c) ? run + 1 : 0;
                longestRun = Math.max(longestRun, run);
            }
            int following = at - text.length();
            boolean right = exact ? following == minimum : following >= minimum;
            boolean looksRandom = (digit && capital) || ((digit || capital) && longestRun >= LONG_RUN);
            return right && (!random || looksRandom) ? at : 0;
        }
    }

    @Override
    public int lengthAt(Window window) {
        char first = window.at(0);
        if (!Chars.isAsciiLetter(first) && first != '_') {
            return 0;
        }
        char before = window.before();
        if (Chars.isWord(before)) {
            return 0;
        }
        int length = 0;
        for (Prefix prefix : PREFIXES) {
            if (prefix.text.charAt(0) == first) {
                length = Math.max(length, prefix.lengthAt(window));
            }
        }
        if (length > 0) {
            return length;
        }
        length = bearer(window);
        return length > 0 || isName(before) ? length : assignment(window);
    }

    private static int bearer(Window window) {
        String keyword = "bearer";
        for (int i = 0; i < keyword.length(); i++) {
            if (Chars.lower(window.at(i)) != keyword.charAt(i)) {
                return 0;
            }
        }
        int from = skipSpaces(window, keyword.length());
        if (from == keyword.length()) {
            return 0;
        }
        int at = from;
        boolean digit = false;
        for (char c = window.at(at); isToken68(c); c = window.at(++at)) {
            digit |= Chars.isDigit(c);
        }
        if (at - from < (digit ? MIN_BEARER : PLAINLY_LONG)) {
            return 0;
        }
        window.secretFrom(from);
        return at;
    }

    /** {@code name = value}, {@code "name": "value"}, {@code name=>value} and the like. */
    private static int assignment(Window window) {
        int nameEnd = 0;
        while (nameEnd < MAX_NAME && isName(window.at(nameEnd))) {
            nameEnd++;
        }
        if (!saysSecret(window, nameEnd)) {
            return 0;
        }
        int at = skipSpaces(window, skipQuote(window, nameEnd));
        char sign = window.at(at);
        if (sign != '=' && sign != ':') {
            return 0;
        }
        at++;
        if (window.at(at) == (sign == '=' ? '>' : '=')) {
            at++;
        }
        int from = skipQuote(window, skipSpaces(window, at));
        int end = from;
        boolean letter = false;
        boolean digit = false;
        char c = window.at(end);
        while (Chars.isValue(c)) {
            letter |= Chars.isAsciiLetter(c);
            digit |= Chars.isDigit(c);
            c = window.at(++end);
        }
        boolean expression = c == '(' || c == '[';
        if (end - from < MIN_VALUE || !letter || !digit || expression) {
            return 0;
        }
        window.secretFrom(from);
        return end;
    }

    private static boolean saysSecret(Window window, int nameEnd) {
        for (String name : NAMES) {
            int at = nameEnd - 1;
            int left = name.length() - 1;
            while (left >= 0 && at >= 0) {
                char c = Chars.lower(window.at(at));
                if (c == name.charAt(left)) {
                    left--;
                } else if (Chars.isAlphanumeric(c)) {
                    break;
                }
                at--;
            }
            if (left < 0) {
                return true;
            }
        }
        return false;
    }

    private static int skipSpaces(Window window, int from) {
        int at = from;
        while (at - from < MAX_SPACES && (window.at(at) == ' ' || window.at(at) == '\t')) {
            at++;
        }
        return at;
    }

    /** A quote, also one that JSON inside JSON has escaped. */
    private static int skipQuote(Window window, int from) {
        int at = window.at(from) == '\\' ? from + 1 : from;
        return window.at(at) == '"' || window.at(at) == '\'' ? at + 1 : from;
    }

    private static boolean isName(char c) {
        return Chars.isBase64Url(c) || c == '.';
    }

    private static boolean isToken68(char c) {
        return Chars.isBase64Url(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
    }
}
