// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.OtlpExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.reactor.ReactiveTracer;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/**
 * Runs the {@link SupportAgent} over a few tickets and shows what became of them as traces.
 *
 * <p>Needs nothing: the model and the collector are embedded and listen on 127.0.0.1. The same code uses real ones where
 * the environment names them:
 *
 * <ul>
 *   <li>{@code OPENAI_BASE_URL}, {@code OPENAI_API_KEY}, {@code OPENAI_MODEL}: any server that speaks OpenAI's chat
 *       completions. The URL is what OpenAI's SDKs take, for most servers it ends in {@code /v1}.
 *   <li>{@code OTEL_EXPORTER_OTLP_ENDPOINT}, {@code OTEL_EXPORTER_OTLP_TRACES_ENDPOINT} or {@code OTEL_TRACES_EXPORTER}:
 *       where spans go; then no tree is printed.
 *   <li>{@code OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true}: messages leave with the spans.
 * </ul>
 *
 * <p>Threads: all but the main one are daemons; it waits for each reply and for the spans, and with it the process ends.
 */
public final class SupportAgentDemo {
    private static final String DEFAULT_MODEL = "gpt-4o-mini";
    private static final Duration MAX_SILENCE = Duration.ofSeconds(30);
    private static final Duration MAX_CLOSE_TIME = Duration.ofSeconds(5);
    private static final int MAX_UNPRINTED_TOKENS = 256;
    private static final int TOKENS_UNTIL_HANG_UP = 6;

    private final Environment environment;
    private final PrintStream out;

    SupportAgentDemo(Environment environment, PrintStream out) {
        this.environment = environment;
        this.out = out;
    }

    /** Runs the demo with the environment of this process. */
    public static void main(String[] args) {
        // What a model writes is rarely ASCII, whatever the platform's encoding is.
        new SupportAgentDemo(Environment.system(), new PrintStream(System.out, true, StandardCharsets.UTF_8)).run();
    }

    /** Runs it; returns when all spans are delivered, or time has run out. */
    DeliveryReport run() {
        String baseUrl = environment.text("OPENAI_BASE_URL");
        String destination = environment.firstSet(
                "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
        try (LoopbackLlmServer server = baseUrl == null ? LoopbackLlmServer.start() : null;
                LoopbackCollector collector = destination == null ? LoopbackCollector.start() : null) {
            OpenAiClient llm = server == null
                    ? new OpenAiClient(Objects.requireNonNull(baseUrl), environment.text("OPENAI_API_KEY"))
                    : new OpenAiClient(server.baseUrl(), "embedded");
            announce(llm, server == null, collector, destination);
            Spanflux spanflux = spanflux(collector);
            handleTickets(new SupportAgent(llm, new OrderStatusTool(), ReactiveTracer.of(spanflux), model()), server);
            DeliveryReport report = spanflux.awaitClose(MAX_CLOSE_TIME);
            if (collector != null) {
                out.println();
                out.print(TraceTree.of(collector.spans()));
            }
            out.println();
            out.println(balance(report));
            return report;
        }
    }

    private void announce(
            OpenAiClient llm, boolean real, @Nullable LoopbackCollector collector, @Nullable String destination) {
        out.println("A support agent on Project Reactor, traced by Spanflux.");
        out.println(
                "  model  " + model() + " at " + llm.host() + ':' + llm.port() + (real ? "" : " (embedded, scripted)"));
        out.println("  spans  go "
                + (collector == null
                        // Not the URL: it may hold a token.
                        ? "where " + destination + " says; look at them there"
                        : "to " + collector.endpoint() + "/v1/traces (embedded), and are shown below"));
    }

    private String model() {
        String model = environment.text("OPENAI_MODEL");
        return model == null ? DEFAULT_MODEL : model;
    }

    private Spanflux spanflux(@Nullable LoopbackCollector collector) {
        Spanflux.Builder builder = Spanflux.builder().environment(environment).serviceName("support-agent-demo");
        if (collector != null) {
            builder.exporter(OtlpExporter.builder()
                    .environment(environment)
                    .endpoint(collector.endpoint())
                    .build());
        }
        return builder.build();
    }

    private void handleTickets(SupportAgent agent, @Nullable LoopbackLlmServer server) {
        Ticket orders = new Ticket("conv-1", "acme", "ada", "Where are my orders 4711 and 4712?");
        show("1. Decide, look up, stream the reply", orders, agent.reply(orders));

        Ticket late = new Ticket("conv-2", "acme", "grace", "Why is order 4713 late?");
        refuseNext(server);
        show(
                "2. Call again when refused (429), traced above retry: a span for each attempt",
                late,
                agent.subjectTracingAttempts(late));
        refuseNext(server);
        show(
                "3. Call again when refused (429), traced below retry: one span for the call",
                late,
                agent.subjectTracingCall(late));

        Ticket impatient = new Ticket("conv-3", "globex", "linus", "Is order 4714 on its way?");
        show(
                "4. Hang up in the middle of the reply",
                impatient,
                agent.reply(impatient).take(TOKENS_UNTIL_HANG_UP));
    }

    /** A real server refuses when it likes. */
    private static void refuseNext(@Nullable LoopbackLlmServer server) {
        if (server != null) {
            server.refuseNext(1);
        }
    }

    /** Prints a reply as it is written. Printing blocks, so it must leave the event loop that delivers the tokens. */
    private void show(String title, Ticket ticket, Publisher<String> reply) {
        out.println();
        out.println(title);
        out.println("  > " + ticket.question());
        out.print("  < ");
        try {
            Flux.from(reply)
                    .timeout(MAX_SILENCE)
                    .publishOn(Schedulers.boundedElastic(), MAX_UNPRINTED_TOKENS)
                    .doOnNext(this::print)
                    .blockLast();
            out.println();
        } catch (RuntimeException e) {
            // The class says what happened; messages may quote what was sent.
            out.println("(failed: " + Exceptions.unwrap(e).getClass().getSimpleName() + ')');
        }
    }

    private void print(String token) {
        out.print(TextTable.oneLine(token));
        out.flush();
    }

    private static String balance(DeliveryReport report) {
        Ledger ledger = report.ledger();
        return "spans: accepted " + ledger.accepted() + " = sent " + ledger.sent() + " + rejected " + ledger.rejected()
                + " + dropped " + ledger.droppedTotal() + " + spooled " + ledger.spooled() + " + pending "
                + ledger.pending() + (ledger.dropped().isEmpty() ? "" : ", dropped because of " + ledger.dropped())
                + (report.timedOut() ? ", time ran out" : "");
    }
}
