// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.genai.Agent;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanBuilder;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.Tracer;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * A session under way: a root span, whose children are its spans. What is traced with its {@link #storeIn context} belongs
 * to it too.
 *
 * <pre>{@code
 * SpectSession session = observer.startSession("answer", about -> about.model("gpt-4.1"));
 * return model.ask(question)
 *         .transform(trace.chat("openai", "gpt-4.1", (call, answer) -> call.usage(answer.usage())))
 *         .contextWrite(session::storeIn)
 *         .flatMap(answer -> session.send().thenReturn(answer));
 * }</pre>
 *
 * <p>Which {@code kind} a span has there follows from what it is about: a {@code Generation} is {@code generate} or
 * {@code stream}, a {@code Tool} {@code tool-call} and {@code tool-result}, an {@code Agent} {@code subagent}. Another one
 * is said by {@link #span(String, SpanData)}. A session that is never sent leaves when the tracer's {@code maxLifetime} ends
 * it.
 *
 * <p>Threads: any; never blocks.
 */
public final class SpectSession {
    private final SpectExporter exporter;
    private final Tracer tracer;
    private final Agent about;
    private final Span root;

    /** Shared: the second one to ask for the delivery waits for the same one. */
    private final Mono<Void> delivery;

    private volatile @Nullable Instant endTime;

    SpectSession(SpectExporter exporter, Tracer tracer, Agent about, Span root) {
        this.exporter = exporter;
        this.tracer = tracer;
        this.about = about;
        this.root = root;
        this.delivery = Mono.defer(this::deliver).cache();
    }

    /** What the session is about: its answer, usage, finish reasons and what else a result says. */
    public Agent about() {
        return about;
    }

    /** What the session was asked with, {@code metadata.request} there; a key {@code spect} is copied one level up. */
    public SpectSession metadata(String key, @Nullable Object value) {
        root.attribute(key, value);
        return this;
    }

    /** What came of it, {@code metadata.result} there. */
    public SpectSession resultMetadata(Attributes metadata) {
        metadata.asMap().forEach((key, value) -> root.attribute(SpectAttributes.RESULT_PREFIX + key, value));
        return this;
    }

    /** Begins the description of a span of this session. */
    public SpanBuilder span(SpanData data) {
        return tracer.span(data).parent(root);
    }

    /** Begins the description of a span of this session with another {@code kind} than follows from {@code data}. */
    public SpanBuilder span(String kind, SpanData data) {
        return span(data).attribute(SpectAttributes.KIND, Objects.requireNonNull(kind, "kind == null"));
    }

    /** {@code context} with this session as the parent of what is traced there. */
    public Context storeIn(Context context) {
        return root.storeIn(context);
    }

    /** The span that is this session. */
    public Span root() {
        return root;
    }

    /** Ends the session then, where that is not when it is sent. */
    public SpectSession endTime(Instant endTime) {
        this.endTime = Objects.requireNonNull(endTime, "endTime == null");
        return this;
    }

    /**
     * Ends the session when subscribed to, and completes when it was delivered or lost, or when {@code sendTimeout} is
     * over: it takes the delay of the pipeline, or until someone flushes, plus the time of the collector. Cancelling ends
     * the wait only. A second subscription sends nothing again. What lost it is an error only where
     * {@code raiseSendErrors} says so.
     */
    public Mono<Void> send() {
        return delivery;
    }

    /** As {@link #send}, failed by {@code error}; keeps all that was said of the answer until then. */
    public Mono<Void> sendError(Throwable error) {
        return Mono.defer(() -> {
            if (!root.hasEnded()) {
                root.error(error);
            }
            return delivery;
        });
    }

    private Mono<Void> deliver() {
        if (!root.isSampled() || root.hasEnded()) {
            // Nothing leaves, or it has left: its lifetime was over, or somebody else ended it.
            end();
            return Mono.empty();
        }
        return exporter.deliveryOf(root, this::end);
    }

    private void end() {
        Instant time = endTime;
        if (time == null) {
            root.end();
        } else {
            root.end(time);
        }
    }

    /** Name and identity; never what was said. */
    @Override
    public String toString() {
        return "SpectSession{" + root + '}';
    }
}
