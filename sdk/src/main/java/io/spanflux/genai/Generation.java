// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.SpanKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * One call of a model: what was asked, what came back, what it took. Span kind CLIENT, named
 * {@code {operation} {request model}}.
 *
 * <pre>{@code
 * Generation.chat("openai", "gpt-4o-mini").temperature(0.2).usage(completion.usage())
 * }</pre>
 *
 * <p>Content (messages, generated text) is kept only while {@link #captureContent} is on; suppliers of content are not
 * even asked while it is off. Generated text is kept up to {@value #MAX_TEXT} characters.
 */
public final class Generation implements GenAiData {
    private static final int MAX_TEXT = 1 << 20;

    private final String operation;
    private @Nullable String provider;
    private @Nullable String model;
    private @Nullable RequestOptions options;
    private @Nullable String responseId;
    private @Nullable String responseModel;
    private @Nullable List<String> finishReasons;
    private @Nullable Usage usage;
    private @Nullable List<Message> input;
    private @Nullable List<Message> output;
    private @Nullable StringBuilder text;
    private double timeToFirstChunk = Double.NaN;
    private boolean stream;
    private boolean captureContent;

    // Not volatile: a write that races with the end is late by definition, and whether it is seen does not matter.
    private boolean frozen;

    /** What most calls do not say; one object that most generations do not have. */
    private static final class RequestOptions {
        @Nullable
        Double temperature;

        @Nullable
        Double topP;

        @Nullable
        Long topK;

        @Nullable
        Double frequencyPenalty;

        @Nullable
        Double presencePenalty;

        @Nullable
        Long maxTokens;

        @Nullable
        Long choiceCount;

        @Nullable
        Long seed;

        @Nullable
        List<String> stopSequences;

        @Nullable
        String reasoningLevel;

        @Nullable
        String previousResponseId;

        @Nullable
        String outputType;

        @Nullable
        String conversationId;

        @Nullable
        String serverAddress;

        @Nullable
        Long serverPort;
    }

    private Generation(String operation, @Nullable String provider, @Nullable String model) {
        this.operation = operation;
        this.provider = provider;
        this.model = model;
    }

    /** A chat completion of {@code model} at {@code provider} (one of the conventions' names, or your own). */
    public static Generation chat(@Nullable String provider, @Nullable String model) {
        return new Generation("chat", provider, model);
    }

    // ---- the request ---------------------------------------------------------------------------------------------

    /** The provider: {@code openai}, {@code anthropic}, {@code aws.bedrock}, {@code gcp.gemini} and so on. */
    public Generation provider(@Nullable String provider) {
        if (!frozen) {
            this.provider = provider;
        }
        return this;
    }

    /** The model as requested. */
    public Generation model(@Nullable String model) {
        if (!frozen) {
            this.model = model;
        }
        return this;
    }

    /** Sampling temperature. */
    public Generation temperature(@Nullable Double temperature) {
        options().temperature = temperature;
        return this;
    }

    /** Nucleus sampling. */
    public Generation topP(@Nullable Double topP) {
        options().topP = topP;
        return this;
    }

    /** Top-k sampling. */
    public Generation topK(@Nullable Long topK) {
        options().topK = topK;
        return this;
    }

    /** Frequency penalty. */
    public Generation frequencyPenalty(@Nullable Double frequencyPenalty) {
        options().frequencyPenalty = frequencyPenalty;
        return this;
    }

    /** Presence penalty. */
    public Generation presencePenalty(@Nullable Double presencePenalty) {
        options().presencePenalty = presencePenalty;
        return this;
    }

    /** The most tokens to generate. */
    public Generation maxTokens(@Nullable Long maxTokens) {
        options().maxTokens = maxTokens;
        return this;
    }

    /** How many choices are asked for; one is not worth an attribute. */
    public Generation choiceCount(@Nullable Long choiceCount) {
        options().choiceCount = choiceCount;
        return this;
    }

    /** The seed of reproducible sampling. */
    public Generation seed(@Nullable Long seed) {
        options().seed = seed;
        return this;
    }

    /** Sequences at which generation stops. */
    public Generation stopSequences(@Nullable List<String> stopSequences) {
        options().stopSequences = copyOrNull(stopSequences);
        return this;
    }

    /** The reasoning effort exactly as sent. */
    public Generation reasoningLevel(@Nullable String reasoningLevel) {
        options().reasoningLevel = reasoningLevel;
        return this;
    }

    /** The response this request continues. */
    public Generation previousResponseId(@Nullable String previousResponseId) {
        options().previousResponseId = previousResponseId;
        return this;
    }

    /** What was asked for: {@code text}, {@code json}, {@code image}, {@code speech}. */
    public Generation outputType(@Nullable String outputType) {
        options().outputType = outputType;
        return this;
    }

    /** The conversation at the provider, where it has one. */
    public Generation conversation(@Nullable String conversationId) {
        options().conversationId = conversationId;
        return this;
    }

    /** The host that serves the model, and its port. */
    public Generation server(@Nullable String address, int port) {
        options().serverAddress = address;
        options().serverPort = port > 0 ? (long) port : null;
        return this;
    }

    /** Whether the response was asked for as a stream; the operator says so for a Flux. */
    public Generation stream(boolean stream) {
        if (!frozen) {
            this.stream = stream;
        }
        return this;
    }

    /** The messages sent. Not asked for while content is not captured; an exception of the supplier is the caller's. */
    public Generation input(Supplier<? extends List<Message>> messages) {
        if (captureContent && !frozen) {
            this.input = copyOrNull(messages.get());
        }
        return this;
    }

    /** Whether content given from now on is kept. Default false; the operator sets it from the content policy. */
    public Generation captureContent(boolean capture) {
        if (!frozen) {
            this.captureContent = capture;
        }
        return this;
    }

    /** Whether content is kept. */
    public boolean capturesContent() {
        return captureContent;
    }

    // ---- the response --------------------------------------------------------------------------------------------

    /** The provider's id of the response. */
    public Generation responseId(@Nullable String responseId) {
        if (!frozen && responseId != null) {
            this.responseId = responseId;
        }
        return this;
    }

    /** The model that answered. */
    public Generation responseModel(@Nullable String responseModel) {
        if (!frozen && responseModel != null) {
            this.responseModel = responseModel;
        }
        return this;
    }

    /** Why the only choice ended. Null changes nothing, so that it can be called for each chunk of a stream. */
    public Generation finishReason(@Nullable String finishReason) {
        return finishReason == null ? this : finishReasons(List.of(finishReason));
    }

    /** Why each choice ended, in choice order. A list without reasons changes nothing: most chunks of a stream have none. */
    public Generation finishReasons(@Nullable List<String> finishReasons) {
        List<String> reasons = copyOrNull(finishReasons);
        if (!frozen && reasons != null && !reasons.isEmpty()) {
            this.finishReasons = reasons;
        }
        return this;
    }

    /** What the provider counted. Null changes nothing: most chunks of a stream carry no usage. */
    public Generation usage(@Nullable Usage usage) {
        if (!frozen && usage != null) {
            this.usage = usage;
        }
        return this;
    }

    /** What the provider counted. */
    public Generation usage(long inputTokens, long outputTokens) {
        return usage(Usage.of(inputTokens, outputTokens));
    }

    /** Adds text of the answer as it arrives; kept only while content is captured. Null adds nothing. */
    public Generation append(@Nullable CharSequence delta) {
        if (captureContent && !frozen && delta != null) {
            StringBuilder kept = text;
            if (kept == null) {
                kept = new StringBuilder(Math.max(256, delta.length()));
                text = kept;
            }
            kept.append(delta, 0, Math.min(delta.length(), MAX_TEXT - kept.length()));
        }
        return this;
    }

    /** The messages received, where they were not appended. Not asked for while content is not captured. */
    public Generation output(Supplier<? extends List<Message>> messages) {
        if (captureContent && !frozen) {
            this.output = copyOrNull(messages.get());
        }
        return this;
    }

    /** Seconds from the request to the first chunk; the operator measures it. */
    public Generation timeToFirstChunk(double seconds) {
        if (!frozen) {
            this.timeToFirstChunk = seconds;
        }
        return this;
    }

    /** Writes {@code error} where a finish reason was to be expected: the answer was cut off. */
    public Generation cutOff() {
        return finishReasons == null ? finishReason("error") : this;
    }

    private RequestOptions options() {
        if (frozen) {
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

    /** An unmodifiable copy without nulls, which a provider's client may well hand over. */
    private static <T> @Nullable List<T> copyOrNull(@Nullable List<? extends @Nullable T> list) {
        if (list == null) {
            return null;
        }
        List<T> copy = new ArrayList<>(list.size());
        for (T item : list) {
            if (item != null) {
                copy.add(item);
            }
        }
        return List.copyOf(copy);
    }

    // ---- SpanData ------------------------------------------------------------------------------------------------

    /** The operation, for example {@code chat}. */
    public String operation() {
        return operation;
    }

    /** The model as requested, null when it is not known. */
    public @Nullable String model() {
        return model;
    }

    /** The provider, null when it is not known. */
    public @Nullable String provider() {
        return provider;
    }

    /** The tokens, null when the provider did not say. */
    public @Nullable Usage usage() {
        return usage;
    }

    @Override
    public String spanName() {
        return model == null ? operation : operation + ' ' + model;
    }

    @Override
    public SpanKind kind() {
        return SpanKind.CLIENT;
    }

    @Override
    public void end() {
        frozen = true;
        if (text != null && output == null) {
            // The bound may have split a surrogate pair; half of one is no text.
            int last = text.length() - 1;
            if (last == MAX_TEXT - 1 && Character.isHighSurrogate(text.charAt(last))) {
                text.setLength(last);
            }
            String reason = finishReasons == null ? null : finishReasons.get(0);
            output = List.of(new Message("assistant", List.of(new Message.Part.Text(text.toString())), reason));
            text = null;
        }
    }

    @Override
    public int estimatedBytes() {
        return 512 + contentBytes(input) + contentBytes(output);
    }

    private static int contentBytes(@Nullable List<Message> messages) {
        long bytes = 0;
        if (messages != null) {
            for (Message message : messages) {
                for (Message.Part part : message.parts()) {
                    bytes += 48 + MessageJson.estimatedBytes(part);
                }
            }
        }
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }

    @Override
    public void forEachAttribute(AttributeConsumer to) {
        to.accept(OPERATION_NAME, operation);
        to.acceptIfSet(PROVIDER_NAME, provider);
        to.acceptIfSet(REQUEST_MODEL, model);
        if (options != null) {
            forEachOption(options, to);
        }
        if (stream) {
            to.accept(REQUEST_STREAM, true);
        }
        to.acceptIfSet(RESPONSE_ID, responseId);
        to.acceptIfSet(RESPONSE_MODEL, responseModel);
        to.acceptIfSet(RESPONSE_FINISH_REASONS, finishReasons);
        to.acceptIfSet(RESPONSE_TIME_TO_FIRST_CHUNK, timeToFirstChunk);
        if (usage != null) {
            to.acceptIfSet(USAGE_INPUT_TOKENS, usage.inputTokens());
            to.acceptIfSet(USAGE_OUTPUT_TOKENS, usage.outputTokens());
            to.acceptIfSet(USAGE_CACHE_READ_INPUT_TOKENS, usage.cacheReadTokens());
            to.acceptIfSet(USAGE_CACHE_WRITE_INPUT_TOKENS, usage.cacheWriteTokens());
            to.acceptIfSet(USAGE_REASONING_OUTPUT_TOKENS, usage.reasoningTokens());
        }
        if (input != null) {
            to.accept(INPUT_MESSAGES, MessageJson.of(input));
        }
        if (output != null) {
            to.accept(OUTPUT_MESSAGES, MessageJson.of(output));
        }
    }

    private static void forEachOption(RequestOptions options, AttributeConsumer to) {
        to.acceptIfSet(REQUEST_TEMPERATURE, options.temperature);
        to.acceptIfSet(REQUEST_TOP_P, options.topP);
        to.acceptIfSet(REQUEST_TOP_K, options.topK);
        to.acceptIfSet(REQUEST_FREQUENCY_PENALTY, options.frequencyPenalty);
        to.acceptIfSet(REQUEST_PRESENCE_PENALTY, options.presencePenalty);
        to.acceptIfSet(REQUEST_MAX_TOKENS, options.maxTokens);
        if (options.choiceCount != null && options.choiceCount != 1) {
            to.accept(REQUEST_CHOICE_COUNT, options.choiceCount.longValue());
        }
        to.acceptIfSet(REQUEST_SEED, options.seed);
        to.acceptIfSet(REQUEST_STOP_SEQUENCES, options.stopSequences);
        to.acceptIfSet(REQUEST_REASONING_LEVEL, options.reasoningLevel);
        to.acceptIfSet(REQUEST_PREVIOUS_RESPONSE_ID, options.previousResponseId);
        to.acceptIfSet(OUTPUT_TYPE, options.outputType);
        to.acceptIfSet(CONVERSATION_ID, options.conversationId);
        to.acceptIfSet(SERVER_ADDRESS, options.serverAddress);
        if (options.serverAddress != null) {
            to.acceptIfSet(SERVER_PORT, options.serverPort);
        }
    }

    /** What is asked of whom; never content. */
    @Override
    public String toString() {
        return "Generation{" + spanName() + ", provider=" + provider + ", finishReasons="
                + (finishReasons == null ? "[]" : Arrays.toString(finishReasons.toArray())) + '}';
    }
}
