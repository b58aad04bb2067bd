// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/** The execution of a tool that a model asked for. Span kind INTERNAL, named {@code execute_tool {tool name}}. */
public final class Tool implements GenAiData {
    private final String name;
    private @Nullable String type = "function";
    private @Nullable String description;
    private @Nullable String callId;
    private @Nullable Object arguments;
    private @Nullable Object result;
    private boolean captureContent;
    private boolean frozen;

    private Tool(String name) {
        this.name = name;
    }

    /** The tool with this name. */
    public static Tool named(String name) {
        return new Tool(Objects.requireNonNull(name, "name == null"));
    }

    /** {@code function} (the default), {@code extension} or {@code datastore}. */
    public Tool type(@Nullable String type) {
        if (!frozen) {
            this.type = type;
        }
        return this;
    }

    /** What the tool is for, as the model was told. */
    public Tool description(@Nullable String description) {
        if (!frozen) {
            this.description = description;
        }
        return this;
    }

    /** The model's id of this call. */
    public Tool callId(@Nullable String callId) {
        if (!frozen) {
            this.callId = callId;
        }
        return this;
    }

    /** What the tool is called with: a JSON text, or a value that Jackson can write. Content. */
    public Tool arguments(Supplier<? extends @Nullable Object> arguments) {
        if (captureContent && !frozen) {
            this.arguments = arguments.get();
        }
        return this;
    }

    /** What the tool answered: a JSON text, or a value that Jackson can write. Content. */
    public Tool result(Supplier<? extends @Nullable Object> result) {
        if (captureContent && !frozen) {
            this.result = result.get();
        }
        return this;
    }

    /** Whether content given from now on is kept. Default false; the operator sets it from the content policy. */
    public Tool captureContent(boolean capture) {
        if (!frozen) {
            this.captureContent = capture;
        }
        return this;
    }

    @Override
    public String spanName() {
        return "execute_tool " + name;
    }

    @Override
    public void end() {
        frozen = true;
    }

    @Override
    public int estimatedBytes() {
        long bytes = 256 + MessageJson.estimatedBytes(arguments) + MessageJson.estimatedBytes(result);
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }

    @Override
    public void forEachAttribute(AttributeConsumer to) {
        to.accept(OPERATION_NAME, "execute_tool");
        to.accept(TOOL_NAME, name);
        to.acceptIfSet(TOOL_TYPE, type);
        to.acceptIfSet(TOOL_CALL_ID, callId);
        to.acceptIfSet(TOOL_DESCRIPTION, description);
        if (arguments != null) {
            to.accept(TOOL_CALL_ARGUMENTS, MessageJson.ofAny(arguments));
        }
        if (result != null) {
            to.accept(TOOL_CALL_RESULT, MessageJson.ofAny(result));
        }
    }

    @Override
    public String toString() {
        return "Tool{" + name + '}';
    }
}
