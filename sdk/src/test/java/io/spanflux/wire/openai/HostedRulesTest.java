// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** What OpenAI's own service takes. */
@Timeout(30)
class HostedRulesTest {
    private static final int MAX = HostedRules.MAX_FIELD_BYTES;

    private static Object json(String json) {
        return PlainJson.parsed(json);
    }

    @SuppressWarnings("unchecked")
    private static String applied(String data) {
        Map<String, Object> map = (Map<String, Object>) json(data);
        HostedRules.apply(map);
        return PlainJson.text(map);
    }

    private static Object fitted(Object value) {
        return HostedRules.fitted(value, MAX);
    }

    @ParameterizedTest
    @CsvSource({
        "https://api.openai.com/v1/traces/ingest, true",
        "https://api.openai.com/v1/traces/ingest/, true",
        "https://api.openai.com/v1/traces/ingest2, false",
        "http://api.openai.com/v1/traces/ingest, false",
        "https://eu.api.openai.com/v1/traces/ingest, false"
    })
    void isHosted_isOneUrl(String endpoint, boolean hosted) {
        assertThat(HostedRules.isHosted(endpoint)).isEqualTo(hosted);
    }

    // ---- usage ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15,\"cached\":null,\"details\":{\"d\":1}}"
                        + "|{\"input_tokens\":10,\"output_tokens\":5,\"details\":{\"d\":1,\"total_tokens\":15}}",
                "{\"output_tokens\":5,\"input_tokens\":1.5}|{\"input_tokens\":1.5,\"output_tokens\":5}",
                "{\"input_tokens\":1,\"output_tokens\":5,\"details\":3}|{\"input_tokens\":1,\"output_tokens\":5}",
            })
    void usageOfAGeneration_isCountsAndDetails(String usage, String expected) {
        assertThat(applied("{\"type\":\"generation\",\"usage\":" + usage + "}"))
                .isEqualTo("{\"type\":\"generation\",\"usage\":" + expected + "}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "generation|{\"input_tokens\":10}",
                "generation|{\"input_tokens\":10,\"output_tokens\":null}",
                "generation|{\"input_tokens\":10,\"output_tokens\":true}",
                "generation|null",
                "generation|[1]",
                "response|{\"input_tokens\":10,\"output_tokens\":5}",
            })
    void usage_elseIsRemoved(String type, String usage) {
        assertThat(applied("{\"type\":\"" + type + "\",\"usage\":" + usage + "}"))
                .isEqualTo("{\"type\":\"" + type + "\"}");
    }

    // ---- reasoning -----------------------------------------------------------------------------------------------

    @Test
    void reasoning_isRemovedFromGenerations() {
        String messages = "[{\"type\":\"reasoning\",\"summary\":[]},"
                + "{\"role\":\"assistant\",\"reasoning\":1,\"content\":[{\"type\":\"thinking\"},{\"type\":\"text\",\"text\":\"a\"},"
                + "{\"type\":\"redacted_thinking\"}],\"reasoning_content\":\"r\",\"thinking_blocks\":[],\"thinking\":{}},"
                + "{\"role\":\"user\",\"reasoning\":\"kept\"},"
                + "{\"object\":\"response\",\"output\":[{\"type\":\"reasoning\"},{\"role\":\"assistant\",\"thinking\":1}]}]";
        String kept = "[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},"
                + "{\"role\":\"user\",\"reasoning\":\"kept\"},{\"object\":\"response\",\"output\":[{\"role\":\"assistant\"}]}]";
        assertThat(applied("{\"type\":\"generation\",\"input\":" + messages + ",\"output\":" + messages + "}"))
                .isEqualTo("{\"type\":\"generation\",\"input\":" + kept + ",\"output\":" + kept + "}");
        String other = "{\"type\":\"function\",\"input\":" + messages + "}";
        assertThat(applied(other)).isEqualTo(other);
    }

    // ---- 100,000 bytes -------------------------------------------------------------------------------------------

    @Test
    void aField_ofExactlyTheLimit_isLeftAlone() {
        String whole = "x".repeat(MAX - 2);
        assertThat(fitted(whole)).isSameAs(whole);
        assertThat(fitted(whole + "x")).asString().endsWith("... [truncated]").hasSize(MAX - 2);
    }

    @Test
    void texts_areCutBetweenCharacters() {
        for (String unit : List.of("\ud83d\ude00", "\u00e9", "\u2713", "\"", "\u0001", "ab\ud83d\ude00")) {
            String cut = (String) fitted(unit.repeat(60_000));
            assertThat(PlainJson.size(cut)).as(unit).isBetween(MAX - 6L, (long) MAX);
            assertThat(PlainJson.wellFormed(cut)).isEqualTo(cut).endsWith("... [truncated]");
        }
    }

    @Test
    void manySmallMessages_becomeWhatTheirsBecome() {
        List<Object> messages = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            messages.add(json("{\"role\":\"user\",\"content\":\"x\"}"));
        }
        List<?> cut = (List<?>) fitted(messages);
        assertThat(cut).hasSize(20_000);
        assertThat(cut.stream().filter(message -> ((Map<?, ?>) message).isEmpty()))
                .hasSize(18_518);
        assertThat(cut.stream().filter(message -> ((Map<?, ?>) message).size() == 2))
                .hasSize(1_481);
        assertThat(PlainJson.size(cut)).isEqualTo(100_000);
    }

    @Test
    void theLargestChild_isCutFirst() {
        Object value = json("{\"small\":\"kept\",\"large\":\"" + "y".repeat(2 * MAX) + "\",\"n\":1}");
        Map<?, ?> cut = (Map<?, ?>) fitted(value);
        assertThat(cut.get("small")).isEqualTo("kept");
        assertThat(cut.get("n")).isEqualTo(1);
        assertThat(cut.get("large")).asString().endsWith("y... [truncated]");
        assertThat(PlainJson.size(cut)).isEqualTo(MAX);
    }

    @Test
    void childrenThatCannotShrink_areDropped() {
        List<Object> numbers = new ArrayList<>();
        for (int i = 0; i < 60_000; i++) {
            numbers.add(i);
        }
        List<?> cut = (List<?>) fitted(numbers);
        assertThat(PlainJson.size(cut)).isBetween(MAX - 10L, (long) MAX);
    }

    @Test
    void aScalarThatIsTooLong_isAPreview() {
        assertThat(PlainJson.text(HostedRules.fitted(123456, 3)))
                .isEqualTo("{\"truncated\":true,\"original_type\":\"int\",\"preview\":\"<int truncated>\"}");
    }

    @Test
    void deepNesting_isCutInside() {
        Object deep = "z".repeat(3 * MAX);
        for (int i = 0; i < 60; i++) {
            deep = i % 2 == 0 ? List.of(deep, i) : Map.of("k" + i, deep);
        }
        assertThat(PlainJson.size(fitted(deep))).isBetween(MAX - 10L, (long) MAX);
    }

    /** Whatever comes, it fits, it is JSON, and it does not take long. */
    @Test
    void whateverComes_fits() {
        Random random = new Random(42);
        for (int i = 0; i < 60; i++) {
            Object value = randomValue(random, 0);
            for (int max : new int[] {2, 3, 20, 500, 20_000}) {
                Object fitted = HostedRules.fitted(value, max);
                boolean scalar = !(value instanceof Map || value instanceof List || value instanceof String);
                assertThat(PlainJson.size(fitted)).isLessThanOrEqualTo(scalar ? 100 : max);
            }
        }
    }

    private static Object randomValue(Random random, int depth) {
        int kind = depth > 3 ? 2 + random.nextInt(2) : random.nextInt(4);
        int count = random.nextInt(12);
        if (kind == 0) {
            List<Object> list = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                list.add(randomValue(random, depth + 1));
            }
            return list;
        }
        if (kind == 1) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                map.put("k".repeat(random.nextInt(30)) + i, randomValue(random, depth + 1));
            }
            return map;
        }
        return kind == 2 ? "\u00e9x".repeat(random.nextInt(2000)) : (Object) random.nextInt();
    }
}
