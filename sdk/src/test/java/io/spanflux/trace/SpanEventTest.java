// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SpanEventTest {
    private final AttributeCollector attributes = new AttributeCollector();

    @Test
    void exception_hasTypeMessageAndStackTrace() {
        SpanEvent event = SpanEvent.exception(new IllegalStateException("broken"), 42);

        event.forEachAttribute(attributes);

        assertThat(event.name()).isEqualTo("exception");
        assertThat(event.epochNanos()).isEqualTo(42);
        assertThat(event.droppedAttributes()).isZero();
        Map<String, Object> said = attributes.attributes().asMap();
        assertThat(said.keySet()).containsExactly("exception.type", "exception.message", "exception.stacktrace");
        assertThat(said)
                .containsEntry("exception.type", "java.lang.IllegalStateException")
                .containsEntry("exception.message", "broken");
        assertThat((String) said.get("exception.stacktrace"))
                .startsWith("java.lang.IllegalStateException: broken")
                .contains("at " + SpanEventTest.class.getName() + ".exception_hasTypeMessageAndStackTrace");
    }

    @Test
    void exception_withoutMessage_hasNone() {
        SpanEvent.exception(new IllegalStateException(), 0).forEachAttribute(attributes);

        assertThat(attributes.attributes().contains("exception.message")).isFalse();
    }

    @Test
    void messageOf_longMessage_isCutByCodePoint() {
        String message = SpanEvent.messageOf(new IllegalStateException("😀".repeat(5_000)));

        assertThat(message.codePointCount(0, message.length())).isEqualTo(4_096);
        assertThat(message).isEqualTo("😀".repeat(4_096));
    }

    @Test
    void toString_showsKeysOnly() {
        SpanEvent event = SpanEvent.exception(new IllegalStateException("SECRET"), 0);

        assertThat(event.toString()).contains("exception.message").doesNotContain("SECRET");
    }
}
