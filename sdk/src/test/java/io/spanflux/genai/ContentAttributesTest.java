// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanLimits;
import io.spanflux.trace.Tracer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

class ContentAttributesTest {
    private static AttributeRecorder render(ContentAttributes content, SpanLimits.Builder limits) {
        AttributeRecorder recorder = new AttributeRecorder(limits.build());
        content.handTo(recorder);
        return recorder;
    }

    private static ContentAttributes content(int input, int output) {
        return new ContentAttributes()
                .parts("system", List.of(new Message.Part.Text("Be brief.")))
                .messages("input", List.of(Message.user("i".repeat(input))))
                .messages("output", List.of(Message.assistant("o".repeat(output))));
    }

    private static int length(AttributeRecorder recorder) {
        return recorder.recorded().values().stream()
                .mapToInt(value -> ((String) value).length())
                .sum();
    }

    @Test
    void budget_sufficient_cutsNothing() {
        AttributeRecorder recorder = render(content(100_000, 100_000), SpanLimits.builder());

        assertThat(length(recorder)).isGreaterThan(200_000);
        assertThat(recorder.truncated()).isZero();
        assertThat(recorder.recorded().keySet()).containsExactly("system", "input", "output");
    }

    @Test
    void budget_longPromptShortAnswer_cutsThePromptAlone() {
        AttributeRecorder recorder =
                render(content(1_000_000, 300), SpanLimits.builder().contentLength(2_000));

        assertThat((String) recorder.recorded().get("output")).contains("o".repeat(300));
        assertThat(length(recorder)).isBetween(1_990, 2_000);
        assertThat(recorder.truncated()).isEqualTo(1);
    }

    @Test
    void budget_severalTooLong_cutsThemToTheSameLength() {
        AttributeRecorder recorder =
                render(content(50_000, 90_000), SpanLimits.builder().contentLength(2_000));

        assertThat((String) recorder.recorded().get("input"))
                .hasSameSizeAs((String) recorder.recorded().get("output"));
        assertThat(length(recorder)).isBetween(1_990, 2_000);
        assertThat(recorder.truncated()).isEqualTo(2);
    }

    @Test
    void valueLength_holdsForEachAttribute() {
        AttributeRecorder recorder =
                render(content(5_000, 100), SpanLimits.builder().attributeValueLength(1_000));

        assertThat((String) recorder.recorded().get("input")).hasSize(1_000);
        MessageRules.messages((String) recorder.recorded().get("input"));
    }

    @Test
    void budget_zero_leavesOutAllAndCounts() {
        AttributeRecorder recorder = render(content(1, 1), SpanLimits.builder().contentLength(0));

        assertThat(recorder.recorded()).isEmpty();
        assertThat(recorder.truncated()).isEqualTo(3);
    }

    @Test
    void budget_any_isNeverExceededAndAllIsValid() {
        Random random = new Random(9);
        for (int i = 0; i < 2_000; i++) {
            int budget = random.nextInt(700);
            AttributeRecorder recorder = render(
                    content(random.nextInt(900), random.nextInt(900)),
                    SpanLimits.builder().contentLength(budget).attributeValueLength(random.nextInt(500)));

            assertThat(length(recorder)).isLessThanOrEqualTo(budget);
            recorder.recorded().forEach((key, json) -> {
                if (key.equals("system")) {
                    MessageRules.parts((String) json);
                } else {
                    MessageRules.messages((String) json);
                }
            });
        }
    }

    @Test
    void onASpan_limitsAreTheTracers_andCutsAreCountedThere() {
        Generation generation = Generation.chat("openai", "m")
                .captureContent(true)
                .input(() -> List.of(Message.user("\uD83D\uDE00".repeat(1_000)), Message.user("y".repeat(1_000))));
        Span span = Tracer.builder()
                .limits(SpanLimits.builder().attributeValueLength(300).build())
                .build()
                .span(generation)
                .start();
        span.end();

        String json = (String) span.attributes().asMap().get("gen_ai.input.messages");
        assertThat(json.codePointCount(0, json.length())).isBetween(290, 300);
        assertThat(MessageRules.messages(json).size()).isEqualTo(2);
        assertThat(span.attributes().asMap()).contains(entry("spanflux.truncated_values", 2L));
    }

    @Test
    void tool_argumentsAndResult_shareTheBudget() {
        Tool tool = Tool.named("f")
                .captureContent(true)
                .arguments(() -> "{\"q\":\"" + "a".repeat(5_000) + "\"}")
                .result(() -> List.of("b".repeat(5_000)));
        AttributeRecorder recorder =
                new AttributeRecorder(SpanLimits.builder().contentLength(1_000).build());
        tool.forEachAttribute(recorder);

        String arguments = (String) recorder.recorded().get("gen_ai.tool.call.arguments");
        String result = (String) recorder.recorded().get("gen_ai.tool.call.result");
        assertThat(arguments.length() + result.length()).isLessThanOrEqualTo(1_000);
        assertThat(MessageRules.JSON.readTree(arguments).get("q").asString()).hasSizeGreaterThan(200);
        assertThat(MessageRules.JSON.readTree(result).get(0).asString()).hasSizeGreaterThan(200);
        assertThat(recorder.truncated()).isEqualTo(2);
    }
}
