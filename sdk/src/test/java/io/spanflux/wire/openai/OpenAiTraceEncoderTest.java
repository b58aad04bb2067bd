// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.genai.Agent;
import io.spanflux.genai.Custom;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.FetchedResponse;
import io.spanflux.genai.Generation;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.Message;
import io.spanflux.genai.Message.Part;
import io.spanflux.genai.RemoteAgent;
import io.spanflux.genai.SpeechGroup;
import io.spanflux.genai.Tool;
import io.spanflux.genai.ToolDefinition;
import io.spanflux.genai.Usage;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanBuilder;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceInfo;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** What spans become, type by type, and when a trace's item goes out. */
@Timeout(30)
class OpenAiTraceEncoderTest {
    private final Tracer tracer = Tracer.builder().build();
    private final OpenAiTraceEncoder encoder = new OpenAiTraceEncoder(false, false, () -> "sk");

    private static Span ended(SpanBuilder builder) {
        Span span = builder.start();
        span.end();
        return span;
    }

    private Span ended(SpanData data) {
        return ended(tracer.span(data));
    }

    private static String body(OpenAiTraceEncoder encoder, List<Span> spans) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            var body = encoder.begin(out);
            for (Span span : spans) {
                body.write(span);
            }
            body.end();
            return out.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private String body(Span... spans) {
        return body(encoder, List.of(spans));
    }

    /** The items of a body, strictly parsed. */
    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> items(String body) {
        Map<?, ?> root = JsonMapper.shared().readValue(body, Map.class);
        return (List<Map<String, Object>>) root.get("data");
    }

    private Map<String, Object> item(Span span) {
        return items(body(span)).get(1);
    }

    private String data(Span span) {
        return PlainJson.text(item(span).get("span_data"));
    }

    // ---- types ---------------------------------------------------------------------------------------------------

    @Test
    void aGeneration_saysMessagesOptionsAndTokens() {
        Span span = ended(Generation.chat("openai", "gpt-4.1")
                .captureContent(true)
                .temperature(0.5)
                .maxTokens(100L)
                .stopSequences(List.of("END"))
                .systemInstructions(() -> List.of(new Part.Text("be brief")))
                .input(() -> List.of(
                        Message.user("weather?"),
                        Message.of("assistant", new Part.ToolCall("c1", "lookup", Map.of("q", 1))),
                        Message.toolResponse("c1", Map.of("t", 20))))
                .output(() -> List.of(
                        Message.of("assistant", new Part.Reasoning("hm"), new Part.Text("a"), new Part.Text("b"))))
                .usage(Usage.of(10, 5).withCache(3L, null).withReasoning(2L)));
        assertThat(data(span))
                .isEqualTo("{\"type\":\"generation\",\"input\":[{\"role\":\"system\",\"content\":\"be brief\"},"
                        + "{\"role\":\"user\",\"content\":\"weather?\"},"
                        + "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\","
                        + "\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"q\\\":1}\"}}]},"
                        + "{\"role\":\"tool\",\"content\":\"{\\\"t\\\":20}\",\"tool_call_id\":\"c1\"}],"
                        + "\"output\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                        + "{\"type\":\"text\",\"text\":\"b\"}],\"reasoning_content\":\"hm\"}],"
                        + "\"model\":\"gpt-4.1\",\"model_config\":{\"temperature\":0.5,\"max_tokens\":100,\"stop\":[\"END\"]},"
                        + "\"usage\":{\"input_tokens\":10,\"output_tokens\":5,"
                        + "\"details\":{\"cached_input_tokens\":3,\"reasoning_output_tokens\":2}}}");
    }

    @Test
    void content_staysOutWhereItIsNotCaptured() {
        Span generation = ended(Generation.chat("openai", "m").input(() -> List.of(Message.user("secret"))));
        Span tool = ended(Tool.named("t").arguments(() -> "secret").result(() -> "secret"));
        assertThat(body(generation, tool)).doesNotContain("secret");
    }

    @Test
    void aGenerationThatIsAResponse_saysSo() {
        Span span = ended(
                tracer.span(Generation.chat("openai", "m").responseId("resp_1").usage(1, 2))
                        .attribute(OpenAiAttributes.TYPE, "response"));
        assertThat(data(span))
                .isEqualTo("{\"type\":\"response\",\"response_id\":\"resp_1\","
                        + "\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}");
        assertThat(data(ended(tracer.span("x").attribute(OpenAiAttributes.TYPE, "no such type"))))
                .startsWith("{\"type\":\"custom\"");
    }

    @Test
    void agents_sayTheirTools() {
        Span agent = ended(Agent.named("Triage")
                .captureContent(true)
                .toolDefinitions(() -> List.of(ToolDefinition.function("lookup"))));
        assertThat(data(agent))
                .isEqualTo("{\"type\":\"agent\",\"name\":\"Triage\",\"handoffs\":null,\"tools\":[\"lookup\"],"
                        + "\"output_type\":null}");
        assertThat(data(ended(RemoteAgent.of("openai", "Remote"))))
                .startsWith("{\"type\":\"agent\",\"name\":\"Remote\"");
    }

    @Test
    void callsOverMcp_areFunctionsListsOrCustom() {
        assertThat(data(ended(McpCall.client("tools/call")
                        .tool("read")
                        .peer("fs.local", 80)
                        .captureContent(true)
                        .arguments(() -> Map.of("p", "/"))
                        .result(() -> ""))))
                .isEqualTo(
                        "{\"type\":\"function\",\"name\":\"read\",\"input\":\"{\\\"p\\\":\\\"/\\\"}\",\"output\":\"\","
                                + "\"mcp_data\":{\"server\":\"fs.local\"}}");
        assertThat(data(ended(McpCall.client("prompts/get").prompt("p"))))
                .isEqualTo("{\"type\":\"custom\",\"name\":\"prompts/get p\",\"data\":"
                        + "{\"mcp.method.name\":\"prompts/get\",\"gen_ai.prompt.name\":\"p\"}}");
    }

    @Test
    void whatHasNoTypeHere_isCustomWithItsAttributes() {
        Scope scope = Scope.named("s").tenant("t").enteredIn(Scope.none());
        assertThat(data(ended(tracer.span("load").scope(scope).attribute("rows", 3))))
                .isEqualTo(
                        "{\"type\":\"custom\",\"name\":\"load\",\"data\":{\"rows\":3,\"spanflux.tenant.id\":\"t\"}}");
        assertThat(data(ended(Embeddings.of("openai", "text-embedding-3"))))
                .startsWith("{\"type\":\"custom\",\"name\":\"embeddings text-embedding-3\",\"data\":{")
                .contains("\"gen_ai.request.model\":\"text-embedding-3\"");
        assertThat(data(ended(Custom.named("c").attribute("k", List.of(1, 2)))))
                .isEqualTo("{\"type\":\"custom\",\"name\":\"c\",\"data\":{\"k\":[1,2]}}");
    }

    @Test
    void anError_hasItsMessageAndType() {
        Span thrown = tracer.span("s").start();
        thrown.error(new IllegalStateException("boom"));
        thrown.end();
        assertThat(PlainJson.text(item(thrown).get("error")))
                .isEqualTo("{\"message\":\"boom\",\"data\":{\"type\":\"java.lang.IllegalStateException\"}}");
        Span silent = tracer.span("s").start();
        silent.status(SpanStatus.ERROR);
        silent.end();
        assertThat(PlainJson.text(item(silent).get("error"))).isEqualTo("{\"message\":\"error\",\"data\":null}");
    }

    @Test
    void cai_hasAHyphen_andLeavesOutWhatItDoesNotKnow() {
        OpenAiTraceEncoder cai = new OpenAiTraceEncoder(false, true, () -> "sk");
        Scope scope = Scope.named("s")
                .trace(TraceInfo.named("w").metadata("agent_harness_id", "h"))
                .enteredIn(Scope.none());
        String body = body(
                cai,
                List.of(
                        ended(tracer.span(SpeechGroup.named(null)).scope(scope)),
                        ended(tracer.span(FetchedResponse.of("openai", "r")).scope(scope))));
        assertThat(body)
                .contains("\"span_data\":{\"type\":\"speech-group\",\"input\":null},\"error\":null}")
                .contains("\"span_data\":{\"type\":\"response\",\"response_id\":\"r\"},\"error\":null}");
    }

    @Test
    void theHostedService_getsWhatItTakes() {
        OpenAiTraceEncoder hosted = new OpenAiTraceEncoder(true, false, () -> "sk");
        Span span = ended(tracer.span(Tool.named("t").captureContent(true).arguments(() -> "x".repeat(200_000)))
                .attribute(OpenAiAttributes.MCP_DATA, Map.of("k", "y".repeat(150_000))));
        Span custom = ended(tracer.span("c").attribute("big", "z".repeat(200_000)));
        Span response = ended(tracer.span(FetchedResponse.of(null, "r"))
                .attribute(OpenAiAttributes.USAGE, Map.of("input_tokens", 1)));
        List<Map<String, Object>> items = items(body(hosted, List.of(span, custom, response)));
        Map<?, ?> function = (Map<?, ?>) items.get(1).get("span_data");
        assertThat(PlainJson.size(function.get("input"))).isEqualTo(100_000);
        assertThat(PlainJson.size(function.get("mcp_data"))).isGreaterThan(150_000);
        assertThat(PlainJson.size(items.get(3).get("span_data"))).isGreaterThan(200_000);
        assertThat(items.get(5).get("span_data").toString()).doesNotContain("usage");
    }

    // ---- traces --------------------------------------------------------------------------------------------------

    @Test
    void aTraceOfWhichNothingIsSaid_hasTheScopesNameAndConversation() {
        Scope scope = Scope.named("handle-ticket").conversation("c1").enteredIn(Scope.none());
        assertThat(body(ended(tracer.span("s").scope(scope))))
                .contains("\"workflow_name\":\"handle-ticket\",\"group_id\":\"c1\",\"metadata\":null}");
        assertThat(body(ended(tracer.span("s"))))
                .contains("\"workflow_name\":\"Agent workflow\",\"group_id\":null,\"metadata\":null}");
    }

    @Test
    void aTrace_isSaidOnceABody_andNotAgainOnceItArrived() {
        Scope scope = Scope.named("s").trace(TraceInfo.named("w")).enteredIn(Scope.none());
        Span first = ended(tracer.span("a").scope(scope));
        Span second = ended(tracer.span("b").scope(scope));
        assertThat(items(body(first, second)).stream().map(item -> item.get("object")))
                .containsExactly("trace", "trace.span", "trace.span");
        assertThat(items(body(second))).as("nothing arrived yet").hasSize(2);
        encoder.delivered(List.of(first));
        assertThat(items(body(second)).stream().map(item -> item.get("object"))).containsExactly("trace.span");
        assertThat(items(body(ended(tracer.span(OpenAiSpans.traceStart()).scope(scope)))))
                .as("never an empty body")
                .hasSize(1);
    }

    @Test
    void announcedTraces_areBounded() {
        AnnouncedTraces announced = new AnnouncedTraces();
        AnnouncedTraces.Announced first = new AnnouncedTraces.Announced("t", "sk-secret");
        announced.add(first);
        assertThat(announced.contains(first)).isTrue();
        assertThat(announced.contains(new AnnouncedTraces.Announced("t", null)))
                .as("another account")
                .isFalse();
        for (int i = 0; i < 2 * AnnouncedTraces.GENERATION; i++) {
            announced.add(new AnnouncedTraces.Announced("t" + i, null));
        }
        assertThat(announced.contains(first)).isFalse();
        assertThat(first.toString()).doesNotContain("sk-secret");
    }

    @Test
    void children_nameTheirParentByItsOwnId() {
        Scope scope =
                Scope.named("s").trace(TraceInfo.named("w").id("own trace")).enteredIn(Scope.none());
        Span parent = tracer.span("p").scope(scope).id("own span").start();
        Span child = ended(tracer.span("c").parent(parent));
        parent.end();
        assertThat(items(body(child, parent)).stream()
                        .map(item -> item.get("parent_id"))
                        .toList())
                .containsExactly(null, "own span", null);
        assertThat(item(child).get("trace_id")).isEqualTo("own trace");
    }

    // ---- hostile values ------------------------------------------------------------------------------------------

    @Test
    void aBadValue_isLostAlone() {
        List<Object> self = new ArrayList<>();
        self.add(self);
        Scope scope = Scope.named("\ud800")
                .trace(TraceInfo.named("w\udc00")
                        .group("\ud83d")
                        .metadata("nan", Double.NaN)
                        .metadata("k", self))
                .enteredIn(Scope.none());
        Span span = tracer.span("name\ud800").scope(scope).id("id\ud800").start();
        span.attribute("nan", Double.NaN)
                .attribute("self", self)
                .attribute("lone", "\ud800")
                .attribute(OpenAiAttributes.DATA, "[\ud800")
                .status(SpanStatus.ERROR, "\udc00");
        span.end();
        Span json = ended(tracer.span("j").attribute(OpenAiAttributes.DATA, "{\"a\":1e999,\"b\":\"\\ud800\",\"c\":1}"));
        String body = body(span, json);
        assertThat(body).doesNotContain("NaN").doesNotContain("Infinity");
        assertThat(new String(body.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                .isEqualTo(body);
        assertThat(items(body)).hasSize(4);
        assertThat(body)
                .contains("\"name\":\"name?\"")
                .contains("\"lone\":\"?\"")
                .contains("\"id\":\"id?\"")
                .contains("\"workflow_name\":\"w?\"")
                .contains("\"data\":{\"b\":\"?\",\"c\":1}");
    }

    @Test
    void aTextOf20Megabytes_isCut() {
        String large = "x".repeat(20_000_000);
        Scope scope = Scope.named("s")
                .trace(TraceInfo.named("w").metadata("large", large))
                .enteredIn(Scope.none());
        Span span = ended(tracer.span(Tool.named("t").captureContent(true).result(() -> large))
                .scope(scope)
                .attribute("large", large));
        assertThat(body(span).length()).isLessThan(8_000_000);
    }

    @Test
    void messagesThatAreNoMessages_areSentAsTheyAre() {
        Span span = ended(tracer.span(Generation.chat(null, null).captureContent(true))
                .attribute("gen_ai.input.messages", "[1,{\"parts\":[2,{\"type\":\"text\"}]},null]")
                .attribute("gen_ai.output.messages", "no JSON"));
        assertThat(data(span)).contains("\"output\":null").contains("\"input\":[1,{\"role\":null");
    }

    // ---- messages ------------------------------------------------------------------------------------------------

    @Test
    void messagesOfOpenAi_comeBackAsTheyWere() {
        for (String json : List.of(
                "[{\"role\":\"user\",\"content\":\"hi\"}]",
                "[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"hi\"}]}]",
                "[{\"role\":\"user\",\"content\":[]}]",
                "[{\"role\":\"assistant\",\"content\":null}]",
                "[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\","
                        + "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]}]",
                "[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"custom\",\"custom\":{}}]}]",
                "[{\"role\":\"tool\",\"content\":\"20\",\"tool_call_id\":\"c\"}]",
                "[{\"role\":\"assistant\",\"content\":\"a\",\"name\":\"n\",\"refusal\":null}]",
                "[{\"type\":\"function_call\",\"call_id\":\"c\",\"truncated\":true,\"arguments\":\"{}\"}]",
                "[{}]")) {
            List<Map<String, ?>> messages = new ArrayList<>();
            for (Object message : (List<?>) PlainJson.parsed(json)) {
                @SuppressWarnings("unchecked")
                Map<String, ?> map = (Map<String, ?>) message;
                messages.add(map);
            }
            Span span =
                    ended(Generation.chat(null, null).captureContent(true).input(() -> OpenAiMessages.of(messages)));
            Map<?, ?> data = (Map<?, ?>) item(span).get("span_data");
            assertThat(PlainJson.text(data.get("input"))).isEqualTo(json);
        }
    }

    @Test
    void messages_areWhatOtherFormatsKnow() {
        assertThat(OpenAiMessages.of(List.of(Map.of("role", "user", "content", "hi"))))
                .containsExactly(Message.user("hi"));
        assertThat(OpenAiMessages.of(List.of(Map.of("role", "tool", "content", "20", "tool_call_id", "c"))))
                .containsExactly(Message.toolResponse("c", "20"));
        assertThat(OpenAiMessages.of(Collections.singletonList(null))).isEmpty();
    }
}
