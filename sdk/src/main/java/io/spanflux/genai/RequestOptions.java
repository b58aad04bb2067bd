// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.util.List;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/** What most calls do not say of their request; one object that most do not have. */
final class RequestOptions {
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

    @Nullable
    String promptName;

    @Nullable
    String promptVersion;

    @Nullable
    String openAiApiType;

    @Nullable
    String openAiServiceTier;

    boolean compacted;

    void forEachAttribute(AttributeConsumer to) {
        to.acceptIfSet(REQUEST_TEMPERATURE, temperature);
        to.acceptIfSet(REQUEST_TOP_P, topP);
        to.acceptIfSet(REQUEST_TOP_K, topK);
        to.acceptIfSet(REQUEST_FREQUENCY_PENALTY, frequencyPenalty);
        to.acceptIfSet(REQUEST_PRESENCE_PENALTY, presencePenalty);
        to.acceptIfSet(REQUEST_MAX_TOKENS, maxTokens);
        if (choiceCount != null && choiceCount != 1) {
            to.accept(REQUEST_CHOICE_COUNT, choiceCount.longValue());
        }
        to.acceptIfSet(REQUEST_SEED, seed);
        to.acceptIfSet(REQUEST_STOP_SEQUENCES, stopSequences);
        to.acceptIfSet(REQUEST_REASONING_LEVEL, reasoningLevel);
        to.acceptIfSet(REQUEST_PREVIOUS_RESPONSE_ID, previousResponseId);
        to.acceptIfSet(OUTPUT_TYPE, outputType);
        to.acceptIfSet(CONVERSATION_ID, conversationId);
        if (compacted) {
            to.accept(CONVERSATION_COMPACTED, true);
        }
        to.acceptIfSet(PROMPT_NAME, promptName);
        if (promptName != null) {
            to.acceptIfSet(PROMPT_VERSION, promptVersion);
        }
        to.acceptIfSet(OPENAI_API_TYPE, openAiApiType);
        if (!"auto".equals(openAiServiceTier)) {
            to.acceptIfSet(OPENAI_REQUEST_SERVICE_TIER, openAiServiceTier);
        }
        to.acceptIfSet(SERVER_ADDRESS, serverAddress);
        if (serverAddress != null) {
            to.acceptIfSet(SERVER_PORT, serverPort);
        }
    }
}
