// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.io.NumberOutput;

/**
 * Writes the tokens of JSON, byte for byte as Jackson's generator does; what stands between them is the caller's, as
 * bytes. It knows no structure, and that is why it is faster: OTLP's is known when this is compiled.
 *
 * <p>Bound: {@value #BUFFER_SIZE} bytes, whatever is written; a text of any length passes through them.
 *
 * <p>Threads: one at a time. After the stream has failed, or the end, each write fails.
 */
final class JsonWriter {
    static final int BUFFER_SIZE = 16 * 1024;

    /** How many characters of a text are looked at in one go. */
    static final int CHUNK_SIZE = 1024;

    /** Shorter texts are written before the other way has made its preparations. */
    private static final int MIN_CHUNKED_LENGTH = 24;

    /** A character becomes at most {@code \}{@code u001f}; a word may be written of which not all is kept. */
    private static final int MAX_CHAR_BYTES = 6;

    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long EACH_BYTE = 0x0101010101010101L;

    private static final long HIGH_BITS = EACH_BYTE << 7;

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] UPPER_HEX = "0123456789ABCDEF".getBytes(StandardCharsets.ISO_8859_1);

    /** What follows the backslash; 0 where there is none, and {@code u} where the number follows. */
    private static final byte[] ESCAPES = new byte[128];

    static {
        for (int c = 0; c < ' '; c++) {
            ESCAPES[c] = 'u';
        }
        ESCAPES['\b'] = 'b';
        ESCAPES['\t'] = 't';
        ESCAPES['\n'] = 'n';
        ESCAPES['\f'] = 'f';
        ESCAPES['\r'] = 'r';
        ESCAPES['"'] = '"';
        ESCAPES['\\'] = '\\';
    }

    /** The buffer of a writer that has none any more; the first write finds it too small. */
    private static final byte[] NOTHING = new byte[0];

    private final Buffers buffers;
    private final OutputStream out;
    private final char[] chars;
    private final byte[] narrow;
    private byte[] buffer;
    private int at;
    private boolean malformed;
    private boolean unusable;

    private JsonWriter(Buffers buffers, OutputStream out) {
        this.buffers = buffers;
        this.out = out;
        this.chars = buffers.chars;
        this.narrow = buffers.narrow;
        this.buffer = buffers.buffer;
    }

    /** What a writer needs and the next one can have. */
    private static final class Buffers {
        private final byte[] buffer = new byte[BUFFER_SIZE];
        private final char[] chars = new char[CHUNK_SIZE];
        private final CharBuffer charsAsBuffer = CharBuffer.wrap(chars);
        private final byte[] narrow = new byte[CHUNK_SIZE + Long.BYTES];
        private final ByteBuffer narrowAsBuffer = ByteBuffer.wrap(narrow);
        private final CharsetEncoder narrowing = StandardCharsets.ISO_8859_1.newEncoder();
    }

    /** The buffers that wait for the next body: most encoders write one at a time. Others are made and forgotten. */
    static final class Spare {
        private final AtomicReference<@Nullable Buffers> spare = new AtomicReference<>();

        JsonWriter writer(OutputStream out) {
            Buffers buffers = spare.getAndSet(null);
            return new JsonWriter(buffers == null ? new Buffers() : buffers, out);
        }
    }

    /** Hands over all that was written, flushes the stream and gives its buffers to {@code to}: it is of no use after. */
    void close(Spare to) {
        flush();
        unusable = true;
        buffer = NOTHING;
        to.spare.set(buffers);
        try {
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code json}, which must be ASCII, as {@link #raw} takes it. */
    static byte[] bytes(String json) {
        return json.getBytes(StandardCharsets.US_ASCII);
    }

    /** At most {@link #BUFFER_SIZE} bytes of JSON. */
    void raw(byte[] json) {
        raw(json, 0);
    }

    void raw(byte[] json, int from) {
        int length = json.length - from;
        ensure(length);
        System.arraycopy(json, from, buffer, at, length);
        at += length;
    }

    void raw(char ascii) {
        ensure(1);
        buffer[at++] = (byte) ascii;
    }

    /** A text in quotes; a surrogate without a partner becomes U+FFFD. Whether there was none such. */
    boolean text(String text) {
        malformed = false;
        raw('"');
        int length = text.length();
        if (length < MIN_CHUNKED_LENGTH) {
            ensure(MAX_CHAR_BYTES * MIN_CHUNKED_LENGTH);
            writeChars(text, 0, length);
        } else {
            int from = 0;
            while (from < length) {
                from = writeChunk(text, from, Math.min(length, from + CHUNK_SIZE));
            }
        }
        raw('"');
        return !malformed;
    }

    private int writeChunk(String text, int from, int to) {
        ensure(MAX_CHAR_BYTES * CHUNK_SIZE + Long.BYTES);
        int count = narrow(text, from, to);
        int i = 0;
        while (i < count) {
            i = writePlain(i, count);
            if (i < count) {
                writeSpecial(text, from + i);
                i++;
            }
        }
        return writeChars(text, from + count, to);
    }

    /** Brings the characters up to the first above U+00FF into bytes; the JDK has vector instructions for both steps. */
    private int narrow(String text, int from, int to) {
        text.getChars(from, to, chars, 0);
        CharBuffer source = buffers.charsAsBuffer.position(0).limit(to - from);
        buffers.narrowing.reset().encode(source, buffers.narrowAsBuffer.clear(), true);
        return source.position();
    }

    /** Writes from {@code narrow} up to the first special character; its index, or {@code count}. */
    private int writePlain(int from, int count) {
        int i = from;
        int end = at;
        while (i < count) {
            long word = (long) WORDS.get(narrow, i);
            WORDS.set(buffer, end, word);
            long specials = specials(word);
            // A branch, which is nearly always predicted: computing how far to go makes each word wait for the one
            // before.
            if (specials != 0) {
                int plain = Math.min(count - i, Long.numberOfTrailingZeros(specials) / Byte.SIZE);
                at = end + plain;
                return i + plain;
            }
            i += Long.BYTES;
            end += Long.BYTES;
        }
        at = end - (i - count);
        return count;
    }

    /**
     * The lowest bit that is set belongs to the first byte that is no plain character: a control, a quote (these two are
     * what is below 0x21 once bit 1 is turned over), a backslash, or above 0x7F. Higher bits may say so wrongly.
     */
    private static long specials(long word) {
        long controlOrQuote = (word ^ (2 * EACH_BYTE)) - 0x21 * EACH_BYTE;
        long backslash = (word ^ ('\\' * EACH_BYTE)) - EACH_BYTE;
        return (((controlOrQuote | backslash) & ~word) | word) & HIGH_BITS;
    }

    /** Writes one by one, with room for each made before; the index after the last, which may be the second of a pair. */
    private int writeChars(String text, int from, int to) {
        int i = from;
        int end = at;
        while (i < to) {
            char c = text.charAt(i);
            if (c < ESCAPES.length && ESCAPES[c] == 0) {
                buffer[end++] = (byte) c;
                i++;
            } else {
                at = end;
                i += writeSpecial(text, i);
                end = at;
            }
        }
        at = end;
        return i;
    }

    /** Returns how many characters it took. */
    private int writeSpecial(String text, int index) {
        char c = text.charAt(index);
        if (c < ESCAPES.length) {
            writeEscape(c);
        } else if (c < 0x800) {
            buffer[at++] = (byte) (0xC0 | (c >> 6));
            buffer[at++] = (byte) (0x80 | (c & 0x3F));
        } else if (!Character.isSurrogate(c)) {
            writeThree(c);
        } else if (Character.isHighSurrogate(c)
                && index + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(index + 1))) {
            int point = Character.toCodePoint(c, text.charAt(index + 1));
            buffer[at++] = (byte) (0xF0 | (point >> 18));
            buffer[at++] = (byte) (0x80 | ((point >> 12) & 0x3F));
            buffer[at++] = (byte) (0x80 | ((point >> 6) & 0x3F));
            buffer[at++] = (byte) (0x80 | (point & 0x3F));
            return 2;
        } else {
            malformed = true;
            writeThree('\uFFFD');
        }
        return 1;
    }

    private void writeThree(char c) {
        buffer[at++] = (byte) (0xE0 | (c >> 12));
        buffer[at++] = (byte) (0x80 | ((c >> 6) & 0x3F));
        buffer[at++] = (byte) (0x80 | (c & 0x3F));
    }

    private void writeEscape(char c) {
        buffer[at++] = '\\';
        buffer[at++] = ESCAPES[c];
        if (ESCAPES[c] == 'u') {
            buffer[at++] = '0';
            buffer[at++] = '0';
            buffer[at++] = UPPER_HEX[c >> 4];
            buffer[at++] = UPPER_HEX[c & 0xF];
        }
    }

    /** A whole number, without quotes. */
    void decimal(long value) {
        ensure(20);
        // Negative numbers have one more than positive ones.
        long rest = value < 0 ? value : -value;
        if (value < 0) {
            buffer[at++] = '-';
        }
        int digits = 1;
        for (long least = -10; digits < 19 && rest <= least; least *= 10) {
            digits++;
        }
        int i = at + digits;
        while (rest <= -10) {
            // Two digits a division: times are most of what is written here, and a long division is slow.
            long hundreds = rest / 100;
            int pair = (int) (hundreds * 100 - rest);
            buffer[--i] = (byte) ('0' + pair % 10);
            buffer[--i] = (byte) ('0' + pair / 10);
            rest = hundreds;
        }
        if (i > at) {
            buffer[--i] = (byte) ('0' - rest);
        }
        at += digits;
    }

    /** The shortest digits that say {@code value}; what is not finite as text, as protobuf's JSON has it. */
    void number(double value) {
        double size = Math.abs(value);
        // Up to four decimals, as nearly all of ours have: without the garbage and a tenth of the time of the general
        // way.
        // So few digits are the shortest if they lead back to the same number.
        long scaled = (long) (size * 10_000 + 0.5);
        if (size >= 0.001 && size < 10_000_000 && scaled / 10_000.0 == size) {
            if (value < 0) {
                raw('-');
            }
            decimal(scaled / 10_000);
            raw('.');
            int decimals = (int) (scaled % 10_000);
            do {
                raw((char) ('0' + decimals / 1_000));
                decimals = decimals % 1_000 * 10;
            } while (decimals != 0);
        } else if (Double.isFinite(value)) {
            raw(bytes(NumberOutput.toString(value, true)));
        } else {
            text(Double.toString(value));
        }
    }

    /** Sixteen digits, without quotes. */
    void hex(long bits) {
        ensure(16);
        for (int shift = 60; shift >= 0; shift -= 4) {
            buffer[at++] = HEX[(int) (bits >>> shift) & 0xF];
        }
    }

    private void ensure(int count) {
        if (count > buffer.length - at) {
            flush();
        }
    }

    private void flush() {
        if (unusable) {
            // What an application's own data does with an exception is its affair: the body must not look whole for it.
            throw new UncheckedIOException(new IOException("an earlier write failed, or the body has ended"));
        }
        unusable = true;
        try {
            out.write(buffer, 0, at);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        unusable = false;
        at = 0;
    }
}
