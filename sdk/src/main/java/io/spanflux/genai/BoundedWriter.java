// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.io.IOException;
import java.io.Writer;

/** Keeps up to a number of code points and refuses the rest, so that nobody goes on writing what will not be used. */
final class BoundedWriter extends Writer {
    private final StringBuilder kept = new StringBuilder();
    private final int limit;
    private int length;
    private boolean full;

    BoundedWriter(int limit) {
        this.limit = limit;
    }

    @Override
    public void write(char[] chars, int offset, int count) throws IOException {
        int end = offset;
        while (!full && end < offset + count) {
            // What comes here is clean, so that a second half never comes alone.
            int points = Character.isLowSurrogate(chars[end]) ? 0 : 1;
            full = length + points > limit;
            length += full ? 0 : points;
            end += full ? 0 : 1;
        }
        kept.append(chars, offset, end - offset);
        if (full) {
            throw new IOException("full");
        }
    }

    /** Whether something was refused. */
    boolean isFull() {
        return full;
    }

    /** The code points that were kept. */
    int length() {
        return length;
    }

    /** What was kept. */
    String text() {
        return kept.toString();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
