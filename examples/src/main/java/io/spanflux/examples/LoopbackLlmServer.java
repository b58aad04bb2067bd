// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.spanflux.examples.LoopbackHttp.UnreadableBodyException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * OpenAI's chat completions on 127.0.0.1, answered by {@link ScriptedModel}: as a whole or as server-sent events, with the
 * errors 400, 401 and 429 in the form that OpenAI gives them.
 *
 * <p>Threads: any may call it; see {@link LoopbackHttp}. A stream's chunks are timed on {@code Schedulers.parallel()}.
 */
final class LoopbackLlmServer implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String VERSION = "-2024-07-18";
    private static final Duration THINKING = Duration.ofMillis(70);
    private static final int RETRY_AFTER_MILLIS = 200;

    private final AtomicInteger refusals = new AtomicInteger();
    private final AtomicLong ids = new AtomicLong();
    private final LoopbackHttp http;

    private LoopbackLlmServer() {
        this.http = LoopbackHttp.start("loopback-llm", routes -> routes.post("/v1/chat/completions", this::serve));
    }

    /** A server on a free port. */
    static LoopbackLlmServer start() {
        return new LoopbackLlmServer();
    }

    /** The base URL as OpenAI's SDKs take it. */
    String baseUrl() {
        return http.url() + "/v1";
    }

    /** Answers the next {@code count} well-formed requests with 429. */
    void refuseNext(int count) {
        refusals.set(count);
    }

    @Override
    public void close() {
        http.close();
    }

    private Publisher<Void> serve(HttpServerRequest request, HttpServerResponse response) {
        response.header("x-request-id", "req_" + id());
        String authorization = request.requestHeaders().get(HttpHeaderNames.AUTHORIZATION, "");
        if (!authorization.startsWith("Bearer ") || authorization.substring(7).isBlank()) {
            return refuse(response, 401, "invalid_request_error", null, "No API key was given.");
        }
        return LoopbackHttp.body(request)
                .flatMap(body -> Mono.from(complete(body, response)))
                .onErrorResume(
                        UnreadableBodyException.class,
                        e -> Mono.from(
                                refuse(response, e.status(), "invalid_request_error", null, "Unreadable request.")));
    }

    private Publisher<Void> complete(byte[] body, HttpServerResponse response) {
        JsonNode request;
        try {
            request = JSON.readTree(body);
        } catch (JacksonException e) {
            return refuse(response, 400, "invalid_request_error", null, "The body is not JSON.");
        }
        if (!request.path("model").isString() || !request.path("messages").isArray()) {
            return refuse(response, 400, "invalid_request_error", null, "A model and messages are required.");
        }
        if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            // Both, as OpenAI sends them: whole seconds for everybody, milliseconds for those who know.
            response.header(HttpHeaderNames.RETRY_AFTER, "1").header("retry-after-ms", "" + RETRY_AFTER_MILLIS);
            return refuse(response, 429, "requests", "rate_limit_exceeded", "Rate limit reached.");
        }
        AnswerJson answer = new AnswerJson(
                "chatcmpl-" + id(),
                "call_" + id(),
                Instant.now().getEpochSecond(),
                request.path("model").asString() + VERSION,
                ScriptedModel.answer(request));
        if (request.path("stream").asBoolean(false)) {
            boolean includeUsage =
                    request.path("stream_options").path("include_usage").asBoolean(false);
            return stream(answer.events(includeUsage), response);
        }
        return Mono.delay(THINKING).then(Mono.from(LoopbackHttp.answer(response, 200, answer.completion())));
    }

    private static Publisher<Void> refuse(
            HttpServerResponse response, int status, String type, @Nullable String code, String message) {
        ObjectNode body = JSON.createObjectNode();
        body.putObject("error")
                .put("message", message)
                .put("type", type)
                .putNull("param")
                .put("code", code);
        return LoopbackHttp.answer(response, status, body);
    }

    /** Counted, not drawn: UUID's source of randomness is a file, and reading it blocks. */
    private String id() {
        return String.format(Locale.ROOT, "%08x", ids.incrementAndGet());
    }

    private static Publisher<Void> stream(List<String> events, HttpServerResponse response) {
        Flux<ByteBuf> bytes = Flux.range(0, events.size())
                .concatMap(i -> Mono.delay(gapBefore(i, events.size())).thenReturn(events.get(i)), 1)
                .map(event -> response.alloc()
                        .buffer()
                        .writeBytes(("data: " + event + "\n\n").getBytes(StandardCharsets.UTF_8)));
        return response.header(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8")
                .header(HttpHeaderNames.CACHE_CONTROL, "no-cache")
                .send(bytes, event -> true);
    }

    /** Irregular, as real gaps are, and the same each time: 15 to 40 ms between tokens, nothing before the last event. */
    private static Duration gapBefore(int event, int events) {
        if (event == 0) {
            return THINKING;
        }
        return event == events - 1 ? Duration.ZERO : Duration.ofMillis(15 + event * 11 % 26);
    }
}
