// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.SpanKind;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class AgentTest {
    private final Agent agent = Agent.named("support");

    @Test
    void attributes_nothingMoreSaid_areTheName() {
        assertThat(AttributeRecorder.of(agent))
                .containsExactly(entry("gen_ai.operation.name", "invoke_agent"), entry("gen_ai.agent.name", "support"));
        assertThat(agent.spanName()).isEqualTo("invoke_agent support");
        assertThat(agent.kind()).isEqualTo(SpanKind.INTERNAL);
    }

    @Test
    void attributes_everythingSaid_haveTheConventionsNames() {
        agent.description("Answers tickets")
                .model("gpt-4o")
                .conversation("conv_1")
                .usage(Usage.of(10, 20));

        assertThat(AttributeRecorder.of(agent))
                .containsExactly(
                        entry("gen_ai.operation.name", "invoke_agent"),
                        entry("gen_ai.agent.name", "support"),
                        entry("gen_ai.agent.description", "Answers tickets"),
                        entry("gen_ai.request.model", "gpt-4o"),
                        entry("gen_ai.conversation.id", "conv_1"),
                        entry("gen_ai.usage.input_tokens", 10L),
                        entry("gen_ai.usage.output_tokens", 20L));
    }

    @Test
    void named_null_isRefusedByName() {
        assertThatThrownBy(() -> Agent.named(null)).hasMessage("name == null");
    }

    @Test
    void toString_isItsName() {
        assertThat(agent).hasToString("Agent{invoke_agent support}");
    }
}
