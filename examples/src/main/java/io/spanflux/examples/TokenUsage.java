// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.genai.Usage;
import org.jspecify.annotations.Nullable;

/** What the provider counted, in OpenAI's words. */
record TokenUsage(
        @Nullable Long promptTokens,
        @Nullable Long completionTokens,
        @Nullable PromptDetails promptTokensDetails,
        @Nullable CompletionDetails completionTokensDetails) {

    record PromptDetails(@Nullable Long cachedTokens) {}

    record CompletionDetails(@Nullable Long reasoningTokens) {}

    /** The same in the words of the conventions. OpenAI's totals include cached and reasoning tokens, as they must. */
    Usage toUsage() {
        return new Usage(
                promptTokens,
                completionTokens,
                promptTokensDetails == null ? null : promptTokensDetails.cachedTokens(),
                null,
                completionTokensDetails == null ? null : completionTokensDetails.reasoningTokens());
    }
}
