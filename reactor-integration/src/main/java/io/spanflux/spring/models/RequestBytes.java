// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.util.Set;
import org.springframework.core.io.buffer.DataBuffer;

/** Reads a request as it is written. */
final class RequestBytes {
    private static final Set<String> NEVER = Set.of(
            "data",
            "file_data",
            "metadata",
            "logit_bias",
            "prediction",
            "parameters",
            "input_schema",
            "json_schema",
            "schema",
            "responseSchema",
            "responseJsonSchema");

    /** What tools were given and answered: Gemini's, Anthropic's, and of some that are like OpenAI's. */
    private static final Set<String> WHOLE = Set.of("args", "response", "input", "arguments");

    private static final Set<String> WITHOUT_CONTENT = Set.of(
            "messages",
            "prompt",
            "input",
            "contents",
            "content",
            "instructions",
            "system",
            "systemInstruction",
            "system_instruction",
            "tools",
            "functions",
            "metadata",
            "logit_bias",
            "prediction",
            "json_schema",
            "schema",
            "responseSchema",
            "responseJsonSchema");

    private final CallSpan call;
    private final JsonOutline outline;
    private boolean stopped;

    RequestBytes(ModelApi api, CallSpan call) {
        this.call = call;
        boolean content = call.capturesContent();
        this.outline = new JsonOutline(
                content ? NEVER : WITHOUT_CONTENT,
                content ? WHOLE : Set.of(),
                content ? AnswerBytes.MAX_TEXT : JsonOutline.MIN_TEXT,
                content ? AnswerBytes.MAX_BYTES : JsonOutline.MIN_TEXT,
                request -> call.tellAtLast(() -> api.request(request, call)));
    }

    void see(DataBuffer buffer) {
        if (stopped) {
            return;
        }
        try {
            AnswerBytes.forEach(buffer, outline::accept);
        } catch (Throwable e) {
            stopped = true;
            call.caught(e);
        }
    }
}
