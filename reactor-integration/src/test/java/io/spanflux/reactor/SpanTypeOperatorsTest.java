// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.genai.GenAiData;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.MemoryOperation;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.SpanData;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/** Each span type has an operator, with and without a callback. */
class SpanTypeOperatorsTest {
    /** Takes the place of a callback of any type. */
    private static final AtomicReference<SpanData> SEEN = new AtomicReference<>();

    private static final BiConsumer<SpanData, String> ON_NEXT = (data, value) -> SEEN.set(data);

    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final ReactiveTracer trace = ReactiveTracer.of(Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .tracer(tracer -> tracer.handler(spans))
            .build());

    private interface Factory {
        TraceOperator<String> of(ReactiveTracer trace);
    }

    private static Arguments row(String name, Factory plain, Factory withCallback) {
        return arguments(name, plain, withCallback);
    }

    static Stream<Arguments> operators() {
        return Stream.of(
                row("chat m", t -> t.chat("openai", "m"), t -> t.chat("openai", "m", ON_NEXT)),
                row("embeddings m", t -> t.embeddings("openai", "m"), t -> t.embeddings("openai", "m", ON_NEXT)),
                row("retrieval docs", t -> t.retrieval("docs"), t -> t.retrieval("docs", ON_NEXT)),
                row(
                        "fetch_response",
                        t -> t.fetchResponse("openai", "r"),
                        t -> t.fetchResponse("openai", "r", ON_NEXT)),
                row(
                        "search_memory",
                        t -> t.memory(MemoryOperation::search),
                        t -> t.memory(MemoryOperation::search, ON_NEXT)),
                row("create_agent a", t -> t.createAgent("openai", "a"), t -> t.createAgent("openai", "a", ON_NEXT)),
                row("invoke_agent a", t -> t.agent("a"), t -> t.agent("a", ON_NEXT)),
                row("invoke_agent b", t -> t.remoteAgent("openai", "b"), t -> t.remoteAgent("openai", "b", ON_NEXT)),
                row("execute_tool t", t -> t.tool("t"), t -> t.tool("t", ON_NEXT)),
                row("invoke_workflow w", t -> t.workflow("w"), t -> t.workflow("w", ON_NEXT)),
                row("plan a", t -> t.plan("a"), t -> t.plan("a", ON_NEXT)),
                row(
                        "tools/call t",
                        t -> t.mcp(() -> McpCall.client("tools/call").tool("t")),
                        t -> t.mcp(() -> McpCall.client("tools/call").tool("t"), ON_NEXT)),
                row("guardrail pii", t -> t.guardrail("pii"), t -> t.guardrail("pii", ON_NEXT)),
                row("handoff a to b", t -> t.handoff("a", "b"), t -> t.handoff("a", "b", ON_NEXT)),
                row("speech s", t -> t.speech("s"), t -> t.speech("s", ON_NEXT)),
                row("speech_group s", t -> t.speechGroup("s"), t -> t.speechGroup("s", ON_NEXT)),
                row("transcription s", t -> t.transcription("s"), t -> t.transcription("s", ON_NEXT)),
                row("custom c", t -> t.custom("c"), t -> t.custom("c", ON_NEXT)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("operators")
    void operator_makesASpanOfItsType(String name, Factory plain, Factory withCallback) {
        SEEN.set(null);

        Mono.just("value").transform(plain.of(trace)).block();
        assertThat(SEEN).hasValue(null);
        Mono.just("value").transform(withCallback.of(trace)).block();

        assertThat(spans.spans()).hasSize(2).allSatisfy(span -> {
            assertThat(span.name()).isEqualTo(name);
            assertThat(span.data()).isInstanceOf(GenAiData.class);
        });
        assertThat(SEEN).hasValue(spans.spans().get(1).data());
    }

    @Test
    void operators_coverAllSpanTypes() {
        Set<Class<?>> covered = new HashSet<>();
        for (Arguments row : operators().toList()) {
            Mono.just("value").transform(((Factory) row.get()[1]).of(trace)).block();
        }
        spans.spans().forEach(span -> covered.add(span.data().getClass()));

        assertThat(covered)
                .containsExactlyInAnyOrderElementsOf(
                        List.copyOf(Arrays.asList(GenAiData.class.getPermittedSubclasses())));
    }
}
