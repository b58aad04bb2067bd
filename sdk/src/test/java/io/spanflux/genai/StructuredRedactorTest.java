// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import io.spanflux.redaction.SecretRedactor;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class StructuredRedactorTest {
    private final ContentRedactor redactor = ContentRedactor.of(SecretRedactor.standard(), "password", "**.token");

    @Test
    void text_isRedactedByItsLooks() {
        assertThat(redactor.redact(new Part.Text("I am ann@example.org")))
                .isEqualTo(new Part.Text("I am [redacted:email]"));
    }

    @Test
    void arguments_areRedactedByKeyAndByLooks() {
        assertThat(redactor.redact(
                        new Part.ToolCall("c", "login", "{\"user\":\"ann@example.org\",\"password\":\"x\"}")))
                .isEqualTo(new Part.ToolCall(
                        "c", "login", "{\"user\":\"[redacted:email]\",\"password\":\"[redacted:key]\"}"));
        assertThat(redactor.redact(new Part.ToolCall("c", "login", Map.of("a", Map.of("token", 7)))))
                .isEqualTo(new Part.ToolCall("c", "login", Map.of("a", Map.of("token", "[redacted:key]"))));
        assertThat(redactor.redact(new Part.ToolCall(null, "login", null)))
                .isEqualTo(new Part.ToolCall(null, "login", null));
    }

    @Test
    void response_isRedactedInItsForm() {
        assertThat(redactor.redact(new Part.ToolCallResponse("c", "mail ann@example.org")))
                .isEqualTo(new Part.ToolCallResponse("c", "mail [redacted:email]"));
        assertThat(redactor.redact(new Part.ToolCallResponse("c", List.of("ann@example.org", 1))))
                .isEqualTo(new Part.ToolCallResponse("c", List.of("[redacted:email]", 1)));
    }

    @Test
    void partsOfAllKinds_areRedacted_andStayWhatTheyAre() {
        Part.Generic search = new Part.Generic("web_search", Map.of("query", "ann@example.org", "password", "x"));
        Part.Generic redacted =
                new Part.Generic("web_search", Map.of("query", "[redacted:email]", "password", "[redacted:key]"));

        assertThat(redactor.redact(search)).isEqualTo(redacted);
        assertThat(redactor.redact(new Part.ServerToolCall("s", "web", search)))
                .isEqualTo(new Part.ServerToolCall("s", "web", redacted));
        assertThat(redactor.redact(new Part.ServerToolCallResponse("s", search)))
                .isEqualTo(new Part.ServerToolCallResponse("s", redacted));
        assertThat(redactor.redact(new Part.Reasoning("ask ann@example.org", true)))
                .isEqualTo(new Part.Reasoning("ask [redacted:email]", true));
        assertThat(redactor.redact(new Part.Json("{\"password\":1}")))
                .isEqualTo(new Part.Json("{\"password\":\"[redacted:key]\"}"));
        assertThat(redactor.redact(new Part.Compaction("c", "ann@example.org")))
                .isEqualTo(new Part.Compaction("c", "[redacted:email]"));
        Part uri = new Part.Uri("image", null, "https://example.org/a.png");
        assertThat(redactor.redact(uri)).isSameAs(uri);
    }

    @Test
    void brokenJson_doesNotLeave() {
        assertThat(redactor.redact("gen_ai.tool.call.arguments", " {\"password\":\"hun"))
                .isEqualTo("[redaction failed]");
    }

    @Test
    void redactorOfTheApplication_thatThrows_letsNothingOut() {
        ContentRedactor hostile = ContentRedactor.of(text -> {
            throw new IllegalStateException(text);
        });

        assertThat(hostile.redact(new Part.Text("secret"))).isEqualTo(new Part.Text("[redaction failed]"));
        assertThat(hostile.redact("a", "secret")).isEqualTo("[redaction failed]");
    }

    @Test
    void span_carriesOnlyWhatIsLeft() {
        ContentPolicy policy = ContentPolicy.builder()
                .capture(ContentCapture.SPANS)
                .redactor(redactor)
                .build();
        Generation generation = Generation.chat("openai", "m").input(() -> List.of(Message.user("ann@example.org")));
        Span span = Tracer.builder().handler(policy).build().span(generation).start();
        generation.append("call +49 30 901").append("820, 4111 1111 1111").append(" 1111");
        span.end();

        assertThat(span.attributes().asMap())
                .containsEntry(
                        "gen_ai.input.messages",
                        "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"[redacted:email]\"}]}]")
                .containsEntry(
                        "gen_ai.output.messages",
                        "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":"
                                + "\"call [redacted:phone], [redacted:card]\"}]}]");
    }
}
