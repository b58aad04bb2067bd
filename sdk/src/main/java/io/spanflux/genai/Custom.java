// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * Anything else worth a span of its own. Without a convention, so the attributes are ours:
 * {@code spanflux.custom.*}. Span kind INTERNAL, named {@code custom {name}}.
 */
public final class Custom extends DescribedData<Custom> implements GenAiData {
    private static final String PREFIX = "spanflux.custom.";

    private Custom() {
        super(SpanKind.INTERNAL);
    }

    /** The one with this name. */
    public static Custom named(@Nullable String name) {
        return new Custom().name(name);
    }

    /** The name. */
    public Custom name(@Nullable String name) {
        return put(PREFIX + "name", name);
    }

    /** An attribute {@code spanflux.custom.data.{key}}. */
    public Custom attribute(@Nullable String key, @Nullable Object value) {
        return key == null ? this : put(PREFIX + "data." + key, value);
    }

    /** An attribute {@code spanflux.custom.data.{key}} that is content. */
    public Custom content(@Nullable String key, Supplier<? extends @Nullable Object> value) {
        return key == null ? this : putContent(PREFIX + "data." + key, value);
    }

    @Override
    public String spanName() {
        return named("custom", PREFIX + "name");
    }
}
