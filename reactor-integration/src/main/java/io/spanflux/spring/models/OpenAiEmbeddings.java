// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

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
        Long tokens = usage.count("prompt_tokens");
        call.embeddings()
                .responseModel(answer.word("model"))
                // There is no output; some count the total only.
                .inputTokens(tokens == null ? usage.count("total_tokens") : tokens);
        Outline error = answer.object("error");
        if (!error.isEmpty()) {
            String code = error.word("code");
            call.failed(code == null ? error.word("type") : code);
        }
    }
}
