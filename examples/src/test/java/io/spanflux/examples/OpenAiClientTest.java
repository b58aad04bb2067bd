// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.test.LoopbackServer.Request;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.StepVerifier;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(30)
class OpenAiClientTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String SSE = "Content-Type: text/event-stream; charset=utf-8";
    private static final ChatRequest REQUEST = ChatRequest.of("gpt-4o-mini", List.of(ChatMessage.user("Hello")), null);

    private final LoopbackServer server = LoopbackServer.start();

    @AfterEach
    void close() {
        server.close();
    }

    private void answers(String body, String contentType) {
        server.otherwise(Behaviour.status(200, body, contentType));
    }

    @Test
    void complete_sendsWhatTheProtocolKnowsAndNoNulls() {
        answers("{}", "Content-Type: application/json");
        List<ChatMessage> messages = List.of(
                ChatMessage.system("Be brief"),
                new ChatMessage(
                        "assistant",
                        null,
                        List.of(new ChatMessage.ToolCall(
                                "call_1", "function", new ChatMessage.ToolCall.Function("f", "{}"))),
                        null),
                ChatMessage.toolResult("call_1", "42"));

        new OpenAiClient(server.url("/v1"), "key-1")
                .complete(ChatRequest.of("gpt-4o-mini", messages, List.of(OrderStatusTool.DEFINITION)))
                .block();

        Request request = server.requests().get(0);
        assertThat(request.method() + ' ' + request.path()).isEqualTo("POST /v1/chat/completions");
        assertThat(request.header("authorization")).isEqualTo("Bearer key-1");
        assertThat(request.header("content-type")).isEqualTo("application/json");
        assertThat(JSON.readTree(request.body())).isEqualTo(JSON.readTree("""
                {"model":"gpt-4o-mini",
                 "messages":[
                   {"role":"system","content":"Be brief"},
                   {"role":"assistant","tool_calls":[
                     {"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},
                   {"role":"tool","content":"42","tool_call_id":"call_1"}],
                 "tools":[{"type":"function","function":{
                   "name":"get_order_status","description":"Looks up where an order is",
                   "parameters":{"type":"object","properties":{"order_id":{"type":"string"}},
                                 "required":["order_id"]}}}]}
                """));
    }

    @ParameterizedTest
    @CsvSource({
        "/v1, /v1/chat/completions",
        "/v1/, /v1/chat/completions",
        "'', /chat/completions",
        "/, /chat/completions",
        "/api/v3/openai//, /api/v3/openai/chat/completions",
        "/deployments/a%2Fb/?api-version=1%2B2, /deployments/a%2Fb/chat/completions?api-version=1%2B2"
    })
    void baseUrl_isWhatOpenAisSdksTake(String base, String expected) {
        answers("{}", "Content-Type: application/json");

        new OpenAiClient(server.url(base), null).complete(REQUEST).block();

        assertThat(server.requests().get(0).path()).isEqualTo(expected);
        assertThat(server.requests().get(0).header("authorization")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:8080/v1", "ftp://host/v1", "/v1", "http://", "http://me:s3cret@ho st/v1"})
    void baseUrl_thatIsNoHttpUrl_isRefusedByNameAndNotQuoted(String baseUrl) {
        assertThatThrownBy(() -> new OpenAiClient(baseUrl, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("baseUrl ")
                .hasMessageNotContaining("s3cret")
                .hasNoCause();
    }

    @Test
    void toString_hidesTheKey() {
        OpenAiClient client = new OpenAiClient("https://example.test/v1", "s3cret");

        assertThat(client).hasToString("OpenAiClient{example.test:443/v1/chat/completions}");
    }

    @Test
    void complete_emptyAnswers_areReadAsNothing() {
        OpenAiClient client = new OpenAiClient(server.url("/v1"), null);
        for (String body :
                List.of("{}", "{\"choices\":null,\"usage\":null}", "{\"choices\":[]}", "{\"choices\":[{}]}")) {
            answers(body, "Content-Type: application/json");

            ChatCompletion completion = client.complete(REQUEST).block();

            assertThat(completion.message()).isEqualTo(new ChatMessage("assistant", null, null, null));
            assertThat(completion.finishReason()).isNull();
        }
    }

    @Test
    void stream_skipsCommentsUnknownFieldsAndDone() {
        String events = ": keep-alive\n\n"
                + "data:{\"choices\":[{\"delta\":{\"content\":\"a\",\"refusal\":null},\"logprobs\":null}],\"x\":[1]}\r\n\r\n"
                + "event: message\nid: 7\ndata: {\"choices\":[{\"delta\":{\"content\":\"\u00e9\u4e16\"}}]}\n\n"
                + "data: {\"choices\":[]}\n\n"
                + "data: [DONE]\n\n";
        answers(events, SSE);

        StepVerifier.create(new OpenAiClient(server.url("/v1"), null)
                        .stream(REQUEST).mapNotNull(ChatChunk::text))
                .expectNext("a", "\u00e9\u4e16")
                .verifyComplete();
    }

    @Test
    void stream_readToItsEnd_leavesTheConnectionToOthers() {
        answers("data: {\"choices\":[]}\n\ndata: [DONE]\n\n", SSE);
        OpenAiClient client = new OpenAiClient(server.url("/v1"), null);

        for (int i = 0; i < 20; i++) {
            client.stream(REQUEST).blockLast();
        }

        // A call may come before the connection of the last one is back, so that a second one is opened now and then.
        assertThat(server.requests()).hasSize(20);
        assertThat(server.connectionCount()).isLessThan(20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "[]", "7", "{\"choices\":{}}", "{\"choices\":[{\"delta\":\"x\"}]}", "{"})
    void stream_eventThatIsNoChunk_isAnError(String event) {
        answers("data: " + event + "\n\ndata: [DONE]\n\n", SSE);

        StepVerifier.create(new OpenAiClient(server.url("/v1"), null).stream(REQUEST))
                .verifyErrorMessage("An event of the stream is not a chunk of a chat completion");
    }
}
