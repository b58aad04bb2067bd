// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks gzip as it passes, for a copy of bytes that the HTTP client leaves to the application. Checksums are not looked at: the
 * application's own decoder will.
 *
 * <p>Bound: {@value #MAX_BYTES} unpacked bytes, after which the rest is not looked at; a small answer can unpack to a thousand
 * times its size.
 *
 * <p>Threads: one at a time, {@link #close} included.
 */
final class GzipReader implements AutoCloseable {
    static final int MAX_BYTES = 64 << 20;

    private static final int CHECKED = 2;
    private static final int EXTRA = 4;
    private static final int NAMED = 8;
    private static final int COMMENTED = 16;

    private enum State {
        FIXED,
        EXTRA_LENGTH,
        EXTRA_FIELD,
        NAME,
        COMMENT,
        CHECK,
        BODY,
        OVER
    }

    private final Unpacked unpacked;
    private final Inflater inflater = new Inflater(true);
    private final byte[] out;
    private State state = State.FIXED;
    private int at;
    private int flags;
    private int left;
    private long total;

    /** What is done with unpacked bytes, which are an array's first {@code length} and valid during the call only. */
    interface Unpacked {
        void accept(byte[] bytes, int length);
    }

    /** Hands over {@code size} bytes at a time at most. */
    GzipReader(int size, Unpacked unpacked) {
        this.out = new byte[size];
        this.unpacked = unpacked;
    }

    void accept(ByteBuffer packed) {
        while (packed.hasRemaining() && state != State.BODY && state != State.OVER) {
            header(packed.get() & 0xFF);
        }
        if (state == State.BODY && packed.hasRemaining()) {
            inflate(packed);
        }
    }

    private void header(int next) {
        switch (state) {
            case FIXED -> {
                boolean magic = at == 0 ? next == 0x1F : at == 1 ? next == 0x8B : at != 2 || next == 8;
                if (!magic) {
                    state = State.OVER;
                    return;
                }
                if (at == 3) {
                    flags = next;
                }
                if (++at == 10) {
                    after(State.FIXED);
                }
            }
            case EXTRA_LENGTH -> {
                left |= next << (8 * at);
                if (++at == 2) {
                    state = State.EXTRA_FIELD;
                    if (left == 0) {
                        after(State.EXTRA_FIELD);
                    }
                }
            }
            case EXTRA_FIELD -> {
                if (--left == 0) {
                    after(State.EXTRA_FIELD);
                }
            }
            case NAME, COMMENT -> {
                if (next == 0) {
                    after(state);
                }
            }
            case CHECK -> {
                if (++at == 2) {
                    after(State.CHECK);
                }
            }
            default -> {}
        }
    }

    /** To what the flags say comes next. */
    private void after(State over) {
        at = 0;
        if (over.compareTo(State.EXTRA_LENGTH) < 0 && (flags & EXTRA) != 0) {
            state = State.EXTRA_LENGTH;
        } else if (over.compareTo(State.NAME) < 0 && (flags & NAMED) != 0) {
            state = State.NAME;
        } else if (over.compareTo(State.COMMENT) < 0 && (flags & COMMENTED) != 0) {
            state = State.COMMENT;
        } else if (over.compareTo(State.CHECK) < 0 && (flags & CHECKED) != 0) {
            state = State.CHECK;
        } else {
            state = State.BODY;
        }
    }

    private void inflate(ByteBuffer packed) {
        inflater.setInput(packed);
        try {
            while (total < MAX_BYTES) {
                int length = inflater.inflate(out);
                if (length == 0) {
                    if (inflater.finished()) {
                        state = State.OVER;
                    } else if (inflater.needsDictionary()) {
                        state = State.OVER;
                    }
                    return;
                }
                total += length;
                unpacked.accept(out, length);
            }
            state = State.OVER;
        } catch (DataFormatException e) {
            state = State.OVER;
        }
    }

    @Override
    public void close() {
        state = State.OVER;
        inflater.end();
    }
}
