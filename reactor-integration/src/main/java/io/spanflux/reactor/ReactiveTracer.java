// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.genai.Agent;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Tool;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
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
    private final boolean captureContent;
    private final boolean chunkTiming;
    private final RepeatedWarning failures;

    private ReactiveTracer(Tracer tracer, boolean captureContent, boolean chunkTiming, RepeatedWarning failures) {
        this.tracer = tracer;
        this.captureContent = captureContent;
        this.chunkTiming = chunkTiming;
        this.failures = failures;
    }

    /** Traces with {@code spanflux}. */
    public static ReactiveTracer of(Spanflux spanflux) {
        return new ReactiveTracer(spanflux.tracer(), spanflux.capturesContent(), true, new RepeatedWarning(log));
    }

    /**
     * The same with or without the time between chunks. With it, the default, the clock is read once a chunk; without it
     * once for the first chunk of a stream, and {@code spanflux.stream.gap.*} is left out.
     */
    public ReactiveTracer chunkTiming(boolean chunkTiming) {
        return new ReactiveTracer(tracer, captureContent, chunkTiming, failures);
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
        return trace(() -> Generation.chat(provider, model).captureContent(captureContent), onNext);
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
        return trace(() -> described(Generation.chat(null, null).captureContent(captureContent), request), onNext);
    }

    // ---- agents and tools ----------------------------------------------------------------------------------------

    /** The invocation of an agent of this process; what happens inside becomes its children. */
    public <T> TraceOperator<T> agent(String name) {
        return agent(name, (agent, value) -> {});
    }

    /** The invocation of an agent; {@code onNext} says what its result tells about it. */
    public <T> TraceOperator<T> agent(String name, BiConsumer<? super Agent, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        return trace(() -> Agent.named(name), onNext);
    }

    /** The execution of a tool that a model asked for. */
    public <T> TraceOperator<T> tool(String name) {
        return tool(name, call -> {}, (tool, value) -> {});
    }

    /** The execution of a tool; {@code onNext} says what its result tells about it. */
    public <T> TraceOperator<T> tool(String name, BiConsumer<? super Tool, ? super T> onNext) {
        return tool(name, call -> {}, onNext);
    }

    /** The execution of a tool; {@code call} describes it before it starts, {@code onNext} its result. */
    public <T> TraceOperator<T> tool(
            String name, Consumer<? super Tool> call, BiConsumer<? super Tool, ? super T> onNext) {
        Objects.requireNonNull(name, "name == null");
        Objects.requireNonNull(call, "call == null");
        return trace(() -> described(Tool.named(name).captureContent(captureContent), call), onNext);
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
        return "ReactiveTracer{" + tracer + ", captureContent=" + captureContent + ", chunkTiming=" + chunkTiming + '}';
    }
}
