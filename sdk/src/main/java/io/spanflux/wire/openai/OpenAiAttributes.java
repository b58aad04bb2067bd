// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

/**
 * Attributes with which a span says what only this format has a place for, or says it in other words than
 * {@code io.spanflux.genai} would: {@code spanflux.openai.} and the name of a member of its {@code span_data}, whose
 * place they take. Members that the span's type does not have are ignored. A member that is an object or a list takes a
 * map or a list, or the JSON of one as a text, which can say null.
 *
 * <pre>{@code
 * tracer.span(Agent.named("Triage")).attribute(OpenAiAttributes.HANDOFFS, List.of("Billing"))
 * }</pre>
 *
 * <p>These are attributes as any other: they are not subject to the content policy, and other exporters send them too.
 */
public final class OpenAiAttributes {
    static final String PREFIX = "spanflux.openai.";

    /**
     * The type, where it is not to follow from the span's data: {@code agent}, {@code generation}, {@code function},
     * {@code guardrail}, {@code handoff}, {@code custom}, {@code response}, {@code speech}, {@code speech_group},
     * {@code transcription} or {@code mcp_tools}. A {@code Generation} that used the Responses API is a {@code response}.
     */
    public static final String TYPE = PREFIX + "type";

    /** The name of an agent, a function, a guardrail or a custom span. */
    public static final String NAME = PREFIX + "name";

    /** The agents that an agent may hand over to, a list of text. */
    public static final String HANDOFFS = PREFIX + "handoffs";

    /** The tools of an agent, a list of text. Default the names in its tool definitions, where content is captured. */
    public static final String TOOLS = PREFIX + "tools";

    /** The type of an agent's output. */
    public static final String OUTPUT_TYPE = PREFIX + "output_type";

    /** The model of a generation, speech or transcription. */
    public static final String MODEL = PREFIX + "model";

    /** How a model was configured, an object. Default what the span says of its request. */
    public static final String MODEL_CONFIG = PREFIX + "model_config";

    /** What a generation or response took, an object. Default the tokens that the span says. */
    public static final String USAGE = PREFIX + "usage";

    /** The MCP server behind a function, an object. */
    public static final String MCP_DATA = PREFIX + "mcp_data";

    /** The server whose tools were listed. Default its address. */
    public static final String SERVER = PREFIX + "server";

    /** The tools that a server listed, a list of text. Default the result of the call, where content is captured. */
    public static final String RESULT = PREFIX + "result";

    /** The id of a response. */
    public static final String RESPONSE_ID = PREFIX + "response_id";

    /** When the first audio was there, as {@link OpenAiIds#time}. Default the start and the time to the first audio. */
    public static final String FIRST_CONTENT_AT = PREFIX + "first_content_at";

    /** The data of a custom span, an object. Default its other attributes. */
    public static final String DATA = PREFIX + "data";

    /** What an error has besides its message, an object. Default {@code {"type": error.type}}. */
    public static final String ERROR_DATA = PREFIX + "error_data";

    /** Metadata of an agent, a task or a turn, an object. */
    public static final String METADATA = PREFIX + "metadata";

    private OpenAiAttributes() {}
}
