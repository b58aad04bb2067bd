// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.SpanKind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class ToolTest {
    private final Tool tool = Tool.named("get_weather");

    private Map<String, Object> attributes() {
        return AttributeRecorder.of(tool);
    }

    @Test
    void attributes_nothingMoreSaid_areNameAndType() {
        assertThat(attributes())
                .containsExactly(
                        entry("gen_ai.operation.name", "execute_tool"),
                        entry("gen_ai.tool.name", "get_weather"),
                        entry("gen_ai.tool.type", "function"));
        assertThat(tool.spanName()).isEqualTo("execute_tool get_weather");
        assertThat(tool.kind()).isEqualTo(SpanKind.INTERNAL);
    }

    @Test
    void attributes_everythingSaid_haveTheConventionsNames() {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("city", "Paris");
        arguments.put("days", 3);
        tool.type("datastore")
                .description("Weather by city")
                .callId("call_1")
                .captureContent(true)
                .arguments(() -> arguments)
                .result(() -> List.of(21.5, "sunny"));

        assertThat(attributes())
                .containsExactly(
                        entry("gen_ai.operation.name", "execute_tool"),
                        entry("gen_ai.tool.name", "get_weather"),
                        entry("gen_ai.tool.type", "datastore"),
                        entry("gen_ai.tool.description", "Weather by city"),
                        entry("gen_ai.tool.call.id", "call_1"),
                        entry("gen_ai.tool.call.arguments", "{\"city\":\"Paris\",\"days\":3}"),
                        entry("gen_ai.tool.call.result", "[21.5,\"sunny\"]"));
    }

    @Test
    void content_text_staysAsItIs() {
        tool.captureContent(true).arguments(() -> "{\"city\": \"Paris\"}").result(() -> "not JSON: \"");

        assertThat(attributes())
                .containsEntry("gen_ai.tool.call.arguments", "{\"city\": \"Paris\"}")
                .containsEntry("gen_ai.tool.call.result", "not JSON: \"");
    }

    @Test
    void content_off_neverAsksAndKeepsNothing() {
        AtomicInteger asked = new AtomicInteger();

        tool.arguments(asked::incrementAndGet).result(asked::incrementAndGet);

        assertThat(asked).hasValue(0);
        assertThat(attributes()).hasSize(3);
    }

    @Test
    void content_null_isLeftOut() {
        tool.captureContent(true).arguments(() -> null).result(() -> null);

        assertThat(attributes()).hasSize(3);
    }

    @Test
    void content_thatJacksonCannotWrite_isItsClassAndNotItsText() {
        tool.captureContent(true).result(Unwritable::new);

        assertThat(attributes())
                .containsEntry(
                        "gen_ai.tool.call.result",
                        "\"[" + Unwritable.class.getName() + " cannot be written as JSON]\"");
    }

    @Test
    void estimatedBytes_countsTexts() {
        int without = tool.estimatedBytes();

        tool.captureContent(true).arguments(() -> "x".repeat(10_000)).result(() -> "y".repeat(100_000));

        assertThat(tool.estimatedBytes() - without).isBetween(220_000, 222_000);
    }

    @Test
    void named_null_isRefusedByName() {
        assertThatThrownBy(() -> Tool.named(null)).hasMessage("name == null");
    }

    @Test
    void toString_isItsName() {
        assertThat(tool).hasToString("Tool{execute_tool get_weather}");
    }

    /** A getter that throws, as those of a lazily loaded entity do. */
    public static final class Unwritable {
        public String getSecret() {
            throw new IllegalStateException("secret");
        }

        @Override
        public String toString() {
            return "secret";
        }
    }
}
