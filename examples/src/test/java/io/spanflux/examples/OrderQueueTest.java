// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.Spanflux;
import io.spanflux.examples.OrderQueue.Message;
import io.spanflux.propagation.Propagator;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Scope;
import io.spanflux.wire.tracentic.TracenticExporter;
import io.spanflux.wire.tracentic.TracenticScope;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(60)
class OrderQueueTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final LoopbackServer server = LoopbackServer.start();
    private final Spanflux spanflux = Spanflux.builder()
            .exporter(TracenticExporter.builder()
                    .apiKey("tr-key")
                    .endpoint(server.url(""))
                    .build())
            .propagator(Propagator.all(List.of(Propagator.traceContext(), TracenticScope.propagator())))
            .build();
    private final ReactiveTracer trace = ReactiveTracer.of(spanflux);
    private final OrderQueue queue = new OrderQueue(spanflux.propagator());

    @AfterEach
    void close() {
        spanflux.awaitClose(PATIENCE);
        server.close();
    }

    private Mono<String> shipped(String order) {
        return Mono.just(order).transform(trace.chat("openai", "gpt-4o-mini"));
    }

    @Test
    void handled_goesOnInTheProducersTraceAndBelowItsScope() {
        Message message = queue.message("order-42")
                .transform(trace.custom("produce"))
                .contextWrite(Scope.named("order-processor"))
                .block(PATIENCE);
        assertThat(message.properties()).containsOnlyKeys("traceparent", TracenticScope.HEADER);

        assertThat(queue.handled(message, this::shipped).block(PATIENCE)).isEqualTo("order-42");

        assertThat(spanflux.awaitFlush(PATIENCE).isComplete()).isTrue();
        String sent = server.requests().get(0).text();
        assertThat(sent)
                .contains("{\"key\":\"tracentic.scope.name\",\"value\":{\"stringValue\":\"fulfillment\"}}")
                .contains("{\"key\":\"tracentic.scope.parent_id\",\"value\":{\"stringValue\":\""
                        + message.properties().get(TracenticScope.HEADER) + "\"}}");
        assertThat(sent.split("\"parentSpanId\"", -1)).as("spans with a parent").hasSize(2);
    }

    @Test
    void byHand_theScopeIsTheParentOfTheOtherSides() {
        Message message = OrderQueue.messageByHand("order-42")
                .contextWrite(Scope.named("order-processor"))
                .block(PATIENCE);

        Scope linked = OrderQueue.scopeByHand(message);

        assertThat(linked.parent().id())
                .isEqualTo(message.properties().get(TracenticScope.HEADER))
                .matches("[0-9a-f]{32}");
    }

    @Test
    void byHand_aMessageThatSaysNothing_hasAScopeWithoutParent() {
        Message silent = OrderQueue.messageByHand("order-42").block(PATIENCE);
        assertThat(silent.properties()).isEmpty();
        assertThat(OrderQueue.scopeByHand(new Message("order-42", Map.of())).parent())
                .isNull();
    }
}
