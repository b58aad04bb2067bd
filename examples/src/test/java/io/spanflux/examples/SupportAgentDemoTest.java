// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.DeliveryReport;
import io.spanflux.config.Environment;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(60)
class SupportAgentDemoTest {
    private static final String REPLY = "  < Thank you for asking. Order 4711 is shipped. Order 4712 is being packed."
            + " Is there anything else that I can do for you?\n";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private DeliveryReport run(Map<String, String> environment) {
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        return new SupportAgentDemo(Environment.of(environment), print).run();
    }

    private String text() {
        return out.toString(StandardCharsets.UTF_8);
    }

    /** The lines of the tree as patterns: durations differ. */
    private static final String TREE = """
              span +duration  first chunk  tokens in/out  cost +outcome +scope

            Trace 1, [0-9a-f]{32}
              invoke_agent support +[0-9.]+ m?s +ok +handle-ticket
              \\|- chat gpt-4o-mini +[0-9.]+ m?s +22/3  0\\.0000[0-9]{2} USD  ok +handle-ticket
              \\|- execute_tool get_order_status +[0-9.]+ m?s +ok +handle-ticket
              \\|- chat gpt-4o-mini +[0-9.]+ m?s +[0-9.]+ m?s +25/3  0\\.0000[0-9]{2} USD  ok +draft-reply
              \\|- execute_tool get_order_status +[0-9.]+ m?s +ok +handle-ticket
              `- chat gpt-4o-mini +[0-9.]+ m?s +[0-9.]+ m?s +29/23  0\\.0000[0-9]{2} USD  ok +draft-reply

            Trace 2, [0-9a-f]{32}
              invoke_agent support +[0-9.]+ m?s +ok +handle-ticket
              \\|- chat gpt-4o-mini +[0-9.]+ m?s +error TooManyRequests +handle-ticket
              `- chat gpt-4o-mini +[0-9.]+ m?s +14/4  0\\.0000[0-9]{2} USD  ok +handle-ticket

            Trace 3, [0-9a-f]{32}
              invoke_agent support +[0-9.]+ m?s +ok +handle-ticket
              `- chat gpt-4o-mini +[0-9.]+ m?s +14/4  0\\.0000[0-9]{2} USD  ok +handle-ticket

            Trace 4, [0-9a-f]{32}
              invoke_agent support +[0-9.]+ m?s +cancelled +handle-ticket
              \\|- chat gpt-4o-mini +[0-9.]+ m?s +21/3  0\\.0000[0-9]{2} USD  ok +handle-ticket
              \\|- execute_tool get_order_status +[0-9.]+ m?s +ok +handle-ticket
              `- chat gpt-4o-mini +[0-9.]+ m?s +[0-9.]+ m?s +cancelled +draft-reply
            """;

    @Test
    void run_withNothingConfigured_printsRepliesTreeAndLedger() {
        LogCapture logs = LogCapture.start();

        DeliveryReport report = run(Map.of());

        assertThat(report.isComplete()).isTrue();
        assertThat(text().lines().toList())
                .endsWith("spans: accepted 15 = sent 15 + rejected 0 + dropped 0 + spooled 0 + pending 0");
        assertThat(text())
                .contains(REPLY)
                .contains("  < Question about order 4713\n")
                .contains("  < Thank you for asking. Order\n");
        assertThat(text()).containsPattern(TREE);
        assertThat(logs.warnings()).isEmpty();
    }

    @Test
    void run_captureOn_showsContentInTheTree() {
        run(Map.of("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"));

        assertThat(text())
                .contains("   in  {\"order_id\": \"4711\"}\n")
                .contains("   out {\"order_id\":\"4711\",\"status\":\"shipped\"}\n")
                .contains("   in  [{\"role\":\"system\",\"parts\"");
    }

    @Test
    void run_withCollector_sendsThereAndPrintsNoTree() {
        try (LoopbackCollector collector = LoopbackCollector.start()) {
            DeliveryReport report = run(Map.of(
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                    collector.endpoint() + "/",
                    "OTEL_EXPORTER_OTLP_COMPRESSION",
                    "gzip",
                    "OTEL_RESOURCE_ATTRIBUTES",
                    "team=support"));

            assertThat(report.ledger().sent()).isEqualTo(15);
            assertThat(collector.spans()).hasSize(15);
            assertThat(text())
                    .contains("  spans  go where OTEL_EXPORTER_OTLP_ENDPOINT says; look at them there\n")
                    .contains("spans: accepted 15 = sent 15 +")
                    .doesNotContain("Trace 1");
        }
    }

    @Test
    void run_withCollectorThatIsDown_endsAndSaysWhatBecameOfTheSpans() {
        String url = "http://127.0.0.1:" + LoopbackServer.unusedPort() + "/v1/traces";

        DeliveryReport report = run(Map.of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url));

        assertThat(report.ledger().isBalanced()).isTrue();
        assertThat(report.ledger().sent()).isZero();
        assertThat(text())
                .contains("go where OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says")
                .contains("spans: accepted 15 = sent 0 + ")
                .contains("time ran out");
    }

    @Test
    void run_withModelServer_callsItWithKeyAndModel() {
        try (LoopbackServer server = LoopbackServer.start()
                .otherwise(Behaviour.status(
                        200,
                        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"From\\nafar\"}}]}",
                        "Content-Type: application/json"))) {
            DeliveryReport report = run(Map.of(
                    "OPENAI_BASE_URL", server.url("/openai/v1/"), "OPENAI_API_KEY", "s3cret", "OPENAI_MODEL", "gpt-x"));

            assertThat(server.requests()).hasSize(4).allSatisfy(request -> {
                assertThat(request.path()).isEqualTo("/openai/v1/chat/completions");
                assertThat(request.header("authorization")).isEqualTo("Bearer s3cret");
                assertThat(request.text()).startsWith("{\"model\":\"gpt-x\",");
            });
            assertThat(report.ledger().sent()).isEqualTo(8);
            assertThat(text())
                    .contains("  model  gpt-x at localhost:" + server.port() + "\n")
                    .contains("  < From afar\n")
                    .contains("chat gpt-x")
                    .doesNotContain("s3cret");
            assertThat(tokensColumn()).isEmpty();
        }
    }

    /** The server said nothing of tokens. */
    private List<String> tokensColumn() {
        return text().lines().filter(line -> line.contains("tokens in/out")).toList();
    }

    @Test
    void run_refusedKey_saysSoShowsErrorsAndNeverTheKey() {
        try (LoopbackServer server = LoopbackServer.start()
                .otherwise(Behaviour.status(401, "{\"error\":{\"message\":\"wrong: s3cret\"}}"))) {
            LogCapture logs = LogCapture.start();

            DeliveryReport report = run(Map.of("OPENAI_BASE_URL", server.url("/v1"), "OPENAI_API_KEY", "s3cret"));

            assertThat(report.isComplete()).isTrue();
            assertThat(text())
                    .contains("  < (failed: Unauthorized)\n")
                    .contains("error Unauthorized")
                    .doesNotContain("s3cret");
            assertThat(logs.events().toString()).doesNotContain("s3cret");
        }
    }

    @Test
    void run_baseUrlThatIsNone_isRefusedByName() {
        assertThatThrownBy(() -> run(Map.of("OPENAI_BASE_URL", "localhost:8080")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("baseUrl is not");
    }

    @Test
    void run_disabled_worksWithoutSpans() {
        DeliveryReport report = run(Map.of("OTEL_SDK_DISABLED", "true"));

        assertThat(report.ledger().accepted()).isZero();
        assertThat(text()).contains(REPLY).contains("spans: accepted 0 = sent 0 +");
    }
}
