// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class SecretRedactorTest {
    private static final int MEGA = 1024 * 1024;

    /** A scan that is not linear needs thousands. */
    private static final int STEPS_PER_CHARACTER = 200;

    private final SecretRedactor redactor = SecretRedactor.standard();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "The quick brown fox jumps over the lazy dog.",
                "Order 4155550123 of 3 items, invoice INV-2024-000123, reference 7741-2293-0001",
                "order-0123456789, ticket_0123456789, /orders/0612345678/items",
                "tracking 1Z999AA10123456784, parcel 00340434161094042557",
                "version 1.2.3-beta.4+build.20240115, Java 17.0.15, log4j-2.24.3, v0.10.11.12.13",
                "react@18.2.0 numpy@v1.26 lodash@latest",
                "550e8400-e29b-41d4-a716-446655440000",
                "123e4567-e89b-12d3-a456-426614174000",
                "12345678-0123-4567-8901-012345678901",
                "2024-01-15T10:30:45.123Z, 2024-01-15 10:30:45,123 and 2024-01-15T10:30:45+01:00",
                "20240115103044, 2024011510304509, 1705312245, 1705312245123, 1705312245123456789",
                "15.01.2024 10:30, 01/15/2024, 10:30:45.678",
                "$1,234.56, 12.345.678,90 EUR, 3.141592653589793, 0.4111111111111111, 1e10, -273.15",
                "192.168.100.200:8080, 10.0.0.1, fe80::1ff:fe23:4567:890a, 00:1B:44:11:3A:B7",
                "4b825dc642cb6eb9a060e54bf8d69288fbee4904 and sha256:9f86d081884c7d659a2feaa0c55ad015",
                "trace 4bf92f3577b34da6a3ce929d0e0e4736, span 00f067aa0ba902b7",
                "0xDEADBEEF 0x0612345678 0b1010 1_000_000_000_000 9223372036854775807",
                "snowflake 1234567890123456789, long 1152921504606846976",
                "SELECT * FROM t WHERE id = 4000000000000 AND n > 100000000000000",
                "int[] a = {100, 200, 300}; f(123, 456); x = a[10] + b[20] - 3;",
                "@Override public String toString() { return name + \"@\" + id; }",
                "{\"code\":\"x = 1\\n@app.route('/')\\ndef f(): pass\"}",
                "password: process.env.OPENAI_API_KEY, token = session.getAccessToken()",
                "api_key=os.environ[\"KEY_1\"] token = sha256sum(x) secret = vault2.readSecret(path)",
                "max_tokens: 4096, \"prompt_tokens\":1234567890, token: generation",
                "The bearer of good news. Bearer authentication is required.",
                "sk-learn-2024-conference-paper-draft, sk-SK locale, task-abcdefghij0123456789",
                "class=\"skeleton-loading-placeholder-2\" AKIATA hf_transfer xai-grok-2-latest",
                "eyJ is how base64 of JSON begins; eyJhbGciOiJIUzI1NiJ9 alone is no token",
                "DE12 is a unit, GB2024, FR75 0001, NL00ABNA0000000000",
                "12 34 56 78 90 12 34 56, 1 2 3 4 5 6 7 8 9 10 11 12 13",
                "[redacted:email] and [redacted:api_key]=[redacted:key] [redaction failed]",
                "日本語のテキスト、価格は１２３４円です。😀👩‍👩‍👧",
                "\uD800 lone \uDC00 surrogates",
            })
    void redact_harmless_isTheSameInstance(String text) {
        assertThat(redactor.redact(text)).isSameAs(text);
    }

    @Test
    void redact_severalKinds_marksEach() {
        assertThat(redactor.redact("jane@example.com, +1 415 555 0123, 4111 1111 1111 1111, DE89370400440532013000"))
                .isEqualTo("[redacted:email], [redacted:phone], [redacted:card], [redacted:iban]");
    }

    @Test
    void redact_secretInsideAnother_isCoveredByTheFirst() {
        assertThat(redactor.redact("password=x1:jane@example.com next")).isEqualTo("password=[redacted:api_key] next");
    }

    @Test
    void redact_secretBehindEscapesOfJson_isFound() {
        assertThat(redactor.redact(
                        "{\"a\":\"x\\nAKIA" + "IOSFODNN7EXAMPLE\\tjane@example.com\\u003c4111111111111111\"}"))
                .isEqualTo("{\"a\":\"x\\n[redacted:api_key]\\t[redacted:email]\\u003c[redacted:card]\"}");
    }

    @Test
    void redact_chosenKinds_leavesOthers() {
        SecretRedactor cards = SecretRedactor.of(SecretKind.CARD, SecretKind.IBAN);

        assertThat(cards.redact("jane@example.com 4111111111111111")).isEqualTo("jane@example.com [redacted:card]");
        assertThat(cards).hasToString("SecretRedactor[card, iban]");
    }

    @Test
    void redact_longerThanTheBound_cutsAndMarks() {
        String text = "x".repeat(SecretRedactor.MAX_LENGTH);

        assertThat(redactor.redact(text)).isSameAs(text);
        assertThat(redactor.redact(text + "y").substring(text.length())).isEqualTo("[redacted:too_long]");
    }

    @Test
    void redact_secretAcrossTheBound_isNotGivenOutInPart() {
        String fill = " ".repeat(SecretRedactor.MAX_LENGTH - 5);

        assertThat(redactor.redact(fill + "4111111111111111 and more").substring(fill.length()))
                .isEqualTo("[redacted:card][redacted:too_long]");
    }

    @Test
    void redact_pairOfSurrogatesAcrossTheBound_isNotSplit() {
        String fill = "x".repeat(SecretRedactor.MAX_LENGTH - 1);

        assertThat(redactor.redact(fill + "😀").substring(fill.length())).isEqualTo("[redacted:too_long]");
    }

    /** Each a text that makes some detector read far without finding an end, again and again. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "a.",
                "a@",
                "a@a.",
                "a@a@",
                "a@b.cc",
                ".a@b",
                "'",
                "a@bb.cc.",
                "_",
                "用",
                "用@用.",
                "0",
                "1",
                "4",
                "+",
                "+1",
                "+1 ",
                "01 ",
                "0 1-",
                "(1",
                "(030) ",
                "4111 ",
                "4-",
                "411-411-",
                "4111 1111 ",
                "DE89",
                "DE89 ",
                "DE89 3704 ",
                "eyJ",
                "eyJ.",
                ".eyJ9",
                "eyJ9.eyJ9",
                "eyJ9..",
                "-eyJ9.a",
                "sk-",
                "sk-a ",
                ".sk-a",
                "AKIA",
                "xoxb-",
                "ghp_ghp_",
                "Bearer ",
                "bearer a",
                "Bearer\tA.b/",
                " bearer ",
                "token",
                "token=",
                "token:=",
                "\"token\":\"",
                "token=a",
                "password_-.",
                "secret.secret:",
                "a=token='",
                "\\n",
                "\\u0041",
                "\\",
                "\u200B",
                "\u200Ba",
                "😀",
                "\uD800",
                "[redacted:",
                " ",
                "\u0000"
            })
    @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void scan_hostileText_takesLinearSteps(String unit) {
        assertThat(steps(unit, MEGA)).isLessThan((long) STEPS_PER_CHARACTER * MEGA);
    }

    @Test
    @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void scan_hostileTextOf20MiB_readsNoFurtherThanTheBound() {
        assertThat(steps("a@b.cc", 20 * MEGA))
                .isLessThan((long) STEPS_PER_CHARACTER * (SecretRedactor.MAX_LENGTH + StreamingRedaction.WINDOW));
    }

    private long steps(String unit, int length) {
        StreamingRedaction redaction = redactor.stream();
        redaction.accept(unit.repeat(length / unit.length()));
        redaction.finish();
        return redaction.steps();
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void redact_manyThreads_shareOneRedactor() {
        assertThat(IntStream.range(0, 2_000)
                        .parallel()
                        .mapToObj(i -> redactor.redact("user" + i + "@example.com has " + i)))
                .allSatisfy(text -> assertThat(text).startsWith("[redacted:email] has "));
        assertThat(redactor.failures()).isZero();
    }

    @Test
    void of_null_fails() {
        assertThatThrownBy(() -> SecretRedactor.of(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("first == null");
    }
}
