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

    /** In which forms embeddings were asked for. */
    public static final String REQUEST_ENCODING_FORMATS = "gen_ai.request.encoding_formats";

    /** From where on a stream that is fetched goes on. */
    public static final String REQUEST_STREAM_CURSOR = "gen_ai.request.stream_cursor";

    /** {@code text}, {@code json}, {@code image} or {@code speech}. */
    public static final String OUTPUT_TYPE = "gen_ai.output.type";

    /** The provider's id of the response. */
    public static final String RESPONSE_ID = "gen_ai.response.id";

    /** The model that answered. */
    public static final String RESPONSE_MODEL = "gen_ai.response.model";

    /** Why each choice ended, in choice order. */
    public static final String RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";

    /** {@code queued}, {@code in_progress}, {@code completed} and so on, of a response that is fetched. */
    public static final String RESPONSE_STATUS = "gen_ai.response.status";

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

    /** Input tokens that were text. */
    public static final String USAGE_TEXT_INPUT_TOKENS = "gen_ai.usage.text.input_tokens";

    /** Output tokens that were text. */
    public static final String USAGE_TEXT_OUTPUT_TOKENS = "gen_ai.usage.text.output_tokens";

    /** Input tokens that were images. */
    public static final String USAGE_IMAGE_INPUT_TOKENS = "gen_ai.usage.image.input_tokens";

    /** Output tokens that were images. */
    public static final String USAGE_IMAGE_OUTPUT_TOKENS = "gen_ai.usage.image.output_tokens";

    /** Input tokens from the cache that were text. */
    public static final String USAGE_TEXT_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.text.cache_read.input_tokens";

    /** Input tokens from the cache that were images. */
    public static final String USAGE_IMAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.image.cache_read.input_tokens";

    /** Input tokens from the cache that were audio. */
    public static final String USAGE_AUDIO_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.audio.cache_read.input_tokens";

    /** Input tokens that were audio. */
    public static final String USAGE_AUDIO_INPUT_TOKENS = "gen_ai.usage.audio.input_tokens";

    /** Output tokens that were audio. */
    public static final String USAGE_AUDIO_OUTPUT_TOKENS = "gen_ai.usage.audio.output_tokens";

    /** The API that was called, of the provider {@code openai}: {@code chat_completions} or {@code responses}. */
    public static final String OPENAI_API_TYPE = "openai.api.type";

    /** The state of the back end that answered, of the provider {@code openai}. */
    public static final String OPENAI_RESPONSE_SYSTEM_FINGERPRINT = "openai.response.system_fingerprint";

    /** The service tier that was asked for, of the provider {@code openai}, where it is not {@code auto}. */
    public static final String OPENAI_REQUEST_SERVICE_TIER = "openai.request.service_tier";

    /** The service tier that answered, of the provider {@code openai}. */
    public static final String OPENAI_RESPONSE_SERVICE_TIER = "openai.response.service_tier";

    /** The conversation at the provider. */
    public static final String CONVERSATION_ID = "gen_ai.conversation.id";

    /** True where the provider shortened the conversation, else unset. */
    public static final String CONVERSATION_COMPACTED = "gen_ai.conversation.compacted";

    /** The provider's id of a hosted agent. */
    public static final String AGENT_ID = "gen_ai.agent.id";

    /** The agent's name. */
    public static final String AGENT_NAME = "gen_ai.agent.name";

    /** What the agent is for. */
    public static final String AGENT_DESCRIPTION = "gen_ai.agent.description";

    /** The agent's version. */
    public static final String AGENT_VERSION = "gen_ai.agent.version";

    /** The workflow's name. */
    public static final String WORKFLOW_NAME = "gen_ai.workflow.name";

    /** The data that grounds an answer. */
    public static final String DATA_SOURCE_ID = "gen_ai.data_source.id";

    /** How many numbers an embedding has. */
    public static final String EMBEDDINGS_DIMENSION_COUNT = "gen_ai.embeddings.dimension.count";

    /** How many documents were asked for. */
    public static final String RETRIEVAL_TOP_K = "gen_ai.retrieval.top_k";

    /** Content: what was searched for. */
    public static final String RETRIEVAL_QUERY_TEXT = "gen_ai.retrieval.query.text";

    /** Content: what was found. */
    public static final String RETRIEVAL_DOCUMENTS = "gen_ai.retrieval.documents";

    /** The store of a memory. */
    public static final String MEMORY_STORE_ID = "gen_ai.memory.store.id";

    /** The record of a memory. */
    public static final String MEMORY_RECORD_ID = "gen_ai.memory.record.id";

    /** How many records were found, or were to be written. */
    public static final String MEMORY_RECORD_COUNT = "gen_ai.memory.record.count";

    /** Content: what was searched for in a memory. */
    public static final String MEMORY_QUERY_TEXT = "gen_ai.memory.query.text";

    /** Content: records of a memory. */
    public static final String MEMORY_RECORDS = "gen_ai.memory.records";

    /** The named template of a prompt. */
    public static final String PROMPT_NAME = "gen_ai.prompt.name";

    /** The version of that template. */
    public static final String PROMPT_VERSION = "gen_ai.prompt.version";

    /** Content: followed by the name of a variable, what the template was filled with. */
    public static final String PROMPT_VARIABLE_PREFIX = "gen_ai.prompt.variable.";

    /** The method of the Model Context Protocol. */
    public static final String MCP_METHOD_NAME = "mcp.method.name";

    /** The resource that a message of that protocol is about. */
    public static final String MCP_RESOURCE_URI = "mcp.resource.uri";

    /** The version of that protocol. */
    public static final String MCP_PROTOCOL_VERSION = "mcp.protocol.version";

    /** The session of that protocol. */
    public static final String MCP_SESSION_ID = "mcp.session.id";

    /** The id of a JSON-RPC request, as a text. */
    public static final String JSONRPC_REQUEST_ID = "jsonrpc.request.id";

    /** The version of JSON-RPC, when not 2.0. */
    public static final String JSONRPC_PROTOCOL_VERSION = "jsonrpc.protocol.version";

    /** The code of a JSON-RPC error, as a text. */
    public static final String RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code";

    /** {@code pipe}, {@code tcp} or {@code quic}. */
    public static final String NETWORK_TRANSPORT = "network.transport";

    /** The protocol on top of that, for example {@code http}. */
    public static final String NETWORK_PROTOCOL_NAME = "network.protocol.name";

    /** Its version. */
    public static final String NETWORK_PROTOCOL_VERSION = "network.protocol.version";

    /** The other side, for a server. */
    public static final String CLIENT_ADDRESS = "client.address";

    /** Its port. */
    public static final String CLIENT_PORT = "client.port";

    /** {@code input} or {@code output}; of metrics only. */
    public static final String TOKEN_TYPE = "gen_ai.token.type";

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

    /** Content: the instructions that no message carries, as JSON. */
    public static final String SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions";

    /** Content: the tools that the model may ask for, as JSON. */
    public static final String TOOL_DEFINITIONS = "gen_ai.tool.definitions";

    /** Content: the messages sent, as JSON. */
    public static final String INPUT_MESSAGES = "gen_ai.input.messages";

    /** Content: the messages received, as JSON. */
    public static final String OUTPUT_MESSAGES = "gen_ai.output.messages";

    /** What was evaluated, for example {@code relevance}. */
    public static final String EVALUATION_NAME = "gen_ai.evaluation.name";

    /** The score. */
    public static final String EVALUATION_SCORE_VALUE = "gen_ai.evaluation.score.value";

    /** What the score means, for example {@code pass}; one of few. */
    public static final String EVALUATION_SCORE_LABEL = "gen_ai.evaluation.score.label";

    /** Why that score. */
    public static final String EVALUATION_EXPLANATION = "gen_ai.evaluation.explanation";

    /** The class of a failure. */
    public static final String ERROR_TYPE = "error.type";

    /** The host that serves the model. */
    public static final String SERVER_ADDRESS = "server.address";

    /** The port of that host. */
    public static final String SERVER_PORT = "server.port";

    /** Ours, content: embeddings, as JSON. */
    public static final String EMBEDDINGS_VECTORS = "spanflux.embeddings.vectors";

    /** Ours: labels to find spans by. */
    public static final String TAGS = "spanflux.tags";

    /** Ours: how many chunks a stream delivered. */
    public static final String STREAM_CHUNKS = "spanflux.stream.chunks";

    /** Ours: the mean time between two chunks, in seconds. */
    public static final String STREAM_MEAN_GAP = "spanflux.stream.gap.mean";

    /** Ours: the longest time between two chunks, in seconds. */
    public static final String STREAM_MAX_GAP = "spanflux.stream.gap.max";

    /** Ours: true when the subscriber cancelled. */
    public static final String CANCELLED = "spanflux.cancelled";

    /** Ours: how many pieces of content did not leave because the redactor failed on them. */
    public static final String CONTENT_LOST = "spanflux.content.lost";

    /** Ours: the service tier that answered, where the provider has no attribute of its own. */
    public static final String SERVICE_TIER = "spanflux.service_tier";

    /** Ours: what the call cost, in {@link #COST_CURRENCY}. */
    public static final String COST_TOTAL = "spanflux.cost.total";

    /** Ours: the part for input that is neither cached nor audio. */
    public static final String COST_INPUT = "spanflux.cost.input";

    /** Ours: the part for input read from the cache. */
    public static final String COST_CACHE_READ = "spanflux.cost.cache_read";

    /** Ours: the part for input written to the cache. */
    public static final String COST_CACHE_WRITE = "spanflux.cost.cache_write";

    /** Ours: the part for audio input. */
    public static final String COST_AUDIO_INPUT = "spanflux.cost.audio_input";

    /** Ours: the part for output that is neither reasoning nor audio. */
    public static final String COST_OUTPUT = "spanflux.cost.output";

    /** Ours: the part for reasoning. */
    public static final String COST_REASONING = "spanflux.cost.reasoning";

    /** Ours: the part for audio output. */
    public static final String COST_AUDIO_OUTPUT = "spanflux.cost.audio_output";

    /** Ours: the currency of all costs, {@code USD}. */
    public static final String COST_CURRENCY = "spanflux.cost.currency";

    /** Ours: who says so, {@code provider} or, from a price book, {@code local}. */
    public static final String COST_SOURCE = "spanflux.cost.source";

    /** No convention yet, written on request only: what the call cost. */
    public static final String USAGE_COST_AMOUNT = "gen_ai.usage.cost.amount";

    /** No convention yet, written on request only: the currency of it. */
    public static final String USAGE_COST_CURRENCY = "gen_ai.usage.cost.currency";

    /** No convention yet, written on request only: {@code provider} or {@code local}. */
    public static final String USAGE_COST_SOURCE = "gen_ai.usage.cost.source";

    private GenAiAttributes() {}
}
