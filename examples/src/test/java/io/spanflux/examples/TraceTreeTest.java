// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(10)
class TraceTreeTest {
    private static final String TRACE_1 = "11111111111111111111111111111111";
    private static final String TRACE_2 = "22222222222222222222222222222222";

    private static ReceivedSpan span(
            String trace,
            String id,
            String parent,
            String name,
            long startMillis,
            long endMillis,
            Object... attributes) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (int i = 0; i < attributes.length; i += 2) {
            all.put((String) attributes[i], attributes[i + 1]);
        }
        return new ReceivedSpan(
                trace,
                id,
                parent,
                name,
                startMillis * 1_000_000,
                endMillis * 1_000_000,
                all.containsKey("error.type"),
                all);
    }

    @Test
    void of_isSortedByStartWithChildrenBelowTheirParents() {
        List<ReceivedSpan> spans = List.of(
                span(TRACE_2, "e", "", "invoke_agent second", 5_000, 5_010, "spanflux.cancelled", true),
                span(
                        TRACE_1,
                        "d",
                        "a",
                        "chat m",
                        1_500,
                        2_000,
                        "gen_ai.response.time_to_first_chunk",
                        0.1234,
                        "gen_ai.usage.input_tokens",
                        120L,
                        "gen_ai.usage.output_tokens",
                        7L,
                        "spanflux.scope.name",
                        "inner"),
                span(TRACE_1, "c", "b", "lookup", 1_200, 1_300, "error.type", "com.example.Outer$TooLate"),
                span(TRACE_1, "b", "a", "execute_tool t", 1_100, 1_400, "gen_ai.usage.output_tokens", 3L),
                span(TRACE_1, "a", "", "invoke_agent first", 1_000, 2_250, "spanflux.scope.name", "outer"));

        assertThat(TraceTree.of(spans)).isEqualTo("""
                  span                 duration  first chunk  tokens in/out  outcome        scope

                Trace 1, 11111111111111111111111111111111
                  invoke_agent first     1.25 s                              ok             outer
                  |- execute_tool t      300 ms                         ?/3  ok
                  |  `- lookup           100 ms                              error TooLate
                  `- chat m              500 ms       123 ms          120/7  ok             inner

                Trace 2, 22222222222222222222222222222222
                  invoke_agent second     10 ms                              cancelled
                """);
    }

    @Test
    void of_costs_areShownWhereThereAreAny() {
        String tree = TraceTree.of(List.of(
                span(TRACE_1, "a", "", "x", 0, 1, "spanflux.cost.total", 0.0000043, "spanflux.cost.currency", "USD"),
                span(TRACE_1, "b", "", "y", 1, 2, "spanflux.cost.input", 0.5, "spanflux.cost.output", "0.25"),
                span(TRACE_1, "c", "", "z", 2, 3)));

        assertThat(tree).isEqualTo("""
                  span  duration  cost                        outcome

                Trace 1, 11111111111111111111111111111111
                  x         1 ms  0.000004 USD                ok
                  y         1 ms  input=0.500000 output=0.25  ok
                  z         1 ms                              ok
                """);
    }

    @Test
    void of_orphansAndCycles_areShownAndSaySo() {
        String tree = TraceTree.of(List.of(
                span(TRACE_1, "a", "f", "orphan", 0, 1),
                span(TRACE_1, "b", "a", "child", 0, 1),
                span(TRACE_1, "c", "c", "own parent", 0, 1),
                // The same id in another trace is another span.
                span(TRACE_2, "d", "a", "elsewhere", 0, 1)));

        assertThat(tree)
                .contains("  orphan (its parent has not arrived) ")
                .contains("  `- child ")
                .contains("  own parent (its own ancestor) ")
                .contains("  elsewhere (its parent has not arrived) ");
    }

    @Test
    void of_content_isShownInPartBelowItsSpan() {
        String tree = TraceTree.of(List.of(
                span(TRACE_1, "a", "", "agent", 0, 9),
                span(TRACE_1, "b", "a", "chat", 1, 2, "gen_ai.input.messages", "x".repeat(500)),
                span(TRACE_1, "c", "a", "tool", 2, 3, "gen_ai.tool.call.result", "42")));

        assertThat(tree)
                .contains("\n  |      in  xxxx")
                .contains("xxx ... xxx")
                .contains("\n         out 42\n")
                .doesNotContain("x".repeat(100));
    }

    @Test
    void of_namesCannotForgeLines() {
        assertThat(TraceTree.of(List.of(span(TRACE_1, "a", "", "x\n  forged\u001b[2J", 0, 1))))
                .contains("  x   forged [2J ")
                .doesNotContain("\u001b");
    }

    @Test
    void of_nothing_isOnlyTitles() {
        assertThat(TraceTree.of(List.of())).isBlank();
    }
}
