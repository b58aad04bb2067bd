// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.util.Random;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class JsonTextTest {
    private static final String GRIN = "\uD83D\uDE00";

    /** What makes texts hard: quotes, control characters, halves of pairs. */
    static String random(Random random, int maxLength) {
        String[] alphabet = {
            "a", "b", " ", "\"", "\\", "/", "\n", "\u0000", "\u001F", "\u007F", "\u2028", "é", "漢", GRIN, "\uD83D",
            "\uDE00"
        };
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(maxLength + 1); text.length() < length; ) {
            text.append(alphabet[random.nextInt(alphabet.length)]);
        }
        return text.toString();
    }

    private static int written(String text) {
        String json = ValueJson.MAPPER.writeValueAsString(JsonText.clean(text));
        return json.codePointCount(0, json.length()) - 2;
    }

    @Test
    void length_randomTexts_isThatOfWhatJacksonWrites() {
        Random random = new Random(42);
        for (int i = 0; i < 20_000; i++) {
            String text = random(random, 40);

            assertThat(JsonText.length(text, 1_000)).as(text).isEqualTo(written(text));
        }
    }

    @Test
    void cut_randomTexts_isTheLongestBeginningThatFitsAndSplitsNothing() {
        Random random = new Random(43);
        for (int i = 0; i < 20_000; i++) {
            String text = random(random, 40);
            int max = random.nextInt(60);

            String cut = JsonText.cut(text, max);

            assertThat(text).startsWith(cut);
            assertThat(written(cut)).isLessThanOrEqualTo(max);
            if (cut.length() < text.length()) {
                int next = cut.length() + Character.charCount(text.codePointAt(cut.length()));
                assertThat(written(text.substring(0, next))).isGreaterThan(max);
            }
        }
    }

    @Test
    void length_ofWhatIsTooLong_isNotCounted() {
        assertThat(JsonText.length("x".repeat(1_000), 10)).isEqualTo(11);
    }

    @Test
    void clean_halvesOfPairs_areReplacedAndPairsKept() {
        assertThat(JsonText.clean("a\uD83Db\uDE00c" + GRIN + "\uD83D")).isEqualTo("a\uFFFDb\uFFFDc" + GRIN + "\uFFFD");
        String whole = "a" + GRIN;
        assertThat(JsonText.clean(whole)).isSameAs(whole);
    }
}
