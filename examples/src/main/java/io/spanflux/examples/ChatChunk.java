// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A piece of a streamed answer: first the role, then text or parts of tool calls, then the finish reason, and, when it was
 * asked for, a last chunk without choices that says what it took. An {@code error} may come at any time.
 */
record ChatChunk(
        @Nullable String id,
        @Nullable String model,
        @Nullable List<Choice> choices,
        @Nullable TokenUsage usage,
        @Nullable Failure error) {

    record Choice(@Nullable Delta delta, @Nullable String finishReason) {}

    record Delta(@Nullable String content, @Nullable List<ToolCallDelta> toolCalls) {}

    /** A part of a tool call: id and name come with its first part, the arguments piece by piece. */
    record ToolCallDelta(
            @Nullable Integer index,
            @Nullable String id,
            @Nullable FunctionDelta function) {}

    record FunctionDelta(@Nullable String name, @Nullable String arguments) {}

    /** What broke the answer off. The provider's message is left aside: it may quote the prompt or the key. */
    record Failure(@Nullable String type) {}

    private @Nullable Choice first() {
        return choices == null || choices.isEmpty() ? null : choices.get(0);
    }

    /** The text of this piece, null where it brings none. */
    @Nullable
    String text() {
        Choice first = first();
        return first == null || first.delta() == null ? null : first.delta().content();
    }

    /** The parts of tool calls in this piece. */
    List<ToolCallDelta> toolCallDeltas() {
        Choice first = first();
        return first == null || first.delta() == null || first.delta().toolCalls() == null
                ? List.of()
                : first.delta().toolCalls();
    }

    /** Why the only choice ended, null before its end. */
    @Nullable
    String finishReason() {
        Choice first = first();
        return first == null ? null : first.finishReason();
    }
}
