// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The invocation of an agent that a provider hosts. Span kind CLIENT, named {@code invoke_agent {agent name}}. For an agent
 * of this process see {@link Agent}.
 */
public final class RemoteAgent extends DescribedData<RemoteAgent> implements GenAiData {
    private RemoteAgent() {
        super(SpanKind.CLIENT);
        put(OPERATION_NAME, "invoke_agent");
    }

    /** The agent with this name at {@code provider}. */
    public static RemoteAgent of(@Nullable String provider, @Nullable String name) {
        return new RemoteAgent().provider(provider).name(name);
    }

    /** The provider: {@code openai}, {@code aws.bedrock} and so on. */
    public RemoteAgent provider(@Nullable String provider) {
        return put(PROVIDER_NAME, provider);
    }

    /** The name of the agent. */
    public RemoteAgent name(@Nullable String name) {
        return put(AGENT_NAME, name);
    }

    /** The model, where the agent is configured with exactly one. */
    public RemoteAgent model(@Nullable String model) {
        return put(REQUEST_MODEL, model);
    }

    /** Where the service is; a port that is not positive is unknown. */
    public RemoteAgent server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    /** The id that the provider gave it. */
    public RemoteAgent id(@Nullable String id) {
        return put(AGENT_ID, id);
    }

    /** What the agent is for. */
    public RemoteAgent description(@Nullable String description) {
        return put(AGENT_DESCRIPTION, description);
    }

    /** Its version. */
    public RemoteAgent version(@Nullable String version) {
        return put(AGENT_VERSION, version);
    }

    /** The conversation at the provider. */
    public RemoteAgent conversation(@Nullable String conversation) {
        return put(CONVERSATION_ID, conversation);
    }

    /** The data source that grounds its answers. */
    public RemoteAgent dataSource(@Nullable String dataSource) {
        return put(DATA_SOURCE_ID, dataSource);
    }

    /** The response this request continues. */
    public RemoteAgent previousResponseId(@Nullable String previousResponseId) {
        return put(REQUEST_PREVIOUS_RESPONSE_ID, previousResponseId);
    }

    /** Why each choice ended, in choice order. */
    public RemoteAgent finishReasons(@Nullable List<String> finishReasons) {
        return put(RESPONSE_FINISH_REASONS, finishReasons);
    }

    @Override
    public String spanName() {
        return named("invoke_agent", AGENT_NAME);
    }
}
