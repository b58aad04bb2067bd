// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.genai.Agent;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanBuilder;
import io.spanflux.trace.Tracer;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Starts sessions in the manner of Spect's own SDK, for applications that come from there. An application that traces with
 * Spanflux needs none of this: each local root span is a session.
 *
 * <p>Threads: any.
 */
public final class SpectObserver {
    private final SpectExporter exporter;
    private final Tracer tracer;

    SpectObserver(SpectExporter exporter, Tracer tracer) {
        this.exporter = exporter;
        this.tracer = tracer;
    }

    /** Starts a session now. */
    public SpectSession startSession(String name) {
        return startSession(name, session -> {});
    }

    /**
     * Starts a session now. {@code options} describes it: model, input messages, and what {@link SpectSession#about()}
     * can still say later.
     */
    public SpectSession startSession(String name, Consumer<Agent> options) {
        return startSession(name, options, null);
    }

    /** Starts a session at {@code startTime}; null is now. */
    public SpectSession startSession(String name, Consumer<Agent> options, @Nullable Instant startTime) {
        Agent about = Agent.named(name);
        options.accept(about);
        SpanBuilder start = tracer.span(about).name(name);
        if (exporter.provider() != null) {
            start.attribute(GenAiAttributes.PROVIDER_NAME, exporter.provider());
        }
        if (startTime != null) {
            start.startTime(startTime);
        }
        Span root = start.start();
        return new SpectSession(exporter, tracer, about, root);
    }

    @Override
    public String toString() {
        return "SpectObserver{" + exporter + '}';
    }
}
