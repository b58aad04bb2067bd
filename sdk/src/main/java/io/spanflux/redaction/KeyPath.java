// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import java.util.ArrayList;
import java.util.List;

/** A path as the user wrote it, in steps. */
final class KeyPath {
    static final int MAX_STEPS = 16;

    enum StepKind {
        KEY,
        ANY,
        ANY_DEPTH
    }

    record Step(StepKind kind, String key) {
        static final Step ANY_DEPTH = new Step(StepKind.ANY_DEPTH, "");

        private static Step of(String name) {
            return switch (name) {
                case "*" -> new Step(StepKind.ANY, "");
                case "**" -> ANY_DEPTH;
                default -> new Step(StepKind.KEY, name.replace("\\.", "."));
            };
        }
    }

    private KeyPath() {}

    /** The steps of {@code path}; a name alone gets {@code **} before it. */
    static List<Step> parse(String path) {
        List<Step> steps = new ArrayList<>();
        int from = 0;
        for (int at = 0; at <= path.length(); at++) {
            boolean escaped = at > 0 && path.charAt(at - 1) == '\\';
            if (at == path.length() || (path.charAt(at) == '.' && !escaped)) {
                steps.add(Step.of(path.substring(from, at)));
                from = at + 1;
            }
        }
        Step last = steps.get(steps.size() - 1);
        boolean unnamed = steps.stream().anyMatch(step -> step.kind == StepKind.KEY && step.key.isEmpty());
        boolean foreign = path.startsWith("$") || path.indexOf('[') >= 0 || path.indexOf(']') >= 0;
        if (unnamed || foreign || steps.size() > MAX_STEPS || last.kind == StepKind.ANY_DEPTH) {
            throw new IllegalArgumentException("path is not 1 to " + MAX_STEPS
                    + " names, * and ** joined by dots, a name or * at its end: " + path);
        }
        if (steps.size() == 1 && last.kind == StepKind.KEY) {
            steps.add(0, Step.ANY_DEPTH);
        }
        return List.copyOf(steps);
    }
}
