// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.SpanKind;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * A request or notification of the Model Context Protocol. Span kind CLIENT or SERVER, named
 * {@code {method} {tool or prompt name}}; a resource is never part of the name.
 */
public final class McpCall extends DescribedData<McpCall> implements GenAiData {
    private final String method;
    private @Nullable String errorType;

    private McpCall(SpanKind kind, String method) {
        super(kind);
        this.method = method;
        put(MCP_METHOD_NAME, method);
        if ("tools/call".equals(method)) {
            put(OPERATION_NAME, "execute_tool");
        }
    }

    /** Sends {@code method}, for example {@code tools/call}. */
    public static McpCall client(String method) {
        return new McpCall(SpanKind.CLIENT, Objects.requireNonNull(method, "method == null"));
    }

    /** Answers {@code method}, for example {@code tools/call}. */
    public static McpCall server(String method) {
        return new McpCall(SpanKind.SERVER, Objects.requireNonNull(method, "method == null"));
    }

    /** The tool that is called. */
    public McpCall tool(@Nullable String tool) {
        return put(TOOL_NAME, tool);
    }

    /** The prompt that is asked for. */
    public McpCall prompt(@Nullable String prompt) {
        return put(PROMPT_NAME, prompt);
    }

    /** The resource that is read, subscribed to or has changed. */
    public McpCall resource(@Nullable String resource) {
        return put(MCP_RESOURCE_URI, resource);
    }

    /** The id of the request, as a text. */
    public McpCall requestId(@Nullable String requestId) {
        return put(JSONRPC_REQUEST_ID, requestId);
    }

    /** The version of the protocol, for example {@code 2025-06-18}. */
    public McpCall protocolVersion(@Nullable String protocolVersion) {
        return put(MCP_PROTOCOL_VERSION, protocolVersion);
    }

    /** The session. */
    public McpCall session(@Nullable String session) {
        return put(MCP_SESSION_ID, session);
    }

    /** {@code pipe} for standard input and output, {@code tcp} or {@code quic} for HTTP. */
    public McpCall transport(@Nullable String transport) {
        return put(NETWORK_TRANSPORT, transport);
    }

    /** The code of a JSON-RPC error, as a text, for example {@code -32602}: the span fails with it. */
    public McpCall errorCode(@Nullable String errorCode) {
        if (!isFrozen() && errorCode != null) {
            errorType = errorCode;
        }
        return put(RPC_RESPONSE_STATUS_CODE, errorCode);
    }

    /** The tool answered that it failed ({@code isError}): the span fails with {@code error.type} {@code tool_error}. */
    public McpCall toolFailed() {
        if (!isFrozen() && errorType == null) {
            errorType = "tool_error";
        }
        return this;
    }

    /** What carries the messages, for example {@code http}, and its version. */
    public McpCall protocol(@Nullable String name, @Nullable String version) {
        put(NETWORK_PROTOCOL_NAME, name);
        return put(NETWORK_PROTOCOL_VERSION, version);
    }

    /** The version of JSON-RPC where it is not {@code 2.0}. */
    public McpCall jsonRpcVersion(@Nullable String version) {
        return put(JSONRPC_PROTOCOL_VERSION, "2.0".equals(version) ? null : version);
    }

    /** A value that a prompt is filled with. Content. */
    public McpCall promptVariable(@Nullable String name, Supplier<? extends @Nullable Object> value) {
        return name == null ? this : putContent(PROMPT_VARIABLE_PREFIX + name, value);
    }

    /** The other side, the server for a client and the client for a server; a port that is not positive is unknown. */
    public McpCall peer(@Nullable String address, int port) {
        if (address == null) {
            return this;
        }
        boolean client = kind() == SpanKind.CLIENT;
        put(client ? SERVER_ADDRESS : CLIENT_ADDRESS, address);
        return port > 0 ? put(client ? SERVER_PORT : CLIENT_PORT, port) : this;
    }

    /** What the tool is called with. Content. */
    public McpCall arguments(Supplier<? extends @Nullable Object> arguments) {
        return putContent(TOOL_CALL_ARGUMENTS, arguments);
    }

    /** What the tool answered. Content. */
    public McpCall result(Supplier<? extends @Nullable Object> result) {
        return putContent(TOOL_CALL_RESULT, result);
    }

    @Override
    public @Nullable String errorType() {
        return errorType;
    }

    @Override
    public String spanName() {
        return get(TOOL_NAME) == null ? named(method, PROMPT_NAME) : named(method, TOOL_NAME);
    }
}
