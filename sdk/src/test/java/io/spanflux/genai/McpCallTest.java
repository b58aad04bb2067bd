// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.Tracer;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** How a message fails whose answer came. */
class McpCallTest {
    private final Tracer tracer = Tracer.builder().build();

    private Span ended(McpCall call) {
        Span span = tracer.span(call).start();
        span.end();
        return span;
    }

    @Test
    void errorCode_failsTheSpan() {
        Span span = ended(McpCall.client("tools/call").tool("search").errorCode("-32602"));

        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(span.ownAttribute("error.type")).isEqualTo("-32602");
        assertThat(span.attributes().get("rpc.response.status_code")).isEqualTo("-32602");
    }

    @Test
    void toolFailed_failsTheSpan_butIsNoErrorOfTheProtocol() {
        Span span = ended(McpCall.client("tools/call").tool("search").toolFailed());

        assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
        assertThat(span.ownAttribute("error.type")).isEqualTo("tool_error");
        assertThat(span.attributes().get("rpc.response.status_code")).isNull();
    }

    @Test
    void errorCode_isMoreThanToolFailed() {
        assertThat(ended(McpCall.client("tools/call").errorCode("-32603").toolFailed())
                        .ownAttribute("error.type"))
                .isEqualTo("-32603");
        assertThat(ended(McpCall.client("tools/call").toolFailed().errorCode("-32603"))
                        .ownAttribute("error.type"))
                .isEqualTo("-32603");
    }

    @Test
    void success_hasNoStatus() {
        Span span = ended(McpCall.client("tools/call").tool("search").errorCode(null));

        assertThat(span.status()).isEqualTo(SpanStatus.UNSET);
        assertThat(span.ownAttribute("error.type")).isNull();
    }

    @Test
    void whatWasThrown_orTheApplicationSaid_wins() {
        McpCall failing = McpCall.client("tools/call").toolFailed();
        Span failed = tracer.span(failing).start();
        failed.error(new TimeoutException()).end();
        Span excused = tracer.span(McpCall.client("tools/call").toolFailed()).start();
        excused.status(SpanStatus.OK).end();

        assertThat(failed.ownAttribute("error.type")).isEqualTo("timeout");
        assertThat(excused.status()).isEqualTo(SpanStatus.OK);
        assertThat(excused.ownAttribute("error.type")).isNull();
    }
}
