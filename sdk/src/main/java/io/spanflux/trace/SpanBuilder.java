// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/** Describes a span before it starts; made by {@link Tracer#span(String)}. Never throws. Not thread-safe. */
public final class SpanBuilder {
    private final Tracer tracer;
    private final @Nullable SpanData data;

    /** Null where the data says it, which is asked only if the span is recorded. */
    private @Nullable String name;

    private @Nullable SpanKind kind;
    private @Nullable Span parent;
    private Scope scope = Scope.none();
    private Attributes attributes = Attributes.empty();
    private final List<SpanContext> links = new ArrayList<>(0);
    private @Nullable Instant startTime;
    private @Nullable String id;
    private boolean disabled;

    SpanBuilder(Tracer tracer, String name) {
        this.tracer = tracer;
        this.data = null;
        this.name = name == null ? "" : name;
        this.kind = SpanKind.INTERNAL;
    }

    SpanBuilder(Tracer tracer, SpanData data) {
        this.tracer = tracer;
        this.data = data;
    }

    /** The kind. Default INTERNAL, or what the data says. */
    public SpanBuilder kind(SpanKind kind) {
        this.kind = kind == null ? SpanKind.INTERNAL : kind;
        return this;
    }

    /** The name, where it is not to be the data's. */
    public SpanBuilder name(String name) {
        this.name = name == null ? "" : name;
        return this;
    }

    /** Below the span and in the scope of {@code context}; null begins a trace. */
    public SpanBuilder parent(@Nullable ContextView context) {
        if (context == null) {
            return parent((Span) null);
        }
        this.parent = tracer.parentIn(context);
        this.scope = Scope.from(context);
        return this;
    }

    /** Below {@code parent} and in its scope; null begins a trace. */
    public SpanBuilder parent(@Nullable Span parent) {
        this.parent = parent;
        this.scope = parent == null ? Scope.none() : parent.scope();
        return this;
    }

    /** Below a span that is known by its identity only; null or an invalid one begins a trace. */
    public SpanBuilder parent(@Nullable SpanContext parent) {
        this.parent = parent != null && parent.isValid() ? Span.of(parent) : null;
        return this;
    }

    /** At the top of the trace of {@code scope}, below no span; see {@link Scope#trace}. Null begins a trace. */
    public SpanBuilder parent(@Nullable Scope scope) {
        this.parent = null;
        return scope(scope);
    }

    /** In {@code scope}, whatever the parent's is. */
    public SpanBuilder scope(@Nullable Scope scope) {
        this.scope = scope == null ? Scope.none() : scope;
        return this;
    }

    /** An attribute that samplers see. */
    public SpanBuilder attribute(String key, @Nullable Object value) {
        this.attributes = attributes.with(key, value);
        return this;
    }

    /** A relation to another span. */
    public SpanBuilder link(SpanContext other) {
        if (other != null) {
            links.add(other);
        }
        return this;
    }

    /**
     * The application's own id, any text, for a span in a scope that says something of its {@linkplain Scope#trace trace}.
     * Wires whose ids are texts send it as it is; elsewhere it is the 16 lower-case hexadecimal digits that the text
     * consists of or that follow its last {@code _}, else the first 8 bytes of its SHA-256. Null means a random id.
     */
    public SpanBuilder id(@Nullable String id) {
        this.id = id;
        return this;
    }

    /** The start, where it is not now. */
    public SpanBuilder startTime(Instant startTime) {
        this.startTime = startTime;
        return this;
    }

    /**
     * Nothing of this span is recorded, whatever samplers say, and no handler sees it. It stands for its parent: spans below
     * are the parent's children, or begin a trace where there is none. Default whether the tracer is disabled.
     */
    public SpanBuilder disabled() {
        this.disabled = true;
        return this;
    }

    /** Starts the span. */
    public Span start() {
        if (disabled || !tracer.isEnabled()) {
            return tracer.passedOn(parent, scope);
        }
        Span span = tracer.start(
                name == null ? tracer.nameOf(data) : name,
                kind == null ? tracer.kindOf(data) : kind,
                parent,
                scope,
                attributes,
                data,
                tracer.clock().nanoTime(),
                startTime,
                ownIdBits());
        for (SpanContext link : links) {
            span.link(link);
        }
        return span;
    }

    private long ownIdBits() {
        if (id == null) {
            return 0;
        }
        long bits = OwnIds.spanId(id);
        TraceInfo trace = scope.trace();
        if (trace != null) {
            trace.remember(bits, id);
        }
        return bits;
    }
}
