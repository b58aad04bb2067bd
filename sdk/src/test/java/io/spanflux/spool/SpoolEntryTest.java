// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import io.spanflux.transport.Payload;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class SpoolEntryTest {
    private static final byte[] BODY = "[aa,b,ccc]".getBytes(StandardCharsets.UTF_8);
    private static final int[] BOUNDS = {1, 3, 4, 5, 6, 9};

    private final SpoolEntry entry = SpoolEntry.of("application/json", 3, BOUNDS, BODY);

    private static String text(Payload payload) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Payload.Writing writing = payload.begin(out);
        while (writing.writeNext()) {
            // Until it is complete.
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void decode_givesWhatWasEncoded() throws IOException {
        SpoolEntry read = SpoolEntry.decode(entry.encode());

        assertThat(read.spans()).isEqualTo(3);
        assertThat(read.createdMillis()).isEqualTo(entry.createdMillis());
        assertThat(read.payload(0, 3).contentType()).isEqualTo("application/json");
        assertThat(text(read.payload(0, 3))).isEqualTo("[aa,b,ccc]");
        assertThat(text(read.payload(0, 1))).isEqualTo("[aa]");
        assertThat(text(read.payload(1, 2))).isEqualTo("[b]");
        assertThat(text(read.payload(1, 3))).isEqualTo("[b,ccc]");
    }

    @Test
    void payload_canBeWrittenAgain_andInPieces() throws IOException {
        byte[] large = new byte[100_000];
        Arrays.fill(large, (byte) 'x');
        Payload payload =
                SpoolEntry.of("application/json", 1, new int[0], large).payload(0, 1);

        assertThat(text(payload)).hasSize(100_000);
        assertThat(text(payload)).hasSize(100_000);
    }

    @Test
    void payload_isAsOldAsTheEntry() throws IOException {
        byte[] file = entry.encode();
        ByteBuffer.wrap(file).putLong(12, System.currentTimeMillis() - 60_000);
        sign(file);

        long first = SpoolEntry.decode(file).payload(0, 3).firstAttempt(0);

        assertThat(first).isBetween(-90_000_000_000L, -60_000_000_000L);
    }

    @Test
    void payload_withoutBounds_cannotBeSplit() {
        SpoolEntry whole = SpoolEntry.of("text/plain", 2, new int[0], BODY);

        assertThat(whole.isSplittable()).isFalse();
        assertThatThrownBy(() -> whole.payload(0, 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void of_refusesBoundsOutsideTheBody() {
        assertThatThrownBy(() -> SpoolEntry.of("a/b", 1, new int[] {1, 11}, BODY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bounds");
        assertThatThrownBy(() -> SpoolEntry.of("a/b", 0, new int[0], BODY)).hasMessageContaining("spans");
    }

    @Test
    void decode_cutAtEveryByte_isRefused() {
        byte[] file = entry.encode();
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThatThrownBy(() -> SpoolEntry.decode(cut))
                    .as("%d of %d bytes", length, file.length)
                    .isInstanceOf(DamagedEntryException.class);
        }
        assertThatThrownBy(() -> SpoolEntry.decode(Arrays.copyOf(file, file.length + 1)))
                .isInstanceOf(DamagedEntryException.class);
    }

    @Test
    void decode_ofEveryFlippedBit_isRefused() {
        byte[] file = entry.encode();
        for (int bit = 0; bit < file.length * 8; bit++) {
            byte[] flipped = file.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> SpoolEntry.decode(flipped))
                    .as("bit %d", bit)
                    .isInstanceOf(DamagedEntryException.class);
        }
    }

    @Test
    void decode_ofRandomBytes_isRefused() {
        Random random = new Random(42);
        for (int round = 0; round < 100_000; round++) {
            byte[] file = new byte[random.nextInt(200)];
            random.nextBytes(file);
            assertThatThrownBy(() -> SpoolEntry.decode(file)).isInstanceOf(DamagedEntryException.class);
        }
    }

    /** The checksum keeps most of that away from the parser; here it is right, so that the parser has to stand alone. */
    @Test
    void decode_ofRandomFieldsWithRightChecksum_isAnEntryOrRefused() throws IOException {
        Random random = new Random(7);
        int whole = 0;
        for (int round = 0; round < 200_000; round++) {
            byte[] file = entry.encode();
            for (int change = random.nextInt(4); change >= 0; change--) {
                int at = 12 + random.nextInt(file.length - 12);
                file[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : random.nextInt(8));
            }
            file = Arrays.copyOf(file, 12 + random.nextInt(file.length - 11));
            ByteBuffer.wrap(file).putInt(8, file.length - 12);
            sign(file);
            try {
                SpoolEntry read = SpoolEntry.decode(file);
                whole++;
                int spans = read.spans();
                text(read.payload(0, spans));
                if (read.isSplittable()) {
                    text(read.payload(spans - 1, spans));
                }
            } catch (DamagedEntryException e) {
                // As it should be.
            }
        }
        assertThat(whole).isPositive();
    }

    private static void sign(byte[] file) {
        CRC32C checksum = new CRC32C();
        checksum.update(file, 8, file.length - 8);
        ByteBuffer.wrap(file).putInt(4, (int) checksum.getValue());
    }

    @Test
    void toString_showsNoContent() {
        assertThat(entry).hasToString("SpoolEntry{spans=3, bytes=10}");
    }
}
