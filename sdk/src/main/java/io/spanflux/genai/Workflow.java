// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * A chain or graph that coordinates agents. Span kind INTERNAL, named {@code invoke_workflow {name}}.
 */
public final class Workflow extends DescribedData<Workflow> implements GenAiData {
    private Workflow() {
        super(SpanKind.INTERNAL);
        put(OPERATION_NAME, "invoke_workflow");
    }

    /** The workflow with this name, which few values should share: never a generated one. */
    public static Workflow named(@Nullable String name) {
        return new Workflow().name(name);
    }

    /** The name of the workflow. */
    public Workflow name(@Nullable String name) {
        return put(WORKFLOW_NAME, name);
    }

    /** The conversation. */
    public Workflow conversation(@Nullable String conversation) {
        return put(CONVERSATION_ID, conversation);
    }

    /** What goes into it. Content. */
    public Workflow input(Supplier<? extends List<Message>> messages) {
        return putMessages(INPUT_MESSAGES, messages);
    }

    /** What comes out of it. Content. */
    public Workflow output(Supplier<? extends List<Message>> messages) {
        return putMessages(OUTPUT_MESSAGES, messages);
    }

    @Override
    public String spanName() {
        return named("invoke_workflow", WORKFLOW_NAME);
    }
}
