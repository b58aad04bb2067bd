// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class StructureOnlyTest {
    private final Tracer tracer = Tracer.builder()
            .handler(ContentPolicy.builder()
                    .capture(ContentCapture.SPANS)
                    .redactor(ContentRedactor.structureOnly())
                    .build())
            .build();

    private Map<String, Object> attributes(GenAiData data) {
        Span span = tracer.span(data).start();
        span.end();
        AttributeRecorder recorder = new AttributeRecorder();
        span.forEachAttribute(recorder);
        return recorder.recorded();
    }

    @Test
    void messages_keepRolesIdsAndNames_andNoText() {
        Map<String, Object> said = attributes(Generation.chat("openai", "m")
                .systemInstructions(() -> List.of(new Part.Text("SECRET")))
                .input(() -> List.of(
                        Message.user("SECRET"),
                        Message.toolResponse("call_1", "SECRET"),
                        Message.of("user", new Part.Uri("image", null, "https://SECRET"), new Part.Json("SECRET"))))
                .output(() -> List.of(new Message(
                        "assistant",
                        List.of(
                                new Part.Reasoning("SECRET"),
                                new Part.ToolCall("call_2", "get_weather", "{\"city\":\"SECRET\"}"),
                                new Part.Generic("function_call", Map.of("id", "c3", "arguments", "SECRET"))),
                        "tool_calls")))
                .toolDefinitions(
                        () -> List.of(ToolDefinition.function("get_weather", "SECRET", "{\"a\":\"SECRET\"}"))));

        assertThat(said.toString()).doesNotContain("SECRET");
        assertThat(said)
                .containsEntry(
                        "gen_ai.input.messages",
                        "[{\"role\":\"user\",\"parts\":[]},"
                                + "{\"role\":\"tool\",\"parts\":[{\"type\":\"tool_call_response\",\"id\":\"call_1\"}]},"
                                + "{\"role\":\"user\",\"parts\":[]}]")
                .containsEntry(
                        "gen_ai.output.messages",
                        "[{\"role\":\"assistant\",\"parts\":["
                                + "{\"type\":\"tool_call\",\"id\":\"call_2\",\"name\":\"get_weather\"},"
                                + "{\"type\":\"function_call\",\"id\":\"c3\"}],\"finish_reason\":\"tool_calls\"}]")
                .containsEntry("gen_ai.tool.definitions", "[{\"type\":\"function\",\"name\":\"get_weather\"}]")
                .doesNotContainKey(GenAiAttributes.CONTENT_LOST);
    }

    @Test
    void otherContent_doesNotLeave() {
        assertThat(attributes(Tool.named("t").arguments(() -> "{}").result(() -> "SECRET")))
                .doesNotContainKeys("gen_ai.tool.call.arguments", "gen_ai.tool.call.result");
        assertThat(attributes(Embeddings.of("openai", "m")
                        .input(() -> List.of("SECRET", "SECRET"))
                        .vectors(() -> List.of(new float[] {1, 2}))))
                .containsEntry(
                        "gen_ai.input.messages", "[{\"role\":\"user\",\"parts\":[]},{\"role\":\"user\",\"parts\":[]}]")
                .doesNotContainKey(GenAiAttributes.EMBEDDINGS_VECTORS);
    }
}
