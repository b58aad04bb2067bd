// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/** The invocation of an agent, wherever it is; what only one that a provider hosts has is null for one of this process. */
abstract class AgentData<S extends AgentData<S>> extends InferenceData<S> {
    @Nullable
    String provider;

    @Nullable
    String id;

    @Nullable
    String name;

    @Nullable
    String version;

    private @Nullable String description;
    private @Nullable String dataSource;

    AgentData(@Nullable String name) {
        this.name = name;
    }

    /** What the agent is for. */
    public S description(@Nullable String description) {
        if (!isFrozen()) {
            this.description = description;
        }
        return self();
    }

    /** The data source that grounds its answers. */
    public S dataSource(@Nullable String dataSource) {
        if (!isFrozen()) {
            this.dataSource = dataSource;
        }
        return self();
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
