// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

/**
 * Attribute names of OpenTelemetry's GenAI semantic conventions, repository {@code semantic-conventions-genai}, state of
 * September 2026 (schema {@value #SCHEMA_URL}), and of Spanflux where there is no convention. All are in development
 * upstream except {@code error.*}, {@code server.*} and {@code exception.*}, which are stable.
 */
public final class GenAiAttributes {
    /** The version of the conventions these names are from. */
    public static final String SCHEMA_URL = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev";

    /** {@code chat}, {@code execute_tool}, {@code invoke_agent} and so on. */
    public static final String OPERATION_NAME = "gen_ai.operation.name";

    /** The provider's format as known to the client, for example {@code openai}. */
    public static final String PROVIDER_NAME = "gen_ai.provider.name";

    /** The model as requested. */
    public static final String REQUEST_MODEL = "gen_ai.request.model";

    /** The most tokens to generate. */
    public static final String REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens";

    /** How many choices were asked for, when not one. */
    public static final String REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count";

    /** Sampling temperature. */
    public static final String REQUEST_TEMPERATURE = "gen_ai.request.temperature";

    /** Nucleus sampling. */
    public static final String REQUEST_TOP_P = "gen_ai.request.top_p";

    /** Top-k sampling. */
    public static final String REQUEST_TOP_K = "gen_ai.request.top_k";

    /** Frequency penalty. */
    public static final String REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty";

    /** Presence penalty. */
    public static final String REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty";

    /** Sequences at which generation stops. */
    public static final String REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences";

    /** The seed of reproducible sampling. */
    public static final String REQUEST_SEED = "gen_ai.request.seed";

    /** True for a streamed response, else unset. */
    public static final String REQUEST_STREAM = "gen_ai.request.stream";

    /** The reasoning effort as sent. */
    public static final String REQUEST_REASONING_LEVEL = "gen_ai.request.reasoning.level";

    /** The response this request continues. */
    public static final String REQUEST_PREVIOUS_RESPONSE_ID = "gen_ai.request.previous_response.id";

    /** {@code text}, {@code json}, {@code image} or {@code speech}. */
    public static final String OUTPUT_TYPE = "gen_ai.output.type";

    /** The provider's id of the response. */
    public static final String RESPONSE_ID = "gen_ai.response.id";

    /** The model that answered. */
    public static final String RESPONSE_MODEL = "gen_ai.response.model";

    /** Why each choice ended, in choice order. */
    public static final String RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";

    /** Seconds from the request to the first chunk of a stream. */
    public static final String RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk";

    /** All input tokens, cached ones included. */
    public static final String USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens";

    /** All output tokens, reasoning included. */
    public static final String USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";

    /** Input tokens read from the provider's cache. */
    public static final String USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens";

    /** Input tokens written to the provider's cache. */
    public static final String USAGE_CACHE_WRITE_INPUT_TOKENS = "gen_ai.usage.cache_write.input_tokens";

    /** Output tokens spent on reasoning. */
    public static final String USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens";

    /** The conversation at the provider. */
    public static final String CONVERSATION_ID = "gen_ai.conversation.id";

    /** The provider's id of a hosted agent. */
    public static final String AGENT_ID = "gen_ai.agent.id";

    /** The agent's name. */
    public static final String AGENT_NAME = "gen_ai.agent.name";

    /** What the agent is for. */
    public static final String AGENT_DESCRIPTION = "gen_ai.agent.description";

    /** The tool's name. */
    public static final String TOOL_NAME = "gen_ai.tool.name";

    /** {@code function}, {@code extension} or {@code datastore}. */
    public static final String TOOL_TYPE = "gen_ai.tool.type";

    /** What the tool is for. */
    public static final String TOOL_DESCRIPTION = "gen_ai.tool.description";

    /** The model's id of the call. */
    public static final String TOOL_CALL_ID = "gen_ai.tool.call.id";

    /** Content: what the tool was called with. */
    public static final String TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments";

    /** Content: what the tool answered. */
    public static final String TOOL_CALL_RESULT = "gen_ai.tool.call.result";

    /** Content: the messages sent, as JSON. */
    public static final String INPUT_MESSAGES = "gen_ai.input.messages";

    /** Content: the messages received, as JSON. */
    public static final String OUTPUT_MESSAGES = "gen_ai.output.messages";

    /** The class of a failure. */
    public static final String ERROR_TYPE = "error.type";

    /** The host that serves the model. */
    public static final String SERVER_ADDRESS = "server.address";

    /** The port of that host. */
    public static final String SERVER_PORT = "server.port";

    /** Ours: how many chunks a stream delivered. */
    public static final String STREAM_CHUNKS = "spanflux.stream.chunks";

    /** Ours: the mean time between two chunks, in seconds. */
    public static final String STREAM_MEAN_GAP = "spanflux.stream.gap.mean";

    /** Ours: the longest time between two chunks, in seconds. */
    public static final String STREAM_MAX_GAP = "spanflux.stream.gap.max";

    /** Ours: true when the subscriber cancelled. */
    public static final String CANCELLED = "spanflux.cancelled";

    private GenAiAttributes() {}
}
