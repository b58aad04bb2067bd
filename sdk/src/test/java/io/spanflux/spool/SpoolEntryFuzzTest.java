// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Files of the spool after a crash, a bad disk or a stranger: the entry that was written, or refused. */
class SpoolEntryFuzzTest {
    private static final byte[] WRITTEN = SpoolEntry.of(
                    "application/json", 3, new int[] {1, 3, 4, 5, 6, 9}, "[aa,b,ccc]".getBytes(StandardCharsets.UTF_8))
            .encode();

    @Provide
    static Arbitrary<byte[]> damaged() {
        Arbitrary<byte[]> edited = Combinators.combine(
                        Arbitraries.integers().between(0, WRITTEN.length - 1),
                        Arbitraries.integers().between(0, WRITTEN.length),
                        Arbitraries.integers().between(1, 255))
                .as((at, length, bits) -> {
                    byte[] file = Arrays.copyOf(WRITTEN, length);
                    if (at < length) {
                        file[at] ^= bits.byteValue();
                    }
                    return file;
                });
        return Arbitraries.oneOf(
                        edited, edited, Arbitraries.bytes().array(byte[].class).ofMaxSize(200))
                .filter(file -> !Arrays.equals(file, WRITTEN));
    }

    @Property
    void decode_ofWhatWasNotWritten_isRefused(@ForAll("damaged") byte[] file) {
        assertThatThrownBy(() -> SpoolEntry.decode(file)).isInstanceOf(DamagedEntryException.class);
        assertThat(file).isNotEqualTo(WRITTEN);
    }
}
