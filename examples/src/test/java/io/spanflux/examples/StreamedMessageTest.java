// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.examples.ChatChunk.Choice;
import io.spanflux.examples.ChatChunk.Delta;
import io.spanflux.examples.ChatChunk.FunctionDelta;
import io.spanflux.examples.ChatChunk.ToolCallDelta;
import io.spanflux.examples.ChatMessage.ToolCall;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(10)
class StreamedMessageTest {
    private final StreamedMessage message = new StreamedMessage();

    private void add(String content, ToolCallDelta... calls) {
        message.add(new ChatChunk(
                null, null, List.of(new Choice(new Delta(content, List.of(calls)), null)), null, null));
    }

    private static ToolCallDelta call(Integer index, String id, String name, String arguments) {
        return new ToolCallDelta(index, id, new FunctionDelta(name, arguments));
    }

    @Test
    void message_ofNothing_isEmpty() {
        message.add(new ChatChunk(null, null, null, null, null));

        assertThat(message.message()).isEqualTo(new ChatMessage("assistant", null, null, null));
    }

    @Test
    void message_joinsText() {
        add("");
        add("Hel");
        add(null);
        add("lo");

        assertThat(message.message().content()).isEqualTo("Hello");
        assertThat(message.message().calls()).isEmpty();
    }

    @Test
    void message_joinsInterleavedToolCallsByIndex() {
        add(null, call(0, "call_a", "first", ""));
        add(null, call(1, "call_b", "second", null));
        add(null, call(0, null, null, "{\"x\""), call(1, null, null, "{}"));
        add(null, new ToolCallDelta(0, null, null));
        add(null, call(0, null, null, ":1}"));

        assertThat(message.message().calls())
                .containsExactly(
                        new ToolCall("call_a", "function", new ToolCall.Function("first", "{\"x\":1}")),
                        new ToolCall("call_b", "function", new ToolCall.Function("second", "{}")));
    }

    @Test
    void message_ofAServerWithoutIndexAndId_isOneCallWithAnIdOfOurs() {
        add(null, call(null, null, "only", "{"));
        add(null, call(null, null, null, "}"));

        assertThat(message.message().calls())
                .containsExactly(new ToolCall("call_0", "function", new ToolCall.Function("only", "{}")));
    }
}
