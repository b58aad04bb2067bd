// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * An agent hands the conversation over to another. Without a convention, so the attributes are ours:
 * {@code spanflux.handoff.*}. Span kind INTERNAL, named {@code handoff {name}}.
 */
public final class Handoff extends DescribedData<Handoff> implements GenAiData {
    private static final String PREFIX = "spanflux.handoff.";

    private Handoff() {
        super(SpanKind.INTERNAL);
    }

    /** The one with this name. */
    public static Handoff named(@Nullable String name) {
        return new Handoff().name(name);
    }

    /** The name. */
    public Handoff name(@Nullable String name) {
        return put(PREFIX + "name", name);
    }

    /** The agent that hands over. */
    public Handoff from(@Nullable String from) {
        return put(PREFIX + "from_agent", from);
    }

    /** The agent that takes over. */
    public Handoff to(@Nullable String to) {
        return put(PREFIX + "to_agent", to);
    }

    @Override
    public String spanName() {
        return named("handoff", PREFIX + "name");
    }
}
