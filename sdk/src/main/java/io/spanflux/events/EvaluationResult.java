// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.events;

import io.spanflux.genai.ContentPolicy;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.LogRecord;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Severity;
import io.spanflux.trace.SpanContext;
import org.jspecify.annotations.Nullable;

/**
 * {@code gen_ai.evaluation.result}. Its explanation passes the redactor when it is first encoded, on an export thread, and
 * then stays as that left it.
 */
final class EvaluationResult implements LogRecord {
    private final @Nullable SpanContext context;
    private final Resource resource;
    private final long epochNanos;
    private final Attributes attributes;
    private final @Nullable String explanation;
    private final ContentPolicy policy;
    private final int estimatedBytes;

    /** With what is left of the explanation; null until it is first asked for. Export threads follow one another. */
    private volatile @Nullable Attributes leaving;

    EvaluationResult(
            @Nullable SpanContext context,
            Resource resource,
            long epochNanos,
            Attributes attributes,
            @Nullable String explanation,
            ContentPolicy policy) {
        this.context = context;
        this.resource = resource;
        this.epochNanos = epochNanos;
        this.attributes = attributes;
        this.explanation = explanation;
        this.policy = policy;
        this.estimatedBytes = 256 + attributes.estimatedBytes() + (explanation == null ? 0 : 2 * explanation.length());
    }

    @Override
    public String eventName() {
        return "gen_ai.evaluation.result";
    }

    @Override
    public long epochNanos() {
        return epochNanos;
    }

    @Override
    public Severity severity() {
        return Severity.INFO;
    }

    @Override
    public @Nullable SpanContext context() {
        return context;
    }

    @Override
    public Resource resource() {
        return resource;
    }

    @Override
    public int forEachAttribute(AttributeConsumer consumer) {
        Attributes known = leaving;
        if (known == null) {
            known = explanation == null
                    ? attributes
                    : attributes.with(
                            GenAiAttributes.EVALUATION_EXPLANATION,
                            policy.redactedText(GenAiAttributes.EVALUATION_EXPLANATION, explanation));
            leaving = known;
        }
        known.forEach(consumer);
        return 0;
    }

    @Override
    public int estimatedBytes() {
        return estimatedBytes;
    }
}
