// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;

/**
 * In which words a span's attributes leave, chosen for each exporter. Attributes that a dialect has no word for keep their
 * name, except the conventions' own ({@code gen_ai.*}) in a dialect that has none of them: there they become metadata.
 *
 * <p>Threads: any, at once; runs where a batch is encoded.
 */
@FunctionalInterface
public interface AttributeDialect {
    /** Hands over the attributes of an ended span, each key once; returns how many were left out. */
    int forEachAttribute(Span span, AttributeConsumer to);

    /** The name under which a span leaves. Default its own. */
    default String spanName(Span span) {
        return span.name();
    }

    /** OpenTelemetry's GenAI conventions, current form. The default. */
    static AttributeDialect genAi() {
        return GenAiDialect.CURRENT;
    }

    /**
     * The same, with {@code gen_ai.usage.cache_creation.input_tokens} beside {@code cache_write}, its name until August
     * 2026: for receivers that know only that one.
     */
    static AttributeDialect genAiWithCacheCreation() {
        return GenAiDialect.WITH_CACHE_CREATION;
    }

    /**
     * The generation before 1.37: {@code gen_ai.system}, {@code gen_ai.prompt.N.*} and {@code gen_ai.completion.N.*}, tokens
     * of {@code prompt} and {@code completion}.
     */
    static AttributeDialect legacyGenAi() {
        return LegacyGenAiDialect.INSTANCE;
    }

    /** OpenInference, as Phoenix and Arize read it. */
    static AttributeDialect openInference() {
        return OpenInferenceDialect.INSTANCE;
    }

    /** Langfuse's own attributes. */
    static AttributeDialect langfuse() {
        return LangfuseDialect.INSTANCE;
    }

    /**
     * Coralogix' llm-tracekit, its current names: {@code gen_ai.prompt.N.*}, {@code gen_ai.completion.N.*},
     * {@code gen_ai.request.tools.N.*}; agents, tools, guardrails and handoffs are named and described as it does.
     */
    static AttributeDialect llmTracekit() {
        return LlmTracekitDialect.CURRENT;
    }

    /**
     * The same, with the names of its version 1.1 beside those that replaced them: {@code gen_ai.openai.request.user},
     * {@code gen_ai.openai.request.tools.N.*}, {@code gen_ai.bedrock.request.tools.N.function.*}.
     */
    static AttributeDialect llmTracekitWithOlderNames() {
        return LlmTracekitDialect.WITH_OLDER_NAMES;
    }
}
