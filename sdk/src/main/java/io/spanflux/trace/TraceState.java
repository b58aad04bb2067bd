// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The {@code tracestate} of a trace: what each tracing system along the way wants to find again, newest first. Immutable.
 *
 * <p>Bounds, from W3C Trace Context: 32 members, of which 512 characters are carried; members over 128 characters are
 * the first to go, then the oldest. A header that breaks the grammar is no trace state at all.
 */
public final class TraceState {
    private static final TraceState EMPTY = new TraceState(List.of());
    private static final int MAX_MEMBERS = 32;
    private static final int MAX_HEADER_LENGTH = 512;
    private static final int MAX_MEMBER_LENGTH = 128;
    private static final int MAX_KEY_LENGTH = 256;
    private static final int MAX_VALUE_LENGTH = 256;

    private final List<Member> members;

    private TraceState(List<Member> members) {
        this.members = members;
    }

    private record Member(String key, String value) {
        int length() {
            return key.length() + 1 + value.length();
        }
    }

    /** No members. */
    public static TraceState empty() {
        return EMPTY;
    }

    /** What {@code header} says; empty when it is null, blank, or not valid. Several headers are joined by commas. */
    public static TraceState parse(@Nullable String header) {
        if (header == null || header.isBlank()) {
            return EMPTY;
        }
        List<Member> members = new ArrayList<>();
        for (String item : header.split(",", -1)) {
            String trimmed = item.strip();
            if (trimmed.isEmpty()) {
                continue;
            }
            int equals = trimmed.indexOf('=');
            String key = equals < 0 ? "" : trimmed.substring(0, equals);
            String value = trimmed.substring(equals + 1);
            if (!isKey(key) || !isValue(value) || members.size() == MAX_MEMBERS || contains(members, key)) {
                return EMPTY;
            }
            members.add(new Member(key, value));
        }
        return fitted(members);
    }

    private static TraceState fitted(List<Member> members) {
        if (headerLength(members) > MAX_HEADER_LENGTH) {
            members.removeIf(member -> member.length() > MAX_MEMBER_LENGTH);
        }
        while (headerLength(members) > MAX_HEADER_LENGTH) {
            members.remove(members.size() - 1);
        }
        return members.isEmpty() ? EMPTY : new TraceState(List.copyOf(members));
    }

    private static int headerLength(List<Member> members) {
        int length = Math.max(0, members.size() - 1);
        for (Member member : members) {
            length += member.length();
        }
        return length;
    }

    private static boolean contains(List<Member> members, String key) {
        for (Member member : members) {
            if (member.key.equals(key)) {
                return true;
            }
        }
        return false;
    }

    /** The value of {@code key}, or null. */
    public @Nullable String get(String key) {
        for (Member member : members) {
            if (member.key.equals(key)) {
                return member.value;
            }
        }
        return null;
    }

    /** This state with {@code key} first; unchanged when key or value break the grammar. */
    public TraceState with(String key, String value) {
        if (!isKey(key) || !isValue(value)) {
            return this;
        }
        List<Member> changed = new ArrayList<>(members.size() + 1);
        changed.add(new Member(key, value));
        for (Member member : members) {
            if (!member.key.equals(key) && changed.size() < MAX_MEMBERS) {
                changed.add(member);
            }
        }
        return fitted(changed);
    }

    /** Whether there are no members. */
    public boolean isEmpty() {
        return members.isEmpty();
    }

    /** The header's text, empty when there are no members. */
    public String header() {
        if (members.isEmpty()) {
            return "";
        }
        StringBuilder header = new StringBuilder();
        for (Member member : members) {
            if (header.length() > 0) {
                header.append(',');
            }
            header.append(member.key).append('=').append(member.value);
        }
        return header.toString();
    }

    /** Level 2 of the recommendation: a lower-case letter or digit, then also underscores, hyphens, *, / and @. */
    private static boolean isKey(String key) {
        if (key.isEmpty() || key.length() > MAX_KEY_LENGTH) {
            return false;
        }
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            boolean letterOrDigit = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            boolean inner = c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
            if (!letterOrDigit && (i == 0 || !inner)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isValue(String value) {
        if (value.isEmpty() || value.length() > MAX_VALUE_LENGTH || value.endsWith(" ")) {
            return false;
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < 0x20 || c > 0x7E || c == ',' || c == '=') {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TraceState that && members.equals(that.members);
    }

    @Override
    public int hashCode() {
        return members.hashCode();
    }

    @Override
    public String toString() {
        return header();
    }
}
