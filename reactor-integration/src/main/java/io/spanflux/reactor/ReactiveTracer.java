// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.genai.Agent;
import io.spanflux.genai.AgentCreation;
import io.spanflux.genai.Custom;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.FetchedResponse;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Guardrail;
import io.spanflux.genai.Handoff;
import io.spanflux.genai.McpCall;
import io.spanflux.genai.MemoryOperation;
import io.spanflux.genai.Plan;
import io.spanflux.genai.RemoteAgent;
import io.spanflux.genai.Retrieval;
import io.spanflux.genai.Speech;
import io.spanflux.genai.SpeechGroup;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Transcription;
import io.spanflux.genai.Workflow;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.TraceInfo;
import io.spanflux.trace.Tracer;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Makes operators that trace a {@code Mono} or {@code Flux}.
 *
 * <pre>{@code
 * ReactiveTracer trace = ReactiveTracer.of(spanflux);
 *
 * Mono<ChatCompletion> answer = client.create(request)
 *         .transform(trace.chat("openai", "gpt-4o-mini", (generation, completion) -> generation.usage(...)));
 *
 * Flux<Chunk> tokens = client.stream(request)
 *         .transform(trace.chat(call -> call.provider("openai").model("gpt-4o-mini").temperature(0.2),
 *                 (generation, chunk) -> generation.append(chunk.delta())));
 *
 * agentLoop(question).transform(trace.agent("support"));
 * }</pre>
 *
 * <p>Each subscription is a span of its own: above {@code retry} the operator gives a span for each attempt, below it one
 * for the logical call. A {@code Mono}'s span ends before its value is passed on, a {@code Flux}'s span before its last
 * signal is. Whatever a callback given here throws is counted and warned of, and the traced signals go through unchanged.
 *
 * <p>Callbacks run on the thread of the signal they see, must not block, and are called only for spans that are recorded.
 *
 * <p>Threads: immutable.
 */
public final class ReactiveTracer {
    private static final Logger log = LoggerFactory.getLogger(ReactiveTracer.class);

    private final Tracer tracer;
    private final boolean chunkTiming;
    private final RepeatedWarning failures;

    private ReactiveTracer(Tracer tracer, boolean chunkTiming, RepeatedWarning failures) {
        this.tracer = tracer;
        this.chunkTiming = chunkTiming;
        this.failures = failures;
    }

    /** Traces with {@code spanflux}. */
    public static ReactiveTracer of(Spanflux spanflux) {
        return new ReactiveTracer(spanflux.tracer(), true, new RepeatedWarning(log));
    }

    /**
     * The same with or without the time between chunks. With it, the default, the clock is read once a chunk; without it
     * once for the first chunk of a stream, and {@code spanflux.stream.gap.*} and the metric
     * {@code gen_ai.client.operation.time_per_output_chunk} are left out.
     */
    public ReactiveTracer chunkTiming(boolean chunkTiming) {
        return new ReactiveTracer(tracer, chunkTiming, failures);
    }

    // ---- model calls ---------------------------------------------------------------------------------------------

    /** A chat completion of {@code model} at {@code provider}, of which nothing more is said. */
    public <T> TraceOperator<T> chat(String provider, String model) {
        return chat(provider, model, (generation, value) -> {});
    }

    /** A chat completion; {@code onNext} says what the value, or each chunk of a stream, tells about it. */
    public <T> TraceOperator<T> chat(String provider, String model, BiConsumer<? super Generation, ? super T> onNext) {
        Objects.requireNonNull(provider, "provider == null");
        Objects.requireNonNull(model, "model == null");
        return trace(() -> Generation.chat(provider, model), onNext);
    }

    /** A chat completion; {@code request} describes it, once for each subscription, before it starts. */
    public <T> TraceOperator<T> chat(Consumer<? super Generation> request) {
        return chat(request, (generation, value) -> {});
    }

    /**
     * A chat completion; {@code request} describes it, once for each subscription, before it starts, and {@code onNext}
     * says what the value, or each chunk of a stream, tells about it.
     */
    public <T> TraceOperator<T> chat(
            Consumer<? super Generation> request, BiConsumer<? super Generation, ? super T> onNext) {
        Objects.requireNonNull(request, "request == null");
        return trace(() -> described(Generation.chat(null, null), request), onNext);
    }

    // ---- agents and tools
    // -----------------------------------------------------------------------------------------------

    /** The invocation of an agent of this process; what happens inside becomes its children. */
    public <T> TraceOperator<T> agent(String name) {
        return agent(name, (agent, value) -> {});
    }

    /** The invocation of an agent of this process; what happens inside becomes its children; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> agent(String name, BiConsumer<? super Agent, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Agent.named(name), onNext);
    }

    /** The invocation of an agent that a provider hosts. */
    public <T> TraceOperator<T> remoteAgent(String provider, String name) {
        return remoteAgent(provider, name, (remoteAgent, value) -> {});
    }

    /** The invocation of an agent that a provider hosts; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> remoteAgent(
            String provider, String name, BiConsumer<? super RemoteAgent, ? super T> onNext) {
        Objects.requireNonNull(provider, "provider == null");
        Objects.requireNonNull(name, "name == null");
        return trace(() -> RemoteAgent.of(provider, name), onNext);
    }

    /** The creation of an agent at a provider that hosts it. */
    public <T> TraceOperator<T> createAgent(String provider, String name) {
        return createAgent(provider, name, (agentCreation, value) -> {});
    }

    /** The creation of an agent at a provider that hosts it; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> createAgent(
            String provider, String name, BiConsumer<? super AgentCreation, ? super T> onNext) {
        Objects.requireNonNull(provider, "provider == null");
        Objects.requireNonNull(name, "name == null");
        return trace(() -> AgentCreation.of(provider, name), onNext);
    }

    /** The execution of a tool that a model asked for. */
    public <T> TraceOperator<T> tool(String name) {
        return tool(name, (tool, value) -> {});
    }

    /** The execution of a tool that a model asked for; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> tool(String name, BiConsumer<? super Tool, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Tool.named(name), onNext);
    }

    /** The execution of a tool; {@code call} describes it before it starts, {@code onNext} its result. */
    public <T> TraceOperator<T> tool(
            String name, Consumer<? super Tool> call, BiConsumer<? super Tool, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        Objects.requireNonNull(call, "call == null");
        return trace(() -> described(Tool.named(name), call), onNext);
    }

    /** A workflow: a chain or graph that coordinates agents. */
    public <T> TraceOperator<T> workflow(String name) {
        return workflow(name, (workflow, value) -> {});
    }

    /** A workflow: a chain or graph that coordinates agents; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> workflow(String name, BiConsumer<? super Workflow, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Workflow.named(name), onNext);
    }

    /** An agent makes a plan; the call of the model that writes it is a child. */
    public <T> TraceOperator<T> plan(String agentName) {
        return plan(agentName, (plan, value) -> {});
    }

    /** An agent makes a plan; the call of the model that writes it is a child; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> plan(String agentName, BiConsumer<? super Plan, ? super T> onNext) {
        Objects.requireNonNull(agentName, "agentName == null");
        return trace(() -> Plan.of(agentName), onNext);
    }

    /** An agent hands the conversation over to another. */
    public <T> TraceOperator<T> handoff(String from, String to) {
        return handoff(from, to, (handoff, value) -> {});
    }

    /** An agent hands the conversation over to another; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> handoff(String from, String to, BiConsumer<? super Handoff, ? super T> onNext) {
        Objects.requireNonNull(from, "from == null");
        Objects.requireNonNull(to, "to == null");
        return trace(() -> Handoff.named(from + " to " + to).from(from).to(to), onNext);
    }

    /** A check of what goes into a model or comes out of it. */
    public <T> TraceOperator<T> guardrail(String name) {
        return guardrail(name, (guardrail, value) -> {});
    }

    /** A check of what goes into a model or comes out of it; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> guardrail(String name, BiConsumer<? super Guardrail, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Guardrail.named(name), onNext);
    }

    // ---- data
    // -----------------------------------------------------------------------------------------------------------

    /** The computation of embeddings. */
    public <T> TraceOperator<T> embeddings(String provider, String model) {
        return embeddings(provider, model, (embeddings, value) -> {});
    }

    /** The computation of embeddings; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> embeddings(
            String provider, String model, BiConsumer<? super Embeddings, ? super T> onNext) {
        Objects.requireNonNull(provider, "provider == null");
        Objects.requireNonNull(model, "model == null");
        return trace(() -> Embeddings.of(provider, model), onNext);
    }

    /** A search in the data source with this id. */
    public <T> TraceOperator<T> retrieval(String dataSourceId) {
        return retrieval(dataSourceId, (retrieval, value) -> {});
    }

    /** A search in the data source with this id; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> retrieval(String dataSourceId, BiConsumer<? super Retrieval, ? super T> onNext) {
        Objects.requireNonNull(dataSourceId, "dataSourceId == null");
        return trace(() -> Retrieval.from(dataSourceId), onNext);
    }

    /** A response that was generated before, fetched by its id. */
    public <T> TraceOperator<T> fetchResponse(String provider, String responseId) {
        return fetchResponse(provider, responseId, (fetchedResponse, value) -> {});
    }

    /** A response that was generated before, fetched by its id; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> fetchResponse(
            String provider, String responseId, BiConsumer<? super FetchedResponse, ? super T> onNext) {
        Objects.requireNonNull(provider, "provider == null");
        Objects.requireNonNull(responseId, "responseId == null");
        return trace(() -> FetchedResponse.of(provider, responseId), onNext);
    }

    /** What is done to a memory: {@code trace.memory(() -> MemoryOperation.search(REMOTE).store(id))}. */
    public <T> TraceOperator<T> memory(Supplier<MemoryOperation> operation) {
        return memory(operation, (data, value) -> {});
    }

    /** What is done to a memory; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> memory(
            Supplier<MemoryOperation> operation, BiConsumer<? super MemoryOperation, ? super T> onNext) {
        return trace(operation, onNext);
    }

    /** A message of the Model Context Protocol: {@code trace.mcp(() -> McpCall.client("tools/call").tool(name))}. */
    public <T> TraceOperator<T> mcp(Supplier<McpCall> call) {
        return mcp(call, (data, value) -> {});
    }

    /** A message of the Model Context Protocol; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> mcp(Supplier<McpCall> call, BiConsumer<? super McpCall, ? super T> onNext) {
        return trace(call, onNext);
    }

    // ---- audio
    // ----------------------------------------------------------------------------------------------------------

    /** Text becomes audio. */
    public <T> TraceOperator<T> speech(String name) {
        return speech(name, (speech, value) -> {});
    }

    /** Text becomes audio; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> speech(String name, BiConsumer<? super Speech, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Speech.named(name), onNext);
    }

    /** Several pieces of speech that belong to one answer; they become its children. */
    public <T> TraceOperator<T> speechGroup(String name) {
        return speechGroup(name, (speechGroup, value) -> {});
    }

    /** Several pieces of speech that belong to one answer; they become its children; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> speechGroup(String name, BiConsumer<? super SpeechGroup, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> SpeechGroup.named(name), onNext);
    }

    /** Audio becomes text. */
    public <T> TraceOperator<T> transcription(String name) {
        return transcription(name, (transcription, value) -> {});
    }

    /** Audio becomes text; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> transcription(String name, BiConsumer<? super Transcription, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Transcription.named(name), onNext);
    }

    // ---- anything else -------------------------------------------------------------------------------------------

    /** Work inside this process that is none of the above. */
    public <T> TraceOperator<T> span(String name) {
        Objects.requireNonNull(name, "name == null");
        return new TraceOperator<>(this, () -> new PlainSpan(name), null);
    }

    /** Work inside this process; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> span(String name, BiConsumer<? super Span, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        Objects.requireNonNull(onNext, "onNext == null");
        return new TraceOperator<>(this, () -> new PlainSpan(name), (span, data, value) -> onNext.accept(span, value));
    }

    /** What has no type of its own, with attributes of its own. */
    public <T> TraceOperator<T> custom(String name) {
        return custom(name, (custom, value) -> {});
    }

    /** What has no type of its own; {@code onNext} says what each value tells about it. */
    public <T> TraceOperator<T> custom(String name, BiConsumer<? super Custom, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Custom.named(name), onNext);
    }

    /**
     * Whatever {@code data} describes, made anew for each subscription: for a type above of which more is to be said before
     * it starts, and for types of the application.
     */
    public <T> TraceOperator<T> trace(Supplier<? extends SpanData> data) {
        return trace(data, (made, value) -> {});
    }

    /** Whatever {@code data} describes, made anew for each subscription; {@code onNext} sees each value. */
    public <T, D extends SpanData> TraceOperator<T> trace(
            Supplier<? extends D> data, BiConsumer<? super D, ? super T> onNext) {
        Objects.requireNonNull(data, "data == null");
        Objects.requireNonNull(onNext, "onNext == null");
        return new TraceOperator<>(this, data, (span, made, value) -> {
            @SuppressWarnings("unchecked") // It was made by this operator's own supplier.
            D own = (D) made;
            onNext.accept(own, value);
        });
    }

    /** The span around the subscriber, empty where there is none. */
    public Mono<Span> current() {
        return Mono.deferContextual(context -> Mono.justOrEmpty(Span.from(context)));
    }

    /** What is said of the trace around the subscriber, empty where nothing is. */
    public Mono<TraceInfo> currentTrace() {
        return Mono.deferContextual(context -> Mono.justOrEmpty(TraceInfo.from(context)));
    }

    /** How many times a callback given to this tracer, or one made from it, threw. */
    public long callbackFailures() {
        return failures.count();
    }

    private <D extends SpanData> D described(D data, Consumer<? super D> description) {
        try {
            description.accept(data);
        } catch (Throwable e) {
            failed(e);
        }
        return data;
    }

    Tracer tracer() {
        return tracer;
    }

    boolean timesChunks() {
        return chunkTiming;
    }

    void failed(Throwable failure) {
        failures.caught("A tracing callback failed; the traced call goes on without what it would have said.", failure);
    }

    @Override
    public String toString() {
        return "ReactiveTracer{" + tracer + ", chunkTiming=" + chunkTiming + '}';
    }
}
