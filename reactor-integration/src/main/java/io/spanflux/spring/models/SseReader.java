// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads server-sent events as they pass, cut anywhere. The data of each goes straight on to a {@link JsonOutline}, so that
 * neither a line nor an event is ever waited for, however long it is. Other fields are read past. The last event, if it is small,
 * is kept to know the next one by: see {@link RepeatedEvent}.
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
    private final @Nullable Runnable again;
    private final RepeatedEvent repeated = new RepeatedEvent();

    private State state = State.FIELD;
    private int field;
    private int mark;
    private boolean afterReturn;

    /** Something of an event has come. */
    private boolean begun;

    private boolean hasData;
    private long dataBytes;
    private int doneBytes;

    /**
     * Hands data over to {@code data}, and says when OpenAI's end of a stream has come. Where {@code again} is not null, it is
     * called instead for an event that would give the same document as the one before.
     */
    SseReader(JsonOutline data, Runnable done, @Nullable Runnable again) {
        this.data = data;
        this.done = done;
        this.again = again;
    }

    void accept(byte[] bytes, int from, int to) {
        int start = -1;
        for (int i = from; i < to; ) {
            int end = i;
            if (begun) {
                if (state == State.VALUE) {
                    end = endOfLine(bytes, i, to);
                    take(bytes, i, end);
                }
            } else {
                int next = repeated.endOfNext(bytes, i, to);
                if (next > 0 && again != null) {
                    again.run();
                    afterReturn = bytes[next - 1] == '\r';
                    i = next;
                    continue;
                }
                start = i;
            }
            if (end < to) {
                boolean before = begun;
                accept(bytes[end++]);
                if (again != null && before && !begun) {
                    data.teach(repeated, bytes, start, end);
                }
            }
            i = end;
        }
    }

    private static int endOfLine(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to && bytes[i] != '\n' && bytes[i] != '\r') {
            i++;
        }
        return i;
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
        if (!begun) {
            begun = true;
            data.watch();
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
        begun = false;
        hasData = false;
        dataBytes = 0;
        doneBytes = 0;
    }
}
