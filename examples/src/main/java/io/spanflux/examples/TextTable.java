// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.ArrayList;
import java.util.List;

/** Rows in columns as wide as their widest cell; a column with nothing below its title is left out. Not thread-safe. */
final class TextTable {
    private static final String GAP = "  ";
    private static final int NOTE_HEAD = 40;
    private static final int NOTE_TAIL = 80;

    private final String alignment;
    private final List<List<String>> rows = new ArrayList<>();

    /** A table with a column for each character of {@code alignment}: {@code r} for numbers, {@code l} for text. */
    TextTable(String alignment) {
        this.alignment = alignment;
    }

    /** Adds a row; the first one gives the titles. */
    void row(String... cells) {
        List<String> row = new ArrayList<>();
        for (String cell : cells) {
            row.add(oneLine(cell));
        }
        rows.add(row);
    }

    /** Adds a line that belongs to no column; of a long one the beginning and the end. */
    void note(String text) {
        String line = oneLine(text);
        int length = line.length();
        rows.add(List.of(
                length <= NOTE_HEAD + NOTE_TAIL
                        ? line
                        : line.substring(0, NOTE_HEAD) + " ... " + line.substring(length - NOTE_TAIL)));
    }

    /** What was received must not be able to forge lines, or to move a terminal's cursor. */
    static String oneLine(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }

    @Override
    public String toString() {
        int[] widths = widths();
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            String line = isNote(row) ? row.get(0) : line(row, widths);
            text.append(line.stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private static boolean isNote(List<String> row) {
        return row.size() == 1;
    }

    private String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            if (widths[i] > 0) {
                String padding = " ".repeat(widths[i] - row.get(i).length());
                boolean right = alignment.charAt(i) == 'r';
                line.append(GAP).append(right ? padding : "").append(row.get(i)).append(right ? "" : padding);
            }
        }
        return line.toString();
    }

    private int[] widths() {
        int[] widths = new int[alignment.length()];
        for (List<String> row : rows.subList(1, rows.size())) {
            for (int i = 0; i < widths.length && !isNote(row); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (int i = 0; i < widths.length; i++) {
            widths[i] =
                    widths[i] == 0 ? 0 : Math.max(widths[i], rows.get(0).get(i).length());
        }
        return widths;
    }
}
