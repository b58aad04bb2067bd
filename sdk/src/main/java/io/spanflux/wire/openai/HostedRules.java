// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What OpenAI's own service takes: no reasoning, no usage but that of generations, and inputs and outputs of a size. */
final class HostedRules {
    static final String ENDPOINT = "https://api.openai.com/v1/traces/ingest";
    static final int MAX_FIELD_BYTES = 100_000;
    private static final String CUT_MARK = "... [truncated]";
    private static final Set<String> REASONING =
            Set.of("reasoning", "reasoning_content", "thinking_blocks", "thinking");
    private static final Set<String> THINKING_PARTS = Set.of("thinking", "redacted_thinking");
    private static final Set<String> COUNTS = Set.of("input_tokens", "output_tokens");

    private HostedRules() {}

    static boolean isHosted(String endpoint) {
        return endpoint.replaceFirst("/+$", "").equals(ENDPOINT);
    }

    /** Makes a plain {@code span_data} one that is taken. */
    static void apply(Map<String, @Nullable Object> data) {
        boolean generation = "generation".equals(data.get("type"));
        for (String field : List.of("input", "output")) {
            if (data.containsKey(field)) {
                Object value = data.get(field);
                data.put(field, fitted(generation ? withoutReasoning(value) : value, MAX_FIELD_BYTES));
            }
        }
        if (data.containsKey("usage")) {
            Map<String, @Nullable Object> usage = generation ? countsOnly(data.get("usage")) : null;
            if (usage == null) {
                data.remove("usage");
            } else {
                data.put("usage", usage);
            }
        }
    }

    // ---- usage ---------------------------------------------------------------------------------------------------

    private static @Nullable Map<String, @Nullable Object> countsOnly(@Nullable Object value) {
        if (!(value instanceof Map<?, ?> usage)
                || !(usage.get("input_tokens") instanceof Number input)
                || !(usage.get("output_tokens") instanceof Number output)) {
            return null;
        }
        Map<String, @Nullable Object> details = new LinkedHashMap<>();
        if (usage.get("details") instanceof Map<?, ?> known) {
            known.forEach((key, detail) -> details.put(String.valueOf(key), detail));
        }
        usage.forEach((key, count) -> {
            if (count != null && !COUNTS.contains(key) && !"details".equals(key)) {
                details.put(String.valueOf(key), count);
            }
        });
        Map<String, @Nullable Object> counts = new LinkedHashMap<>();
        counts.put("input_tokens", input);
        counts.put("output_tokens", output);
        if (!details.isEmpty()) {
            counts.put("details", details);
        }
        return counts;
    }

    // ---- reasoning -----------------------------------------------------------------------------------------------

    private static @Nullable Object withoutReasoning(@Nullable Object value) {
        if (value instanceof List<?> items) {
            List<@Nullable Object> kept = new ArrayList<>(items.size());
            for (Object item : items) {
                if (!(item instanceof Map<?, ?> map) || !"reasoning".equals(map.get("type"))) {
                    kept.add(withoutReasoning(item));
                }
            }
            return kept;
        }
        if (!(value instanceof Map<?, ?> map)) {
            return value;
        }
        boolean assistant = "assistant".equals(map.get("role"));
        boolean response = "response".equals(map.get("object"));
        Map<String, @Nullable Object> kept = new LinkedHashMap<>();
        map.forEach((key, member) -> {
            if (assistant && "content".equals(key)) {
                kept.put("content", withoutThinking(member));
            } else if (response && "output".equals(key)) {
                kept.put("output", withoutReasoning(member));
            } else if (!assistant || !REASONING.contains(String.valueOf(key))) {
                kept.put(String.valueOf(key), member);
            }
        });
        return kept;
    }

    private static @Nullable Object withoutThinking(@Nullable Object content) {
        if (!(content instanceof List<?> parts)) {
            return content;
        }
        List<@Nullable Object> kept = new ArrayList<>(parts.size());
        for (Object part : parts) {
            if (!(part instanceof Map<?, ?> map) || !THINKING_PARTS.contains(String.valueOf(map.get("type")))) {
                kept.add(part);
            }
        }
        return kept;
    }

    // ---- size ----------------------------------------------------------------------------------------------------

    /** {@code plain} in at most {@code max} bytes of JSON: itself where it fits. */
    static @Nullable Object fitted(@Nullable Object plain, long max) {
        if (PlainJson.size(plain) <= max) {
            return plain;
        }
        if (plain instanceof String text) {
            return cut(text, max);
        }
        if (plain instanceof Map<?, ?> map) {
            return cut(map, max);
        }
        if (plain instanceof List<?> list) {
            return cut(list, max);
        }
        String type = plain == null ? "null" : plain instanceof Boolean ? "bool" : isWhole(plain) ? "int" : "float";
        Map<String, @Nullable Object> preview = new LinkedHashMap<>();
        preview.put("truncated", true);
        preview.put("original_type", type);
        preview.put("preview", "<" + type + " truncated>");
        return preview;
    }

    private static boolean isWhole(Object number) {
        return !(number instanceof Double || number instanceof Float || number instanceof BigDecimal);
    }

    /** The longest beginning that fits with the mark; the mark alone, or nothing, where not even that does. */
    private static String cut(String text, long max) {
        long room = max - PlainJson.size(CUT_MARK);
        if (room < 0) {
            return "";
        }
        int end = 0;
        while (end < text.length()) {
            int width = Character.isHighSurrogate(text.charAt(end)) ? 2 : 1;
            room -= PlainJson.size(text.charAt(end)) * (long) width;
            if (room < 0) {
                break;
            }
            end += width;
        }
        return text.substring(0, end) + CUT_MARK;
    }

    /** A member of a container that is cut: how many bytes it takes of it, and how many of these are its value. */
    private record Child(int index, Object key, long around, long size) {}

    private static final Comparator<Child> LARGEST_FIRST =
            Comparator.comparingLong((Child child) -> -child.size).thenComparingInt(Child::index);

    private static Map<String, @Nullable Object> cut(Map<?, ?> map, long max) {
        Map<Object, @Nullable Object> members = new LinkedHashMap<>(map);
        PriorityQueue<Child> children = new PriorityQueue<>(LARGEST_FIRST);
        int index = 0;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.getKey());
            children.add(new Child(index++, key, PlainJson.size(key) + 1, PlainJson.size(entry.getValue())));
        }
        shrink(members, children, max);
        Map<String, @Nullable Object> kept = new LinkedHashMap<>();
        members.forEach((key, value) -> kept.put(String.valueOf(key), value));
        return kept;
    }

    private static List<@Nullable Object> cut(List<?> list, long max) {
        Map<Object, @Nullable Object> members = new LinkedHashMap<>();
        PriorityQueue<Child> children = new PriorityQueue<>(LARGEST_FIRST);
        Iterator<?> items = list.iterator();
        for (int index = 0; items.hasNext(); index++) {
            Object item = items.next();
            members.put(index, item);
            children.add(new Child(index, index, 0, PlainJson.size(item)));
        }
        shrink(members, children, max);
        return new ArrayList<>(members.values());
    }

    /**
     * Shrinks the largest child, the first of equals, until all fit; one that cannot be shrunk any further is dropped.
     * Each child is shrunk to nothing at most once, so that the number of children bounds the work.
     */
    private static void shrink(Map<Object, @Nullable Object> members, PriorityQueue<Child> children, long max) {
        long total = 1;
        for (Child child : children) {
            total += child.around + child.size + 1;
        }
        while (total > max) {
            Child largest = children.poll();
            if (largest == null) {
                return;
            }
            Object value = members.get(largest.key);
            Object less = fitted(value, Math.max(0, max - (total - largest.size)));
            long size = PlainJson.size(less);
            if (size < largest.size) {
                members.put(largest.key, less);
                children.add(new Child(largest.index, largest.key, largest.around, size));
                total -= largest.size - size;
            } else {
                members.remove(largest.key);
                // The last one has no comma; an empty container is two brackets.
                total = members.isEmpty() ? 2 : total - largest.around - largest.size - 1;
            }
        }
    }
}
