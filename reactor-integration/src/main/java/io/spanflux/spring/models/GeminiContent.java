// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Generation;
import io.spanflux.genai.Usage;
import org.jspecify.annotations.Nullable;

/** Gemini's content: whole, or in parts that are events or the elements of one array. */
final class GeminiContent implements ModelApi {
    private static final int MAX_INDEX = 127;

    private final boolean stream;
    private int toolCalls;

    GeminiContent(boolean stream) {
        this.stream = stream;
    }

    @Override
    public void request(Outline request, CallSpan call) {
        if (stream) {
            call.streams();
        }
        Outline config = request.object("generationConfig");
        Generation generation = call.generation()
                .temperature(config.number("temperature"))
                .topP(config.number("topP"))
                .topK(config.count("topK"))
                .maxTokens(config.count("maxOutputTokens"))
                .choiceCount(config.count("candidateCount"))
                .stopSequences(config.texts("stopSequences"))
                .seed(config.count("seed"))
                .presencePenalty(config.number("presencePenalty"))
                .frequencyPenalty(config.number("frequencyPenalty"))
                .reasoningLevel(config.object("thinkingConfig").word("thinkingLevel"))
                .outputType(outputType(config.word("responseMimeType")));
        if (call.capturesContent()) {
            Outline system = request.object("systemInstruction");
            MessageReader.system(MessageReader.geminiParts(system.objects("parts")), generation);
            MessageReader.input(MessageReader.gemini(request.objects("contents")), generation);
        }
    }

    private static @Nullable String outputType(@Nullable String mimeType) {
        return mimeType == null
                ? null
                : mimeType.equals("application/json") ? "json" : mimeType.equals("text/plain") ? "text" : null;
    }

    @Override
    public void answer(Outline answer, CallSpan call) {
        if (stream) {
            call.streams();
        }
        call.generation().responseId(answer.word("responseId"));
        call.answeredBy(answer.word("modelVersion"), null);
        for (Outline candidate : answer.objects("candidates")) {
            int index = candidate.index("index", MAX_INDEX, 0);
            call.choice(index, candidate.word("finishReason"));
            for (Outline part : candidate.object("content").objects("parts")) {
                part(part, index, call.generation());
            }
        }
        String blocked = answer.object("promptFeedback").word("blockReason");
        if (blocked != null) {
            call.choice(0, blocked);
        }
        usage(answer.object("usageMetadata"), call);
        Outline error = answer.object("error");
        if (!error.isEmpty()) {
            call.failed(error.word("status"));
        }
    }

    private void part(Outline part, int choice, Generation generation) {
        if (part.isTrue("thought")) {
            generation.appendReasoning(choice, part.text("text"));
        } else {
            generation.append(choice, part.text("text"));
        }
        Outline function = part.object("functionCall");
        if (!function.isEmpty()) {
            generation.appendToolCall(
                    choice,
                    toolCalls++,
                    function.text("id"),
                    function.text("name"),
                    MessageReader.json(function.value("args")));
        }
    }

    private static void usage(Outline usage, CallSpan call) {
        if (usage.isEmpty()) {
            return;
        }
        Long thoughts = usage.count("thoughtsTokenCount");
        call.usage(new Usage(
                sum(usage.count("promptTokenCount"), usage.count("toolUsePromptTokenCount")),
                // Gemini counts thoughts apart; the conventions' output includes them.
                sum(usage.count("candidatesTokenCount"), thoughts),
                usage.count("cachedContentTokenCount"),
                null,
                thoughts));
    }

    private static @Nullable Long sum(@Nullable Long count, @Nullable Long more) {
        return count == null ? more : more == null ? count : (Long) (count + more);
    }
}
