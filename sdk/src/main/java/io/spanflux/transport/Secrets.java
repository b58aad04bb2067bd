// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a server was told and may repeat, and a log must not: header values, what follows the scheme in them, the user and
 * password of {@code Basic}, and the query of the URL. Each is masked as a whole and in its pieces, because a server may
 * quote it in JSON or HTML, where other characters than letters and digits are written differently.
 *
 * <p>Bounds: a text of less than {@value #MIN_LENGTH} characters and a piece of less than {@value #MIN_PIECE} are not
 * masked; they would be found in ordinary words.
 *
 * <p>Threads: immutable.
 */
final class Secrets {
    static final Secrets NONE = new Secrets(Set.of());

    private static final int MIN_LENGTH = 4;
    private static final int MIN_PIECE = 8;

    /** Headers that every request has and whose values explain an answer. */
    private static final Set<String> NO_SECRETS = Set.of(
            "accept",
            "connection",
            "content-encoding",
            "content-length",
            "content-type",
            "host",
            "transfer-encoding",
            "user-agent");

    /** The longest first, so that no part hides a whole. */
    private final List<String> texts;

    private Secrets(Set<String> texts) {
        this.texts = texts.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
    }

    /** What is secret in these headers and in {@code query}, which is empty when there is none. */
    static Secrets of(Iterable<Map.Entry<String, String>> headers, String query) {
        Set<String> texts = new TreeSet<>();
        for (Map.Entry<String, String> header : headers) {
            if (!NO_SECRETS.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                addHeader(header.getValue().strip(), texts);
            }
        }
        for (String parameter : query.split("&", -1)) {
            add(parameter.substring(parameter.indexOf('=') + 1), texts);
        }
        return texts.isEmpty() ? NONE : new Secrets(texts);
    }

    private static void addHeader(String value, Set<String> texts) {
        add(value, texts);
        int scheme = value.indexOf(' ');
        if (scheme < 0) {
            return;
        }
        String credentials = value.substring(scheme + 1).strip();
        add(credentials, texts);
        if (value.substring(0, scheme).equalsIgnoreCase("Basic")) {
            try {
                String userAndPassword = new String(Base64.getDecoder().decode(credentials), StandardCharsets.UTF_8);
                add(userAndPassword, texts);
                add(userAndPassword.substring(userAndPassword.indexOf(':') + 1), texts);
            } catch (IllegalArgumentException e) {
                // Not base64, so there is nothing more in it than it shows.
            }
        }
    }

    private static void add(String text, Set<String> texts) {
        if (text.length() >= MIN_LENGTH) {
            texts.add(text);
        }
        for (String piece : text.split("[^A-Za-z0-9._~-]+", -1)) {
            if (piece.length() >= MIN_PIECE) {
                texts.add(piece);
            }
        }
    }

    /** {@code text} with three asterisks in the place of each secret. */
    String masked(String text) {
        String masked = text;
        for (String secret : texts) {
            masked = masked.replace(secret, "***");
        }
        return masked;
    }
}
