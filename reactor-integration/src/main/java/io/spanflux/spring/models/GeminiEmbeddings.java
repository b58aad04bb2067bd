// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.genai.Usage;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Gemini's embeddings, of one content or of a batch. The vectors are never taken. */
final class GeminiEmbeddings implements ModelApi {
    @Override
    public void request(Outline request, CallSpan call) {
        List<Outline> batch = request.objects("requests");
        List<Outline> contents = batch.isEmpty() ? List.of(request) : batch;
        call.embeddings().dimensions(dimensions(contents.get(0)));
        if (call.capturesContent()) {
            List<String> texts = contents.stream()
                    .flatMap(each -> each.object("content").objects("parts").stream())
                    .map(part -> part.text("text"))
                    .filter(Objects::nonNull)
                    .toList();
            if (!texts.isEmpty()) {
                call.embeddings().input(() -> texts);
            }
        }
    }

    private static @Nullable Long dimensions(Outline request) {
        Long dimensions = request.object("embedContentConfig").count("outputDimensionality");
        return dimensions == null ? request.count("outputDimensionality") : dimensions;
    }

    @Override
    public void answer(Outline answer, CallSpan call) {
        Long tokens = answer.object("usageMetadata").count("promptTokenCount");
        if (tokens != null) {
            call.usage(Usage.of(tokens, 0));
        }
        Outline error = answer.object("error");
        if (!error.isEmpty()) {
            call.failed(error.word("status"));
        }
    }
}
