// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/** The execution of a tool that a model asked for. Span kind INTERNAL, named {@code execute_tool {tool name}}. */
public final class Tool extends DescribedData<Tool> implements GenAiData {
    private Tool(String name) {
        super(SpanKind.INTERNAL);
        put(OPERATION_NAME, "execute_tool");
        put(TOOL_NAME, name);
        put(TOOL_TYPE, "function");
    }

    /** The tool with this name, a {@code function}. */
    public static Tool named(String name) {
        return new Tool(Objects.requireNonNull(name, "name == null"));
    }

    /** {@code function}, {@code extension} or {@code datastore}. */
    public Tool type(@Nullable String type) {
        return put(TOOL_TYPE, type);
    }

    /** What the tool is for, as the model was told. */
    public Tool description(@Nullable String description) {
        return put(TOOL_DESCRIPTION, description);
    }

    /** The model's id of this call. */
    public Tool callId(@Nullable String callId) {
        return put(TOOL_CALL_ID, callId);
    }

    /** The agent that executes it. */
    public Tool agent(@Nullable String agent) {
        return put(AGENT_NAME, agent);
    }

    /** What the tool is called with: a JSON text, or a value that Jackson can write. Content. */
    public Tool arguments(Supplier<? extends @Nullable Object> arguments) {
        return putContent(TOOL_CALL_ARGUMENTS, arguments);
    }

    /** What the tool answered: a JSON text, or a value that Jackson can write. Content. */
    public Tool result(Supplier<? extends @Nullable Object> result) {
        return putContent(TOOL_CALL_RESULT, result);
    }

    @Override
    public String spanName() {
        return named("execute_tool", TOOL_NAME);
    }
}
