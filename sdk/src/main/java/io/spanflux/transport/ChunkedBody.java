// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.spanflux.diagnostics.FatalErrors;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lets a {@link Payload} be pulled as pooled buffers of {@value #CHUNK_SIZE} bytes: writes pieces until a buffer is full,
 * compressed on the way if asked.
 *
 * <p>Bound: one buffer, plus what a single piece writes beyond it.
 *
 * <p>Threads: pulled by one, the event loop of the connection; closed by any, once or more. A close that finds the body
 * being written leaves the buffers to the thread that writes.
 */
final class ChunkedBody extends OutputStream {
    static final int CHUNK_SIZE = 64 * 1024;

    private enum State {
        IDLE,
        WRITING,
        CLOSED_WHILE_WRITING,
        CLOSED
    }

    private final ByteBufAllocator allocator;
    private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
    private final Queue<ByteBuf> full = new ArrayDeque<>();
    private @Nullable Compressor compressor;
    private Payload.@Nullable Writing writing;
    private @Nullable ByteBuf current;
    private boolean complete;

    private ChunkedBody(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    static ChunkedBody begin(Payload payload, ByteBufAllocator allocator, Compression compression)
            throws UnwritableBodyException {
        ChunkedBody body = new ChunkedBody(allocator);
        try {
            Compressor compressor = compression.compressor(body);
            body.compressor = compressor;
            body.writing = payload.begin(compressor == null ? body : compressor.stream());
            return body;
        } catch (Throwable e) {
            body.close();
            FatalErrors.propagate(e);
            throw new UnwritableBodyException(e);
        }
    }

    /** Writes until {@code count} buffers wait or the body is complete; whether it is complete. */
    boolean fill(int count) throws UnwritableBodyException {
        if (!state.compareAndSet(State.IDLE, State.WRITING)) {
            return true;
        }
        try {
            while (full.size() < count && !complete) {
                writeNext();
            }
            return complete;
        } catch (Throwable e) {
            // Also an error: Reactor would let some of them through, and the request would hang until its time-out.
            FatalErrors.propagate(e);
            throw new UnwritableBodyException(e);
        } finally {
            if (!state.compareAndSet(State.WRITING, State.IDLE)) {
                state.set(State.CLOSED);
                release();
            }
        }
    }

    private void writeNext() throws IOException {
        if (writing != null && writing.writeNext()) {
            return;
        }
        complete = true;
        if (compressor != null) {
            compressor.finish();
        }
        if (current != null) {
            full.add(current);
            current = null;
        }
    }

    /** The next buffer, which is the caller's to release; null when the body is complete or closed. */
    @Nullable
    ByteBuf next() throws UnwritableBodyException {
        fill(1);
        if (!state.compareAndSet(State.IDLE, State.WRITING)) {
            return null;
        }
        ByteBuf next = full.poll();
        if (!state.compareAndSet(State.WRITING, State.IDLE)) {
            state.set(State.CLOSED);
            release();
        }
        return next;
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
        while (true) {
            State now = state.get();
            if (now == State.IDLE) {
                if (state.compareAndSet(State.IDLE, State.CLOSED)) {
                    release();
                    return;
                }
            } else if (now != State.WRITING || state.compareAndSet(State.WRITING, State.CLOSED_WHILE_WRITING)) {
                return;
            }
        }
    }

    private void release() {
        if (compressor != null) {
            compressor.release();
        }
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
