// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.genai.GenAiAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Traces as text, a line a span, children below their parent, all in the order in which they started. A span whose parent
 * has not arrived is shown as well, as a root that says so. Plain ASCII: not every terminal knows more.
 *
 * <p>Threads: one.
 */
final class TraceTree {
    private static final String COST = "spanflux.cost.";

    private final List<ReceivedSpan> ordered;
    private final Map<String, List<ReceivedSpan>> childrenOf = new HashMap<>();
    private final Set<String> present = new HashSet<>();
    private final Set<String> shown = new HashSet<>();
    private final TextTable table = new TextTable("lrrrlll");

    private TraceTree(List<ReceivedSpan> spans) {
        this.ordered = spans.stream()
                .sorted(Comparator.comparingLong(ReceivedSpan::startNanos))
                .toList();
        for (ReceivedSpan span : ordered) {
            present.add(key(span, span.spanId()));
            childrenOf
                    .computeIfAbsent(key(span, span.parentSpanId()), parent -> new ArrayList<>())
                    .add(span);
        }
    }

    /** A span id means something within its trace only. */
    private static String key(ReceivedSpan span, String spanId) {
        return span.traceId() + spanId;
    }

    /** All traces, each with a heading. */
    static String of(List<ReceivedSpan> spans) {
        return new TraceTree(spans).render();
    }

    private String render() {
        table.row("span", "duration", "first chunk", "tokens in/out", "cost", "outcome", "scope");
        Map<String, List<ReceivedSpan>> traces = new LinkedHashMap<>();
        for (ReceivedSpan span : ordered) {
            traces.computeIfAbsent(span.traceId(), id -> new ArrayList<>()).add(span);
        }
        int number = 1;
        for (Map.Entry<String, List<ReceivedSpan>> trace : traces.entrySet()) {
            table.note("");
            table.note("Trace " + number++ + ", " + trace.getKey());
            for (ReceivedSpan span : trace.getValue()) {
                if (!present.contains(key(span, span.parentSpanId()))) {
                    add(span, "", "", span.parentSpanId().isEmpty() ? "" : " (its parent has not arrived)");
                }
            }
            // What is left has only itself above it; a sender that is broken in this way is to be seen as well.
            for (ReceivedSpan span : trace.getValue()) {
                add(span, "", "", " (its own ancestor)");
            }
        }
        return table.toString();
    }

    private void add(ReceivedSpan span, String branch, String indent, String remark) {
        if (!shown.add(key(span, span.spanId()))) {
            return;
        }
        table.row(
                branch + span.name() + remark,
                duration((span.endNanos() - span.startNanos()) / 1e9),
                duration(span.number(GenAiAttributes.RESPONSE_TIME_TO_FIRST_CHUNK)),
                tokens(span),
                cost(span),
                outcome(span),
                text(span.text("spanflux.scope.name")));
        String below = indent + (childrenOf.containsKey(key(span, span.spanId())) ? "|" : " ");
        content(below + "   in  ", span, GenAiAttributes.INPUT_MESSAGES, GenAiAttributes.TOOL_CALL_ARGUMENTS);
        content(below + "   out ", span, GenAiAttributes.OUTPUT_MESSAGES, GenAiAttributes.TOOL_CALL_RESULT);
        List<ReceivedSpan> children = childrenOf.getOrDefault(key(span, span.spanId()), List.of());
        for (int i = 0; i < children.size(); i++) {
            boolean last = i == children.size() - 1;
            add(children.get(i), indent + (last ? "`- " : "|- "), indent + (last ? "   " : "|  "), "");
        }
    }

    /** Some of what was sent or received, where content is captured at all. */
    private void content(String label, ReceivedSpan span, String... keys) {
        for (String key : keys) {
            String content = span.text(key);
            if (content != null) {
                table.note("  " + label + content);
            }
        }
    }

    private static String duration(@Nullable Number seconds) {
        if (seconds == null) {
            return "";
        }
        double value = seconds.doubleValue();
        return value < 1
                ? String.format(Locale.ROOT, "%.0f ms", value * 1e3)
                : String.format(Locale.ROOT, "%.2f s", value);
    }

    private static String tokens(ReceivedSpan span) {
        Number input = span.number(GenAiAttributes.USAGE_INPUT_TOKENS);
        Number output = span.number(GenAiAttributes.USAGE_OUTPUT_TOKENS);
        return input == null && output == null ? "" : known(input) + '/' + known(output);
    }

    private static String known(@Nullable Number count) {
        return count == null ? "?" : count.toString();
    }

    /** The total where there is one, else whatever is said of costs. */
    private static String cost(ReceivedSpan span) {
        Object total = span.attributes().get(COST + "total");
        if (total != null) {
            return (amount(total) + ' ' + text(span.text(COST + "currency"))).trim();
        }
        StringBuilder parts = new StringBuilder();
        span.attributes().forEach((key, value) -> {
            if (key.startsWith(COST)) {
                parts.append(parts.isEmpty() ? "" : " ")
                        .append(key.substring(COST.length()))
                        .append('=')
                        .append(amount(value));
            }
        });
        return parts.toString();
    }

    /** A call costs fractions of a cent, which Java would write with an exponent. */
    private static String amount(Object value) {
        return value instanceof Double number ? String.format(Locale.ROOT, "%.6f", number) : value.toString();
    }

    private static String outcome(ReceivedSpan span) {
        if ("true".equals(span.text(GenAiAttributes.CANCELLED))) {
            return "cancelled";
        }
        if (!span.failed()) {
            return "ok";
        }
        String type = text(span.text(GenAiAttributes.ERROR_TYPE));
        return ("error " + type.substring(Math.max(type.lastIndexOf('.'), type.lastIndexOf('$')) + 1)).trim();
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }
}
