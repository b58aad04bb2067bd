// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * A check of what goes into a model or comes out of it. Without a convention, so the attributes are ours:
 * {@code spanflux.guardrail.*}. Span kind INTERNAL, named {@code guardrail {name}}.
 */
public final class Guardrail extends DescribedData<Guardrail> implements GenAiData {
    private static final String PREFIX = "spanflux.guardrail.";

    private Guardrail() {
        super(SpanKind.INTERNAL);
    }

    /** The one with this name. */
    public static Guardrail named(@Nullable String name) {
        return new Guardrail().name(name);
    }

    /** The name. */
    public Guardrail name(@Nullable String name) {
        return put(PREFIX + "name", name);
    }

    /** Whether it intervened. */
    public Guardrail triggered(@Nullable Boolean triggered) {
        return put(PREFIX + "triggered", triggered);
    }

    /** What it did: {@code allow}, {@code block}, {@code mask} and so on. */
    public Guardrail action(@Nullable String action) {
        return put(PREFIX + "action", action);
    }

    /** Why it did so. Content. */
    public Guardrail reason(Supplier<? extends @Nullable Object> reason) {
        return putContent(PREFIX + "reason", reason);
    }

    @Override
    public String spanName() {
        return named("guardrail", PREFIX + "name");
    }
}
