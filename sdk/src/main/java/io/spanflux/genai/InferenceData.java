// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/** What calls of models and of agents have in common: a request with options, messages, finish reasons and tokens. */
abstract class InferenceData<S extends InferenceData<S>> extends ContentData<S> {
    private @Nullable String model;
    private @Nullable RequestOptions options;
    private @Nullable List<String> finishReasons;
    private @Nullable Usage usage;

    final RequestOptions options() {
        if (isFrozen()) {
            // Takes what comes too late.
            return new RequestOptions();
        }
        RequestOptions existing = options;
        if (existing == null) {
            existing = new RequestOptions();
            options = existing;
        }
        return existing;
    }

    final S putServer(@Nullable String address, int port) {
        options().serverAddress = address;
        options().serverPort = port > 0 ? (long) port : null;
        return self();
    }

    // ---- the request ---------------------------------------------------------------------------------------------

    /** The model as requested; for an agent only where it is configured with exactly one. */
    public S model(@Nullable String model) {
        if (!isFrozen()) {
            this.model = model;
        }
        return self();
    }

    /** Sampling temperature. */
    public S temperature(@Nullable Double temperature) {
        options().temperature = temperature;
        return self();
    }

    /** Nucleus sampling. */
    public S topP(@Nullable Double topP) {
        options().topP = topP;
        return self();
    }

    /** Top-k sampling. */
    public S topK(@Nullable Long topK) {
        options().topK = topK;
        return self();
    }

    /** Frequency penalty. */
    public S frequencyPenalty(@Nullable Double frequencyPenalty) {
        options().frequencyPenalty = frequencyPenalty;
        return self();
    }

    /** Presence penalty. */
    public S presencePenalty(@Nullable Double presencePenalty) {
        options().presencePenalty = presencePenalty;
        return self();
    }

    /** The most tokens to generate. */
    public S maxTokens(@Nullable Long maxTokens) {
        options().maxTokens = maxTokens;
        return self();
    }

    /** How many choices are asked for; one is not worth an attribute. */
    public S choiceCount(@Nullable Long choiceCount) {
        options().choiceCount = choiceCount;
        return self();
    }

    /** The seed of reproducible sampling. */
    public S seed(@Nullable Long seed) {
        options().seed = seed;
        return self();
    }

    /** Sequences at which generation stops. */
    public S stopSequences(@Nullable List<String> stopSequences) {
        options().stopSequences = copyOrNull(stopSequences);
        return self();
    }

    /** The reasoning effort exactly as sent. */
    public S reasoningLevel(@Nullable String reasoningLevel) {
        options().reasoningLevel = reasoningLevel;
        return self();
    }

    /** The response this request continues. */
    public S previousResponseId(@Nullable String previousResponseId) {
        options().previousResponseId = previousResponseId;
        return self();
    }

    /** What was asked for: {@code text}, {@code json}, {@code image}, {@code speech}. */
    public S outputType(@Nullable String outputType) {
        options().outputType = outputType;
        return self();
    }

    /** The conversation at the provider, where it has one. */
    public S conversation(@Nullable String conversationId) {
        options().conversationId = conversationId;
        return self();
    }

    /** The messages sent. Content. */
    public S input(Supplier<? extends List<Message>> messages) {
        return putMessages(INPUT_MESSAGES, messages);
    }

    /** What the model is told apart from the messages: text, or whatever {@link Message.Part.Generic} can say. Content. */
    public S systemInstructions(Supplier<? extends List<Message.Part>> parts) {
        return putParts(SYSTEM_INSTRUCTIONS, parts);
    }

    /** The tools that the model may ask for; what of them is recorded says {@link ToolDefinition}. Content. */
    public S toolDefinitions(Supplier<? extends List<ToolDefinition>> tools) {
        return putTools(TOOL_DEFINITIONS, tools);
    }

    // ---- the response --------------------------------------------------------------------------------------------

    /** The messages received, where they were not appended. Content. */
    public S output(Supplier<? extends List<Message>> messages) {
        return putMessages(OUTPUT_MESSAGES, messages);
    }

    /** Why the only choice ended. Null changes nothing, so that it can be called for each chunk of a stream. */
    public S finishReason(@Nullable String finishReason) {
        return finishReason == null ? self() : finishReasons(List.of(finishReason));
    }

    /** Why each choice ended, in choice order. A list without reasons changes nothing: most chunks of a stream have none. */
    public S finishReasons(@Nullable List<String> finishReasons) {
        List<String> reasons = copyOrNull(finishReasons);
        if (!isFrozen() && reasons != null && !reasons.isEmpty()) {
            this.finishReasons = reasons;
        }
        return self();
    }

    /** What the provider counted. Null changes nothing: most chunks of a stream carry no usage. */
    public S usage(@Nullable Usage usage) {
        if (!isFrozen() && usage != null) {
            this.usage = usage;
        }
        return self();
    }

    /** What the provider counted. */
    public S usage(long inputTokens, long outputTokens) {
        return usage(Usage.of(inputTokens, outputTokens));
    }

    // ---- reading -------------------------------------------------------------------------------------------------

    /** The model as requested, null when it is not known. */
    public @Nullable String model() {
        return model;
    }

    /** The tokens, null when the provider did not say. */
    public @Nullable Usage usage() {
        return usage;
    }

    final @Nullable List<String> finishReasons() {
        return finishReasons;
    }

    /** The attributes that metrics and rules ask for most; any other is looked for among all. */
    final @Nullable Object commonMetadata(String key) {
        RequestOptions said = options;
        return switch (key) {
            case REQUEST_MODEL -> model;
            case USAGE_INPUT_TOKENS -> usage == null ? null : usage.inputTokens();
            case USAGE_OUTPUT_TOKENS -> usage == null ? null : usage.outputTokens();
            case SERVER_ADDRESS -> said == null ? null : said.serverAddress;
            case SERVER_PORT -> said == null || said.serverAddress == null ? null : said.serverPort;
            default -> super.metadata(key);
        };
    }

    /** The request, without the model, which not every type names at the same place. */
    final void forEachOption(AttributeConsumer to) {
        if (options != null) {
            options.forEachAttribute(to);
        }
    }

    final void forEachToken(AttributeConsumer to) {
        if (usage != null) {
            usage.forEachAttribute(to);
        }
    }
}
