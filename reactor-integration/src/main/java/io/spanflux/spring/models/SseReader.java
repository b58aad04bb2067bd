// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.nio.charset.StandardCharsets;

/**
 * Reads server-sent events as they pass, cut anywhere. The data of each goes straight on to a {@link JsonOutline}, so that
 * neither a line nor an event is ever held, however long it is. Other fields are read past.
 *
 * <p>Threads: one at a time. Never throws on any input.
 */
final class SseReader {
    private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private enum State {
        FIELD,
        AFTER_COLON,
        VALUE,
        OTHER
    }

    private final JsonOutline data;
    private final Runnable done;

    private State state = State.FIELD;
    private int field;
    private int mark;
    private boolean afterReturn;
    private boolean hasData;
    private long dataBytes;
    private int doneBytes;

    /** Hands data over to {@code data}, and says when OpenAI's end of a stream has come. */
    SseReader(JsonOutline data, Runnable done) {
        this.data = data;
        this.done = done;
    }

    void accept(byte[] bytes, int from, int to) {
        for (int i = from; i < to; ) {
            int end = i;
            if (state == State.VALUE) {
                while (end < to && bytes[end] != '\n' && bytes[end] != '\r') {
                    end++;
                }
                take(bytes, i, end);
            }
            if (end < to) {
                accept(bytes[end++]);
            }
            i = end;
        }
    }

    void accept(byte next) {
        if (mark >= 0 && mark < BYTE_ORDER_MARK.length && next == BYTE_ORDER_MARK[mark]) {
            mark++;
            return;
        }
        mark = -1;
        boolean secondOfTwo = afterReturn && next == '\n';
        afterReturn = next == '\r';
        if (secondOfTwo) {
            return;
        }
        if (next == '\r' || next == '\n') {
            endOfLine();
            return;
        }
        switch (state) {
            case FIELD -> inField(next);
            case AFTER_COLON -> {
                state = State.VALUE;
                if (next != ' ') {
                    take(next);
                }
            }
            case VALUE -> take(next);
            case OTHER -> {}
        }
    }

    private void inField(byte next) {
        if (field < DATA.length && next == DATA[field]) {
            field++;
        } else if (field == DATA.length && next == ':') {
            state = State.AFTER_COLON;
            if (hasData) {
                take((byte) '\n');
            }
            hasData = true;
        } else {
            state = State.OTHER;
            // No longer at the beginning of a line, which an empty one is told by.
            field = DATA.length + 1;
        }
    }

    private void take(byte next) {
        seen(next);
        data.accept(next);
    }

    private void take(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (dataBytes > doneBytes) {
                dataBytes += to - i;
                break;
            }
            seen(bytes[i]);
        }
        data.accept(bytes, from, to);
    }

    private void seen(byte next) {
        if (dataBytes == doneBytes && doneBytes < DONE.length && next == DONE[doneBytes]) {
            doneBytes++;
        }
        dataBytes++;
    }

    private void endOfLine() {
        if (state == State.FIELD && field == 0) {
            endOfEvent();
        }
        state = State.FIELD;
        field = 0;
    }

    private void endOfEvent() {
        if (dataBytes == DONE.length && doneBytes == DONE.length) {
            done.run();
        }
        data.reset();
        hasData = false;
        dataBytes = 0;
        doneBytes = 0;
    }
}
