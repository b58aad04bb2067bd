// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

class JsonOutlineTest {
    private static final JsonMapper JSON = new JsonMapper();

    private final List<Object> whole = new ArrayList<>();
    private final JsonOutline outline = outline(1 << 20, 1 << 20);

    private JsonOutline outline(int maxText, int maxBytes) {
        return new JsonOutline(
                Set.of("skipped"), Set.of("free"), maxText, maxBytes, document -> whole.add(document.members()));
    }

    private static void feed(JsonOutline outline, String json) {
        feed(outline, json.getBytes(StandardCharsets.UTF_8));
    }

    private static void feed(JsonOutline outline, byte[] json) {
        outline.accept(json, 0, json.length);
    }

    @Test
    void document_isHandedOverWithItsLastByte() {
        feed(outline, " {\"a\": [1, -2.5, true, null, {\"b\":\"c\"}] ");
        assertThat(whole).isEmpty();
        outline.accept((byte) '}');
        assertThat(whole).containsExactly(Map.of("a", List.of(1L, -2.5, true, Map.of("b", "c"))));
    }

    @Test
    void texts_areUnescaped() {
        feed(outline, "{\"a\":\"x\\\"\\\\\\/\\n\\t\\u00e9\\ud83d\\ude00\",\"\\u0062\":\"né 😀\"}");
        assertThat(whole).containsExactly(Map.of("a", "x\"\\/\n\té😀", "b", "né 😀"));
    }

    @Test
    void elementsOfAnArrayAtTheRoot_andDocumentsInARow_areDocumentsOfTheirOwn() {
        feed(outline, "[{\"a\":1},\r\n{\"a\":2}]");
        assertThat(whole).hasSize(2);
        outline.reset();
        feed(outline, "{\"a\":3}\n{\"a\":4}\n");
        assertThat(whole).containsExactly(Map.of("a", 1L), Map.of("a", 2L), Map.of("a", 3L), Map.of("a", 4L));
    }

    @Test
    void skippedMembers_areReadPast() {
        feed(outline, "{\"skipped\":{\"a\":[\"}\",{\"b\":1}]},\"kept\":1,\"x\":{\"skipped\":\"t\",\"y\":2}}");
        assertThat(whole).containsExactly(Map.of("kept", 1L, "x", Map.of("y", 2L)));
    }

    @Test
    void objectsThatAreWhole_haveAllTheirMembers_andThoseAroundHaveNot() {
        feed(outline, """
                {"x":{"free":{"skipped":{"free":{"skipped":1}},"y":[{"skipped":2}]},"skipped":3,"z":4},"skipped":5,\
                "free":[{"skipped":6}],"skipped":{"free":{"a":7}}}""");
        assertThat(whole)
                .containsExactly(Map.of(
                        "x",
                        Map.of(
                                "free",
                                Map.of(
                                        "skipped",
                                        Map.of("free", Map.of("skipped", 1L)),
                                        "y",
                                        List.of(Map.of("skipped", 2L))),
                                "z",
                                4L),
                        "free",
                        List.of(Map.of())));
        feed(outline, "{\"free\":{\"a\":{\"b\":");
        outline.reset();
        feed(outline, "{\"skipped\":1}");
        assertThat(whole.get(1)).isEqualTo(Map.of());
    }

    @Test
    void longText_isCutBetweenCharacters_andWhatFollowsIsRead() {
        JsonOutline small = outline(300, 400);
        String euros = "€".repeat(1000);
        feed(small, "{\"a\":\"x" + euros + "\",\"b\":\"" + euros + "\",\"usage\":{\"tokens\":7}}");
        Map<?, ?> kept = (Map<?, ?>) whole.get(0);
        assertThat(kept.get("a")).isEqualTo("x" + "€".repeat(99));
        assertThat(kept.get("b")).isEqualTo("€".repeat(JsonOutline.MIN_TEXT / 3));
        assertThat(kept.get("usage")).isEqualTo(Map.of("tokens", 7L));
    }

    @Test
    void textCutInAnEscape_losesNoMoreThanThat() {
        for (int limit = 1; limit < 14; limit++) {
            whole.clear();
            feed(outline(limit, 100), "{\"a\":\"\\ud83d\\ude00\\n\"}");
            assertThat((String) ((Map<?, ?>) whole.get(0)).get("a")).isIn("", "😀", "😀\n");
        }
    }

    @Test
    void tooManyValues_areLeftOut_butTheRootsOwnAreNot() {
        feed(outline, "{\"a\":[" + "1,".repeat(100_000) + "1],\"usage\":{\"tokens\":7}}");
        Map<?, ?> kept = (Map<?, ?>) whole.get(0);
        assertThat((List<?>) kept.get("a")).hasSize(JsonOutline.MAX_NODES - 1);
        assertThat(kept.get("usage")).isEqualTo(Map.of("tokens", 7L));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[DONE]",
                "{\"a\":1,}",
                "{\"a\" 1}",
                "{,}",
                "{\"a\":}",
                "]",
                "{]",
                "{\"a\":[1}",
                "<html>",
                "{1:2}",
                "{\"a\":\"b\" \"c\"}",
                "{\"a\":1 2}"
            })
    void whatIsNoJson_isNothing_untilTheNextDocument(String garbage) {
        feed(outline, garbage);
        assertThat(whole).isEmpty();
        outline.reset();
        feed(outline, "{\"a\":1}");
        assertThat(whole).containsExactly(Map.of("a", 1L));
    }

    @Test
    void nestingBeyondTheBound_isNothing() {
        feed(outline, "{\"a\":".repeat(JsonOutline.MAX_DEPTH + 1) + "1" + "}".repeat(JsonOutline.MAX_DEPTH + 1));
        assertThat(whole).isEmpty();
        outline.reset();
        feed(outline, "{\"a\":1}");
        assertThat(whole).hasSize(1);
    }

    @Test
    void numbers_beyondWhatCanBeCounted_areLeftOut() {
        feed(outline, "{\"a\":99999999999999999999,\"b\":1e999,\"c\":1e3,\"d\":-0.5,\"e\":tru,\"f\":--1}");
        assertThat(whole).containsExactly(Map.of("c", 1000.0, "d", -0.5));
    }

    @Test
    void outline_ofAnyJson_isWhatAParserReads() {
        Random random = new Random(11);
        for (int i = 0; i < 2000; i++) {
            Map<String, Object> document = document(random, 0);
            whole.clear();
            outline.reset();
            feed(outline, JSON.writeValueAsBytes(document));
            assertThat(whole).containsExactly(document);
        }
    }

    private static Map<String, Object> document(Random random, int depth) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            map.put("k" + text(random), value(random, depth + 1));
        }
        return map;
    }

    private static Object value(Random random, int depth) {
        return switch (random.nextInt(depth < 5 ? 6 : 4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextBoolean();
            case 2 -> text(random);
            case 3 -> random.nextGaussian();
            case 4 -> document(random, depth);
            default -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(value(random, depth + 1));
                }
                yield list;
            }
        };
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            text.appendCodePoint(random.nextInt(4) == 0 ? 0x1F600 + random.nextInt(60) : random.nextInt(0x2000));
        }
        return text.toString();
    }

    @Test
    void anyBytes_neverThrow() {
        Random random = new Random(12);
        String alphabet = "{}[]:,\"\\u0ae1-. tfn\n";
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(60)];
            for (int j = 0; j < bytes.length; j++) {
                bytes[j] = (byte)
                        (random.nextInt(8) == 0
                                ? random.nextInt(256)
                                : alphabet.charAt(random.nextInt(alphabet.length())));
            }
            feed(outline, bytes);
            if (random.nextBoolean()) {
                outline.reset();
            }
        }
    }
}
