// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Usage;
import java.util.List;

/** Embeddings as OpenAI defined them, and as many others offer them. The vectors are never taken. */
final class OpenAiEmbeddings implements ModelApi {
    @Override
    public void request(Outline request, CallSpan call) {
        call.model(request.word("model"));
        Long dimensions = request.count("dimensions");
        String format = request.word("encoding_format");
        call.embeddings()
                // Mistral's and Voyage's name for it.
                .dimensions(dimensions == null ? request.count("output_dimension") : dimensions)
                .encodingFormats(format == null ? null : List.of(format));
        if (call.capturesContent()) {
            String text = request.text("input");
            List<String> texts = text == null ? request.texts("input") : List.of(text);
            // What comes as tokens is not readable, and not said.
            if (texts != null && !texts.isEmpty()) {
                call.embeddings().input(() -> texts);
            }
        }
    }

    @Override
    public void answer(Outline answer, CallSpan call) {
        Outline usage = answer.object("usage");
        Long input = usage.count("prompt_tokens");
        // There is no output; some count the total only.
        Long tokens = input == null ? usage.count("total_tokens") : input;
        call.answeredBy(answer.word("model"), null);
        if (tokens != null) {
            call.usage(Usage.of(tokens, 0));
        }
        Outline error = answer.object("error");
        if (!error.isEmpty()) {
            String code = error.word("code");
            call.failed(code == null ? error.word("type") : code);
        }
    }
}
