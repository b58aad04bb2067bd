// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Generation;
import io.spanflux.genai.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chat completions and completions as OpenAI defined them, and as many others offer them. */
final class OpenAiChat implements ModelApi {
    private static final int MAX_INDEX = 127;

    private @Nullable String fingerprint;

    @Override
    public void request(Outline request, CallSpan call) {
        call.model(request.word("model"));
        Generation generation = call.generation();
        Long maxTokens = request.count("max_completion_tokens");
        options(request, call)
                .maxTokens(maxTokens == null ? request.count("max_tokens") : maxTokens)
                .frequencyPenalty(request.number("frequency_penalty"))
                .presencePenalty(request.number("presence_penalty"))
                .choiceCount(request.count("n"))
                .seed(request.count("seed"))
                .reasoningLevel(request.word("reasoning_effort"))
                .outputType(outputType(request.object("response_format")));
        String stop = request.text("stop");
        generation.stopSequences(stop == null ? request.texts("stop") : List.of(stop));
        apiType(call, "chat_completions");
        if (call.capturesContent()) {
            MessageReader.input(MessageReader.openAi(request.objects("messages")), generation);
            MessageReader.tools(request, generation);
        }
    }

    /** What chat completions and responses say in the same words. */
    static Generation options(Outline request, CallSpan call) {
        if (request.isTrue("stream")) {
            call.streams();
        }
        String tier = request.word("service_tier");
        if (tier != null
                && !tier.equals("auto")
                && "openai".equals(call.generation().provider())) {
            call.span().attribute("openai.request.service_tier", tier);
        }
        return call.generation().temperature(request.number("temperature")).topP(request.number("top_p"));
    }

    static void apiType(CallSpan call, String type) {
        if ("openai".equals(call.generation().provider())) {
            call.span().attribute("openai.api.type", type);
        }
    }

    static @Nullable String outputType(Outline format) {
        String type = format.word("type");
        return type == null || type.equals("text") ? type : type.startsWith("json") ? "json" : null;
    }

    @Override
    public void answer(Outline answer, CallSpan call) {
        Generation generation = call.generation();
        generation.responseId(answer.word("id"));
        call.answeredBy(answer.word("model"), answer.word("service_tier"));
        fingerprint(answer.word("system_fingerprint"), call);
        for (Outline choice : answer.objects("choices")) {
            choice(choice, call);
        }
        // Groq has its own place for it in streams.
        Outline usage = answer.object("usage");
        usage(usage.isEmpty() ? answer.object("x_groq").object("usage") : usage, call);
        Outline error = answer.object("error");
        if (!error.isEmpty()) {
            String code = error.word("code");
            call.failed(code == null ? error.word("type") : code);
        }
    }

    /** Each event of a stream says it again, and a span keeps all that it is told until it ends. */
    private void fingerprint(@Nullable String said, CallSpan call) {
        if (said != null
                && !said.equals(fingerprint)
                && "openai".equals(call.generation().provider())) {
            call.span().attribute("openai.response.system_fingerprint", said);
            fingerprint = said;
        }
    }

    private static void choice(Outline choice, CallSpan call) {
        int index = choice.index("index", MAX_INDEX, 0);
        call.choice(index, choice.word("finish_reason"));
        if (!call.capturesContent()) {
            return;
        }
        Outline delta = choice.object("delta");
        Outline said = delta.isEmpty() ? choice.object("message") : delta;
        String reasoning = said.text("reasoning_content");
        call.generation()
                .appendReasoning(index, reasoning == null ? said.text("reasoning") : reasoning)
                .append(index, said.text("content"))
                .append(index, said.text("refusal"))
                .append(index, choice.text("text"));
        int next = 0;
        for (Outline tool : said.objects("tool_calls")) {
            Outline function = tool.object("function");
            call.generation()
                    .appendToolCall(
                            index,
                            tool.index("index", Integer.MAX_VALUE, next),
                            tool.text("id"),
                            function.text("name"),
                            function.text("arguments"));
            next++;
        }
    }

    private static void usage(Outline usage, CallSpan call) {
        if (usage.isEmpty()) {
            return;
        }
        Outline input = usage.object("prompt_tokens_details");
        Outline output = usage.object("completion_tokens_details");
        Long cached = input.count("cached_tokens");
        call.usage(new Usage(
                        usage.count("prompt_tokens"),
                        usage.count("completion_tokens"),
                        // DeepSeek's name for it.
                        cached == null ? usage.count("prompt_cache_hit_tokens") : cached,
                        null,
                        output.count("reasoning_tokens"))
                .withAudio(input.count("audio_tokens"), output.count("audio_tokens")));
    }
}
