// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class TraceStateTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a=1                      | a=1",
                "a=1,b=2                  | a=1,b=2",
                "' a=1 ,\tb=2\t'          | a=1,b=2",
                "a=1,,b=2,                | a=1,b=2",
                "0digit=1                 | 0digit=1",
                "a_-*/9=1                 | a_-*/9=1",
                "z9z=1                    | z9z=1",
                "tenant@vendor=1          | tenant@vendor=1",
                "9tenant@vendor=1         | 9tenant@vendor=1",
                "a@b@c=1                  | a@b@c=1",
                "a@=1                     | a@=1",
                "a=inner space            | a=inner space",
                "a= leading               | a= leading",
                "a=!~                     | a=!~",
                "a=x;y:z                  | a=x;y:z",
            })
    void parse_validHeader_isReadAndWrittenAgain(String header, String written) {
        assertThat(TraceState.parse(header).header()).isEqualTo(written);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "  ",
                ",",
                " , ",
                "a",
                "=1",
                "a=",
                "a=1,b",
                "a=1,b=",
                "A=1",
                "aB=1",
                "@a=1",
                "_a=1",
                "-a=1",
                "*a=1",
                "a b=1",
                "a=1=2",
                "a=\u0001",
                "a=\u007F",
                "a=é",
                "é=1",
                "a.b=1",
                "a=1,a=2",
                "a=1\r\nb=2"
            })
    void parse_brokenGrammar_isNoTraceStateAtAll(String header) {
        TraceState state = TraceState.parse(header);

        assertThat(state.isEmpty()).isTrue();
        assertThat(state.header()).isEmpty();
        assertThat(state).isEqualTo(TraceState.empty());
    }

    @Test
    void parse_longestKeyAndValue_areValidAlone() {
        assertThat(TraceState.parse("k".repeat(256) + "=" + "v".repeat(255)).isEmpty())
                .isFalse();
        assertThat(TraceState.parse("k".repeat(257) + "=v").isEmpty()).isTrue();
        assertThat(TraceState.parse("k=" + "v".repeat(256)).get("k")).hasSize(256);
        assertThat(TraceState.parse("k=" + "v".repeat(257)).isEmpty()).isTrue();
    }

    @Test
    void parse_thirtyTwoMembers_areKeptAndOneMoreInvalidatesAll() {
        assertThat(TraceState.parse(members(32)).header()).isEqualTo(members(32));
        assertThat(TraceState.parse(members(33)).isEmpty()).isTrue();
    }

    private static String members(int count) {
        return IntStream.range(0, count).mapToObj(i -> "k" + i + "=" + i).collect(Collectors.joining(","));
    }

    @Test
    void parse_beyond512Characters_membersOver128GoFirstWhereverTheyStand() {
        String big = "big=" + "b".repeat(125);
        String small = IntStream.range(0, 4)
                .mapToObj(i -> "s" + i + "=" + "x".repeat(110))
                .collect(Collectors.joining(","));

        assertThat(TraceState.parse(big + "," + small).header()).isEqualTo(small);
    }

    @Test
    void parse_beyond512Characters_thenTheOldestGo() {
        String header = IntStream.range(0, 6)
                .mapToObj(i -> "s" + i + "=" + "x".repeat(100))
                .collect(Collectors.joining(","));

        TraceState state = TraceState.parse(header);

        // Four of 103 and three commas; a fifth would make 519.
        assertThat(state.header()).isEqualTo(header.substring(0, 4 * 103 + 3));
    }

    @Test
    void parse_exactly512Characters_isKept() {
        String header =
                "a=" + "x".repeat(126) + ",b=" + "x".repeat(126) + ",c=" + "x".repeat(126) + ",d=" + "x".repeat(123);
        assertThat(header).hasSize(512);

        assertThat(TraceState.parse(header).header()).isEqualTo(header);
        assertThat(TraceState.parse(header + "x").header()).isEqualTo(header.substring(0, 386));
    }

    @Test
    void parse_hostileHeader_isNothing() {
        assertThat(TraceState.parse(",".repeat(1 << 20)).isEmpty()).isTrue();
        assertThat(TraceState.parse("a".repeat(1 << 20)).isEmpty()).isTrue();
        assertThat(TraceState.parse("a=1,".repeat(1 << 18)).isEmpty()).isTrue();
    }

    @Test
    void with_knownKey_movesItToTheFront() {
        TraceState state = TraceState.parse("a=1,b=2,c=3").with("b", "new");

        assertThat(state.header()).isEqualTo("b=new,a=1,c=3");
        assertThat(state.get("b")).isEqualTo("new");
    }

    @Test
    void with_newKey_isFirstAndLeavesTheOriginal() {
        TraceState original = TraceState.parse("a=1");

        assertThat(original.with("b", "2").header()).isEqualTo("b=2,a=1");
        assertThat(original.header()).isEqualTo("a=1");
    }

    @Test
    void with_fullState_pushesTheOldestOut() {
        TraceState state = TraceState.parse(members(32)).with("new", "1");

        assertThat(state.header()).isEqualTo("new=1," + members(31));
    }

    @Test
    void with_fullStateAndKnownKey_losesNobody() {
        TraceState state = TraceState.parse(members(32)).with("k31", "new");

        assertThat(state.header()).isEqualTo("k31=new," + members(31));
    }

    @Test
    void with_brokenKeyOrValue_changesNothing() {
        TraceState state = TraceState.parse("a=1");

        assertThat(state.with("A", "1")).isSameAs(state);
        assertThat(state.with("", "1")).isSameAs(state);
        assertThat(state.with("b", "")).isSameAs(state);
        assertThat(state.with("b", "1,2")).isSameAs(state);
        assertThat(state.with("b", "1\r\n")).isSameAs(state);
        assertThat(state.with("b", "trailing ")).isSameAs(state);
    }

    @Test
    void get_unknownKey_isNull() {
        assertThat(TraceState.parse("a=1").get("b")).isNull();
        assertThat(TraceState.empty().get("a")).isNull();
    }

    @Test
    void equals_isByMembersAndOrder() {
        assertThat(TraceState.parse("a=1, b=2"))
                .isEqualTo(TraceState.parse("a=1,b=2"))
                .hasSameHashCodeAs(TraceState.parse("a=1,b=2"))
                .isNotEqualTo(TraceState.parse("b=2,a=1"))
                .hasToString("a=1,b=2");
    }
}
