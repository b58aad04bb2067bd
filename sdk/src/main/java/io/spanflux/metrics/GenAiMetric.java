// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.genai.GenAiAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The histograms that OpenTelemetry's GenAI conventions define for clients (state of {@link GenAiAttributes#SCHEMA_URL}),
 * with their buckets and attributes. Values are counted as whole numbers: nanoseconds where the unit is seconds, so that
 * sums are exact and a difference of two readings is too.
 */
@SuppressWarnings("ImmutableEnumChecker") // The lists are unmodifiable, and nobody writes to the array.
public enum GenAiMetric {
    /** How long a call of a model took, until its last chunk. */
    OPERATION_DURATION(
            "gen_ai.client.operation.duration",
            "s",
            "GenAI operation duration.",
            Buckets.CALL,
            Keys.of(Keys.ANSWERED_CALL, ERROR_TYPE)),

    /** How many tokens a call used, once for its input and once for its output. */
    TOKEN_USAGE(
            "gen_ai.client.token.usage",
            "{token}",
            "Number of input and output tokens used.",
            Buckets.TOKENS,
            Keys.of(Keys.ANSWERED_CALL, TOKEN_TYPE)),

    /** How long a stream took to its first chunk. */
    TIME_TO_FIRST_CHUNK(
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            "Time from the request to the first chunk of the response stream.",
            Buckets.CALL,
            Keys.CALL),

    /** The time between two chunks of a stream. */
    TIME_PER_OUTPUT_CHUNK(
            "gen_ai.client.operation.time_per_output_chunk",
            "s",
            "Time from one chunk of the response stream to the next.",
            Buckets.CALL,
            Keys.CALL),

    /** How long a workflow ran. */
    WORKFLOW_DURATION(
            "gen_ai.workflow.duration",
            "s",
            "GenAI workflow duration.",
            Buckets.WORKFLOW,
            List.of(WORKFLOW_NAME, ERROR_TYPE)),

    /** How long the invocation of an agent took. */
    INVOKE_AGENT_DURATION(
            "gen_ai.invoke_agent.duration",
            "s",
            "GenAI agent invocation duration.",
            Buckets.AGENT,
            List.of(AGENT_NAME, REQUEST_MODEL, ERROR_TYPE)),

    /** How many calls of models the invocation of an agent made. */
    INVOKE_AGENT_INFERENCE_CALLS(
            "gen_ai.invoke_agent.inference_calls",
            "{inference_call}",
            "Number of inference calls made during an agent invocation.",
            Buckets.CALLS,
            List.of(AGENT_NAME)),

    /** How many tools the invocation of an agent executed. */
    INVOKE_AGENT_TOOL_CALLS(
            "gen_ai.invoke_agent.tool_calls",
            "{tool_call}",
            "Number of tool calls made during an agent invocation.",
            Buckets.CALLS,
            List.of(AGENT_NAME)),

    /** How long the execution of a tool took. */
    EXECUTE_TOOL_DURATION(
            "gen_ai.execute_tool.duration",
            "s",
            "GenAI tool execution duration.",
            Buckets.CALL,
            List.of(TOOL_NAME, TOOL_TYPE, AGENT_NAME, ERROR_TYPE)),

    /** How long a message of the Model Context Protocol took, for who sent it. */
    MCP_CLIENT_DURATION(
            "mcp.client.operation.duration",
            "s",
            "Duration of an MCP request or notification as observed by the sender.",
            Buckets.MCP,
            Keys.of(Keys.MCP, SERVER_ADDRESS, SERVER_PORT, ERROR_TYPE)),

    /** How long a message of the Model Context Protocol took, for who answered it. */
    MCP_SERVER_DURATION(
            "mcp.server.operation.duration",
            "s",
            "Duration of an MCP request or notification as observed by the receiver.",
            Buckets.MCP,
            Keys.of(Keys.MCP, ERROR_TYPE));

    /** What tells calls apart in all metrics about them. */
    static final List<String> CALL_KEYS = Keys.CALL;

    /** What tells calls apart in metrics that are recorded when the answer is whole. */
    static final List<String> ANSWERED_CALL_KEYS = Keys.ANSWERED_CALL;

    private static final double NANOS_PER_SECOND = 1e9;

    private final String metricName;
    private final String unit;
    private final String description;
    private final List<Double> bounds;
    private final List<String> attributeKeys;
    private final long[] wholeBounds;

    GenAiMetric(String metricName, String unit, String description, List<Double> bounds, List<String> attributeKeys) {
        this.metricName = metricName;
        this.unit = unit;
        this.description = description;
        this.bounds = bounds;
        this.attributeKeys = attributeKeys;
        double scale = unit.equals("s") ? 1e9 : 1;
        this.wholeBounds =
                bounds.stream().mapToLong(bound -> Math.round(bound * scale)).toArray();
    }

    /** The name, for example {@code gen_ai.client.operation.duration}. */
    public String metricName() {
        return metricName;
    }

    /** The unit in UCUM: {@code s}, or what is counted, in braces. */
    public String unit() {
        return unit;
    }

    /** What is measured. */
    public String description() {
        return description;
    }

    /** The upper bounds of all buckets but the last, in the unit of this metric; a value equal to one is below it. */
    public List<Double> bounds() {
        return bounds;
    }

    /** The attributes that a point may have, in order; those that are not known are left out. */
    public List<String> attributeKeys() {
        return attributeKeys;
    }

    /** Whether values are times, recorded in nanoseconds and exported in seconds. */
    public boolean isTime() {
        return unit.equals("s");
    }

    /** The bucket of a recorded value. */
    int bucketOf(long value) {
        int at = Arrays.binarySearch(wholeBounds, value);
        return at >= 0 ? at : -at - 1;
    }

    /** A sum of recorded values in the unit of this metric. */
    double inUnit(long sum) {
        return isTime() ? sum / NANOS_PER_SECOND : sum;
    }

    /** Not static fields of the enum, which its constants could not use. */
    private static final class Buckets {
        static final List<Double> CALL =
                List.of(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);
        static final List<Double> TOKENS = List.of(
                1.0,
                4.0,
                16.0,
                64.0,
                256.0,
                1024.0,
                4096.0,
                16384.0,
                65536.0,
                262144.0,
                1048576.0,
                4194304.0,
                16777216.0,
                67108864.0);
        static final List<Double> WORKFLOW =
                List.of(1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0);
        static final List<Double> AGENT =
                List.of(0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6);
        static final List<Double> MCP =
                List.of(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0);
        static final List<Double> CALLS = List.of(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0);
    }

    private static final class Keys {
        static final List<String> CALL =
                List.of(OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT);

        static final List<String> ANSWERED_CALL =
                of(CALL, OPENAI_RESPONSE_SERVICE_TIER, OPENAI_RESPONSE_SYSTEM_FINGERPRINT);
        static final List<String> MCP = List.of(
                MCP_METHOD_NAME,
                OPERATION_NAME,
                TOOL_NAME,
                PROMPT_NAME,
                RPC_RESPONSE_STATUS_CODE,
                MCP_PROTOCOL_VERSION,
                NETWORK_TRANSPORT,
                NETWORK_PROTOCOL_NAME,
                NETWORK_PROTOCOL_VERSION,
                JSONRPC_PROTOCOL_VERSION);

        static List<String> of(List<String> keys, String... more) {
            return Stream.concat(keys.stream(), Stream.of(more)).toList();
        }
    }
}
