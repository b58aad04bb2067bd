// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import org.jspecify.annotations.Nullable;

/**
 * The tokens of one call as the provider counted them; null where it did not say. Never a guess.
 *
 * @param inputTokens all input tokens, those read from and written to a cache included
 * @param outputTokens all output tokens, reasoning included
 * @param cacheReadTokens the part of the input that was read from the provider's cache
 * @param cacheWriteTokens the part of the input that was written to the provider's cache
 * @param reasoningTokens the part of the output that was reasoning
 * @param audioInputTokens the part of the input that was audio
 * @param audioOutputTokens the part of the output that was audio
 */
public record Usage(
        @Nullable Long inputTokens,
        @Nullable Long outputTokens,
        @Nullable Long cacheReadTokens,
        @Nullable Long cacheWriteTokens,
        @Nullable Long reasoningTokens,
        @Nullable Long audioInputTokens,
        @Nullable Long audioOutputTokens) {

    /** Drops negative counts, which no provider means. */
    public Usage {
        inputTokens = countOrNull(inputTokens);
        outputTokens = countOrNull(outputTokens);
        cacheReadTokens = countOrNull(cacheReadTokens);
        cacheWriteTokens = countOrNull(cacheWriteTokens);
        reasoningTokens = countOrNull(reasoningTokens);
        audioInputTokens = countOrNull(audioInputTokens);
        audioOutputTokens = countOrNull(audioOutputTokens);
    }

    /** With no word on audio. */
    public Usage(
            @Nullable Long inputTokens,
            @Nullable Long outputTokens,
            @Nullable Long cacheReadTokens,
            @Nullable Long cacheWriteTokens,
            @Nullable Long reasoningTokens) {
        this(inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, null, null);
    }

    private static @Nullable Long countOrNull(@Nullable Long count) {
        return count == null || count < 0 ? null : count;
    }

    /** Input and output tokens, with no word on caches and reasoning. */
    public static Usage of(long inputTokens, long outputTokens) {
        return new Usage(inputTokens, outputTokens, null, null, null);
    }

    /** The same with what the cache contributed. */
    public Usage withCache(@Nullable Long read, @Nullable Long written) {
        return new Usage(
                inputTokens, outputTokens, read, written, reasoningTokens, audioInputTokens, audioOutputTokens);
    }

    /** The same with the tokens spent on reasoning. */
    public Usage withReasoning(@Nullable Long tokens) {
        return new Usage(
                inputTokens,
                outputTokens,
                cacheReadTokens,
                cacheWriteTokens,
                tokens,
                audioInputTokens,
                audioOutputTokens);
    }

    /** The same with what was audio. */
    public Usage withAudio(@Nullable Long input, @Nullable Long output) {
        return new Usage(inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, input, output);
    }
}
