// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Attributes that every span below inherits: tenant, user, conversation. Travels in Reactor's {@code Context} and
 * nowhere else.
 *
 * <pre>{@code
 * handle(ticket).contextWrite(Scope.named("handle-ticket").attribute("tenant", tenant).conversation(id))
 * }</pre>
 *
 * <p>A scope is a recipe and immutable: each method returns a changed copy. At each subscription it is entered: merged
 * with the scope outside, whose attributes it inherits and may override, and given an id of its own. On a span the
 * span's own attributes win over its scope's, and the scope's over the global ones.
 *
 * <p>Threads: immutable.
 */
public final class Scope implements Function<Context, Context> {
    private static final Scope NONE = new Scope(null, Attributes.empty(), null, null, null, false, null, null);

    private final @Nullable String name;
    private final Attributes attributes;
    private final @Nullable String id;
    private final @Nullable Scope parent;
    private final @Nullable ContentCapture contentCapture;
    private final boolean remote;
    private final @Nullable Instant enteredAt;
    private final @Nullable TraceInfo trace;

    private Scope(
            @Nullable String name,
            Attributes attributes,
            @Nullable String id,
            @Nullable Scope parent,
            @Nullable ContentCapture contentCapture,
            boolean remote,
            @Nullable Instant enteredAt,
            @Nullable TraceInfo trace) {
        this.name = name;
        this.attributes = attributes;
        this.id = id;
        this.parent = parent;
        this.contentCapture = contentCapture;
        this.remote = remote;
        this.enteredAt = enteredAt;
        this.trace = trace;
    }

    /** A scope with a name, which spans show as {@code spanflux.scope.name}. */
    public static Scope named(String name) {
        return new Scope(
                Objects.requireNonNull(name, "name == null"), Attributes.empty(), null, null, null, false, null, null);
    }

    /**
     * The scope of another process, of which no more is known than its id, in whatever form that process has ids. What is
     * entered inside it has it as its parent; entering it keeps the id.
     */
    public static Scope remote(String id) {
        if (id.isEmpty()) {
            throw new IllegalArgumentException("id is empty");
        }
        return new Scope(null, Attributes.empty(), id, null, null, true, null, null);
    }

    /** The scope of a place that is in none: no name, no id, no attributes. */
    public static Scope none() {
        return NONE;
    }

    /** The scope that was entered around the place with this context, {@link #none()} if there is none. */
    public static Scope from(ContextView context) {
        Scope scope = context.getOrDefault(Scope.class, null);
        return scope == null ? NONE : scope;
    }

    /** Adds an attribute; see {@link Attributes} for what a value may be. */
    public Scope attribute(String key, @Nullable Object value) {
        return new Scope(name, attributes.with(key, value), id, parent, contentCapture, remote, enteredAt, trace);
    }

    /** Adds attributes. */
    public Scope attributes(Attributes more) {
        return new Scope(name, attributes.with(more), id, parent, contentCapture, remote, enteredAt, trace);
    }

    /** The conversation, session or thread of the model's provider: {@code gen_ai.conversation.id}. Never made up. */
    public Scope conversation(String conversationId) {
        return attribute("gen_ai.conversation.id", conversationId);
    }

    /** The user: {@code user.id}. */
    public Scope user(String userId) {
        return attribute("user.id", userId);
    }

    /** The session: {@code session.id}. */
    public Scope session(String sessionId) {
        return attribute("session.id", sessionId);
    }

    /** The customer or account on whose behalf this is done: {@code spanflux.tenant.id}. */
    public Scope tenant(String tenantId) {
        return attribute("spanflux.tenant.id", tenantId);
    }

    /** Labels to find spans by, instead of those of the scope outside: {@code spanflux.tags}. */
    public Scope tags(String... tags) {
        return attribute("spanflux.tags", List.of(tags));
    }

    /** The named template of the prompts below and, where it is known, its version: {@code gen_ai.prompt.*}. */
    public Scope prompt(String promptName, @Nullable String version) {
        Scope named = attribute("gen_ai.prompt.name", promptName);
        return version == null ? named : named.attribute("gen_ai.prompt.version", version);
    }

    /** Where content of the calls below leaves, whatever the SDK says. Default what the scope outside says, then the SDK. */
    public Scope captureContent(ContentCapture where) {
        return new Scope(
                name, attributes, id, parent, Objects.requireNonNull(where, "where == null"), remote, enteredAt, trace);
    }

    /** Begins a trace at each entry, about which {@code trace} says what back ends for traces want to know. */
    public Scope trace(TraceInfo trace) {
        Objects.requireNonNull(trace, "trace == null");
        return new Scope(name, attributes, id, parent, contentCapture, remote, enteredAt, trace);
    }

    /** Enters this scope: {@code contextWrite} calls it once for each subscription. */
    @Override
    public Context apply(Context context) {
        return context.put(Scope.class, enteredIn(from(context)));
    }

    /** This scope inside {@code outer}, with an id; for code that is not reactive and holds its scope itself. */
    public Scope enteredIn(Scope outer) {
        String ownId = remote && id != null ? id : newId();
        Attributes merged = outer.attributes.with(attributes).with("spanflux.scope.id", ownId);
        if (name != null) {
            merged = merged.with("spanflux.scope.name", name);
        }
        return new Scope(
                name,
                merged,
                ownId,
                outer == NONE ? null : outer,
                contentCapture == null ? outer.contentCapture : contentCapture,
                remote,
                remote ? null : Instant.now(),
                trace == null ? outer.trace : trace.begun());
    }

    private static String newId() {
        IdGenerator ids = IdGenerator.random();
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(ids.traceIdHigh()) + hex.toHexDigits(ids.traceIdLow());
    }

    /** The name, null for {@link #none()} and a {@linkplain #remote} scope. */
    public @Nullable String name() {
        return name;
    }

    /** 32 hexadecimal digits, null until the scope is entered; of a {@linkplain #remote} scope what it was given. */
    public @Nullable String id() {
        return id;
    }

    /** Whether this is the scope of another process. */
    public boolean isRemote() {
        return remote;
    }

    /** When it was entered by the system's clock; null until then, and for a {@linkplain #remote} scope. */
    public @Nullable Instant enteredAt() {
        return enteredAt;
    }

    /** The scope outside, null when there is none or this one has not been entered. */
    public @Nullable Scope parent() {
        return parent;
    }

    /** What spans inherit; once entered, with what the scopes outside contribute. */
    public Attributes attributes() {
        return attributes;
    }

    /** Where content leaves, null when neither this scope nor, once entered, one outside says so. */
    public @Nullable ContentCapture contentCapture() {
        return contentCapture;
    }

    /** What is said of the trace, null when neither this scope nor, once entered, one outside says anything. */
    public @Nullable TraceInfo trace() {
        return trace;
    }

    @Override
    public String toString() {
        return "Scope{name=" + name + ", id=" + id + ", " + attributes + '}';
    }
}
