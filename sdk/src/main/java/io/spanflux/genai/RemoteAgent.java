// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.SpanKind;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The invocation of an agent that a provider hosts. Span kind CLIENT, named {@code invoke_agent {agent name}}. For an agent
 * of this process see {@link Agent}.
 */
public final class RemoteAgent extends InferenceData<RemoteAgent> implements GenAiData {
    private @Nullable String provider;
    private @Nullable String id;
    private @Nullable String name;
    private @Nullable String description;
    private @Nullable String version;
    private @Nullable String dataSource;

    private RemoteAgent(@Nullable String provider, @Nullable String name) {
        this.provider = provider;
        this.name = name;
    }

    /** The agent with this name at {@code provider}. */
    public static RemoteAgent of(@Nullable String provider, @Nullable String name) {
        return new RemoteAgent(provider, name);
    }

    /** The provider: {@code openai}, {@code aws.bedrock} and so on. */
    public RemoteAgent provider(@Nullable String provider) {
        if (!isFrozen()) {
            this.provider = provider;
        }
        return this;
    }

    /** The id that the provider gave it. */
    public RemoteAgent id(@Nullable String id) {
        if (!isFrozen()) {
            this.id = id;
        }
        return this;
    }

    /** The name of the agent. */
    public RemoteAgent name(@Nullable String name) {
        if (!isFrozen()) {
            this.name = name;
        }
        return this;
    }

    /** What the agent is for. */
    public RemoteAgent description(@Nullable String description) {
        if (!isFrozen()) {
            this.description = description;
        }
        return this;
    }

    /** Its version. */
    public RemoteAgent version(@Nullable String version) {
        if (!isFrozen()) {
            this.version = version;
        }
        return this;
    }

    /** The data source that grounds its answers. */
    public RemoteAgent dataSource(@Nullable String dataSource) {
        if (!isFrozen()) {
            this.dataSource = dataSource;
        }
        return this;
    }

    /** Where the service is; a port that is not positive is unknown. */
    public RemoteAgent server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    @Override
    public @Nullable Object metadata(String key) {
        return switch (key) {
            case OPERATION_NAME -> "invoke_agent";
            case PROVIDER_NAME -> provider;
            case AGENT_NAME -> name;
            default -> commonMetadata(key);
        };
    }

    @Override
    public String spanName() {
        return name == null ? "invoke_agent" : "invoke_agent " + name;
    }

    @Override
    public SpanKind kind() {
        return SpanKind.CLIENT;
    }

    @Override
    public int estimatedBytes() {
        return 384 + contentBytes();
    }

    @Override
    public void forEachAttribute(AttributeConsumer to) {
        forEachMetadata(to);
        forEachContent(to);
    }

    @Override
    public void forEachMetadata(AttributeConsumer to) {
        to.accept(OPERATION_NAME, "invoke_agent");
        to.acceptIfSet(PROVIDER_NAME, provider);
        to.acceptIfSet(AGENT_ID, id);
        to.acceptIfSet(AGENT_NAME, name);
        to.acceptIfSet(AGENT_DESCRIPTION, description);
        to.acceptIfSet(AGENT_VERSION, version);
        to.acceptIfSet(DATA_SOURCE_ID, dataSource);
        to.acceptIfSet(REQUEST_MODEL, model());
        forEachOption(to);
        to.acceptIfSet(RESPONSE_FINISH_REASONS, finishReasons());
        forEachToken(to);
    }
}
