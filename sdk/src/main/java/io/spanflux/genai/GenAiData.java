// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanKind;

/**
 * What a GenAI span is about. Sealed, so that an encoder that speaks another dialect can be sure to know all types.
 *
 * <p>Setters are fluent, take null for "not known", and never throw: they run inside traced calls.
 *
 * <p>Threads: written by one thread at a time, as the signals of a Publisher are; frozen when the span ends. A late write
 * of another thread is ignored or, in a race with the end, lost; it never corrupts.
 */
public sealed interface GenAiData extends SpanData
        permits Generation,
                Embeddings,
                Retrieval,
                FetchedResponse,
                MemoryOperation,
                AgentCreation,
                Agent,
                RemoteAgent,
                Tool,
                Workflow,
                Plan,
                McpCall,
                Guardrail,
                Handoff,
                Speech,
                SpeechGroup,
                Transcription,
                Custom {
    /**
     * Whether a span of this and of {@code kind} is the call of a GenAI service, as the conventions' metrics and events
     * {@code gen_ai.client.*} mean it; that of a tool elsewhere belongs to the tool's execution.
     */
    default boolean isClientOperation(SpanKind kind) {
        Object operation = metadata(GenAiAttributes.OPERATION_NAME);
        return this instanceof Generation
                || (kind == SpanKind.CLIENT && operation != null && !operation.equals("execute_tool"));
    }
}
