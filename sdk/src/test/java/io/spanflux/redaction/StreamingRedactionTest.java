// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class StreamingRedactionTest {
    private final SecretRedactor redactor = SecretRedactor.standard();

    static List<Sample> samples() {
        return Sample.all();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void accept_sampleCutAnywhere_givesWhatTheWholeGives(Sample sample) {
        SecretRedactor one = SecretRedactor.of(sample.kind());
        String text = sample.text();

        for (int cut = 0; cut <= text.length(); cut++) {
            StreamingRedaction redaction = one.stream();
            String given = redaction.accept(text.substring(0, cut))
                    + redaction.accept(text.substring(cut))
                    + redaction.finish();
            assertThat(given).as("cut at %d", cut).isEqualTo(sample.redacted());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 64, 511, 512, 513, 8192, 8193})
    void accept_longTextInChunks_givesWhatTheWholeGives(int size) {
        String text = samples().stream()
                .map(Sample::text)
                .collect(Collectors.joining(" ; "))
                .repeat(2);

        assertThat(inChunks(text, size)).isEqualTo(redactor.redact(text));
    }

    @Test
    void accept_randomTextsInRandomChunks_giveWhatTheWholeGives() {
        List<Sample> samples = samples();
        Random random = new Random(7);
        for (int round = 0; round < 300; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 30; i++) {
                String sample = samples.get(random.nextInt(samples.size())).text();
                text.append(sample, random.nextInt(3) == 0 ? sample.length() / 2 : 0, sample.length());
                text.append(" \n,-.x".charAt(random.nextInt(6)));
                if (random.nextInt(20) == 0) {
                    text.append("sk-").append("Ab1".repeat(random.nextInt(400)));
                }
            }
            assertThat(inChunks(text.toString(), 1 + random.nextInt(300)))
                    .as("round %d", round)
                    .isEqualTo(redactor.redact(text.toString()));
        }
    }

    private String inChunks(String text, int size) {
        StreamingRedaction redaction = redactor.stream();
        StringBuilder given = new StringBuilder();
        for (int from = 0; from < text.length(); from += size) {
            given.append(redaction.accept(text.substring(from, Math.min(text.length(), from + size))));
            // Two more where pairs of surrogates are cut.
            assertThat(redaction.held()).isLessThanOrEqualTo(StreamingRedaction.WINDOW + 2);
        }
        return given.append(redaction.finish()).toString();
    }

    @Test
    void accept_secretNotYetWhole_givesNoneOfIt() {
        StreamingRedaction redaction = redactor.stream();

        assertThat(redaction.accept("mail jane@exam")).isEmpty();
        assertThat(redaction.accept("ple.com now")).isEmpty();
        assertThat(redaction.finish()).isEqualTo("mail [redacted:email] now");
    }

    @Test
    void accept_moreThanTheBound_givesOutAllBeforeIt() {
        StreamingRedaction redaction = redactor.stream();

        assertThat(redaction.accept("word ".repeat(300))).hasSizeGreaterThanOrEqualTo(1500 - StreamingRedaction.WINDOW);
        assertThat(redaction.finish()).hasSizeLessThanOrEqualTo(StreamingRedaction.WINDOW);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sk-", "eyJhbGciOiJIUzI1NiJ9.", "Bearer ", "password=", "\"token\":\""})
    void accept_secretLongerThanTheBound_isTakenOutWhole(String start) {
        String secret = "Ab1Cd2Ef3_".repeat(10_000);

        String given = inChunks("before " + start + secret + " after", 100);

        assertThat(given).startsWith("before ").endsWith("] after").contains("[redacted:");
        assertThat(given).doesNotContain("Cd2").hasSizeLessThan(60);
    }

    @Test
    void accept_moreThanMaxLength_cutsAndHoldsNothing() {
        StreamingRedaction redaction = redactor.stream();
        String chunk = "word ".repeat(100_000);
        StringBuilder given = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            given.append(redaction.accept(chunk));
        }

        assertThat(redaction.held()).isZero();
        given.append(redaction.finish());
        assertThat(given).endsWith("[redacted:too_long]");
        assertThat(given.length()).isEqualTo(SecretRedactor.MAX_LENGTH + "[redacted:too_long]".length());
    }

    @Test
    void accept_chunkThatFails_losesTheRestAndCounts() {
        SecretRedactor counting = SecretRedactor.of(SecretKind.EMAIL);
        StreamingRedaction redaction = counting.stream();
        CharSequence broken = new CharSequence() {
            @Override
            public int length() {
                return 10;
            }

            @Override
            public char charAt(int index) {
                throw new IllegalStateException("jane@example.com");
            }

            @Override
            public CharSequence subSequence(int start, int end) {
                throw new IllegalStateException("jane@example.com");
            }
        };

        assertThat(redaction.accept("jane@example.c")).isEmpty();
        assertThat(redaction.accept(broken)).isEqualTo("[redaction failed]");
        assertThat(redaction.accept("om more")).isEmpty();
        assertThat(redaction.finish()).isEmpty();
        assertThat(counting.failures()).isEqualTo(1);
    }

    @Test
    void accept_afterFinish_fails() {
        StreamingRedaction redaction = redactor.stream();
        redaction.accept("jane@example.com");
        redaction.finish();

        assertThat(redaction.finish()).isEmpty();
        assertThatThrownBy(() -> redaction.accept("x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("chunk after finish()");
    }

    @Test
    void toString_withHeldText_showsNoneOfIt() {
        StreamingRedaction redaction = redactor.stream();
        redaction.accept("jane@example.com");

        assertThat(redaction.toString()).doesNotContain("jane");
    }
}
