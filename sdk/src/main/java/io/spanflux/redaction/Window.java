// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/**
 * What a detector sees at one position: {@value StreamingRedaction#LOOK_BEHIND} characters before it,
 * {@value StreamingRedaction#WINDOW} from it on. Counts every character looked at.
 */
final class Window {
    private char[] view = new char[0];
    private int from;
    private int start;
    private int to;
    private boolean full;
    private int secretFrom;
    private int position;
    private long steps;

    /** Shows {@code view[from, to)} with the position in question at {@code start}, {@code position} in the text. */
    void move(char[] view, int from, int start, int to, boolean full, int position) {
        this.view = view;
        this.from = from;
        this.start = start;
        this.to = to;
        this.full = full;
        this.position = position;
    }

    /** The character at {@code offset} from the position, which may be negative; NUL outside of the window. */
    char at(int offset) {
        int index = start + offset;
        if (index < from || index >= to) {
            return 0;
        }
        steps++;
        return view[index];
    }

    /** The character before the position; NUL where an escape of JSON ends there, whose letters belong to no word. */
    char before() {
        char before = at(-1);
        return Chars.isWord(before) && (escapeAt(-2) == 2 || escapeAt(-6) == 6) ? 0 : before;
    }

    /** The length of the escape of JSON whose backslash is at {@code offset}; 0 when none is. */
    int escapeAt(int offset) {
        if (at(offset) != '\\') {
            return 0;
        }
        return switch (at(offset + 1)) {
            case 'b', 'f', 'n', 'r', 't' -> 2;
            case 'u' ->
                isHex(at(offset + 2)) && isHex(at(offset + 3)) && isHex(at(offset + 4)) && isHex(at(offset + 5))
                        ? 6
                        : 0;
            default -> 0;
        };
    }

    private static boolean isHex(char c) {
        return Character.digit(c, 16) >= 0;
    }

    /** How many characters can be seen from the position on. */
    int remaining() {
        return to - start;
    }

    /** Whether the window, not the text, ends after {@link #remaining()} characters. */
    boolean isFull() {
        return full;
    }

    /** Where the position is in the text. */
    int position() {
        return position;
    }

    /** Says that what is found begins {@code offset} characters after the position, behind a keyword. */
    void secretFrom(int offset) {
        this.secretFrom = offset;
    }

    int takeSecretFrom() {
        int taken = secretFrom;
        secretFrom = 0;
        return taken;
    }

    long steps() {
        return steps;
    }
}
