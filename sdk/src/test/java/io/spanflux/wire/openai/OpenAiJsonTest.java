// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.genai.ContentPolicy;
import io.spanflux.genai.ContentRedactor;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.TraceInfo;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class OpenAiJsonTest {
    private final ContentPolicy content = ContentPolicy.builder()
            .capture(ContentCapture.SPANS)
            .redactor(ContentRedactor.of(text -> text.replace("secret", "***")))
            .build();
    private final Tracer tracer = Tracer.builder().handler(content).build();
    private final Scope scope = Scope.named("s")
            .trace(TraceInfo.named("Customer service").group("chat-1").metadata("k", "v"))
            .enteredIn(Scope.none());

    @Test
    void of_aSpanThatRuns_saysWhatIsKnown_andChangesNothingOfWhatLeaves() throws IOException {
        Generation call = Generation.chat("openai", "gpt-4o").input(() -> List.of(Message.user("a secret")));
        Span span = tracer.span(call).parent(scope).start();

        Map<String, Object> running = OpenAiJson.of(span);
        assertThat(running)
                .containsEntry("object", "trace.span")
                .containsEntry("trace_id", "trace_" + span.context().traceId())
                .containsEntry("parent_id", null)
                .containsEntry("ended_at", null)
                .containsEntry("error", null);
        assertThat(OpenAiJson.text(running)).contains("a ***").doesNotContain("secret");

        running.clear();
        call.output(() -> List.of(Message.assistant("another secret")));
        span.error(new IllegalStateException("full"));
        span.end(Instant.EPOCH.plusSeconds(4_000_000_000L));
        Map<String, Object> ended = OpenAiJson.of(span);
        assertThat(ended.get("ended_at")).isEqualTo("2096-10-02T07:06:40+00:00");
        assertThat(OpenAiJson.text(ended))
                .contains("another ***")
                .contains("full")
                .doesNotContain("secret");
        assertThat(body(span)).contains(OpenAiJson.text(ended)).contains(OpenAiJson.text(OpenAiJson.traceOf(span)));
    }

    private static String body(Span span) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        var encoding = new OpenAiTraceEncoder(false, false, () -> null).begin(out);
        encoding.write(span);
        encoding.end();
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void traceOf_isTheSameBeforeItsFirstSpanAndLater() {
        Map<String, Object> before = OpenAiJson.traceOf(scope);
        assertThat(OpenAiJson.text(before))
                .isEqualTo(
                        "{\"object\":\"trace\",\"id\":\"trace_"
                                + scope.trace().traceId()
                                + "\",\"workflow_name\":\"Customer service\",\"group_id\":\"chat-1\",\"metadata\":{\"k\":\"v\"}}");
        assertThat(OpenAiJson.traceOf(tracer.span("s").parent(scope).start())).isEqualTo(before);
        Scope own = Scope.named("s").trace(TraceInfo.named("w").id("ticket-17")).enteredIn(Scope.none());
        assertThat(OpenAiJson.traceOf(own)).containsEntry("id", "ticket-17");
    }

    @Test
    void of_whatDoesNotLeave_isNull() {
        Tracer counting = Tracer.builder()
                .sampler(Sampler.alwaysOff())
                .handler(new SpanHandler() {
                    @Override
                    public boolean seesSampledOut() {
                        return true;
                    }
                })
                .build();
        Scope disabled = Scope.named("s").trace(TraceInfo.named("w").disabled()).enteredIn(Scope.none());
        Span root = tracer.span("root").start();

        for (Span span : List.of(
                tracer.span("disabled").parent(root).disabled().start(),
                tracer.span("s").parent(disabled).start(),
                counting.span("counted").start(),
                Span.of(root.context()))) {
            assertThat(OpenAiJson.of(span)).isNull();
            assertThat(OpenAiJson.traceOf(span)).isNull();
        }
        assertThat(OpenAiJson.traceOf(disabled)).isNull();
        assertThat(OpenAiJson.traceOf(Scope.none())).isNull();
        assertThat(OpenAiJson.traceOf(Scope.named("s").trace(TraceInfo.named("not entered"))))
                .isNull();
        assertThat(OpenAiJson.of(root)).isNotNull();
    }
}
