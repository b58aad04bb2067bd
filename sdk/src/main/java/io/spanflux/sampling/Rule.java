// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.SamplingRequest;
import io.spanflux.trace.SpanKind;
import java.util.Objects;

/**
 * Says whether a {@link RuleSampler} treats a span in a certain way, from what is known before it starts: its name, kind
 * and attributes, the metadata of what it is about, the attributes of its scope. In patterns {@code *} stands for any
 * text, also for none; all else stands for itself, in upper or lower case as given.
 *
 * <p>Threads: called on the traced call's thread for each span that starts; must be fast and must not block.
 */
@FunctionalInterface
public interface Rule {
    /** Whether this rule is about the span. */
    boolean matches(SamplingRequest request);

    /** Spans whose {@code gen_ai.operation.name} is like {@code pattern}: {@code chat}, {@code embeddings} and so on. */
    static Rule operation(String pattern) {
        return attributeLike(GenAiAttributes.OPERATION_NAME, pattern);
    }

    /** Spans whose {@code gen_ai.provider.name} is like {@code pattern}: {@code openai}, {@code aws.*} and so on. */
    static Rule provider(String pattern) {
        return attributeLike(GenAiAttributes.PROVIDER_NAME, pattern);
    }

    /** Spans whose {@code gen_ai.request.model} is like {@code pattern}, for example {@code gpt-4o*}. */
    static Rule model(String pattern) {
        return attributeLike(GenAiAttributes.REQUEST_MODEL, pattern);
    }

    /** Spans whose name is like {@code pattern}. */
    static Rule name(String pattern) {
        TextPattern like = new TextPattern(pattern);
        return request -> like.matches(request.name());
    }

    /** Spans of this kind. */
    static Rule kind(SpanKind kind) {
        Objects.requireNonNull(kind, "kind == null");
        return request -> request.kind() == kind;
    }

    /** Spans that have exactly this value for {@code key}; see {@link Attributes} for what a value may be. */
    static Rule attribute(String key, Object value) {
        Object wanted = Attributes.empty().with(key, value).get(key);
        if (wanted == null) {
            throw new IllegalArgumentException("no attribute can be like this: " + key + "=" + value);
        }
        return request -> wanted.equals(request.metadata(key));
    }

    private static Rule attributeLike(String key, String pattern) {
        TextPattern like = new TextPattern(pattern);
        return request -> request.metadata(key) instanceof String text && like.matches(text);
    }

    /** Spans that this rule and {@code other} are about. */
    default Rule and(Rule other) {
        Objects.requireNonNull(other, "other == null");
        return request -> matches(request) && other.matches(request);
    }
}
