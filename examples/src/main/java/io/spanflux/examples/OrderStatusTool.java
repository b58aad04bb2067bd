// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.examples.ChatMessage.ToolCall;
import io.spanflux.examples.ChatRequest.ToolDefinition;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the agent can do besides talking: look up an order, in a shop that takes a moment to answer.
 *
 * <p>Threads: any; answers arrive on {@code Schedulers.parallel()}.
 */
final class OrderStatusTool {
    static final String NAME = "get_order_status";

    static final ToolDefinition DEFINITION = new ToolDefinition(
            "function",
            new ToolDefinition.Function(
                    NAME,
                    "Looks up where an order is",
                    Map.of(
                            "type",
                            "object",
                            "properties",
                            Map.of("order_id", Map.of("type", "string")),
                            "required",
                            List.of("order_id"))));

    private static final Duration LATENCY = Duration.ofMillis(45);
    private static final JsonMapper JSON = new JsonMapper();

    /** The result for the model, also where it asked wrongly: it can mend its call, an error signal could not. */
    Mono<String> call(ToolCall.Function call) {
        return Mono.delay(LATENCY)
                .map(tick -> NAME.equals(call.name()) ? status(call.arguments()) : error("no such tool"));
    }

    private static String error(String what) {
        return JSON.createObjectNode().put("error", what).toString();
    }

    private static String status(String arguments) {
        String order;
        try {
            order = JSON.readTree(arguments).path("order_id").asString("");
        } catch (JacksonException e) {
            order = "";
        }
        if (order.isEmpty()) {
            return error("order_id is missing");
        }
        boolean shipped = order.hashCode() % 2 != 0;
        return JSON.createObjectNode()
                .put("order_id", order)
                .put("status", shipped ? "shipped" : "being packed")
                .toString();
    }
}
