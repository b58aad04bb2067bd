// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * An agent makes a plan; the call of the model that writes it is a child of this. Span kind INTERNAL, named
 * {@code plan {agent name}}.
 */
public final class Plan extends DescribedData<Plan> implements GenAiData {
    private Plan() {
        super(SpanKind.INTERNAL);
        put(OPERATION_NAME, "plan");
    }

    /** A plan of the agent with this name. */
    public static Plan of(@Nullable String agentName) {
        return new Plan().agent(agentName);
    }

    /** The name of the agent. */
    public Plan agent(@Nullable String agent) {
        return put(AGENT_NAME, agent);
    }

    @Override
    public String spanName() {
        return named("plan", AGENT_NAME);
    }
}
