// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.diagnostics.FatalErrors;
import java.io.PrintWriter;
import java.io.Writer;

/** Prints a stack trace and stops when it is long enough. */
final class StackTraceText extends Writer {
    private final StringBuilder text = new StringBuilder();
    private final int maxLength;

    private StackTraceText(int maxLength) {
        super(new Object());
        this.maxLength = maxLength;
    }

    static String of(Throwable exception, int maxLength) {
        StackTraceText writer = new StackTraceText(maxLength);
        try {
            exception.printStackTrace(new PrintWriter(writer));
        } catch (Full e) {
            writer.unsplit();
        } catch (Throwable e) {
            FatalErrors.propagate(e);
            // An exception class that cannot print itself still has its type and what was printed so far.
            writer.text
                    .append("[stack trace incomplete: ")
                    .append(e.getClass().getName())
                    .append(']');
        }
        return writer.text.toString();
    }

    /** Half a surrogate pair is no text. */
    private void unsplit() {
        int last = text.length() - 1;
        if (last >= 0 && Character.isHighSurrogate(text.charAt(last))) {
            text.setLength(last);
        }
    }

    @Override
    public void write(char[] buffer, int offset, int length) {
        int room = maxLength - text.length();
        text.append(buffer, offset, Math.min(room, length));
        if (room <= length) {
            throw new Full();
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}

    /** Leaves {@code printStackTrace}; PrintWriter swallows only IOException. */
    private static final class Full extends RuntimeException {
        private Full() {
            super(null, null, false, false);
        }
    }
}
