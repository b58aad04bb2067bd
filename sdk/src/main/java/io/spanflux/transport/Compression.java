// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.handler.codec.compression.Zstd;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** How a body is compressed on its way. */
public enum Compression {
    /** Not at all. */
    NONE(null),
    /** {@code gzip}, at its fastest level. */
    GZIP("gzip"),
    /**
     * {@code zstd}, at level 1. Needs {@code com.github.luben:zstd-jni}, which an application adds itself. The
     * OpenTelemetry Collector takes it since 0.81; servers that do not know it answer 400, 415 or 500, which is not tried
     * again.
     */
    ZSTD("zstd");

    private final @Nullable String contentEncoding;

    Compression(@Nullable String contentEncoding) {
        this.contentEncoding = contentEncoding;
    }

    /** The value of the header, null for none. */
    @Nullable
    String contentEncoding() {
        return contentEncoding;
    }

    /** What compresses one body into {@code out}, null for nothing. */
    @Nullable
    Compressor compressor(OutputStream out) throws IOException {
        return switch (this) {
            case NONE -> null;
            case GZIP -> new GzipCompressor(out);
            case ZSTD -> ZstdCompressor.into(out);
        };
    }

    /** Throws where a library is missing. The first call for {@link #ZSTD} unpacks its native part, and so blocks. */
    void requireAvailable() {
        Throwable missing = this == ZSTD ? Zstd.cause() : null;
        if (missing != null) {
            throw new IllegalArgumentException(
                    "compression ZSTD needs com.github.luben:zstd-jni, "
                            + (missing instanceof ClassNotFoundException
                                    ? "which is not on the class path"
                                    : "whose native library cannot be loaded: "
                                            + String.valueOf(missing.getMessage())
                                                    .replace('\n', ' ')),
                    missing);
        }
    }
}
