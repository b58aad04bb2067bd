// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import io.spanflux.examples.ChatMessage.ToolCall;
import io.spanflux.genai.Generation;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.trace.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Answers tickets: decides with one call of the model, looks up what it asks for, streams the reply.
 *
 * <p>All there is of tracing is {@code .transform(trace...)} around each operation and {@code .contextWrite(scope)} around
 * those that have something in common. Parents need no word: the operator finds them in Reactor's Context.
 *
 * <p>Bound: {@value #MAX_TOOL_ROUNDS} times the model may ask for tools in a row, then it has to answer without.
 *
 * <p>Threads: immutable; each subscription is a run of its own.
 */
final class SupportAgent {
    private static final int MAX_TOOL_ROUNDS = 4;
    private static final int MAX_RETRIES = 3;

    private final OpenAiClient llm;
    private final OrderStatusTool orders;
    private final ReactiveTracer trace;
    private final String model;

    SupportAgent(OpenAiClient llm, OrderStatusTool orders, ReactiveTracer trace, String model) {
        this.llm = llm;
        this.orders = orders;
        this.trace = trace;
        this.model = model;
    }

    /** The reply to a ticket, as it is written. Whoever cancels it, cancels the model's work too. */
    Flux<String> reply(Ticket ticket) {
        List<ChatMessage> conversation = List.of(
                ChatMessage.system("You are the support of a shop. Look orders up. Answer in two short sentences."),
                ChatMessage.user(ticket.question()));
        return decide(conversation)
                .flatMapMany(decision -> proceed(conversation, decision, MAX_TOOL_ROUNDS))
                .transform(trace.agent("support"))
                .contextWrite(scopeOf(ticket));
    }

    /** Which tenant, conversation and user: said once, on every span below. */
    private static Scope scopeOf(Ticket ticket) {
        return Scope.named("handle-ticket")
                .attribute("tenant", ticket.tenant())
                .conversation(ticket.conversation())
                .user(ticket.user());
    }

    /** A call with one answer. */
    private Mono<ChatMessage> decide(List<ChatMessage> conversation) {
        ChatRequest request = ChatRequest.of(model, conversation, List.of(OrderStatusTool.DEFINITION));
        return llm.complete(request)
                .transform(trace.chat(describe(request), OpenAiGeneration::completion))
                .map(ChatCompletion::message);
    }

    /** Runs the tools that the model asked for and lets it go on; or the message is the reply already. */
    private Flux<String> proceed(List<ChatMessage> conversation, ChatMessage message, int rounds) {
        if (message.calls().isEmpty() || rounds == 0) {
            return Mono.justOrEmpty(message.content()).flux();
        }
        return Flux.fromIterable(message.calls())
                .concatMap(this::callTool, 1)
                .collectList()
                .flatMapMany(results -> stream(joined(conversation, message, results), rounds - 1));
    }

    private Mono<ChatMessage> callTool(ToolCall call) {
        ToolCall.Function function = call.function();
        return orders.call(function)
                .transform(trace.tool(
                        function.name(),
                        tool -> tool.callId(call.id()).arguments(function::arguments),
                        (tool, result) -> tool.result(() -> result)))
                .map(result -> ChatMessage.toolResult(call.id(), result));
    }

    /** A call whose answer is a stream, in a scope of its own; the model may ask for tools here as well. */
    private Flux<String> stream(List<ChatMessage> conversation, int rounds) {
        ChatRequest request =
                ChatRequest.of(model, conversation, rounds == 0 ? null : List.of(OrderStatusTool.DEFINITION));
        return Flux.defer(() -> {
            StreamedMessage message = new StreamedMessage();
            return llm.stream(request)
                    .transform(trace.chat(describe(request), OpenAiGeneration::chunk))
                    .contextWrite(Scope.named("draft-reply"))
                    .doOnNext(message::add)
                    .mapNotNull(ChatChunk::text)
                    .concatWith(Flux.defer(() -> afterStream(conversation, message.message(), rounds)));
        });
    }

    /** The text has been passed on already; what may be left are tools. */
    private Flux<String> afterStream(List<ChatMessage> conversation, ChatMessage message, int rounds) {
        return message.calls().isEmpty() ? Flux.empty() : proceed(conversation, message, rounds);
    }

    /** A subject line, traced above {@code retryWhen}: each attempt is a span, and those that failed show why. */
    Mono<String> subjectTracingAttempts(Ticket ticket) {
        ChatRequest request = subjectRequest(ticket);
        return llm.complete(request)
                .transform(trace.chat(describe(request), OpenAiGeneration::completion))
                .retryWhen(RateLimitRetry.upTo(MAX_RETRIES))
                .mapNotNull(completion -> completion.message().content())
                .transform(trace.agent("support"))
                .contextWrite(scopeOf(ticket));
    }

    /** A subject line, traced below {@code retryWhen}: one span for all attempts, as long as the caller waited. */
    Mono<String> subjectTracingCall(Ticket ticket) {
        ChatRequest request = subjectRequest(ticket);
        return llm.complete(request)
                .retryWhen(RateLimitRetry.upTo(MAX_RETRIES))
                .transform(trace.chat(describe(request), OpenAiGeneration::completion))
                .mapNotNull(completion -> completion.message().content())
                .transform(trace.agent("support"))
                .contextWrite(scopeOf(ticket));
    }

    private ChatRequest subjectRequest(Ticket ticket) {
        ChatMessage system = ChatMessage.system("Write a subject line for this ticket, nothing else.");
        return ChatRequest.of(model, List.of(system, ChatMessage.user(ticket.question())), null);
    }

    private Consumer<Generation> describe(ChatRequest request) {
        return call -> OpenAiGeneration.request(call, request).server(llm.host(), llm.port());
    }

    private static List<ChatMessage> joined(
            List<ChatMessage> conversation, ChatMessage message, List<ChatMessage> results) {
        List<ChatMessage> joined = new ArrayList<>(conversation);
        joined.add(message);
        joined.addAll(results);
        return joined;
    }
}
