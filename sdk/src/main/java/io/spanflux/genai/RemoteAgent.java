// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import org.jspecify.annotations.Nullable;

/**
 * The invocation of an agent that a provider hosts. Span kind CLIENT, named {@code invoke_agent {agent name}}. For an agent
 * of this process see {@link Agent}.
 */
public final class RemoteAgent extends AgentData<RemoteAgent> implements GenAiData {

    private RemoteAgent(@Nullable String provider, @Nullable String name) {
        super(name);
        this.provider = provider;
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

    /** Its version. */
    public RemoteAgent version(@Nullable String version) {
        if (!isFrozen()) {
            this.version = version;
        }
        return this;
    }

    /** Where the service is; a port that is not positive is unknown. */
    public RemoteAgent server(@Nullable String address, int port) {
        return putServer(address, port);
    }

    @Override
    public SpanKind kind() {
        return SpanKind.CLIENT;
    }

    @Override
    public int estimatedBytes() {
        return 384 + contentBytes();
    }
}
