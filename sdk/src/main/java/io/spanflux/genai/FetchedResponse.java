// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * A response that was generated before, fetched by its id. Span kind CLIENT, named {@code fetch_response}. Has no tokens:
 * they were spent by the call that generated it.
 */
public final class FetchedResponse extends DescribedData<FetchedResponse> implements GenAiData {
    private FetchedResponse() {
        super(SpanKind.CLIENT);
        put(OPERATION_NAME, "fetch_response");
    }

    /** The response with this id at {@code provider}. */
    public static FetchedResponse of(@Nullable String provider, @Nullable String responseId) {
        return new FetchedResponse().provider(provider).responseId(responseId);
    }

    /** The provider: {@code openai}, {@code aws.bedrock} and so on. */
    public FetchedResponse provider(@Nullable String provider) {
        return put(PROVIDER_NAME, provider);
    }

    /** The id of the response. */
    public FetchedResponse responseId(@Nullable String responseId) {
        return put(RESPONSE_ID, responseId);
    }

    /** Where the service is; a port that is not positive is unknown. */
    public FetchedResponse server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    /** From where on a stream is fetched. */
    public FetchedResponse streamCursor(@Nullable String streamCursor) {
        return put(REQUEST_STREAM_CURSOR, streamCursor);
    }

    /** The model that answered. */
    public FetchedResponse responseModel(@Nullable String responseModel) {
        return put(RESPONSE_MODEL, responseModel);
    }

    /** {@code queued}, {@code in_progress}, {@code completed}, {@code incomplete}, {@code failed} or {@code cancelled}. */
    public FetchedResponse status(@Nullable String status) {
        return put(RESPONSE_STATUS, status);
    }

    /** Why each choice ended, in choice order. */
    public FetchedResponse finishReasons(@Nullable List<String> finishReasons) {
        return put(RESPONSE_FINISH_REASONS, finishReasons);
    }

    /** What the model was told apart from the messages. Content. */
    public FetchedResponse systemInstructions(Supplier<? extends List<Message.Part>> parts) {
        return putParts(SYSTEM_INSTRUCTIONS, parts);
    }

    /** The tools that the model could ask for. Content. */
    public FetchedResponse toolDefinitions(Supplier<? extends List<ToolDefinition>> tools) {
        return putTools(TOOL_DEFINITIONS, tools);
    }

    /** The messages that were fetched. Content. */
    public FetchedResponse output(Supplier<? extends List<Message>> messages) {
        return putMessages(OUTPUT_MESSAGES, messages);
    }

    @Override
    public String spanName() {
        return "fetch_response";
    }
}
