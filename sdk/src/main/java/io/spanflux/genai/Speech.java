// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * Text becomes audio. Without a convention, so the attributes are ours:
 * {@code spanflux.speech.*}. Span kind INTERNAL, named {@code speech {name}}.
 */
public final class Speech extends DescribedData<Speech> implements GenAiData {
    private static final String PREFIX = "spanflux.speech.";

    private Speech() {
        super(SpanKind.INTERNAL);
    }

    /** The one with this name. */
    public static Speech named(@Nullable String name) {
        return new Speech().name(name);
    }

    /** The name. */
    public Speech name(@Nullable String name) {
        return put(PREFIX + "name", name);
    }

    /** The model. */
    public Speech model(@Nullable String model) {
        return put(PREFIX + "model", model);
    }

    /** The provider. */
    public Speech provider(@Nullable String provider) {
        return put(PREFIX + "provider", provider);
    }

    /** The voice. */
    public Speech voice(@Nullable String voice) {
        return put(PREFIX + "voice", voice);
    }

    /** The form of the audio, for example {@code pcm}. */
    public Speech format(@Nullable String format) {
        return put(PREFIX + "output.format", format);
    }

    /** When the first audio was there, in seconds since the start. */
    public Speech timeToFirstAudio(@Nullable Double timeToFirstAudio) {
        return put(PREFIX + "time_to_first_audio", timeToFirstAudio);
    }

    /** What was spoken. Content. */
    public Speech input(Supplier<? extends @Nullable Object> input) {
        return putContent(PREFIX + "input", input);
    }

    /** The audio, as Base64 or a reference. Content. */
    public Speech output(Supplier<? extends @Nullable Object> output) {
        return putContent(PREFIX + "output", output);
    }

    @Override
    public String spanName() {
        return named("speech", PREFIX + "name");
    }
}
