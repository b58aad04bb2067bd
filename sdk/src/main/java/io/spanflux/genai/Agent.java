// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * The invocation of an agent in this process. Span kind INTERNAL, named {@code invoke_agent {agent name}}. For an agent that
 * a provider hosts see {@link RemoteAgent}.
 */
public final class Agent extends InferenceData<Agent> implements GenAiData {
    private static final AtomicIntegerFieldUpdater<Agent> INFERENCE_CALLS =
            AtomicIntegerFieldUpdater.newUpdater(Agent.class, "inferenceCalls");
    private static final AtomicIntegerFieldUpdater<Agent> TOOL_CALLS =
            AtomicIntegerFieldUpdater.newUpdater(Agent.class, "toolCalls");

    private final String name;
    private @Nullable String description;
    private @Nullable String dataSource;
    private volatile int inferenceCalls;
    private volatile int toolCalls;

    private Agent(String name) {
        this.name = name;
    }

    /** The agent with this name. */
    public static Agent named(String name) {
        return new Agent(Objects.requireNonNull(name, "name == null"));
    }

    /** What the agent is for. */
    public Agent description(@Nullable String description) {
        if (!isFrozen()) {
            this.description = description;
        }
        return this;
    }

    /** The data source that grounds its answers. */
    public Agent dataSource(@Nullable String dataSource) {
        if (!isFrozen()) {
            this.dataSource = dataSource;
        }
        return this;
    }

    /** Counts a call of a model that began inside this invocation. Any thread. */
    public void countInferenceCall() {
        INFERENCE_CALLS.incrementAndGet(this);
    }

    /** Counts the execution of a tool that began inside this invocation. Any thread. */
    public void countToolCall() {
        TOOL_CALLS.incrementAndGet(this);
    }

    /** How many calls of models were counted; calls inside an agent further down belong to that one. */
    public int inferenceCalls() {
        return inferenceCalls;
    }

    /** How many executions of tools were counted; those inside an agent further down belong to that one. */
    public int toolCalls() {
        return toolCalls;
    }

    @Override
    public @Nullable Object metadata(String key) {
        return switch (key) {
            case OPERATION_NAME -> "invoke_agent";
            case AGENT_NAME -> name;
            default -> commonMetadata(key);
        };
    }

    /** True: the calls below are this agent's. */
    @Override
    public boolean ownsSpansBelow() {
        return true;
    }

    @Override
    public String spanName() {
        return "invoke_agent " + name;
    }

    @Override
    public int estimatedBytes() {
        return 256 + contentBytes();
    }

    @Override
    public void forEachAttribute(AttributeConsumer to) {
        forEachMetadata(to);
        forEachContent(to);
    }

    @Override
    public void forEachMetadata(AttributeConsumer to) {
        to.accept(OPERATION_NAME, "invoke_agent");
        to.accept(AGENT_NAME, name);
        to.acceptIfSet(AGENT_DESCRIPTION, description);
        to.acceptIfSet(DATA_SOURCE_ID, dataSource);
        to.acceptIfSet(REQUEST_MODEL, model());
        forEachOption(to);
        to.acceptIfSet(RESPONSE_FINISH_REASONS, finishReasons());
        forEachToken(to);
    }
}
