// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import io.spanflux.test.AttributeRecorder;
import java.util.List;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class MessageAggregatorTest {
    private static final String GRIN = "\uD83D\uDE00";

    private final MessageAggregator aggregator = new MessageAggregator();

    private List<Part> parts() {
        List<Message> messages = aggregator.messages(null);
        assertThat(messages).hasSize(1);
        assertThat(messages.get(0).role()).isEqualTo("assistant");
        return messages.get(0).parts();
    }

    @Test
    void textAndReasoning_keepTheOrderInWhichTheyBegan() {
        aggregator.reasoning(0, "a");
        aggregator.reasoning(0, "b");
        aggregator.text(0, "c");
        aggregator.text(0, "");
        aggregator.text(0, null);
        aggregator.text(0, new StringBuilder("d"));
        aggregator.reasoning(0, "e");

        assertThat(parts()).containsExactly(new Part.Reasoning("ab"), new Part.Text("cd"), new Part.Reasoning("e"));
    }

    @Test
    void toolCalls_interleavedWithGapsAndNulls_areFoundByTheirIndex() {
        aggregator.toolCall(0, 5, "call_5", "five", null);
        aggregator.toolCall(0, 2, "call_2", "two", "{");
        aggregator.toolCall(0, 5, null, null, "[1");
        aggregator.text(0, "between");
        aggregator.toolCall(0, 2, "", "", "}");
        aggregator.toolCall(0, 5, null, null, "]");
        aggregator.toolCall(0, -1, null, "minus", null);

        assertThat(parts())
                .containsExactly(
                        new Part.ToolCall("call_5", "five", "[1]"),
                        new Part.ToolCall("call_2", "two", "{}"),
                        new Part.Text("between"),
                        new Part.ToolCall(null, "minus", null));
    }

    @Test
    void toolCall_nameInPiecesRepeatedOrGrowing_isOneName() {
        aggregator.toolCall(0, 0, "1", "get_", null);
        aggregator.toolCall(0, 0, null, "weather", null);
        aggregator.toolCall(0, 1, "2", "get_time", "{");
        aggregator.toolCall(0, 1, "2", "get_time", "}");
        aggregator.toolCall(0, 2, "3", "ge", null);
        aggregator.toolCall(0, 2, null, "get_all", null);

        assertThat(parts())
                .containsExactly(
                        new Part.ToolCall("1", "get_weather", null),
                        new Part.ToolCall("2", "get_time", "{}"),
                        new Part.ToolCall("3", "get_all", null));
    }

    @Test
    void toolCall_idThatComesLate_isTaken_andAnotherIdIsAnotherCall() {
        aggregator.toolCall(0, 0, null, "f", "{");
        aggregator.toolCall(0, 0, "a", null, "}");
        aggregator.toolCall(0, 0, "b", "g", "[");
        aggregator.toolCall(0, 0, null, null, "]");

        assertThat(parts()).containsExactly(new Part.ToolCall("a", "f", "{}"), new Part.ToolCall("b", "g", "[]"));
    }

    @Test
    void toolCall_withoutAName_isGeneric() {
        aggregator.toolCall(0, 0, "a", null, "{\"cut");

        Part.Generic part = (Part.Generic) parts().get(0);

        assertThat(part.type()).isEqualTo("incomplete_tool_call");
        assertThat(part.fields()).containsEntry("id", "a").containsEntry("arguments", "{\"cut");
    }

    @Test
    void choices_areMessagesInTheirOrderWithTheirReasons() {
        aggregator.text(2, "c");
        aggregator.text(0, "a");
        aggregator.text(2, "c");

        assertThat(aggregator.messages(List.of("stop", "length", "error")))
                .containsExactly(
                        new Message("assistant", List.of(new Part.Text("a")), "stop"),
                        new Message("assistant", List.of(new Part.Text("cc")), "error"));
        assertThat(aggregator.messages(List.of("stop")).get(1).finishReason()).isNull();
    }

    @Test
    void characters_overAllPieces_areBoundedAndMarked() {
        aggregator.toolCall(0, 0, "id", "name", "x".repeat(MessageAggregator.MAX_CHARS - 10));
        aggregator.text(0, "12345678");
        aggregator.text(1, "never");

        assertThat(parts().get(0)).isInstanceOf(Part.ToolCall.class);
        assertThat(parts().get(1)).isEqualTo(new Part.Text("1234", true));
        assertThat(aggregator.hasLost()).isTrue();
        assertThat(aggregator.estimatedBytes()).isBetween(2L << 20, (2L << 20) + 1_000);
    }

    @Test
    void characters_boundInsideASurrogatePair_splitsNoneAndTakesNothingAfterIt() {
        aggregator.text(0, "x" + GRIN.repeat(MessageAggregator.MAX_CHARS));
        aggregator.text(0, "tail");

        assertThat(parts())
                .containsExactly(new Part.Text("x" + GRIN.repeat(MessageAggregator.MAX_CHARS / 2 - 1), true));
    }

    @Test
    void characters_pairAcrossPiecesAtTheBound_splitsNone() {
        aggregator.text(0, "x".repeat(MessageAggregator.MAX_CHARS - 1) + "\uD83D");
        aggregator.text(0, "\uDE00");

        assertThat(parts()).containsExactly(new Part.Text("x".repeat(MessageAggregator.MAX_CHARS - 1), true));
    }

    @Test
    void parts_tooMany_areLeftOutAndTold() {
        for (int i = 0; i < MessageAggregator.MAX_PARTS; i++) {
            assertThat(aggregator.hasLost()).isFalse();
            aggregator.toolCall(i % 3, i, "id" + i, "f", null);
        }
        aggregator.toolCall(0, -7, "id", "f", null);
        aggregator.text(9, "x");

        assertThat(aggregator.hasLost()).isTrue();
        assertThat(aggregator.messages(null).stream()
                        .mapToInt(message -> message.parts().size())
                        .sum())
                .isEqualTo(MessageAggregator.MAX_PARTS);
    }

    @Test
    void lost_isCountedOnTheSpan() {
        Generation generation = Generation.chat("openai", "m").captureContent(true);
        for (int i = 0; i <= MessageAggregator.MAX_PARTS; i++) {
            generation.appendToolCall(i, "id" + i, "f", null);
        }
        generation.end();
        AttributeRecorder recorder = new AttributeRecorder();
        generation.forEachAttribute(recorder);

        assertThat(recorder.truncated()).isEqualTo(1);
    }
}
