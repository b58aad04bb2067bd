// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.spanflux.examples.LoopbackHttp.UnreadableBodyException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An OTLP/HTTP receiver on 127.0.0.1 that keeps what it gets: {@code POST /v1/traces} in JSON, plain or gzip, of known
 * length or in chunks.
 *
 * <p>Bound: {@value #MAX_SPANS} spans; it rejects more, and says so as a partial success.
 *
 * <p>Threads: any may call it; see {@link LoopbackHttp}.
 */
final class LoopbackCollector implements AutoCloseable {
    private static final int MAX_SPANS = 10_000;
    private static final int INVALID_ARGUMENT = 3;
    private static final JsonMapper JSON = new JsonMapper();

    /** Replaced as a whole by the one thread of the server. */
    private volatile List<ReceivedSpan> spans = List.of();

    private final LoopbackHttp http;

    private LoopbackCollector() {
        this.http = LoopbackHttp.start("loopback-collector", routes -> routes.post("/v1/traces", this::receive));
    }

    /** A collector on a free port. */
    static LoopbackCollector start() {
        return new LoopbackCollector();
    }

    /** What {@code OTEL_EXPORTER_OTLP_ENDPOINT} would be. */
    String endpoint() {
        return http.url();
    }

    /** What has arrived. */
    List<ReceivedSpan> spans() {
        return spans;
    }

    @Override
    public void close() {
        http.close();
    }

    private Publisher<Void> receive(HttpServerRequest request, HttpServerResponse response) {
        String type = request.requestHeaders().get(HttpHeaderNames.CONTENT_TYPE, "");
        if (!type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            return refuse(response, 415, "only application/json is read");
        }
        return LoopbackHttp.body(request)
                .flatMap(body -> Mono.from(receive(body, response)))
                .onErrorResume(
                        UnreadableBodyException.class,
                        e -> Mono.from(refuse(response, e.status(), "" + e.getMessage())));
    }

    private Publisher<Void> receive(byte[] body, HttpServerResponse response) {
        List<ReceivedSpan> received;
        try {
            received = ReceivedSpan.read(JSON.readTree(body));
        } catch (JacksonException e) {
            return refuse(response, 400, "body is not JSON");
        } catch (IllegalArgumentException e) {
            return refuse(response, 400, "" + e.getMessage());
        }
        return LoopbackHttp.answer(response, 200, keep(received));
    }

    private JsonNode keep(List<ReceivedSpan> received) {
        List<ReceivedSpan> all = new ArrayList<>(spans);
        int kept = Math.min(received.size(), MAX_SPANS - all.size());
        all.addAll(received.subList(0, kept));
        spans = List.copyOf(all);
        ObjectNode answer = JSON.createObjectNode();
        ObjectNode partial = answer.putObject("partialSuccess");
        if (kept < received.size()) {
            partial.put("rejectedSpans", "" + (received.size() - kept)).put("errorMessage", "the collector is full");
        }
        return answer;
    }

    /** The body of an error is a google.rpc.Status. */
    private static Publisher<Void> refuse(HttpServerResponse response, int status, String message) {
        return LoopbackHttp.answer(
                response,
                status,
                JSON.createObjectNode().put("code", INVALID_ARGUMENT).put("message", message));
    }
}
