// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class MessageTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static JsonNode json(Message message) {
        return JSON.readTree(MessageJson.messages(List.of(message), Integer.MAX_VALUE)
                        .text())
                .get(0);
    }

    @Test
    void json_eachKindOfPart_isThatOfTheConventions() {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("city", "Paris");
        Message message = new Message(
                "assistant",
                List.of(
                        new Message.Part.Text("Let me see."),
                        new Message.Part.ToolCall("call_1", "get_weather", arguments),
                        new Message.Part.ToolCall(null, "ping", null),
                        new Message.Part.ToolCallResponse("call_1", Map.of("celsius", 21)),
                        new Message.Part.ToolCallResponse(null, "sunny")),
                "tool_call");

        assertThat(json(message)).isEqualTo(JSON.readTree("""
                        {"role":"assistant","parts":[
                          {"type":"text","content":"Let me see."},
                          {"type":"tool_call","id":"call_1","name":"get_weather","arguments":{"city":"Paris"}},
                          {"type":"tool_call","name":"ping"},
                          {"type":"tool_call_response","id":"call_1","response":{"celsius":21}},
                          {"type":"tool_call_response","response":"sunny"}],
                         "finish_reason":"tool_call"}
                        """));
    }

    @Test
    void json_noMessages_isAnEmptyArray() {
        assertThat(MessageJson.messages(List.of(), 2).text()).isEqualTo("[]");
        assertThat(json(new Message("user", List.of(), null)).get("parts").size())
                .isZero();
    }

    @Test
    void json_valueThatJacksonCannotWrite_isNamedByItsClassAndTheRestIsValid() {
        List<Object> cyclic = new ArrayList<>();
        cyclic.add(cyclic);
        Message message = new Message(
                "assistant",
                List.of(
                        new Message.Part.ToolCall("1", "broken", new ToolTest.Unwritable()),
                        new Message.Part.ToolCall("2", "cyclic", cyclic),
                        new Message.Part.Text("after")),
                null);

        JsonNode parts = json(message).get("parts");

        assertThat(parts.get(0).get("arguments").asString())
                .isEqualTo("[" + ToolTest.Unwritable.class.getName() + " cannot be written as JSON]");
        assertThat(parts.get(1).get("arguments").asString()).contains("cannot be written as JSON");
        assertThat(parts.get(2).get("content").asString()).isEqualTo("after");
        assertThat(parts.toString()).doesNotContain("secret");
    }

    @Test
    void json_controlCharactersAndEmoji_areEscapedOrKept() {
        String text = "\u0000\u001F\"\\\u2028😀";

        assertThat(json(Message.user(text)).get("parts").get(0).get("content").asString())
                .isEqualTo(text);
    }

    @Test
    void shorthands_haveTheirRoles() {
        assertThat(Message.system("x").role()).isEqualTo("system");
        assertThat(Message.user("x").role()).isEqualTo("user");
        assertThat(Message.assistant("x").role()).isEqualTo("assistant");
        assertThat(Message.toolResponse("call_1", "x"))
                .isEqualTo(new Message("tool", List.of(new Message.Part.ToolCallResponse("call_1", "x")), null));
    }

    @Test
    void new_partsChangedLater_areNotFollowed() {
        List<Message.Part> parts = new ArrayList<>(List.of(new Message.Part.Text("x")));
        Message message = new Message("user", parts, null);
        parts.clear();

        assertThat(message.parts()).hasSize(1);
    }

    @Test
    void new_missingParts_areRefusedByName() {
        assertThatThrownBy(() -> new Message(null, List.of(), null)).hasMessage("role == null");
        assertThatThrownBy(() -> new Message("user", null, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Message("user", Arrays.asList((Message.Part) null), null))
                .isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Message.Part.Text(null)).hasMessage("content == null");
        assertThatThrownBy(() -> new Message.Part.ToolCall("1", null, null)).hasMessage("name == null");
        assertThatThrownBy(() -> new Message.Part.ToolCallResponse("1", null)).hasMessage("response == null");
    }

    @Test
    void toString_showsKindsOnly() {
        Message message = new Message(
                "assistant",
                List.of(
                        new Message.Part.Text("secret"),
                        new Message.Part.ToolCall("1", "search", "secret"),
                        new Message.Part.ToolCallResponse("1", "secret")),
                "stop");

        assertThat(message).hasToString("Message{role=assistant, parts=[Text, ToolCall, ToolCallResponse]}");
        assertThat(message.parts().toString()).isEqualTo("[Text, ToolCall{name=search}, ToolCallResponse]");
    }
}
