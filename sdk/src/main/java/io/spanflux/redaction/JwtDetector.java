// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.Base64;

/** JSON Web Tokens, signed (three parts) or encrypted (five). */
final class JwtDetector implements Detector {
    @Override
    public int lengthAt(Window window) {
        if (window.at(0) != 'e' || window.at(1) != 'y' || window.at(2) != 'J' || Chars.isBase64Url(window.before())) {
            return 0;
        }
        int header = endOfPart(window, 0);
        if (isOutOfSight(window, header)) {
            return header;
        }
        if (window.at(header) != '.' || !isObject(window, header)) {
            return 0;
        }
        int payload = endOfPart(window, header + 1);
        if (isOutOfSight(window, payload)) {
            return payload;
        }
        if (window.at(payload) != '.') {
            return 0;
        }
        int end = endOfPart(window, payload + 1);
        if (end == payload + 1 && payload == header + 1) {
            return 0;
        }
        while (window.at(end) == '.' && Chars.isBase64Url(window.at(end + 1))) {
            end = endOfPart(window, end + 1);
        }
        return end;
    }

    private static int endOfPart(Window window, int from) {
        int at = from;
        while (Chars.isBase64Url(window.at(at))) {
            at++;
        }
        return at;
    }

    private static boolean isOutOfSight(Window window, int end) {
        return end >= window.remaining() && window.isFull();
    }

    private static boolean isObject(Window window, int length) {
        if (length % 4 == 1) {
            return false;
        }
        byte[] encoded = new byte[length];
        for (int i = 0; i < length; i++) {
            encoded[i] = (byte) window.at(i);
        }
        byte[] header;
        try {
            header = Base64.getUrlDecoder().decode(encoded);
        } catch (IllegalArgumentException e) {
            return false;
        }
        int last = header.length - 1;
        while (last > 0 && header[last] <= ' ' && header[last] >= 0) {
            last--;
        }
        return header[last] == '}';
    }
}
