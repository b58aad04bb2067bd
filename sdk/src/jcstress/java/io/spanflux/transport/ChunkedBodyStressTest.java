// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A body that is closed while it is pulled: each buffer is handed out or released, once. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "No buffer is left, none was released twice.")
@State
public class ChunkedBodyStressTest {
    private final List<ByteBuf> allocated = new ArrayList<>();
    private final ChunkedBody body;

    /** Three pieces of a little over half a buffer. */
    public ChunkedBodyStressTest() {
        Payload payload = new Payload() {
            @Override
            public String contentType() {
                return "text/plain";
            }

            @Override
            public Writing begin(OutputStream out) {
                int[] pieces = {3};
                return () -> {
                    if (pieces[0]-- == 0) {
                        return false;
                    }
                    out.write(new byte[40_000]);
                    return true;
                };
            }
        };
        ByteBufAllocator allocator = new AbstractByteBufAllocator(false) {
            @Override
            protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
                ByteBuf buffer = Unpooled.buffer(initialCapacity, maxCapacity);
                allocated.add(buffer);
                return buffer;
            }

            @Override
            protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
                return newHeapBuffer(initialCapacity, maxCapacity);
            }

            @Override
            public boolean isDirectBufferPooled() {
                return false;
            }
        };
        try {
            body = ChunkedBody.begin(payload, allocator, Compression.NONE);
        } catch (UnwritableBodyException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The event loop. */
    @Actor
    public void pull() {
        try {
            for (ByteBuf next = body.next(); next != null; next = body.next()) {
                next.release();
            }
        } catch (UnwritableBodyException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A time-out. */
    @Actor
    public void close() {
        body.close();
    }

    /** After both. */
    @Arbiter
    public void arbiter(I_Result result) {
        body.close();
        result.r1 = allocated.stream().mapToInt(ByteBuf::refCnt).sum();
    }
}
