// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.config;

import io.spanflux.test.LogCapture;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class EnvironmentTest {
    private static final String NAME = "OTEL_SOMETHING";

    private final LogCapture logs = LogCapture.start();

    private static Environment set(String value) {
        return Environment.of(Map.of(NAME, value));
    }

    private final Environment unset = Environment.of(Map.of("OTHER", "value"));

    private void assertWarnedOf(String value) {
        assertThat(logs.warnings()).hasSize(1);
        assertThat(logs.warnings().get(0)).startsWith(NAME + "=" + value + " is ignored: ");
    }

    // ---- text ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"value, value", "' value\t', value", "a b, a b"})
    void text_isTrimmed(String value, String expected) {
        assertThat(set(value).text(NAME)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t\n"})
    void text_blank_isUnset(String value) {
        assertThat(set(value).text(NAME)).isNull();
        assertThat(set(value).integer(NAME, 0)).isEmpty();
        assertThat(set(value).millis(NAME, 0)).isNull();
        assertThat(set(value).number(NAME, 0, 1)).isEmpty();
        assertThat(set(value).flag(NAME)).isFalse();
        assertThat(set(value).list(NAME)).isEmpty();
        assertThat(set(value).pairs(NAME)).isEmpty();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void everyForm_unset_isNothingWithoutAWarning() {
        assertThat(unset.text(NAME)).isNull();
        assertThat(unset.flag(NAME)).isFalse();
        assertThat(unset.integer(NAME, 0)).isEmpty();
        assertThat(unset.millis(NAME, 0)).isNull();
        assertThat(unset.number(NAME, 0, 1)).isEmpty();
        assertThat(unset.list(NAME)).isEmpty();
        assertThat(unset.pairs(NAME)).isEmpty();
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void firstSet_skipsBlankOnes() {
        Environment environment = Environment.of(Map.of("A", " ", "B", "b", "C", "c"));

        assertThat(environment.firstSet("UNSET", "A", "B", "C")).isEqualTo("B");
        assertThat(environment.firstSet("C", "B")).isEqualTo("C");
        assertThat(environment.firstSet("A")).isNull();
        assertThat(environment.firstSet()).isNull();
    }

    // ---- flag ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"true, true", "TRUE, true", "True, true", "' true ', true", "false, false", "FALSE, false"})
    void flag_trueOrFalseInAnyCase_isRead(String value, boolean expected) {
        assertThat(set(value).flag(NAME)).isEqualTo(expected);
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "yes", "on", "t", "truee"})
    void flag_anythingElse_isFalseAndWarnedOf(String value) {
        assertThat(set(value).flag(NAME)).isFalse();
        assertWarnedOf(value);
    }

    // ---- integer -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"1, 1", "' 42 ', 42", "2147483647, 2147483647", "+7, 7"})
    void integer_atLeastTheMinimum_isRead(String value, int expected) {
        assertThat(set(value).integer(NAME, 1)).hasValue(expected);
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "2147483648", "1.5", "1e3", "0x10", "ten", "1 000", "1,000"})
    void integer_anythingElse_isIgnoredAndWarnedOf(String value) {
        assertThat(set(value).integer(NAME, 1)).isEmpty();
        assertWarnedOf(value);
    }

    // ---- millis --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 0", "5000, 5000", "9223372036854, 9223372036854"})
    void millis_inRange_isADuration(String value, long millis) {
        assertThat(set(value).millis(NAME, 0)).isEqualTo(Duration.ofMillis(millis));
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "9223372036855", "9223372036854775807", "9223372036854775808", "5s", "1.5", "PT5S"})
    void millis_anythingElse_isIgnoredAndWarnedOf(String value) {
        assertThat(set(value).millis(NAME, 0)).isNull();
        assertWarnedOf(value);
    }

    @Test
    void millis_belowItsMinimum_isIgnored() {
        assertThat(set("0").millis(NAME, 1)).isNull();
        assertWarnedOf("0");
    }

    @Test
    void millis_longestOne_canBeCountedInNanoseconds() {
        assertThat(set("9223372036854").millis(NAME, 0).toNanos()).isPositive();
    }

    // ---- number --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "0.25, 0.25", "1e-1, 0.1", "' .5 ', 0.5"})
    void number_inRange_isRead(String value, double expected) {
        assertThat(set(value).number(NAME, 0, 1)).hasValue(expected);
        assertThat(logs.warnings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.1", "1.1", "NaN", "Infinity", "half", "0,5", "50%"})
    void number_anythingElse_isIgnoredAndWarnedOf(String value) {
        assertThat(set(value).number(NAME, 0, 1)).isEmpty();
        assertWarnedOf(value);
    }

    // ---- list ----------------------------------------------------------------------------------------------------

    @Test
    void list_isLowerCaseWithoutBlanksOrRepetitions() {
        assertThat(set(" OTLP, console ,,otlp,Console,").list(NAME)).containsExactly("otlp", "console");
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void list_inATurkishLocale_isTheSame() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("tr"));
        try {
            assertThat(set("ZIPKIN").list(NAME)).containsExactly("zipkin");
        } finally {
            Locale.setDefault(before);
        }
    }

    // ---- pairs ---------------------------------------------------------------------------------------------------

    @Test
    void pairs_areDecodedInOrder() {
        Map<String, String> pairs = set("authorization=Bearer%20a%2Cb%3Dc, x-key = v+1 ,,empty=,k%2C=ü,eq=a=b,")
                .pairs(NAME);

        assertThat(pairs)
                .containsExactly(
                        entry("authorization", "Bearer a,b=c"),
                        entry("x-key", "v+1"),
                        entry("empty", ""),
                        entry("k,", "ü"),
                        entry("eq", "a=b"));
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void pairs_utf8_isDecoded() {
        assertThat(set("k=%C3%A9%F0%9F%98%80").pairs(NAME)).containsExactly(entry("k", "é😀"));
    }

    @Test
    void pairs_sameKeyTwice_lastOneWins() {
        assertThat(set("k=1,k=2").pairs(NAME)).containsExactly(entry("k", "2"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "api-key=s3cret,broken",
                "api-key=s3cret,=s3cret",
                "api-key=s3cret,b=s3cret%",
                "api-key=s3cret,b=s3cret%4",
                "api-key=s3cret,b=s3cret%zz",
                "api-key=s3cret,b=s3cret%-1",
                "api-key=s3cret,%zz=1",
                "s3cret",
            })
    void pairs_oneBrokenEntry_discardsAllAndTellsTheNameOnly(String value) {
        assertThat(set(value).pairs(NAME)).isEmpty();

        assertThat(logs.warnings()).hasSize(1);
        assertThat(logs.warnings().get(0)).startsWith(NAME + " is ignored: ");
        assertThat(logs.events().toString()).doesNotContain("s3cret", "api-key");
    }

    @Test
    void pairs_valid_areNotLogged() {
        set("api-key=s3cret").pairs(NAME);

        assertThat(logs.events().toString()).doesNotContain("s3cret");
    }

    // ---- the rest ------------------------------------------------------------------------------------------------

    @Test
    void ignored_longValue_isCut() {
        unset.ignored(NAME, "x".repeat(10_000), "too long");

        assertThat(logs.warnings()).containsExactly(NAME + "=" + "x".repeat(200) + "... is ignored: too long");
    }

    @Test
    void of_mapChangedLater_isNotFollowed() {
        Map<String, String> variables = new HashMap<>(Map.of(NAME, "before"));
        Environment environment = Environment.of(variables);
        variables.put(NAME, "after");

        assertThat(environment.text(NAME)).isEqualTo("before");
    }

    @Test
    void of_null_isRefusedByName() {
        assertThatThrownBy(() -> Environment.of(null)).hasMessage("variables == null");
    }

    @Test
    void system_isTheEnvironmentOfTheProcess() {
        Map.Entry<String, String> variable = System.getenv().entrySet().stream()
                .filter(entry -> !entry.getValue().isBlank())
                .findFirst()
                .orElseThrow();

        assertThat(Environment.system().text(variable.getKey()))
                .isEqualTo(variable.getValue().trim());
        assertThat(Environment.system().text("SPANFLUX_SURELY_UNSET")).isNull();
    }
}
