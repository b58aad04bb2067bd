// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class KeyPathRedactorTest {
    private final KeyPathRedactor passwords = KeyPathRedactor.of("password");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "password         | {\"password\":\"x\"}                  | {\"password\":\"[redacted:key]\"}",
                "password         | {\"a\":{\"Password\":[1,2]}}          | {\"a\":{\"Password\":\"[redacted:key]\"}}",
                "password         | [{\"password\":null}]                 | [{\"password\":\"[redacted:key]\"}]",
                "password         | {\"passwords\":\"x\"}                 | {\"passwords\":\"x\"}",
                "**.token         | {\"token\":1,\"a\":[{\"token\":{}}]}  | {\"token\":\"[redacted:key]\",\"a\":[{\"token\":\"[redacted:key]\"}]}",
                "user.address.*   | {\"user\":{\"address\":{\"a\":1,\"b\":{}},\"c\":2}} | {\"user\":{\"address\":{\"a\":\"[redacted:key]\",\"b\":\"[redacted:key]\"},\"c\":2}}",
                "user.address.*   | {\"x\":{\"user\":{\"address\":{\"a\":1}}}} | {\"x\":{\"user\":{\"address\":{\"a\":1}}}}",
                "user.address.*   | {\"user\":{\"address\":[1,2]}}        | {\"user\":{\"address\":[\"[redacted:key]\",\"[redacted:key]\"]}}",
                "items.secret     | {\"items\":[{\"secret\":1,\"b\":2}]}  | {\"items\":[{\"secret\":\"[redacted:key]\",\"b\":2}]}",
                "*.secret         | {\"a\":{\"secret\":1},\"secret\":2}   | {\"a\":{\"secret\":\"[redacted:key]\"},\"secret\":2}",
                "a.**.b           | {\"a\":{\"b\":1,\"c\":[[{\"b\":2}]]},\"b\":3} | {\"a\":{\"b\":\"[redacted:key]\",\"c\":[[{\"b\":\"[redacted:key]\"}]]},\"b\":3}",
                "db\\.password    | {\"db.password\":1,\"db\":{\"password\":2}} | {\"db.password\":\"[redacted:key]\",\"db\":{\"password\":2}}",
                "*                | {\"a\":1,\"b\":{\"c\":2}}             | {\"a\":\"[redacted:key]\",\"b\":\"[redacted:key]\"}",
            })
    void redactJson_path_takesOutWhatStandsThere(String path, String json, String redacted) {
        assertThat(KeyPathRedactor.of(path).redactJson(json)).isEqualTo(redacted);
    }

    @Test
    void redactJson_nothingToRedact_isTheSameInstance() {
        String json = "{ \"a\" : 1.50 , \"b\" : [ null, true, 1e3 ] }";

        assertThat(passwords.withTexts(SecretRedactor.standard()).redactJson(json))
                .isSameAs(json);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"password\":\"hunt",
                "{\"password\":\"x\"} trailing",
                "{\"a\":1,\"a\":{\"password\":\"x\"}}",
                "password=x",
                "{'password':'x'}"
            })
    void redactJson_broken_isNotLetOutAndCounted(String json) {
        assertThat(passwords.redactJson(json)).isEqualTo("[redaction failed]");
        assertThat(passwords.failures()).isEqualTo(1);
    }

    @Test
    void redactJson_longerThanTheBound_isNotLetOut() {
        String json = '"' + "x".repeat(SecretRedactor.MAX_LENGTH - 1) + '"';

        assertThat(passwords.redactJson(json)).isEqualTo("[redacted:too_long]");
    }

    @Test
    void redactJson_deep_isCutAndMarked() {
        assertThat(passwords.redactJson("[".repeat(65) + "]".repeat(65)))
                .isEqualTo("[".repeat(64) + "\"[redacted:too_deep]\"" + "]".repeat(64));
        assertThat(passwords.redactJson("[".repeat(100_000))).isEqualTo("[redaction failed]");
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void redactJson_moreThan100000Parts_isNotLetOut() {
        assertThat(passwords.redactJson("[" + "0,".repeat(99_998) + "0]")).startsWith("[0,0");
        assertThat(passwords.redactJson("[" + "0,".repeat(100_000) + "0]")).isEqualTo("[redaction failed]");
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void redact_manyKeysThatBecomeTheSame_keepsEachValueInLinearTime() {
        Map<String, Object> value = new LinkedHashMap<>();
        for (int i = 2; i < 40_000; i++) {
            value.put("[redacted:email] " + i, 0);
        }
        for (int i = 0; i < 40_000; i++) {
            value.put("user" + i + "@example.com", i);
        }

        Object redacted =
                KeyPathRedactor.of().withTexts(SecretRedactor.standard()).redact(value);

        assertThat(redacted).asInstanceOf(InstanceOfAssertFactories.MAP).hasSize(79_998);
        assertThat(redacted.toString()).doesNotContain("example");
    }

    @Test
    void redact_maps_areCopiedNeverChanged() {
        Map<String, Object> user = new HashMap<>(Map.of("password", "x", "name", "Jane"));
        Map<String, Object> value = Map.of("users", List.of(user));

        assertThat(passwords.redact(value))
                .isEqualTo(Map.of("users", List.of(Map.of("password", "[redacted:key]", "name", "Jane"))));
        assertThat(user).containsEntry("password", "x");
        assertThat(passwords.redact(Map.of("a", 1))).isEqualTo(Map.of("a", 1));
        Map<String, Object> same = Map.of("a", List.of(1, "b"));
        assertThat(passwords.redact(same)).isSameAs(same);
        assertThat(passwords.redact(null)).isNull();
    }

    @Test
    void redact_arraysAndOtherObjects_areLookedInto() {
        record Login(String user, String password) {}

        assertThat(passwords.redact(new Object[] {new Login("jane", "x"), Map.of("password", 1)}))
                .isEqualTo(List.of(
                        Map.of("user", "jane", "password", "[redacted:key]"), Map.of("password", "[redacted:key]")));
    }

    @Test
    void redact_texts_areAppliedToKeysTextsAndNumbers() {
        KeyPathRedactor redactor = passwords.withTexts(SecretRedactor.standard());

        assertThat(redactor.redact(Map.of("jane@example.com", Arrays.asList("+1 415 555 0123", 1.5, null))))
                .isEqualTo(Map.of("[redacted:email]", Arrays.asList("[redacted:phone]", 1.5, null)));
        assertThat(redactor.redact(List.of(4111111111111111L, 4111111111111111d, 17)))
                .isEqualTo(List.of("[redacted:card]", "[redacted:card]", 17));
        assertThat(redactor.redactJson("[4111111111111111, 4.111111111111111e15, \"jane\\u0040example.com\"]"))
                .isEqualTo("[\"[redacted:card]\",\"[redacted:card]\",\"[redacted:email]\"]");
    }

    @Test
    void redact_failingTexts_loseTheTextOnlyAndAreCounted() {
        KeyPathRedactor redactor = passwords.withTexts(text -> {
            if (text.equals("bad")) {
                throw new IllegalStateException(text);
            }
            return text;
        });

        assertThat(redactor.redact(List.of("good", "bad"))).isEqualTo(List.of("good", "[redaction failed]"));
        assertThat(redactor.failures()).isEqualTo(1);
    }

    @Test
    void redact_valueThatThrows_isNotLetOutAndCounted() {
        Object broken = new Object() {
            public String getSecret() {
                throw new IllegalStateException("secret");
            }
        };

        assertThat(passwords.redact(Map.of("a", broken))).isEqualTo("[redaction failed]");
        assertThat(passwords.failures()).isEqualTo(1);
    }

    @Test
    void redact_valueThatHoldsItself_endsAtTheDepth() {
        List<Object> self = new ArrayList<>();
        self.add(self);

        assertThat(passwords.redact(self).toString()).contains("[redacted:too_deep]");
        List<Object> wide = new ArrayList<>();
        wide.addAll(List.of(wide, wide));
        assertThat(passwords.redact(wide)).isEqualTo("[redaction failed]");
    }

    @Test
    void redact_redacted_changesNothing() {
        Object once = passwords.redact(Map.of("password", "x"));

        assertThat(passwords.redact(once)).isSameAs(once);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a.", ".a", "a..b", "**", "a.**", "$.a", "items[0]", "a['b']"})
    void of_wrongPath_failsByName(String path) {
        assertThatThrownBy(() -> KeyPathRedactor.of("a", path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("path is not 1 to 16 names")
                .hasMessageEndingWith(": " + path);
    }

    @Test
    void of_tooMany_fails() {
        assertThatThrownBy(() -> KeyPathRedactor.of(Collections.nCopies(65, "a").toArray(new String[0])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("paths are more than 64: 65");
        assertThatThrownBy(() -> KeyPathRedactor.of("a.".repeat(16) + "a"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void toString_showsConfigurationOnly() {
        KeyPathRedactor redactor = passwords.withTexts(SecretRedactor.of(SecretKind.EMAIL));
        redactor.redactJson("{\"password\":\"hunter2\"}");

        assertThat(redactor).hasToString("KeyPathRedactor{paths=1, texts=RedactorChain[SecretRedactor[email]]}");
    }
}
