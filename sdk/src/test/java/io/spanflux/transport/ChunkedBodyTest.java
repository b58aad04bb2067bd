// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** That a body frees what its compressor holds outside the heap, whichever way it ends. */
class ChunkedBodyTest {
    private final AtomicReference<OutputStream> stream = new AtomicReference<>();

    @AfterAll
    static void noBufferIsLeftBehind() {
        LeakPresenceDetector.check();
    }

    private static ChunkedBody begin(Payload payload) throws UnwritableBodyException {
        return ChunkedBody.begin(payload, UnpooledByteBufAllocator.DEFAULT, Compression.ZSTD);
    }

    /** Keeps what it is written to. */
    private Payload payload(Payload.Writing writing) {
        return new Payload() {
            @Override
            public String contentType() {
                return "application/json";
            }

            @Override
            public Writing begin(OutputStream out) throws IOException {
                stream.set(out);
                out.write(new byte[100]);
                if (writing == null) {
                    throw new IllegalStateException("cannot begin");
                }
                return writing;
            }
        };
    }

    private void assertHeld() throws IOException {
        stream.get().write(1);
    }

    private void assertFreed() {
        assertThatThrownBy(() -> stream.get().write(1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("Closed");
    }

    @Test
    void next_toTheEnd_frees() throws Exception {
        ChunkedBody body = begin(payload(() -> false));
        assertHeld();
        ByteBuf whole = body.next();
        assertThat(whole.readableBytes()).isPositive();
        whole.release();
        assertThat(body.next()).isNull();
        assertFreed();
        body.close();
        assertFreed();
    }

    @Test
    void close_atOnce_frees() throws Exception {
        ChunkedBody body = begin(payload(() -> true));
        assertHeld();
        body.close();
        assertFreed();
        assertThat(body.next()).isNull();
    }

    @Test
    void close_ofWhatWaits_frees() throws Exception {
        long[] seed = {42};
        ChunkedBody body = begin(payload(() -> {
            for (int i = 0; i < 10_000; i++) {
                seed[0] = seed[0] * 6364136223846793005L + 1442695040888963407L;
                stream.get().write((int) (seed[0] >>> 40));
            }
            return true;
        }));
        assertThat(body.fill(3)).isFalse();
        assertThat(body.waitingBytes()).isGreaterThanOrEqualTo(3 * ChunkedBody.CHUNK_SIZE);
        assertHeld();
        body.close();
        assertFreed();
    }

    @Test
    void close_whileItIsWritten_leavesThatToWhoWrites() throws Exception {
        AtomicReference<ChunkedBody> body = new AtomicReference<>();
        body.set(begin(payload(() -> {
            body.get().close();
            assertHeld();
            throw new IOException("cannot be written");
        })));
        assertThatThrownBy(() -> body.get().fill(1)).hasRootCauseMessage("cannot be written");
        assertFreed();
    }

    @Test
    void begin_thatFails_frees() {
        assertThatThrownBy(() -> begin(payload(null)))
                .isInstanceOf(UnwritableBodyException.class)
                .hasRootCauseMessage("cannot begin");
        assertFreed();
    }

    @Test
    void close_afterAPieceThatFailed_frees() throws Exception {
        ChunkedBody body = begin(payload(() -> {
            throw new IOException("cannot be written");
        }));
        assertThatThrownBy(() -> body.fill(1)).hasRootCauseMessage("cannot be written");
        body.close();
        assertFreed();
    }

    /** A block that ends early costs bytes, and encoders flush when they are done. */
    @Test
    void flush_ofTheStream_endsNoBlock() throws Exception {
        assertThat(sizeOf(() -> stream.get().flush())).isEqualTo(sizeOf(() -> {}));
    }

    private interface Flush {
        void run() throws IOException;
    }

    private int sizeOf(Flush flush) throws Exception {
        int[] pieces = {0};
        ChunkedBody body = begin(payload(() -> {
            stream.get().write("one piece of many ".getBytes(StandardCharsets.UTF_8));
            flush.run();
            return pieces[0]++ < 10;
        }));
        ByteBuf whole = body.next();
        int size = whole.readableBytes();
        whole.release();
        body.close();
        return size;
    }
}
