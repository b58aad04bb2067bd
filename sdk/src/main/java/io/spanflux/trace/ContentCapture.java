// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/**
 * Where content may leave: messages, generated text, instructions, tool definitions, arguments and results, queries,
 * documents, memory records. The modes are those of {@code OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT}.
 */
public enum ContentCapture {
    /** Nowhere; content is not even asked for. The default. */
    NONE,
    /** On spans. */
    SPANS,
    /** On events, which are exported as logs. */
    EVENTS,
    /** On both. */
    SPANS_AND_EVENTS;

    /** On the one, the other, both or neither. */
    public static ContentCapture of(boolean onSpans, boolean onEvents) {
        if (onSpans) {
            return onEvents ? SPANS_AND_EVENTS : SPANS;
        }
        return onEvents ? EVENTS : NONE;
    }

    /** Whether content leaves at all. */
    public boolean isOn() {
        return this != NONE;
    }

    /** Whether spans carry content. */
    public boolean onSpans() {
        return this == SPANS || this == SPANS_AND_EVENTS;
    }

    /** Whether events carry content. */
    public boolean onEvents() {
        return this == EVENTS || this == SPANS_AND_EVENTS;
    }
}
