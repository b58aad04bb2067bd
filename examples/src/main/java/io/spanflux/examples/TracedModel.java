// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.reactor.ReactiveTracer;
import java.util.List;
import java.util.Objects;
import reactor.core.publisher.Mono;

/** Asks a model one question, in one span: what the functions do, beside looking at the time. */
final class TracedModel {
    private static final String MODEL = "gpt-4o-mini";

    private final OpenAiClient llm;
    private final ReactiveTracer trace;

    TracedModel(OpenAiClient llm, Spanflux spanflux) {
        this.llm = llm;
        this.trace = ReactiveTracer.of(spanflux);
    }

    /** That of {@code OPENAI_BASE_URL}, else OpenAI's own, with {@code OPENAI_API_KEY}. */
    static TracedModel of(Environment environment, Spanflux spanflux) {
        String url = Objects.requireNonNullElse(environment.text("OPENAI_BASE_URL"), "https://api.openai.com/v1");
        return new TracedModel(new OpenAiClient(url, environment.text("OPENAI_API_KEY")), spanflux);
    }

    Mono<String> answer(String question) {
        ChatRequest request = ChatRequest.of(MODEL, List.of(ChatMessage.user(question)), null);
        return llm.complete(request)
                .transform(trace.chat(
                        generation -> OpenAiGeneration.request(generation, request), OpenAiGeneration::completion))
                .mapNotNull(completion -> completion.message().content());
    }
}
