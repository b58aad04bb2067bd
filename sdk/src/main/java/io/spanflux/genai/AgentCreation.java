// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The creation of an agent at a provider that hosts it. Span kind CLIENT, named {@code create_agent {agent name}}.
 */
public final class AgentCreation extends DescribedData<AgentCreation> implements GenAiData {
    private AgentCreation() {
        super(SpanKind.CLIENT);
        put(OPERATION_NAME, "create_agent");
    }

    /** The creation of the agent with this name at {@code provider}. */
    public static AgentCreation of(@Nullable String provider, @Nullable String name) {
        return new AgentCreation().provider(provider).name(name);
    }

    /** The provider: {@code openai}, {@code aws.bedrock} and so on. */
    public AgentCreation provider(@Nullable String provider) {
        return put(PROVIDER_NAME, provider);
    }

    /** The name of the agent. */
    public AgentCreation name(@Nullable String name) {
        return put(AGENT_NAME, name);
    }

    /** The model as requested. */
    public AgentCreation model(@Nullable String model) {
        return put(REQUEST_MODEL, model);
    }

    /** Where the service is; a port that is not positive is unknown. */
    public AgentCreation server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    /** The id that the provider gave it. */
    public AgentCreation id(@Nullable String id) {
        return put(AGENT_ID, id);
    }

    /** What the agent is for. */
    public AgentCreation description(@Nullable String description) {
        return put(AGENT_DESCRIPTION, description);
    }

    /** Its version. */
    public AgentCreation version(@Nullable String version) {
        return put(AGENT_VERSION, version);
    }

    /** What the agent is told apart from messages. Content. */
    public AgentCreation systemInstructions(Supplier<? extends List<Message.Part>> parts) {
        return putParts(SYSTEM_INSTRUCTIONS, parts);
    }

    @Override
    public String spanName() {
        return named("create_agent", AGENT_NAME);
    }
}
