// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/** The invocation of an agent in this process. Span kind INTERNAL, named {@code invoke_agent {agent name}}. */
public final class Agent implements GenAiData {
    private static final AtomicIntegerFieldUpdater<Agent> INFERENCE_CALLS =
            AtomicIntegerFieldUpdater.newUpdater(Agent.class, "inferenceCalls");
    private static final AtomicIntegerFieldUpdater<Agent> TOOL_CALLS =
            AtomicIntegerFieldUpdater.newUpdater(Agent.class, "toolCalls");

    private final String name;
    private @Nullable String description;
    private @Nullable String model;
    private @Nullable String conversationId;
    private @Nullable Usage usage;
    private boolean frozen;
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
        if (!frozen) {
            this.description = description;
        }
        return this;
    }

    /** The model, where the agent is configured with exactly one. */
    public Agent model(@Nullable String model) {
        if (!frozen) {
            this.model = model;
        }
        return this;
    }

    /** The conversation at the provider, where it has one. */
    public Agent conversation(@Nullable String conversationId) {
        if (!frozen) {
            this.conversationId = conversationId;
        }
        return this;
    }

    /** The tokens of the whole invocation, where they are known. */
    public Agent usage(@Nullable Usage usage) {
        if (!frozen) {
            this.usage = usage;
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
    public @Nullable Object attribute(String key) {
        return switch (key) {
            case OPERATION_NAME -> "invoke_agent";
            case AGENT_NAME -> name;
            case REQUEST_MODEL -> model;
            case USAGE_INPUT_TOKENS -> usage == null ? null : usage.inputTokens();
            case USAGE_OUTPUT_TOKENS -> usage == null ? null : usage.outputTokens();
            default -> null;
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
    public void end() {
        frozen = true;
    }

    @Override
    public void forEachAttribute(AttributeConsumer to) {
        to.accept(OPERATION_NAME, "invoke_agent");
        to.accept(AGENT_NAME, name);
        to.acceptIfSet(AGENT_DESCRIPTION, description);
        to.acceptIfSet(REQUEST_MODEL, model);
        to.acceptIfSet(CONVERSATION_ID, conversationId);
        if (usage != null) {
            to.acceptIfSet(USAGE_INPUT_TOKENS, usage.inputTokens());
            to.acceptIfSet(USAGE_OUTPUT_TOKENS, usage.outputTokens());
        }
    }

    @Override
    public String toString() {
        return "Agent{" + name + '}';
    }
}
