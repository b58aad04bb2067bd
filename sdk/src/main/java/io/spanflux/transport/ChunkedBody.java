// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Lets a {@link Payload} be pulled as pooled buffers of {@value #CHUNK_SIZE} bytes: writes pieces until a buffer is full,
 * compressed on the way if asked.
 *
 * <p>Bound: one buffer, plus what a single piece writes beyond it.
 *
 * <p>Threads: one, the event loop of the connection. Whoever made it closes it.
 */
final class ChunkedBody extends OutputStream {
    static final int CHUNK_SIZE = 64 * 1024;

    private final ByteBufAllocator allocator;
    private final Queue<ByteBuf> full = new ArrayDeque<>();
    private final OutputStream out;
    private final Payload.Writing writing;
    private @Nullable ByteBuf current;
    private boolean complete;

    ChunkedBody(Payload payload, ByteBufAllocator allocator, Compression compression) throws IOException {
        this.allocator = allocator;
        this.out = compression == Compression.GZIP ? new FastGzip(this) : this;
        try {
            this.writing = payload.begin(out);
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Level 1: a third of the time of the default level for a quarter more bytes, and time is what an event loop lacks. */
    private static final class FastGzip extends GZIPOutputStream {
        FastGzip(OutputStream out) throws IOException {
            super(out, 8 * 1024);
            def.setLevel(1);
        }
    }

    /** Writes until {@code count} buffers wait or the body is complete; whether it is complete. */
    boolean fill(int count) throws IOException {
        while (full.size() < count && !complete) {
            if (!writing.writeNext()) {
                complete = true;
                if (out instanceof GZIPOutputStream gzip) {
                    gzip.finish();
                }
                if (current != null) {
                    full.add(current);
                    current = null;
                }
            }
        }
        return complete;
    }

    /** The next buffer, which is the caller's to release; null when the body is complete. */
    @Nullable
    ByteBuf next() throws IOException {
        fill(1);
        return full.poll();
    }

    /** How many bytes wait in buffers. */
    long waitingBytes() {
        long bytes = 0;
        for (ByteBuf buffer : full) {
            bytes += buffer.readableBytes();
        }
        return bytes;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int at = offset;
        int left = length;
        while (left > 0) {
            ByteBuf buffer = current;
            if (buffer == null) {
                buffer = allocator.buffer(CHUNK_SIZE, CHUNK_SIZE);
                current = buffer;
            }
            int count = Math.min(left, buffer.writableBytes());
            buffer.writeBytes(bytes, at, count);
            at += count;
            left -= count;
            if (!buffer.isWritable()) {
                full.add(buffer);
                current = null;
            }
        }
    }

    /** Releases what was not handed out. */
    @Override
    public void close() {
        complete = true;
        ByteBuf buffer = current;
        if (buffer != null) {
            buffer.release();
            current = null;
        }
        for (ByteBuf waiting = full.poll(); waiting != null; waiting = full.poll()) {
            waiting.release();
        }
    }
}
