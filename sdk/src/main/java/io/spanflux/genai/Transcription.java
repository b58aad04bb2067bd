// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * Audio becomes text. Without a convention, so the attributes are ours:
 * {@code spanflux.transcription.*}. Span kind INTERNAL, named {@code transcription {name}}.
 */
public final class Transcription extends DescribedData<Transcription> implements GenAiData {
    private static final String PREFIX = "spanflux.transcription.";

    private Transcription() {
        super(SpanKind.INTERNAL);
    }

    /** The one with this name. */
    public static Transcription named(@Nullable String name) {
        return new Transcription().name(name);
    }

    /** The name. */
    public Transcription name(@Nullable String name) {
        return put(PREFIX + "name", name);
    }

    /** The model. */
    public Transcription model(@Nullable String model) {
        return put(PREFIX + "model", model);
    }

    /** The provider. */
    public Transcription provider(@Nullable String provider) {
        return put(PREFIX + "provider", provider);
    }

    /** The form of the audio, for example {@code pcm}. */
    public Transcription format(@Nullable String format) {
        return put(PREFIX + "input.format", format);
    }

    /** The language, as a tag of BCP 47. */
    public Transcription language(@Nullable String language) {
        return put(PREFIX + "language", language);
    }

    /** The audio, as Base64 or a reference. Content. */
    public Transcription input(Supplier<? extends @Nullable Object> input) {
        return putContent(PREFIX + "input", input);
    }

    /** The text. Content. */
    public Transcription output(Supplier<? extends @Nullable Object> output) {
        return putContent(PREFIX + "output", output);
    }

    @Override
    public String spanName() {
        return named("transcription", PREFIX + "name");
    }
}
