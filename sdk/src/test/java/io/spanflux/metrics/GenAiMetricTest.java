// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** The tables of the conventions, word for word. */
class GenAiMetricTest {
    private static final String CALL_BOUNDS =
            "[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]";
    private static final String MCP_BOUNDS =
            "[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0]";
    private static final List<String> CALL_KEYS = List.of(
            "gen_ai.operation.name",
            "gen_ai.provider.name",
            "gen_ai.request.model",
            "gen_ai.response.model",
            "server.address",
            "server.port");

    @ParameterizedTest
    @CsvSource({
        "OPERATION_DURATION, gen_ai.client.operation.duration, s",
        "TOKEN_USAGE, gen_ai.client.token.usage, {token}",
        "TIME_TO_FIRST_CHUNK, gen_ai.client.operation.time_to_first_chunk, s",
        "TIME_PER_OUTPUT_CHUNK, gen_ai.client.operation.time_per_output_chunk, s",
        "WORKFLOW_DURATION, gen_ai.workflow.duration, s",
        "INVOKE_AGENT_DURATION, gen_ai.invoke_agent.duration, s",
        "INVOKE_AGENT_INFERENCE_CALLS, gen_ai.invoke_agent.inference_calls, {inference_call}",
        "INVOKE_AGENT_TOOL_CALLS, gen_ai.invoke_agent.tool_calls, {tool_call}",
        "EXECUTE_TOOL_DURATION, gen_ai.execute_tool.duration, s",
        "MCP_CLIENT_DURATION, mcp.client.operation.duration, s",
        "MCP_SERVER_DURATION, mcp.server.operation.duration, s"
    })
    void metricNameAndUnit_areTheConventions(GenAiMetric metric, String name, String unit) {
        assertThat(metric.metricName()).isEqualTo(name);
        assertThat(metric.unit()).isEqualTo(unit);
        assertThat(metric.isTime()).isEqualTo(unit.equals("s"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "OPERATION_DURATION | " + CALL_BOUNDS,
                "TIME_TO_FIRST_CHUNK | " + CALL_BOUNDS,
                "TIME_PER_OUTPUT_CHUNK | " + CALL_BOUNDS,
                "EXECUTE_TOOL_DURATION | " + CALL_BOUNDS,
                "TOKEN_USAGE | [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0,"
                        + " 4194304.0, 1.6777216E7, 6.7108864E7]",
                "WORKFLOW_DURATION" + " | [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0]",
                "INVOKE_AGENT_DURATION"
                        + " | [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6]",
                "MCP_CLIENT_DURATION | " + MCP_BOUNDS,
                "MCP_SERVER_DURATION | " + MCP_BOUNDS,
                "INVOKE_AGENT_INFERENCE_CALLS | [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]",
                "INVOKE_AGENT_TOOL_CALLS | [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]"
            })
    void bounds_areTheConventions(GenAiMetric metric, String bounds) {
        assertThat(metric.bounds()).hasToString(bounds);
    }

    @Test
    void attributeKeys_areTheConventions() {
        assertThat(GenAiMetric.TIME_TO_FIRST_CHUNK.attributeKeys()).isEqualTo(CALL_KEYS);
        assertThat(GenAiMetric.TIME_PER_OUTPUT_CHUNK.attributeKeys()).isEqualTo(CALL_KEYS);
        assertThat(GenAiMetric.OPERATION_DURATION.attributeKeys()).startsWith(CALL_KEYS.toArray(new String[0]));
        assertThat(GenAiMetric.OPERATION_DURATION.attributeKeys())
                .hasSize(9)
                .endsWith("openai.response.service_tier", "openai.response.system_fingerprint", "error.type");
        assertThat(GenAiMetric.TOKEN_USAGE.attributeKeys()).startsWith(CALL_KEYS.toArray(new String[0]));
        assertThat(GenAiMetric.TOKEN_USAGE.attributeKeys())
                .hasSize(9)
                .endsWith("openai.response.service_tier", "openai.response.system_fingerprint", "gen_ai.token.type");
        assertThat(GenAiMetric.WORKFLOW_DURATION.attributeKeys()).containsExactly("gen_ai.workflow.name", "error.type");
        assertThat(GenAiMetric.INVOKE_AGENT_DURATION.attributeKeys())
                .containsExactly("gen_ai.agent.name", "gen_ai.request.model", "error.type");
        assertThat(GenAiMetric.INVOKE_AGENT_INFERENCE_CALLS.attributeKeys()).containsExactly("gen_ai.agent.name");
        assertThat(GenAiMetric.INVOKE_AGENT_TOOL_CALLS.attributeKeys()).containsExactly("gen_ai.agent.name");
        assertThat(GenAiMetric.EXECUTE_TOOL_DURATION.attributeKeys())
                .containsExactly("gen_ai.tool.name", "gen_ai.tool.type", "gen_ai.agent.name", "error.type");
        assertThat(GenAiMetric.MCP_CLIENT_DURATION.attributeKeys())
                .startsWith("mcp.method.name")
                .contains("gen_ai.tool.name", "rpc.response.status_code", "server.port")
                .endsWith("error.type");
        assertThat(GenAiMetric.MCP_SERVER_DURATION.attributeKeys())
                .startsWith("mcp.method.name")
                .doesNotContain("server.address")
                .endsWith("error.type");
    }

    @ParameterizedTest
    @CsvSource({
        "OPERATION_DURATION, 0, 0",
        "OPERATION_DURATION, 10000000, 0",
        "OPERATION_DURATION, 10000001, 1",
        "OPERATION_DURATION, 81920000000, 13",
        "OPERATION_DURATION, 81920000001, 14",
        "TOKEN_USAGE, 0, 0",
        "TOKEN_USAGE, 1, 0",
        "TOKEN_USAGE, 2, 1",
        "TOKEN_USAGE, 67108864, 13",
        "TOKEN_USAGE, 67108865, 14"
    })
    void bucketOf_aValueOnABound_isBelowIt(GenAiMetric metric, long value, int bucket) {
        assertThat(metric.bucketOf(value)).isEqualTo(bucket);
    }
}
