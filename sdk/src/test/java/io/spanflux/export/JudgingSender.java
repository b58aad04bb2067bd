// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.transport.Payload;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads each body as a collector would and answers by the names of its spans. */
final class JudgingSender implements PayloadSender {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    final List<List<String>> requests = new ArrayList<>();
    private final Function<List<String>, Mono<Response>> judge;
    int hurries;
    int closes;

    private JudgingSender(Function<List<String>, Mono<Response>> judge) {
        this.judge = judge;
    }

    static JudgingSender of(Function<List<String>, Mono<Response>> judge) {
        return new JudgingSender(judge);
    }

    /** Answers {@code status} to every body with one of these spans. */
    static JudgingSender refusing(int status, String... poison) {
        List<String> poisonous = List.of(poison);
        return new JudgingSender(names ->
                Mono.just(names.stream().anyMatch(poisonous::contains) ? answer(status, "no") : answer(200, "{}")));
    }

    static Response answer(int status, String body) {
        return new Response(status, null, body.getBytes(StandardCharsets.UTF_8));
    }

    static JudgingSender always(int status, String body) {
        return new JudgingSender(names -> Mono.just(answer(status, body)));
    }

    @Override
    public Mono<Response> send(Payload payload) {
        return Mono.defer(() -> {
            List<String> names = new ArrayList<>();
            for (JsonNode span : JSON.readTree(write(payload)).at("/resourceSpans/0/scopeSpans/0/spans")) {
                names.add(span.get("name").asString());
            }
            requests.add(names);
            return judge.apply(names);
        });
    }

    private static byte[] write(Payload payload) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Payload.Writing writing = payload.begin(out);
            while (writing.writeNext()) {
                // Until it is complete.
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public String target() {
        return "http://judge.test/v1/traces";
    }

    @Override
    public void retryNow() {
        hurries++;
    }

    @Override
    public Mono<Void> close() {
        return Mono.fromRunnable(() -> closes++);
    }

    @Override
    public String toString() {
        return "JudgingSender";
    }
}
