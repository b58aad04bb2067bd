// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.IOException;
import java.io.OutputStream;

/**
 * One frame at level 1. The only class that knows zstd-jni, and so only loaded where {@link Compression#ZSTD} was asked
 * for and found to be there.
 *
 * <p>Bound: about 1 MB of native memory (100 open streams of zstd-jni 1.5.7-28 took that each) and 128 KiB of heap a body.
 */
final class ZstdCompressor extends ZstdOutputStreamNoFinalizer implements Compressor {
    private ZstdCompressor(OutputStream out) throws IOException {
        super(out, 1);
    }

    /** A constructor would not do: to verify its caller, the JVM would load this class where its parent is missing. */
    static Compressor into(OutputStream out) throws IOException {
        return new ZstdCompressor(out);
    }

    @Override
    public OutputStream stream() {
        return this;
    }

    /** Nothing: a block that ends early costs bytes, and a body leaves by full buffers. */
    @Override
    public void flush() {}

    @Override
    public void finish() throws IOException {
        closeWithoutClosingParentStream();
    }

    @Override
    public void release() {
        // The library frees its memory only after it has written the end, which is nobody's any more.
        out = OutputStream.nullOutputStream();
        try {
            closeWithoutClosingParentStream();
        } catch (IOException e) {
            // It is free all the same.
        }
    }
}
