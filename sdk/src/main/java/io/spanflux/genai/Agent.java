// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * The invocation of an agent in this process. Span kind INTERNAL, named {@code invoke_agent {agent name}}. For an agent that
 * a provider hosts see {@link RemoteAgent}.
 */
public final class Agent extends AgentData<Agent> implements GenAiData {
    private static final AtomicIntegerFieldUpdater<Agent> INFERENCE_CALLS =
            AtomicIntegerFieldUpdater.newUpdater(Agent.class, "inferenceCalls");
    private static final AtomicIntegerFieldUpdater<Agent> TOOL_CALLS =
            AtomicIntegerFieldUpdater.newUpdater(Agent.class, "toolCalls");

    private volatile int inferenceCalls;
    private volatile int toolCalls;

    private Agent(String name) {
        super(name);
    }

    /** The agent with this name. */
    public static Agent named(String name) {
        return new Agent(Objects.requireNonNull(name, "name == null"));
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

    /** True: the calls below are this agent's. */
    @Override
    public boolean ownsSpansBelow() {
        return true;
    }

    @Override
    public int estimatedBytes() {
        return 256 + contentBytes();
    }
}
