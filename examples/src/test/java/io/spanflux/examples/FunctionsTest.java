// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.google.cloud.functions.HttpRequest;
import com.google.cloud.functions.HttpResponse;
import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.OtlpExporter;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** The functions as their platforms call them, and a process that is frozen between two calls. */
@Timeout(120)
class FunctionsTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final LoopbackLlmServer llm = LoopbackLlmServer.start();
    private final LoopbackServer collector = LoopbackServer.start();
    private final Spanflux spanflux = spanflux(collector.url("/v1/traces"));
    private final TracedModel model = new TracedModel(new OpenAiClient(llm.baseUrl(), "test-key"), spanflux);
    private final List<DeliveryReport> reports = new ArrayList<>();

    @AfterEach
    void close() {
        spanflux.awaitClose(Duration.ofSeconds(1));
        collector.close();
        llm.close();
    }

    private static Spanflux spanflux(String endpoint) {
        return Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(OtlpExporter.builder()
                        .environment(Environment.of(Map.of()))
                        .endpoint(endpoint)
                        .build())
                .closeOnExit(false)
                .build();
    }

    /** The ids of all spans that came, one that came twice twice. */
    private List<String> arrived() {
        List<String> ids = new ArrayList<>();
        for (LoopbackServer.Request request : collector.requests()) {
            for (JsonNode span :
                    JsonMapper.shared().readTree(request.text()).at("/resourceSpans/0/scopeSpans/0/spans")) {
                ids.add(span.get("spanId").asString());
            }
        }
        return ids;
    }

    private void assertThreeTruthfulReports() {
        assertThat(arrived()).hasSize(3).doesNotHaveDuplicates();
        assertThat(reports).hasSize(3).allMatch(DeliveryReport::isComplete);
        assertThat(reports).extracting(report -> report.ledger().sent()).containsExactly(1L, 2L, 3L);
    }

    @Test
    void lambda_deliversWithinEachInvocation() {
        LambdaQuestionHandler handler = new LambdaQuestionHandler(spanflux, model, reports::add);

        for (int i = 1; i <= 3; i++) {
            assertThat(handler.handleRequest("What is tracing?", new LambdaContext(LONG)))
                    .isNotEmpty();
            assertThat(arrived()).as("when the handler returns").hasSize(i);
        }

        assertThreeTruthfulReports();
    }

    @Test
    void cloudFunction_deliversWithinEachRequest() throws IOException {
        CloudQuestionFunction function = new CloudQuestionFunction(spanflux, model, LONG, reports::add);

        for (int i = 1; i <= 3; i++) {
            CloudResponse response = new CloudResponse();
            function.service(new CloudRequest("What is tracing?"), response);
            response.writer.flush();
            assertThat(response.body.toString()).isNotEmpty();
            assertThat(arrived()).as("when the function returns").hasSize(i);
        }

        assertThreeTruthfulReports();
    }

    @Test
    void collectorThatHangs_leavesTheHandlerInTime_andTheNextInvocationDelivers() {
        collector.then(Behaviour.hang());
        LambdaQuestionHandler handler = new LambdaQuestionHandler(spanflux, model, reports::add);
        LambdaContext context = new LambdaContext(Duration.ofSeconds(8));

        assertThat(handler.handleRequest("What is tracing?", context)).isNotEmpty();

        assertThat(context.getRemainingTimeInMillis()).as("left of the time").isPositive();
        assertThat(reports.get(0).timedOut()).isTrue();
        assertThat(reports.get(0).ledger().sent()).isZero();
        assertThat(reports.get(0).ledger().pending()).isEqualTo(1);
        // The hanging connection is gone, as after a freeze.
        collector.closeConnections();
        handler.handleRequest("What is tracing?", new LambdaContext(LONG));
        assertThat(spanflux.awaitFlush(LONG).isComplete()).isTrue();
        assertThat(arrived().stream().distinct()).hasSize(2);
    }

    @Test
    void callThatTakesTooLong_isCancelled_andItsSpanDelivered() {
        try (LoopbackServer silent = LoopbackServer.start().otherwise(Behaviour.hang())) {
            TracedModel slow = new TracedModel(new OpenAiClient(silent.url("/v1"), "test-key"), spanflux);
            LambdaQuestionHandler handler = new LambdaQuestionHandler(spanflux, slow, reports::add);
            LambdaContext context = new LambdaContext(Duration.ofSeconds(4));

            assertThatThrownBy(() -> handler.handleRequest("What is tracing?", context))
                    .isInstanceOf(IllegalStateException.class);

            assertThat(context.getRemainingTimeInMillis()).isPositive();
            assertThat(spanflux.awaitFlush(LONG).isComplete()).isTrue();
            assertThat(collector.requests().get(0).text()).contains("spanflux.cancelled");
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void processFrozenBetweenCalls_losesNothing_whenItsConnectionIsClosedMeanwhile() throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Sandbox.class.getName(),
                        collector.url("/v1/traces"),
                        llm.baseUrl())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out =
                        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
                PrintStream in = new PrintStream(child.getOutputStream(), true, StandardCharsets.UTF_8)) {
            in.println("invoke");
            assertThat(out.readLine()).isEqualTo("1 of 1");
            for (int i = 2; i <= 4; i++) {
                signal(child, "STOP");
                awaitState(child, 'T');
                collector.closeConnections();
                // Both are there when it wakes: the end of its connection and the next call.
                in.println("invoke");
                signal(child, "CONT");
                assertThat(out.readLine()).isEqualTo(i + " of " + i);
            }
            assertThat(arrived()).hasSize(4).doesNotHaveDuplicates();
            assertThat(collector.connectionCount())
                    .as("one for each time it woke")
                    .isEqualTo(4);
        } finally {
            child.destroyForcibly();
        }
    }

    private static void signal(Process child, String name) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, String.valueOf(child.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static void awaitState(Process child, char state) throws IOException, InterruptedException {
        Path stat = Path.of("/proc", String.valueOf(child.pid()), "stat");
        long deadline = System.nanoTime() + LONG.toNanos();
        // pid (name) state ...
        while (!Files.readString(stat).contains(") " + state + ' ')) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    /** A process that handles an invocation for each line, and says how many of its spans are delivered. */
    static final class Sandbox {
        private Sandbox() {}

        public static void main(String[] arguments) throws IOException {
            Spanflux spanflux = spanflux(arguments[0]);
            TracedModel model = new TracedModel(new OpenAiClient(arguments[1], "test-key"), spanflux);
            Consumer<DeliveryReport> reports = report -> System.out.println(
                    report.ledger().sent() + " of " + report.ledger().accepted());
            LambdaQuestionHandler handler = new LambdaQuestionHandler(spanflux, model, reports);
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            while (in.readLine() != null) {
                handler.handleRequest("What is tracing?", new LambdaContext(LONG));
            }
        }
    }

    private static final class LambdaContext implements Context {
        private final long deadline;

        LambdaContext(Duration time) {
            this.deadline = System.nanoTime() + time.toNanos();
        }

        @Override
        public int getRemainingTimeInMillis() {
            return (int) TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }

        @Override
        public String getAwsRequestId() {
            return "request";
        }

        @Override
        public String getLogGroupName() {
            return "group";
        }

        @Override
        public String getLogStreamName() {
            return "stream";
        }

        @Override
        public String getFunctionName() {
            return "question";
        }

        @Override
        public String getFunctionVersion() {
            return "1";
        }

        @Override
        public String getInvokedFunctionArn() {
            return "arn";
        }

        @Override
        public CognitoIdentity getIdentity() {
            return null;
        }

        @Override
        public ClientContext getClientContext() {
            return null;
        }

        @Override
        public int getMemoryLimitInMB() {
            return 512;
        }

        @Override
        public LambdaLogger getLogger() {
            return null;
        }
    }

    private record CloudRequest(String question) implements HttpRequest {
        @Override
        public String getMethod() {
            return "POST";
        }

        @Override
        public String getUri() {
            return "http://localhost/";
        }

        @Override
        public String getPath() {
            return "/";
        }

        @Override
        public Optional<String> getQuery() {
            return Optional.empty();
        }

        @Override
        public Map<String, List<String>> getQueryParameters() {
            return Map.of();
        }

        @Override
        public Map<String, HttpPart> getParts() {
            return Map.of();
        }

        @Override
        public Optional<String> getContentType() {
            return Optional.empty();
        }

        @Override
        public long getContentLength() {
            return question.length();
        }

        @Override
        public Optional<String> getCharacterEncoding() {
            return Optional.empty();
        }

        @Override
        public InputStream getInputStream() {
            throw new UnsupportedOperationException();
        }

        @Override
        public BufferedReader getReader() {
            return new BufferedReader(new StringReader(question));
        }

        @Override
        public Map<String, List<String>> getHeaders() {
            return Map.of();
        }
    }

    private static final class CloudResponse implements HttpResponse {
        private final StringWriter body = new StringWriter();
        private final BufferedWriter writer = new BufferedWriter(body);

        @Override
        public void setStatusCode(int code) {}

        @Override
        public void setStatusCode(int code, String message) {}

        @Override
        public void setContentType(String contentType) {}

        @Override
        public Optional<String> getContentType() {
            return Optional.empty();
        }

        @Override
        public void appendHeader(String header, String value) {}

        @Override
        public Map<String, List<String>> getHeaders() {
            return Map.of();
        }

        @Override
        public OutputStream getOutputStream() {
            throw new UnsupportedOperationException();
        }

        @Override
        public BufferedWriter getWriter() {
            return writer;
        }
    }
}
