// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class GzipReaderTest {
    private final ByteArrayOutputStream unpacked = new ByteArrayOutputStream();

    static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(plain);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return packed.toByteArray();
    }

    private GzipReader reader() {
        return new GzipReader(16, (bytes, length) -> unpacked.write(bytes, 0, length));
    }

    @Test
    void bytes_areUnpackedAsTheyCome_oneByOne() {
        byte[] plain = "data: {\"a\":1}\n\n".repeat(50).getBytes(StandardCharsets.UTF_8);
        try (GzipReader reader = reader()) {
            for (byte each : gzip(plain)) {
                reader.accept(ByteBuffer.wrap(new byte[] {each}).asReadOnlyBuffer());
            }
            assertThat(unpacked.toByteArray()).isEqualTo(plain);
        }
    }

    @Test
    void header_withAllItsParts_isReadPast() {
        byte[] packed = gzip(new byte[] {1, 2, 3});
        ByteArrayOutputStream full = new ByteArrayOutputStream();
        full.write(packed, 0, 3);
        full.write(2 | 4 | 8 | 16);
        full.write(packed, 4, 6);
        full.writeBytes(new byte[] {3, 0, 9, 9, 9, 'n', 0, 'c', 'c', 0, 7, 7});
        full.write(packed, 10, packed.length - 10);
        try (GzipReader reader = reader()) {
            reader.accept(ByteBuffer.wrap(full.toByteArray()));
            assertThat(unpacked.toByteArray()).containsExactly(1, 2, 3);
        }
    }

    @Test
    void whatIsNoGzip_isNothing() {
        try (GzipReader reader = reader()) {
            reader.accept(ByteBuffer.wrap("{\"a\":1}".getBytes(StandardCharsets.UTF_8)));
            assertThat(unpacked.size()).isZero();
        }
    }

    @Test
    void whatUnpacksWithoutEnd_isLeftAtTheBound() {
        byte[] packed = gzip(new byte[GzipReader.MAX_BYTES + (1 << 20)]);
        long[] seen = new long[1];
        try (GzipReader reader = new GzipReader(8192, (bytes, length) -> seen[0] += length)) {
            reader.accept(ByteBuffer.wrap(packed));
            assertThat(seen[0]).isBetween((long) GzipReader.MAX_BYTES, GzipReader.MAX_BYTES + 8192L);
        }
    }

    @Test
    void anyBytes_neverThrow() {
        Random random = new Random(14);
        byte[] packed = gzip(new byte[500]);
        for (int i = 0; i < 2000; i++) {
            byte[] bent = packed.clone();
            bent[random.nextInt(bent.length)] = (byte) random.nextInt(256);
            try (GzipReader reader = reader()) {
                reader.accept(ByteBuffer.wrap(bent));
            }
        }
    }
}
