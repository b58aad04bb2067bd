// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.config.Environment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(90)
class ChatApplicationTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void question_overHttp_isAnsweredAsAStream_andSeenAsATrace() {
        try (ChatApplication.Running running = ChatApplication.start(
                Environment.of(Map.of()),
                "--server.port=0",
                "--spring.main.register-shutdown-hook=false",
                "--spring.reactor.netty.shutdown-quiet-period=0s")) {
            WebClient browser = WebClient.create("http://localhost:" + running.port());
            assertThat(browser.get()
                            .uri("/")
                            .retrieve()
                            .bodyToMono(String.class)
                            .block(SOON))
                    .contains("Support chat");

            String answer = browser.get()
                    .uri("/chat?user=ada&conversation=c-1&question={question}", "Where is my order 4711?")
                    .retrieve()
                    .bodyToFlux(new ParameterizedTypeReference<ServerSentEvent<Map<String, String>>>() {})
                    .map(event -> Objects.requireNonNull(event.data()).get("text"))
                    .reduce("", String::concat)
                    .block(SOON);
            assertThat(answer).contains("Order 4711 is ");

            LoopbackCollector collector = Objects.requireNonNull(running.collector());
            Flux.interval(Duration.ofMillis(20))
                    .onBackpressureDrop()
                    .takeUntil(tick -> collector.spans().size() >= 5)
                    .blockLast(SOON);
            List<ReceivedSpan> spans = collector.spans();
            assertThat(spans)
                    .extracting(ReceivedSpan::name)
                    .containsExactlyInAnyOrder(
                            "GET /chat",
                            "invoke_agent support",
                            "chat gpt-4o-mini",
                            "execute_tool get_order_status",
                            "chat gpt-4o-mini");
            Map<String, ReceivedSpan> byId =
                    spans.stream().collect(Collectors.toMap(ReceivedSpan::spanId, Function.identity()));
            assertThat(spans).allSatisfy(span -> {
                assertThat(span.text("user.id")).isEqualTo("ada");
                assertThat(span.text("gen_ai.conversation.id")).isEqualTo("c-1");
                ReceivedSpan parent = byId.get(span.parentSpanId());
                assertThat(parent == null ? "" : parent.name())
                        .isEqualTo(
                                switch (span.name()) {
                                    case "GET /chat" -> "";
                                    case "invoke_agent support" -> "GET /chat";
                                    default -> "invoke_agent support";
                                });
            });
            assertThat(browser.get()
                            .uri("/traces")
                            .retrieve()
                            .bodyToMono(String.class)
                            .block(SOON))
                    .contains("GET /chat", "`- invoke_agent support");
        }
    }
}
