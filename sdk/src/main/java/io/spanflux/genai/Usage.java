// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The tokens of one call as the provider counted them; null where it did not say. Never a guess.
 *
 * @param inputTokens all input tokens, those read from and written to a cache included
 * @param outputTokens all output tokens, reasoning included
 * @param cacheReadTokens the part of the input that was read from the provider's cache
 * @param cacheWriteTokens the part of the input that was written to the provider's cache
 * @param reasoningTokens the part of the output that was reasoning
 * @param text the part that was text, where the provider counts it apart
 * @param image the part that was images, where the provider counts it apart
 * @param audio the part that was audio, where the provider counts it apart
 */
public record Usage(
        @Nullable Long inputTokens,
        @Nullable Long outputTokens,
        @Nullable Long cacheReadTokens,
        @Nullable Long cacheWriteTokens,
        @Nullable Long reasoningTokens,
        Modality text,
        Modality image,
        Modality audio) {

    /**
     * The tokens of one kind of content; null where the provider did not say.
     *
     * @param inputTokens the part of the input
     * @param outputTokens the part of the output
     * @param cacheReadTokens the part of what was read from the cache
     */
    public record Modality(
            @Nullable Long inputTokens,
            @Nullable Long outputTokens,
            @Nullable Long cacheReadTokens) {
        static final Modality UNKNOWN = new Modality(null, null, null);

        /** Drops negative counts, which no provider means. */
        public Modality {
            inputTokens = countOrNull(inputTokens);
            outputTokens = countOrNull(outputTokens);
            cacheReadTokens = countOrNull(cacheReadTokens);
        }

        Modality plus(Modality more) {
            return new Modality(
                    sum(inputTokens, more.inputTokens),
                    sum(outputTokens, more.outputTokens),
                    sum(cacheReadTokens, more.cacheReadTokens));
        }
    }

    /** Drops negative counts, which no provider means. */
    public Usage {
        inputTokens = countOrNull(inputTokens);
        outputTokens = countOrNull(outputTokens);
        cacheReadTokens = countOrNull(cacheReadTokens);
        cacheWriteTokens = countOrNull(cacheWriteTokens);
        reasoningTokens = countOrNull(reasoningTokens);
        text = text == null ? Modality.UNKNOWN : text;
        image = image == null ? Modality.UNKNOWN : image;
        audio = audio == null ? Modality.UNKNOWN : audio;
    }

    /** With no word on kinds of content. */
    public Usage(
            @Nullable Long inputTokens,
            @Nullable Long outputTokens,
            @Nullable Long cacheReadTokens,
            @Nullable Long cacheWriteTokens,
            @Nullable Long reasoningTokens) {
        this(
                inputTokens,
                outputTokens,
                cacheReadTokens,
                cacheWriteTokens,
                reasoningTokens,
                Modality.UNKNOWN,
                Modality.UNKNOWN,
                Modality.UNKNOWN);
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
        return new Usage(inputTokens, outputTokens, read, written, reasoningTokens, text, image, audio);
    }

    /** The same with the tokens spent on reasoning. */
    public Usage withReasoning(@Nullable Long tokens) {
        return new Usage(inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, tokens, text, image, audio);
    }

    /** The same with what was audio. */
    public Usage withAudio(@Nullable Long input, @Nullable Long output) {
        return withModalities(text, image, new Modality(input, output, null));
    }

    /** The same with what was of each kind of content. */
    public Usage withModalities(Modality text, Modality image, Modality audio) {
        return new Usage(
                inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, text, image, audio);
    }

    /** The part of the input that was audio, null where the provider did not say. */
    public @Nullable Long audioInputTokens() {
        return audio.inputTokens();
    }

    /** The part of the output that was audio, null where the provider did not say. */
    public @Nullable Long audioOutputTokens() {
        return audio.outputTokens();
    }

    /** What two calls took; null where neither says. */
    Usage plus(Usage more) {
        return new Usage(
                sum(inputTokens, more.inputTokens),
                sum(outputTokens, more.outputTokens),
                sum(cacheReadTokens, more.cacheReadTokens),
                sum(cacheWriteTokens, more.cacheWriteTokens),
                sum(reasoningTokens, more.reasoningTokens),
                text.plus(more.text),
                image.plus(more.image),
                audio.plus(more.audio));
    }

    private static @Nullable Long sum(@Nullable Long count, @Nullable Long more) {
        return count == null ? more : more == null ? count : (Long) (count + more);
    }

    void forEachAttribute(AttributeConsumer to) {
        to.acceptIfSet(USAGE_INPUT_TOKENS, inputTokens);
        to.acceptIfSet(USAGE_OUTPUT_TOKENS, outputTokens);
        to.acceptIfSet(USAGE_CACHE_READ_INPUT_TOKENS, cacheReadTokens);
        to.acceptIfSet(USAGE_CACHE_WRITE_INPUT_TOKENS, cacheWriteTokens);
        to.acceptIfSet(USAGE_REASONING_OUTPUT_TOKENS, reasoningTokens);
        to.acceptIfSet(USAGE_TEXT_INPUT_TOKENS, text.inputTokens());
        to.acceptIfSet(USAGE_IMAGE_INPUT_TOKENS, image.inputTokens());
        to.acceptIfSet(USAGE_AUDIO_INPUT_TOKENS, audio.inputTokens());
        to.acceptIfSet(USAGE_TEXT_OUTPUT_TOKENS, text.outputTokens());
        to.acceptIfSet(USAGE_IMAGE_OUTPUT_TOKENS, image.outputTokens());
        to.acceptIfSet(USAGE_AUDIO_OUTPUT_TOKENS, audio.outputTokens());
        to.acceptIfSet(USAGE_TEXT_CACHE_READ_INPUT_TOKENS, text.cacheReadTokens());
        to.acceptIfSet(USAGE_IMAGE_CACHE_READ_INPUT_TOKENS, image.cacheReadTokens());
        to.acceptIfSet(USAGE_AUDIO_CACHE_READ_INPUT_TOKENS, audio.cacheReadTokens());
    }
}
