// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Looks at bytes with a client that is not ours. */
@Timeout(30)
class LoopbackLlmServerTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String TOOLS =
            ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_order_status\",\"parameters\":{}}}]";

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final LoopbackLlmServer server = LoopbackLlmServer.start();

    @AfterEach
    void close() {
        server.close();
    }

    private HttpResponse<String> post(String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.baseUrl() + "/chat/completions"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return http.send(request.build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private HttpResponse<String> postWithKey(String body) {
        return post(body, "Authorization", "Bearer test");
    }

    private static String request(String question, String more) {
        return "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"" + question + "\"}]" + more
                + "}";
    }

    @Test
    void completion_hasTheFieldsOfTheProtocol() {
        HttpResponse<String> response = postWithKey(request("Hello", ""));

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        JsonNode body = JSON.readTree(response.body());
        assertThat(body.path("id").asString()).startsWith("chatcmpl-");
        assertThat(body.path("object").asString()).isEqualTo("chat.completion");
        assertThat(body.path("created").isIntegralNumber()).isTrue();
        assertThat(body.path("model").asString()).isEqualTo("gpt-4o-mini-2024-07-18");
        assertThat(body.path("choices")).isEqualTo(JSON.readTree("""
                [{"index":0,"message":{"role":"assistant","content":"How can I help you?"},"finish_reason":"stop"}]
                """));
        assertThat(body.path("usage")).isEqualTo(JSON.readTree("""
                {"prompt_tokens":1,"completion_tokens":5,"total_tokens":6,
                 "prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}
                """));
    }

    @Test
    void completion_withTools_asksForOne() {
        JsonNode choice = JSON.readTree(
                        postWithKey(request("Order 4711?", TOOLS)).body())
                .path("choices")
                .path(0);

        assertThat(choice.path("finish_reason").asString()).isEqualTo("tool_calls");
        assertThat(choice.path("message").path("content").isNull()).isTrue();
        JsonNode call = choice.path("message").path("tool_calls").path(0);
        assertThat(call.path("id").asString()).startsWith("call_");
        assertThat(call.path("type").asString()).isEqualTo("function");
        assertThat(call.path("function").path("name").asString()).isEqualTo("get_order_status");
        assertThat(call.path("function").path("arguments").asString()).isEqualTo("{\"order_id\": \"4711\"}");
    }

    @Test
    void stream_isServerSentEventsByteForByte() {
        HttpResponse<String> response =
                postWithKey(request("Hello", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).hasValue("text/event-stream; charset=utf-8");
        assertThat(response.headers().firstValue("transfer-encoding")).hasValue("chunked");
        String id = JSON.readTree(events(response.body()).get(0)).path("id").asString();
        String created =
                JSON.readTree(events(response.body()).get(0)).path("created").toString();
        String head = "data: {\"id\":\"" + id + "\",\"object\":\"chat.completion.chunk\",\"created\":" + created
                + ",\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[";
        assertThat(response.body())
                .isEqualTo(head + choice("{\"role\":\"assistant\",\"content\":\"\"}", "null")
                        + head + choice("{\"content\":\"How\"}", "null")
                        + head + choice("{\"content\":\" can\"}", "null")
                        + head + choice("{\"content\":\" I\"}", "null")
                        + head + choice("{\"content\":\" help\"}", "null")
                        + head + choice("{\"content\":\" you?\"}", "null")
                        + head + choice("{}", "\"stop\"")
                        + head + "],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":5,\"total_tokens\":6,"
                        + "\"prompt_tokens_details\":{\"cached_tokens\":0},"
                        + "\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n\n"
                        + "data: [DONE]\n\n");
    }

    private static String choice(String delta, String finishReason) {
        return "{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":" + finishReason + "}],\"usage\":null}\n\n";
    }

    /** The data of the events, in a reading of our own. */
    private static List<String> events(String body) {
        assertThat(body).endsWith("\n\n");
        List<String> events = new ArrayList<>();
        for (String event : body.split("\n\n")) {
            assertThat(event).startsWith("data: ").doesNotContain("\n");
            events.add(event.substring(6));
        }
        return events;
    }

    @Test
    void stream_withoutIncludeUsage_saysNothingOfTokens() {
        String body = postWithKey(request("Hello", ",\"stream\":true")).body();

        assertThat(body).doesNotContain("usage").endsWith("data: [DONE]\n\n");
    }

    @Test
    void stream_withTools_sendsTheCallInPieces() {
        List<String> events = events(
                postWithKey(request("Order 4711?", TOOLS + ",\"stream\":true")).body());

        List<String> deltas = new ArrayList<>();
        for (String event : events.subList(0, events.size() - 1)) {
            deltas.add(JSON.readTree(event)
                    .path("choices")
                    .path(0)
                    .path("delta")
                    .toString()
                    .replaceAll("call_[0-9a-f]+", "call_1"));
        }
        assertThat(deltas)
                .containsExactly(
                        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
                                + "\"type\":\"function\",\"function\":{\"name\":\"get_order_status\",\"arguments\":\"\"}}]}",
                        "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"order_id\\\":\"}}]}",
                        "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\" \\\"4711\\\"}\"}}]}",
                        "{}");
        assertThat(events.get(events.size() - 2)).contains("\"finish_reason\":\"tool_calls\"");
    }

    @Test
    void refuseNext_is429WithRetryAfterAndThenOver() {
        server.refuseNext(1);

        HttpResponse<String> refused = postWithKey(request("Hello", ""));

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("retry-after")).hasValue("1");
        assertThat(refused.headers().firstValue("retry-after-ms")).hasValue("200");
        assertThat(JSON.readTree(refused.body()).path("error").path("code").asString())
                .isEqualTo("rate_limit_exceeded");
        assertThat(postWithKey(request("Hello", "")).statusCode()).isEqualTo(200);
    }

    @Test
    void noKey_is401() {
        for (String[] headers : new String[][] {{}, {"Authorization", "Bearer "}, {"Authorization", "Basic eDp5"}}) {
            HttpResponse<String> response = post(request("Hello", ""), headers);

            assertThat(response.statusCode()).isEqualTo(401);
            assertThat(JSON.readTree(response.body()).path("error").path("type").asString())
                    .isEqualTo("invalid_request_error");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{", "[]", "{}", "{\"model\":\"m\"}", "{\"messages\":[]}", "{\"model\":1,\"messages\":[]}"})
    void malformedBody_is400(String body) {
        HttpResponse<String> response = postWithKey(body);

        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode error = JSON.readTree(response.body()).path("error");
        assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
        assertThat(error.path("message").asString()).isNotEmpty();
        assertThat(error.has("param")).isTrue();
        assertThat(error.has("code")).isTrue();
    }

    @Test
    void otherPaths_are404() throws Exception {
        HttpRequest get =
                HttpRequest.newBuilder(URI.create(server.baseUrl() + "/models")).build();

        assertThat(http.send(get, BodyHandlers.discarding()).statusCode()).isEqualTo(404);
    }

    @Test
    void toolResultThatIsNotJson_isAnsweredAllTheSame() {
        String body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Order 4711?\"},"
                + "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"no such order\"}]}";

        assertThat(postWithKey(body).body()).contains("One of your orders cannot be found.");
    }

    @Test
    void start_isReachableOnLoopbackOnly() throws Exception {
        int port = URI.create(server.baseUrl()).getPort();
        List<InetAddress> others = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                .toList();

        for (InetAddress address : others) {
            try (Socket socket = new Socket()) {
                assertThatThrownBy(() -> socket.connect(new InetSocketAddress(address, port), 1_000))
                        .isInstanceOf(IOException.class);
            }
        }
        assertThat(URI.create(server.baseUrl()).getHost()).isEqualTo("127.0.0.1");
    }

    @Test
    void malformedHttp_doesNotEndTheServer() throws Exception {
        int port = URI.create(server.baseUrl()).getPort();
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write("nonsense\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 400");
        }

        assertThat(postWithKey(request("Hello", "")).statusCode()).isEqualTo(200);
    }
}
