// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Values that travel with a request from service to service, readable by everyone on the way: no prompts, no secrets, no
 * personal data. Immutable; lives in Reactor's {@code Context}.
 *
 * <p>Bounds, from <a href="https://www.w3.org/TR/baggage/">W3C Baggage</a>: 64 members and 8,192 bytes. Further members
 * are dropped, the last ones first.
 */
public final class Baggage {
    private static final Baggage EMPTY = new Baggage(Map.of());
    private static final int MAX_MEMBERS = 64;
    private static final int MAX_BYTES = 8192;

    private final Map<String, Member> members;

    private Baggage(Map<String, Member> members) {
        this.members = members;
    }

    /** A value and, kept as it came, the properties behind its first semicolon. */
    private record Member(String value, String properties) {}

    /** No members. */
    public static Baggage empty() {
        return EMPTY;
    }

    /** The baggage of the place with this context. */
    public static Baggage from(ContextView context) {
        Baggage baggage = context.getOrDefault(Baggage.class, null);
        return baggage == null ? EMPTY : baggage;
    }

    /** {@code context} with this baggage. */
    public Context storeIn(Context context) {
        return context.put(Baggage.class, this);
    }

    /** The value of {@code key}, or null. */
    public @Nullable String get(String key) {
        Member member = members.get(key);
        return member == null ? null : member.value;
    }

    /** The keys, in order. */
    public List<String> keys() {
        return List.copyOf(members.keySet());
    }

    /** This baggage with one more member; unchanged when {@code key} is not an HTTP token or there is no value. */
    public Baggage with(String key, @Nullable String value) {
        return isToken(key) && value != null ? changed(key, new Member(value, "")) : this;
    }

    /** This baggage without {@code key}. */
    public Baggage without(String key) {
        return changed(key, null);
    }

    private Baggage changed(String key, @Nullable Member member) {
        Map<String, Member> copy = new LinkedHashMap<>(members);
        if (member == null) {
            copy.remove(key);
        } else {
            copy.put(key, member);
        }
        return new Baggage(copy);
    }

    /** What {@code header} says; a member that breaks the grammar is left out, the others count. */
    public static Baggage parse(@Nullable String header) {
        // A header far beyond the bound is an attack or a mistake; reading it costs more than it can give.
        if (header == null || header.isBlank() || header.length() > 8 * MAX_BYTES) {
            return EMPTY;
        }
        Map<String, Member> members = new LinkedHashMap<>();
        int bytes = 0;
        for (String item : header.split(",", -1)) {
            bytes += item.length() + 1;
            if (members.size() == MAX_MEMBERS || bytes > MAX_BYTES + 1) {
                break;
            }
            int semicolon = item.indexOf(';');
            String pair = semicolon < 0 ? item : item.substring(0, semicolon);
            String properties =
                    semicolon < 0 ? "" : item.substring(semicolon + 1).strip();
            int equals = pair.indexOf('=');
            String key = equals < 0 ? "" : pair.substring(0, equals).strip();
            String value = PercentEncoding.decode(pair.substring(equals + 1).strip());
            if (isToken(key) && value != null && isPrintable(properties)) {
                members.put(key, new Member(value, properties));
            }
        }
        return members.isEmpty() ? EMPTY : new Baggage(members);
    }

    /** The header's text within the bounds; empty when there are no members. */
    public String header() {
        StringBuilder header = new StringBuilder();
        int count = 0;
        for (Map.Entry<String, Member> entry : members.entrySet()) {
            Member member = entry.getValue();
            String text = entry.getKey()
                    + '='
                    + PercentEncoding.encode(member.value)
                    + (member.properties.isEmpty() ? "" : ";" + member.properties);
            String comma = count == 0 ? "" : ",";
            if (count == MAX_MEMBERS || header.length() + comma.length() + text.length() > MAX_BYTES) {
                break;
            }
            header.append(comma).append(text);
            count++;
        }
        return header.toString();
    }

    static boolean isToken(String key) {
        if (key == null || key.isEmpty()) {
            return false;
        }
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            boolean letterOrDigit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!letterOrDigit && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isPrintable(String properties) {
        for (int i = 0; i < properties.length(); i++) {
            char c = properties.charAt(i);
            if (c < 0x20 || c > 0x7E) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Baggage that
                && members.equals(that.members)
                && new ArrayList<>(members.keySet()).equals(new ArrayList<>(that.members.keySet()));
    }

    @Override
    public int hashCode() {
        return members.hashCode();
    }

    /** The keys; values may be personal. */
    @Override
    public String toString() {
        return "Baggage" + members.keySet();
    }

    /** Percent-encoding of {@code baggage-octet}s. */
    private static final class PercentEncoding {
        private static final String HEX = "0123456789ABCDEF";

        static String encode(String value) {
            StringBuilder encoded = new StringBuilder(value.length() + 8);
            for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
                if (b > 0x20 && b < 0x7F && "\",;\\%".indexOf(b) < 0) {
                    encoded.append((char) b);
                } else {
                    encoded.append('%').append(HEX.charAt((b >> 4) & 0xF)).append(HEX.charAt(b & 0xF));
                }
            }
            return encoded.toString();
        }

        /** Null when {@code text} holds what a value may not; octets that are not UTF-8 become U+FFFD, as W3C asks. */
        static @Nullable String decode(String text) {
            byte[] octets = new byte[text.length()];
            int length = 0;
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c <= 0x20 || c >= 0x7F || c == '"' || c == '\\') {
                    return null;
                }
                if (c == '%') {
                    if (i + 2 >= text.length()
                            || !HexFormat.isHexDigit(text.charAt(i + 1))
                            || !HexFormat.isHexDigit(text.charAt(i + 2))) {
                        return null;
                    }
                    octets[length++] = (byte) HexFormat.fromHexDigits(text, i + 1, i + 3);
                    i += 2;
                } else {
                    octets[length++] = (byte) c;
                }
            }
            return new String(octets, 0, length, StandardCharsets.UTF_8);
        }
    }
}
