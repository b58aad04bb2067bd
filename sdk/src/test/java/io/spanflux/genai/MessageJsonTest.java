// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** What the published schemas ask, for every kind of part, at any limit. */
class MessageJsonTest {
    private static final Part.Generic SEARCH = new Part.Generic("web_search", Map.of("query", "weather in Paris"));

    /** One of each, with and without what is optional. */
    private static List<Part> samples() {
        return List.of(
                new Part.Text("Hello"),
                new Part.Text("Hel", true),
                new Part.Json(Map.of("answer", 42)),
                new Part.Reasoning("Hm."),
                new Part.ToolCall("call_1", "get_weather", Map.of("city", "Paris")),
                new Part.ToolCall(null, "ping", null),
                new Part.ToolCallResponse("call_1", List.of("rainy", 14.5)),
                new Part.ToolCallResponse(null, "rainy"),
                new Part.ServerToolCall("srv_1", "search", SEARCH),
                new Part.ServerToolCall(null, "search", SEARCH),
                new Part.ServerToolCallResponse("srv_1", SEARCH),
                new Part.ServerToolCallResponse(null, new Part.Generic("nothing", Map.of())),
                Part.Blob.of("image", "image/png", new byte[] {1, 2, 3}),
                Part.Blob.of("audio", null, new byte[0]),
                Part.Blob.of("video", "video/mp4", new byte[Part.Blob.MAX_INLINE + 1]),
                new Part.File("document", "application/pdf", "file_1"),
                new Part.File("document", null, "file_1"),
                new Part.Uri("image", "image/png", "https://example.com/a.png"),
                new Part.Uri("image", null, "https://example.com/a.png"),
                new Part.Compaction("cmp_1", "A summary"),
                new Part.Compaction(null, null),
                new Part.Generic("refusal", Map.of("reason", "policy")));
    }

    private static JsonNode rendered(Part part) {
        return MessageRules.parts(
                        MessageJson.parts(List.of(part), Integer.MAX_VALUE).text())
                .get(0);
    }

    @Test
    void part_everyKind_keepsTheRulesOfItsType() {
        Set<Class<?>> kinds = new HashSet<>();
        Set<String> types = new HashSet<>();
        for (Part part : samples()) {
            kinds.add(part.getClass());
            types.add(rendered(part).get("type").asString());
        }

        assertThat(kinds).as("a part without a sample").containsExactlyInAnyOrder(Part.class.getPermittedSubclasses());
        assertThat(types).as("a type of the conventions without a sample").containsAll(MessageRules.types());
    }

    @Test
    void part_everyKind_isWhatTheConventionsSay() {
        List<String> expected = List.of(
                "{'type':'text','content':'Hello'}",
                "{'type':'text','content':'Hel','truncated':true}",
                "{'type':'text','content':'{\\\"answer\\\":42}'}",
                "{'type':'reasoning','content':'Hm.'}",
                "{'type':'tool_call','id':'call_1','name':'get_weather','arguments':{'city':'Paris'}}",
                "{'type':'tool_call','name':'ping'}",
                "{'type':'tool_call_response','id':'call_1','response':['rainy',14.5]}",
                "{'type':'tool_call_response','response':'rainy'}",
                "{'type':'server_tool_call','id':'srv_1','name':'search','server_tool_call':{'type':'web_search','query':'weather in Paris'}}",
                "{'type':'server_tool_call','name':'search','server_tool_call':{'type':'web_search','query':'weather in Paris'}}",
                "{'type':'server_tool_call_response','id':'srv_1','server_tool_call_response':{'type':'web_search','query':'weather in Paris'}}",
                "{'type':'server_tool_call_response','server_tool_call_response':{'type':'nothing'}}",
                "{'type':'blob','modality':'image','mime_type':'image/png','bytes':3,'content':'AQID'}",
                "{'type':'blob','modality':'audio','bytes':0,'content':''}",
                "{'type':'blob','modality':'video','mime_type':'video/mp4','bytes':16385,'content':'','truncated':true}",
                "{'type':'file','modality':'document','mime_type':'application/pdf','file_id':'file_1'}",
                "{'type':'file','modality':'document','file_id':'file_1'}",
                "{'type':'uri','modality':'image','mime_type':'image/png','uri':'https://example.com/a.png'}",
                "{'type':'uri','modality':'image','uri':'https://example.com/a.png'}",
                "{'type':'compaction','id':'cmp_1','content':'A summary'}",
                "{'type':'compaction'}",
                "{'type':'refusal','reason':'policy'}");

        assertThat(MessageJson.parts(samples(), Integer.MAX_VALUE).text())
                .isEqualTo(("[" + String.join(",", expected) + "]").replace('\'', '"'));
    }

    @Test
    void message_withNameAndReason_isWhatTheConventionsSay() {
        Message message = new Message("assistant", List.of(new Part.Text("x")), "critic", "stop");

        assertThat(MessageJson.messages(List.of(message), Integer.MAX_VALUE).text())
                .isEqualTo("[{\"role\":\"assistant\",\"name\":\"critic\","
                        + "\"parts\":[{\"type\":\"text\",\"content\":\"x\"}],\"finish_reason\":\"stop\"}]");
    }

    @Test
    void tools_anyLimit_keepTheRules() {
        Random random = new Random(5);
        List<ToolDefinition> tools = List.of(
                ToolDefinition.function("ping"),
                ToolDefinition.function("search", "Finds " + "x".repeat(300), "{\"type\":\"object\"}"),
                new ToolDefinition("custom", "no_schema", null, "no JSON"),
                ToolDefinition.function("deep", null, Map.of("properties", Map.of("a", "y".repeat(500)))));
        for (int i = 0; i < 1_000; i++) {
            int limit = random.nextInt(1_100);
            ContentJson.Rendered rendered = MessageJson.tools(tools, limit);
            assertFits(rendered, limit);
            if (rendered.text() != null) {
                MessageRules.tools(rendered.text());
            }
        }
        JsonNode whole = MessageRules.tools(MessageJson.tools(tools, 10_000).text());
        assertThat(whole.get(1).get("parameters").get("type").asString()).isEqualTo("object");
        assertThat(whole.get(2).has("parameters")).isFalse();
    }

    // ---- at any limit --------------------------------------------------------------------------------------------

    private static void assertFits(ContentJson.Rendered rendered, int limit) {
        String text = rendered.text();
        if (limit < 2) {
            assertThat(text).isNull();
            assertThat(rendered.cuts()).isEqualTo(1);
            return;
        }
        assertThat(text).isNotNull();
        assertThat(rendered.length())
                .isEqualTo(text.codePointCount(0, text.length()))
                .isLessThanOrEqualTo(limit);
        assertThat(JsonText.clean(text)).isSameAs(text);
    }

    private static Object randomValue(Random random, int depth) {
        return switch (random.nextInt(depth > 3 ? 5 : 10)) {
            case 0 -> JsonTextTest.random(random, 200);
            case 1 -> random.nextDouble();
            case 2 -> Double.NaN;
            case 3 -> random.nextBoolean();
            case 4 -> new ToolTest.Unwritable();
            case 5 -> "{\"a\": [1, 2.50, \"" + "z".repeat(random.nextInt(100)) + "\"]}";
            case 6 -> new byte[random.nextInt(200)];
            case 7 -> {
                Map<String, Object> cycle = new HashMap<>();
                cycle.put(JsonTextTest.random(random, 9), cycle);
                yield cycle;
            }
            case 8 -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    map.put(JsonTextTest.random(random, 9), randomValue(random, depth + 1));
                }
                map.put("null", null);
                yield map;
            }
            default -> Arrays.asList(randomValue(random, depth + 1), null, randomValue(random, depth + 1));
        };
    }

    private static Part randomPart(Random random) {
        String text = JsonTextTest.random(random, random.nextInt(20) == 0 ? 3_000 : 60);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("value", randomValue(random, 0));
        fields.put(JsonTextTest.random(random, 5) + "x", text);
        return switch (random.nextInt(12)) {
            case 0, 1 -> new Part.Text(text, random.nextBoolean());
            case 2 -> new Part.Json(randomValue(random, 0));
            case 3 -> new Part.Reasoning(text);
            case 4 -> new Part.ToolCall(text, text, randomValue(random, 0));
            case 5 -> new Part.ToolCallResponse(text, randomValue(random, 0));
            case 6 -> new Part.ServerToolCall(null, "search", new Part.Generic(text, fields));
            case 7 -> new Part.ServerToolCallResponse(text, new Part.Generic("result", fields));
            case 8 -> Part.Blob.of("image", text, new byte[random.nextInt(500)]);
            case 9 -> new Part.Uri("image", null, text);
            case 10 -> new Part.Compaction(text, text);
            default -> new Part.Generic("generic", fields);
        };
    }

    private static Message randomMessage(Random random) {
        List<Part> parts = new ArrayList<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            parts.add(randomPart(random));
        }
        String[] roles = {"system", "user", "assistant", "tool", "\"\n"};
        return new Message(roles[random.nextInt(roles.length)], parts, random.nextBoolean() ? "stop" : null);
    }

    private static List<String> typesOf(JsonNode message) {
        List<String> types = new ArrayList<>();
        message.get("parts").forEach(part -> types.add(part.get("type").asString()));
        return types;
    }

    @Test
    void messages_anyContentAtAnyLimit_areValidFitAndKeepRolesAndTypes() {
        for (int seed = 0; seed < 3_000; seed++) {
            Random random = new Random(seed);
            List<Message> messages = new ArrayList<>();
            for (int i = random.nextInt(5); i > 0; i--) {
                messages.add(randomMessage(random));
            }
            ContentJson.Rendered all = MessageJson.messages(messages, Integer.MAX_VALUE);
            JsonNode whole = MessageRules.messages(all.text());
            assertThat(whole.size()).isEqualTo(messages.size());
            int limit = random.nextInt(all.length() + 10);

            ContentJson.Rendered rendered = MessageJson.messages(messages, limit);

            assertFits(rendered, limit);
            if (limit < 2) {
                continue;
            }
            JsonNode kept = MessageRules.messages(rendered.text());
            if (all.text().contains("cannot be written")) {
                // Within a limit what has no end may be cut before it is found out.
                assertThat(rendered.length()).isLessThanOrEqualTo(limit);
            } else if (limit >= all.length()) {
                assertThat(rendered.text()).as("seed %s", seed).isEqualTo(all.text());
            } else {
                assertThat(rendered.cuts()).as("seed %s", seed).isPositive();
            }
            int leftOut = whole.size() - kept.size();
            for (int i = 0; i < kept.size(); i++) {
                assertThat(kept.get(i).get("role"))
                        .isEqualTo(whole.get(leftOut + i).get("role"));
                List<String> types = typesOf(whole.get(leftOut + i));
                if (i == kept.size() - 1) {
                    // Of the newest the last parts go where it does not fit alone.
                    int parts = kept.get(i).get("parts").size();
                    assertThat(typesOf(kept.get(i))).isEqualTo(types.subList(0, parts));
                } else {
                    assertThat(typesOf(kept.get(i))).as("seed %s", seed).isEqualTo(types);
                }
            }
        }
    }

    @Test
    void messages_someTooLong_longestAreCutToTheSameLengthAndMarked() {
        List<Message> messages =
                List.of(Message.system("Be brief."), Message.user("a".repeat(10_000)), Message.user("b".repeat(5_000)));

        ContentJson.Rendered rendered = MessageJson.messages(messages, 1_000);

        JsonNode kept = MessageRules.messages(rendered.text());
        assertThat(kept.get(0).get("parts").get(0).get("content").asString()).isEqualTo("Be brief.");
        String first = kept.get(1).get("parts").get(0).get("content").asString();
        String second = kept.get(2).get("parts").get(0).get("content").asString();
        assertThat(first).hasSameSizeAs(second).hasSizeGreaterThan(350);
        assertThat(kept.get(0).get("parts").get(0).has("truncated")).isFalse();
        assertThat(kept.get(2).get("parts").get(0).get("truncated").asBoolean()).isTrue();
        assertThat(rendered.length()).as("nothing is wasted").isBetween(995, 1_000);
        assertThat(rendered.cuts()).isEqualTo(2);
    }

    @Test
    void messages_noRoomForTheShells_leavesOutTheOldest() {
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            messages.add(Message.user("message " + i));
        }

        ContentJson.Rendered rendered = MessageJson.messages(messages, 10_000);

        JsonNode kept = MessageRules.messages(rendered.text());
        assertThat(kept.size()).isGreaterThan(100);
        assertThat(kept.get(kept.size() - 1).get("parts").get(0).get("content").asString())
                .isEqualTo("message 9999");
        assertThat(rendered.cuts()).isEqualTo(10_000 - kept.size());
    }

    @Test
    void messages_oneOfTooManyParts_keepsRoleAndTheFirstParts() {
        Message message = new Message("user", Collections.nCopies(10_000, new Part.Text("x")), null);

        ContentJson.Rendered rendered = MessageJson.messages(List.of(message), 5_000);

        JsonNode kept = MessageRules.messages(rendered.text());
        assertThat(kept.get(0).get("role").asString()).isEqualTo("user");
        assertThat(kept.get(0).get("parts").size()).isGreaterThan(50);
        assertThat(rendered.cuts()).isPositive();
    }

    @Test
    void messages_longTextInsideArguments_isCutThereAndTheArgumentsStayAnObject() {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("city", "Paris");
        arguments.put("document", "x".repeat(100_000));
        Message message = Message.of("assistant", new Part.ToolCall("1", "store", arguments));

        JsonNode part = MessageRules.messages(
                        MessageJson.messages(List.of(message), 1_000).text())
                .get(0)
                .get("parts")
                .get(0);

        assertThat(part.get("arguments").get("city").asString()).isEqualTo("Paris");
        assertThat(part.get("arguments").get("document").asString()).hasSizeGreaterThan(300);
        assertThat(part.get("truncated").asBoolean()).isTrue();
    }

    @Test
    void messages_blobThatDoesNotFit_isLeftOutWhole() {
        byte[] bytes = new byte[3_000];
        Message message = Message.of("user", Part.Blob.of("image", "image/png", bytes), new Part.Text("x".repeat(500)));

        JsonNode parts = MessageRules.messages(
                        MessageJson.messages(List.of(message), 1_000).text())
                .get(0)
                .get("parts");

        assertThat(parts.get(0).get("content").asString()).isEmpty();
        assertThat(parts.get(0).get("bytes").asInt()).isEqualTo(3_000);
        assertThat(parts.get(0).get("truncated").asBoolean()).isTrue();
    }

    @Test
    void messages_twentyMegabytesEach_areCutToTheLimit() {
        String huge = "x".repeat(20 << 20);
        List<Message> messages = List.of(
                Message.user(huge),
                Message.of("assistant", new Part.ToolCall("1", "f", Map.of("text", huge))),
                Message.toolResponse("1", huge));

        ContentJson.Rendered rendered = MessageJson.messages(messages, 256 * 1024);

        assertThat(MessageRules.messages(rendered.text()).size()).isEqualTo(3);
        assertThat(rendered.length()).isBetween(200 * 1024, 256 * 1024);
    }

    // ---- the parts themselves ------------------------------------------------------------------------------------

    @Test
    void toString_everyPart_showsNoContent() {
        for (Part part : List.of(
                new Part.Text("secret"),
                new Part.Json("secret"),
                new Part.Reasoning("secret"),
                new Part.ToolCall("secret", "f", "secret"),
                new Part.ToolCallResponse("secret", "secret"),
                new Part.ServerToolCall("secret", "f", new Part.Generic("t", Map.of("secret", "secret"))),
                new Part.ServerToolCallResponse("secret", new Part.Generic("t", Map.of("secret", "secret"))),
                Part.Blob.of("image", "image/png", "secret".getBytes()),
                new Part.File("image", null, "secret"),
                new Part.Uri("image", null, "secret"),
                new Part.Compaction("secret", "secret"),
                new Part.Generic("t", Map.of("secret", "secret")))) {
            assertThat(part.toString())
                    .doesNotContain("secret")
                    .startsWith(part.getClass().getSimpleName());
            assertThat(Message.of("user", part).toString()).doesNotContain("secret");
        }
        assertThat(new ToolDefinition("function", "f", "secret", "secret"))
                .hasToString("ToolDefinition{type=function, name=f}");
    }

    @Test
    void mapParts_changesOrKeepsTheMessage() {
        Message message = new Message("user", List.of(new Part.Text("a"), new Part.Reasoning("b")), "n", "stop");

        assertThat(message.mapParts(part -> part)).isSameAs(message);
        assertThat(message.mapParts(part -> part instanceof Part.Text ? new Part.Text("***") : part))
                .isEqualTo(new Message("user", List.of(new Part.Text("***"), new Part.Reasoning("b")), "n", "stop"));
    }

    @Test
    void blob_ofBase64_isItsBytes_andRefusesOthersWithoutShowingThem() {
        String base64 = Base64.getEncoder().encodeToString(new byte[] {1, 2, 3});

        assertThat(Part.Blob.ofBase64("image", null, base64))
                .isEqualTo(Part.Blob.of("image", null, new byte[] {1, 2, 3}));
        assertThat(Part.Blob.ofBase64("image", null, base64).content().isReadOnly())
                .isTrue();
        assertThatThrownBy(() -> Part.Blob.ofBase64("image", null, "secret!"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("base64 is not valid")
                .hasNoCause();
    }

    @Test
    void generic_fieldsChangedLater_areNotFollowed() {
        Map<String, Object> fields = new HashMap<>();
        fields.put("a", null);
        Part.Generic generic = new Part.Generic("t", fields);
        fields.clear();

        assertThat(generic.fields()).containsKey("a");
    }
}
