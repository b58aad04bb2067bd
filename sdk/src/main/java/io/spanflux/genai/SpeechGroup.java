// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * Several pieces of speech that belong to one answer. Without a convention, so the attributes are ours:
 * {@code spanflux.speech_group.*}. Span kind INTERNAL, named {@code speech_group {name}}.
 */
public final class SpeechGroup extends DescribedData<SpeechGroup> implements GenAiData {
    private static final String PREFIX = "spanflux.speech_group.";

    private SpeechGroup() {
        super(SpanKind.INTERNAL);
    }

    /** The one with this name. */
    public static SpeechGroup named(@Nullable String name) {
        return new SpeechGroup().name(name);
    }

    /** The name. */
    public SpeechGroup name(@Nullable String name) {
        return put(PREFIX + "name", name);
    }

    /** What was spoken. Content. */
    public SpeechGroup input(Supplier<? extends @Nullable Object> input) {
        return putContent(PREFIX + "input", input);
    }

    @Override
    public String spanName() {
        return named("speech_group", PREFIX + "name");
    }
}
