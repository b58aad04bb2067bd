// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The numbers of ids that the application made up as texts: the hexadecimal digits in them where they are just as many as
 * an id has, else the beginning of their SHA-256, which is the same in every process and language.
 */
final class OwnIds {
    private static final int TRACE_DIGITS = 32;
    private static final int SPAN_DIGITS = 16;

    private OwnIds() {}

    static long traceIdHigh(String id) {
        int at = digitsOf(id, TRACE_DIGITS);
        return at < 0 ? hash(id, 0) : HexFormat.fromHexDigitsToLong(id, at, at + 16);
    }

    static long traceIdLow(String id) {
        int at = digitsOf(id, TRACE_DIGITS);
        return at < 0 ? hash(id, 8) : HexFormat.fromHexDigitsToLong(id, at + 16, at + TRACE_DIGITS);
    }

    static long spanId(String id) {
        int at = digitsOf(id, SPAN_DIGITS);
        return at < 0 ? hash(id, 0) : HexFormat.fromHexDigitsToLong(id, at, at + SPAN_DIGITS);
    }

    /** Where {@code count} lower-case digits begin that end {@code id}, alone or after a {@code _}; else -1. */
    private static int digitsOf(String id, int count) {
        int at = id.length() - count;
        if (at < 0 || (at > 0 && id.charAt(at - 1) != '_')) {
            return -1;
        }
        boolean zero = true;
        for (int i = at; i < id.length(); i++) {
            char c = id.charAt(i);
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
                return -1;
            }
            zero &= c == '0';
        }
        return zero ? -1 : at;
    }

    private static long hash(String id, int offset) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest).getLong(offset);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
