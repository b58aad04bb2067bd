// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.arbitraries.StringArbitrary;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** What Jackson's generator writes is what is right. */
class JsonWriterTest {
    private final JsonWriter.Spare spare = new JsonWriter.Spare();

    private String written(Consumer<JsonWriter> token) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonWriter writer = spare.writer(out);
        token.accept(writer);
        writer.close(spare);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String byJackson(Consumer<JsonGenerator> token) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator generator = Jackson.FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
            token.accept(generator);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    // ---- texts ---------------------------------------------------------------------------------------------------

    /** Runs of plain characters, of Latin ones, and of any: as texts are, and of all lengths around a word and a chunk. */
    @Provide
    static Arbitrary<String> texts() {
        StringArbitrary plain = Arbitraries.strings().withCharRange(' ', '~');
        return Arbitraries.oneOf(
                Arbitraries.strings().all().ofMaxLength(60),
                Arbitraries.oneOf(
                                plain.ofMaxLength(3 * JsonWriter.CHUNK_SIZE),
                                plain.ofMaxLength(40),
                                Arbitraries.strings()
                                        .withCharRange('\0', '\u00FF')
                                        .ofMaxLength(30),
                                Arbitraries.strings().all().ofMaxLength(10),
                                Arbitraries.of("\"", "\\", "/", "\u007f", "\u0080", "\u07ff", "\u0800", "\uD83D\uDE00"))
                        .list()
                        .ofMaxSize(8)
                        .map(parts -> String.join("", parts)));
    }

    @Property(tries = 2_000)
    void text_isWhatJacksonWrites(@ForAll("texts") String text) {
        String repaired = Surrogates.repaired(text);
        String expected = byJackson(generator -> generator.writeString(repaired));
        String actual = written(
                writer -> assertThat(writer.text(text)).as("well-formed").isEqualTo(repaired.equals(text)));
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void text_withAnyCharacterAnywhere_isWhatJacksonWrites() {
        for (int length : new int[] {12, 40, JsonWriter.CHUNK_SIZE + 3}) {
            for (int at : new int[] {0, 1, 6, length - 10, length / 2, length - 1}) {
                IntStream.concat(IntStream.range(0, 0x900), IntStream.of(0x2028, 0xD7FF, 0xE000, 0xFFFF))
                        .forEach(c -> {
                            StringBuilder text = new StringBuilder("x".repeat(length));
                            text.setCharAt(Math.max(0, at), (char) c);
                            assertThat(written(writer -> writer.text(text.toString())))
                                    .isEqualTo(byJackson(generator -> generator.writeString(text.toString())));
                        });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1})
    void text_withAPairAcrossTheEndOfAChunk_staysWhole(int offset) {
        String text = "x".repeat(JsonWriter.CHUNK_SIZE + offset) + "\uD83D\uDE00" + "y".repeat(20);
        assertThat(written(writer -> assertThat(writer.text(text)).isTrue())).isEqualTo('"' + text + '"');
    }

    static Stream<String> malformed() {
        String padding = "x".repeat(JsonWriter.CHUNK_SIZE - 1);
        return Stream.of(
                "\uD800",
                "a\uDC00b",
                "\uDC00\uD800",
                "\uD800\uD800\uDC00",
                padding + "\uD800",
                padding + "\uD800" + padding,
                padding + "\uDC00\"");
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void text_withALoneSurrogate_isRepairedAndSaysSo(String text) {
        String actual = written(writer -> assertThat(writer.text(text)).isFalse());
        assertThat(actual).isEqualTo(byJackson(generator -> generator.writeString(Surrogates.repaired(text))));
        assertThat(written(writer -> assertThat(writer.text("fine")).isTrue())).isEqualTo("\"fine\"");
    }

    // ---- numbers -------------------------------------------------------------------------------------------------

    @Property(tries = 5_000)
    void number_isWhatJacksonWrites(@ForAll double value) {
        assertNumber(value);
    }

    @Property(tries = 5_000)
    void number_ofAnyBits_isWhatJacksonWrites(@ForAll long bits) {
        assertNumber(Double.longBitsToDouble(bits));
    }

    @Property(tries = 5_000)
    void number_withFewDecimals_isWhatJacksonWrites(
            @ForAll @LongRange(min = -200_000_000_000L, max = 200_000_000_000L) long digits) {
        for (double power : new double[] {1, 10, 100, 1_000, 10_000, 100_000}) {
            assertNumber(digits / power);
            assertNumber(digits % 100_000 / power);
            assertNumber(Math.nextUp(digits / power));
        }
    }

    @ParameterizedTest
    @ValueSource(
            doubles = {
                0.0,
                -0.0,
                1,
                -1,
                0.1,
                0.001,
                0.0001,
                0.00099999,
                9_999_999.9999,
                10_000_000,
                1e22,
                2e-3,
                Double.MIN_VALUE,
                Double.MAX_VALUE,
                0.30000000000000004,
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY
            })
    void number_atTheEdges_isWhatJacksonWrites(double value) {
        assertNumber(value);
    }

    private void assertNumber(double value) {
        assertThat(written(writer -> writer.number(value)))
                .isEqualTo(byJackson(generator -> generator.writeNumber(value)));
    }

    @Property(tries = 2_000)
    void decimal_isTheNumber(@ForAll long value) {
        assertThat(written(writer -> writer.decimal(value))).isEqualTo(Long.toString(value));
    }

    @Test
    void decimal_atEachNumberOfDigits_isTheNumber() {
        for (long power = 1; power > 0 && power < Long.MAX_VALUE / 10; power *= 10) {
            for (long value : new long[] {power - 1, power, 1 - power, -power}) {
                assertThat(written(writer -> writer.decimal(value))).isEqualTo(Long.toString(value));
            }
        }
        assertThat(written(writer -> writer.decimal(Long.MIN_VALUE))).isEqualTo("-9223372036854775808");
        assertThat(written(writer -> writer.decimal(Long.MAX_VALUE))).isEqualTo("9223372036854775807");
    }

    @Property(tries = 500)
    void hex_isSixteenDigits(@ForAll long bits) {
        assertThat(written(writer -> writer.hex(bits))).isEqualTo(String.format("%016x", bits));
    }

    // ---- the stream ----------------------------------------------------------------------------------------------

    /** Counts what comes and how much at most at once. */
    private static final class Counting extends OutputStream {
        private long bytes;
        private int most;

        @Override
        public void write(int b) {
            throw new AssertionError("byte by byte");
        }

        @Override
        public void write(byte[] source, int offset, int length) {
            bytes += length;
            most = Math.max(most, length);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain text ", "\u0001\u0002", "\u4E2D\u6587", "\uD83D\uDE00"})
    void text_ofTwentyMegabytes_passesThrough(String part) {
        String text = part.repeat(20_000_000 / part.length());
        Counting out = new Counting();
        JsonWriter writer = spare.writer(out);
        assertThat(writer.text(text)).isTrue();
        writer.close(spare);
        assertThat(out.most).isLessThanOrEqualTo(JsonWriter.BUFFER_SIZE);
        int each = part.charAt(0) < ' ' ? 12 : part.getBytes(StandardCharsets.UTF_8).length;
        assertThat(out.bytes).isEqualTo(2 + (long) each * (text.length() / part.length()));
    }

    @Test
    void tokens_ofEveryKindAcrossTheEndOfTheBuffer_areWhole() {
        for (int before = JsonWriter.BUFFER_SIZE - 60; before <= JsonWriter.BUFFER_SIZE; before++) {
            byte[] padding = JsonWriter.bytes(" ".repeat(before));
            String text = written(writer -> {
                writer.raw(padding);
                writer.text("\u0000\"ab");
                writer.decimal(Long.MIN_VALUE);
                writer.number(-0.25);
                writer.hex(-1);
                writer.raw(JsonWriter.bytes("[]"));
                writer.raw(',');
            });
            assertThat(text.substring(before))
                    .isEqualTo("\"\\u0000\\\"ab\"-9223372036854775808-0.25ffffffffffffffff[],");
        }
    }

    @Test
    void write_afterTheStreamHasFailed_failsToo() {
        IOException failure = new IOException("full");
        JsonWriter writer = spare.writer(new OutputStream() {
            private boolean hasFailed;

            @Override
            public void write(int b) throws IOException {
                if (!hasFailed) {
                    hasFailed = true;
                    throw failure;
                }
            }
        });
        String text = "x".repeat(2 * JsonWriter.BUFFER_SIZE);
        assertThatThrownBy(() -> writer.text(text))
                .isInstanceOf(UncheckedIOException.class)
                .hasCause(failure);
        assertThatThrownBy(() -> writer.close(spare)).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void writers_ofBodiesAtOnce_doNotShareBuffers() {
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        ByteArrayOutputStream second = new ByteArrayOutputStream();
        JsonWriter one = spare.writer(first);
        JsonWriter other = spare.writer(second);
        one.decimal(1);
        other.decimal(2);
        one.close(spare);
        other.close(spare);
        assertThat(first.toString(StandardCharsets.UTF_8)).isEqualTo("1");
        assertThat(second.toString(StandardCharsets.UTF_8)).isEqualTo("2");
    }

    @Test
    void write_afterTheEnd_failsAndLeavesTheNextBodyAlone() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonWriter ended = spare.writer(new ByteArrayOutputStream());
        ended.close(spare);
        JsonWriter next = spare.writer(out);
        next.decimal(1);
        assertThatThrownBy(() -> ended.text("late")).isInstanceOf(UncheckedIOException.class);
        assertThatThrownBy(() -> ended.raw(',')).isInstanceOf(UncheckedIOException.class);
        assertThatThrownBy(() -> ended.close(spare)).isInstanceOf(UncheckedIOException.class);
        next.close(spare);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("1");
    }
}
