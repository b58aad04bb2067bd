// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.AttributeRecorder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

class AttributesTest {
    private final Attributes attributes = Attributes.of("a", 1).with("b", "two");

    @Test
    void with_newKey_isLastAndLeavesTheOriginal() {
        Attributes more = attributes.with("c", true);

        assertThat(more.asMap()).containsExactly(entry("a", 1L), entry("b", "two"), entry("c", true));
        assertThat(attributes.size()).isEqualTo(2);
    }

    @Test
    void with_knownKey_keepsItsPlaceAndLeavesTheOriginal() {
        Attributes changed = attributes.with("a", 1.5);

        assertThat(changed.asMap()).containsExactly(entry("a", 1.5), entry("b", "two"));
        assertThat(attributes.get("a")).isEqualTo(1L);
    }

    @Test
    void with_whatHasNoForm_changesNothing() {
        assertThat(attributes
                        .with(null, 1)
                        .with("", 1)
                        .with("c", null)
                        .with("c", Double.NaN)
                        .with("c", new Object())
                        .with("a", null))
                .isSameAs(attributes);
    }

    @Test
    void with_others_theirValuesWin() {
        Attributes merged = attributes.with(Attributes.of("b", 2).with("c", 3));

        assertThat(merged.asMap()).containsExactly(entry("a", 1L), entry("b", 2L), entry("c", 3L));
        assertThat(Attributes.empty().with(attributes)).isEqualTo(attributes);
        assertThat(attributes.with(Attributes.empty())).isEqualTo(attributes);
    }

    @Test
    void of_map_takesItsOrderAndLeavesOutWhatHasNoForm() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("z", new int[] {1});
        map.put("nothing", null);
        map.put("a", 'x');

        assertThat(Attributes.of(map).asMap()).containsExactly(entry("z", List.of(1L)), entry("a", "x"));
    }

    @Test
    void get_unknown_isNull() {
        assertThat(attributes.get("c")).isNull();
        assertThat(attributes.contains("c")).isFalse();
        assertThat(attributes.contains("a")).isTrue();
        assertThat(attributes.get("two")).as("a value is not a key").isNull();
        assertThat(Attributes.empty().isEmpty()).isTrue();
    }

    @Test
    void forEach_handsOverEachKindInOrder() {
        AttributeRecorder recorder = new AttributeRecorder();
        Attributes all = Attributes.of("text", "t")
                .with("long", 1)
                .with("double", 0.5)
                .with("boolean", true)
                .with("list", new String[] {"a"})
                .with("map", Map.of("k", 1));

        all.forEach(recorder);

        assertThat(recorder.recorded())
                .containsExactly(
                        entry("text", "t"),
                        entry("long", 1L),
                        entry("double", 0.5),
                        entry("boolean", true),
                        entry("list", List.of("a")),
                        entry("map", Map.of("k", 1L)));
    }

    @Test
    void asMap_changed_doesNotChangeTheAttributes() {
        attributes.asMap().clear();

        assertThat(attributes.size()).isEqualTo(2);
    }

    @Test
    void equals_isByKeysValuesAndOrder() {
        assertThat(attributes)
                .isEqualTo(Attributes.of("a", 1L).with("b", "two"))
                .hasSameHashCodeAs(Attributes.of("a", 1L).with("b", "two"))
                .isNotEqualTo(Attributes.of("b", "two").with("a", 1))
                .isNotEqualTo(Attributes.of("a", 1).with("b", "three"))
                .isNotEqualTo(Attributes.of("a", 1));
    }

    @Test
    void estimatedBytes_followsWhatIsHeld() {
        String text = "x".repeat(1_000);

        assertThat(Attributes.of(text, text).with("b" + text, text).estimatedBytes())
                .isBetween(8_000, 8_500);
    }

    @Test
    void toString_showsKeysOnly() {
        assertThat(attributes).hasToString("Attributes[a, b]");
    }

    @Test
    void acceptIfSet_handsOverWhatIsSetAndNothingElse() {
        AttributeRecorder recorder = new AttributeRecorder();

        recorder.acceptIfSet("text", "");
        recorder.acceptIfSet("long", 0L);
        recorder.acceptIfSet("double", 0.0);
        recorder.acceptIfSet("list", List.of("a"));
        recorder.acceptIfSet("no.text", (String) null);
        recorder.acceptIfSet("no.long", (Long) null);
        recorder.acceptIfSet("no.double", (Double) null);
        recorder.acceptIfSet("nan", Double.NaN);
        recorder.acceptIfSet("infinite", Double.NEGATIVE_INFINITY);
        recorder.acceptIfSet("no.list", (List<?>) null);
        recorder.acceptIfSet("empty.list", new ArrayList<>());

        assertThat(recorder.recorded())
                .containsExactly(
                        entry("text", ""), entry("long", 0L), entry("double", 0.0), entry("list", List.of("a")));
    }
}
