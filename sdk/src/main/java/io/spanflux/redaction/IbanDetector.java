// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** IBANs: a country's letters, its length, and check digits that leave 1 modulo 97. */
final class IbanDetector implements Detector {
    private static final int GROUP = 4;

    /** Lengths of the registry that SWIFT keeps for ISO 13616. */
    private static final Map<String, Integer> LENGTHS =
            lengths("AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 "
                    + "BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 "
                    + "GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 "
                    + "ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 "
                    + "SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30");

    private static Map<String, Integer> lengths(String table) {
        Map<String, Integer> lengths = new HashMap<>();
        for (String entry : table.split(" ", -1)) {
            lengths.put(entry.substring(0, 2), Integer.valueOf(entry.substring(2)));
        }
        return Map.copyOf(lengths);
    }

    @Override
    public int lengthAt(Window window) {
        if (!Chars.isAsciiLetter(window.at(0))
                || !Chars.isAsciiLetter(window.at(1))
                || !Chars.isDigit(window.at(2))
                || !Chars.isDigit(window.at(3))
                || Chars.isWord(window.before())) {
            return 0;
        }
        @Nullable Integer length = LENGTHS.get("" + upper(window.at(0)) + upper(window.at(1)));
        return length == null ? 0 : endOf(window, length);
    }

    private static int endOf(Window window, int length) {
        // The first four characters count last, so their part is worked out behind the others.
        int remainder = 0;
        int at = 0;
        for (int i = 0; i < length; i++) {
            if (i > 0 && i % GROUP == 0 && isSeparator(window.at(at))) {
                at++;
            }
            char c = window.at(at++);
            if (!Chars.isAlphanumeric(c)) {
                return 0;
            }
            if (i >= GROUP) {
                remainder = append(remainder, c);
            }
        }
        for (int i = 0; i < GROUP; i++) {
            remainder = append(remainder, window.at(i));
        }
        return remainder == 1 && !Chars.isWord(window.at(at)) ? at : 0;
    }

    private static int append(int remainder, char c) {
        return Chars.isDigit(c) ? (remainder * 10 + c - '0') % 97 : (remainder * 100 + upper(c) - 'A' + 10) % 97;
    }

    private static boolean isSeparator(char c) {
        return c == ' ' || c == '-';
    }

    private static char upper(char c) {
        return c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
    }
}
