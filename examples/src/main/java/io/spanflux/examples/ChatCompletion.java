// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An answer as a whole. Servers that are merely compatible leave out whatever they like. */
record ChatCompletion(
        @Nullable String id,
        @Nullable String model,
        @Nullable List<Choice> choices,
        @Nullable TokenUsage usage) {

    record Choice(@Nullable ChatMessage message, @Nullable String finishReason) {}

    private @Nullable Choice first() {
        return choices == null || choices.isEmpty() ? null : choices.get(0);
    }

    /** The message of the only choice; an empty one where the server sent none. */
    ChatMessage message() {
        Choice first = first();
        return first == null || first.message() == null
                ? new ChatMessage("assistant", null, null, null)
                : first.message();
    }

    /** Why the only choice ended. */
    @Nullable
    String finishReason() {
        Choice first = first();
        return first == null ? null : first.finishReason();
    }
}
