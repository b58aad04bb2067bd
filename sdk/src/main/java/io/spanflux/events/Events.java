// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.events;

import io.spanflux.config.Environment;
import io.spanflux.diagnostics.FatalErrors;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.export.ExportResult;
import io.spanflux.export.LogExporter;
import io.spanflux.export.OtlpLogExporter;
import io.spanflux.export.RecordExporter;
import io.spanflux.genai.ContentPolicy;
import io.spanflux.genai.GenAiData;
import io.spanflux.genai.Generation;
import io.spanflux.pipeline.Ledger;
import io.spanflux.pipeline.RecordPipeline;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.LogRecord;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanEvent;
import io.spanflux.trace.SpanHandler;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Events of OpenTelemetry's GenAI conventions, which leave as OTLP logs. Made by {@code Spanflux.Builder.events}.
 *
 * <ul>
 *   <li>{@code gen_ai.client.inference.operation.details} for each call of a model whose content is captured on events,
 *       or for all of them: what its span says, with content as lists and maps. See {@link Builder#details}.
 *   <li>{@code gen_ai.client.operation.exception} where {@link Builder#exceptions} asks for it.
 *   <li>{@code gen_ai.evaluation.result} from {@link #evaluation}.
 * </ul>
 *
 * <p>The first two concern spans that are sampled out as well, which are recorded for that; their traces' sampling says
 * nothing about events.
 *
 * <p>Bounds: those of a pipeline of its own, {@link Builder#pipeline}; what exceeds them is dropped, the oldest first, and
 * counted by {@link #ledger}. A queued event of a call holds its span.
 *
 * <p>Threads: any. An event is queued where its span ends, without waiting; content is redacted and rendered on export
 * threads. Nothing throws into the traced call.
 */
public final class Events implements SpanHandler {
    private static final Logger log = LoggerFactory.getLogger(Events.class);

    private final @Nullable LogExporter exporter;
    private final @Nullable RecordPipeline<LogRecord> pipeline;
    private final Resource resource;
    private final Clock clock;
    private final ContentPolicy policy;
    private final @Nullable Boolean details;
    private final ExceptionSignal exceptions;
    private final LongAdder discarded = new LongAdder();
    private final AtomicBoolean toldOff = new AtomicBoolean();
    private final RepeatedWarning refusals = new RepeatedWarning(log);
    private final RepeatedWarning failures = new RepeatedWarning(log);

    private Events(
            @Nullable LogExporter exporter,
            @Nullable RecordPipeline<LogRecord> pipeline,
            Resource resource,
            Clock clock,
            ContentPolicy policy,
            @Nullable Boolean details,
            ExceptionSignal exceptions) {
        this.exporter = exporter;
        this.pipeline = pipeline;
        this.resource = resource;
        this.clock = clock;
        this.policy = policy;
        this.details = details;
        this.exceptions = exceptions;
    }

    /** Events that go nowhere: what is recorded is only counted, by {@link #discarded}. */
    public static Events off() {
        return new Events(
                null,
                null,
                Resource.of(Attributes.empty()),
                Clock.system(),
                ContentPolicy.builder().build(),
                false,
                ExceptionSignal.SPAN_EVENTS);
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    // ---- spans ---------------------------------------------------------------------------------------------------

    /** Whether there may be events about spans; then sampling does not concern them. */
    @Override
    public boolean seesSampledOut() {
        return !Boolean.FALSE.equals(details) || exceptions != ExceptionSignal.SPAN_EVENTS;
    }

    @Override
    public boolean onException(Span span, SpanEvent exception) {
        if (exceptions == ExceptionSignal.SPAN_EVENTS
                || !(span.data() instanceof GenAiData call)
                || !call.isClientOperation(span.kind())) {
            return false;
        }
        boolean told = accept(new OperationException(exception, span.context(), span.resource()));
        return told && exceptions == ExceptionSignal.LOGS;
    }

    @Override
    public void onEnd(Span span) {
        if (span.data() instanceof Generation call
                && (details == null ? call.contentCapture().onEvents() : details)) {
            accept(new InferenceDetails(span));
        }
    }

    // ---- evaluations ---------------------------------------------------------------------------------------------

    /**
     * Begins an evaluation of the span with this identity: of a call, of an agent's run, or of a whole conversation turn.
     * {@code name} is what is evaluated, {@code relevance} for example, or {@code user_feedback}.
     */
    public Evaluation evaluation(@Nullable SpanContext span, @Nullable String name) {
        return new Evaluation(this, name, span, null);
    }

    /** Begins an evaluation of a response by its provider's id, where the span's identity is not at hand. */
    public Evaluation evaluation(@Nullable String responseId, @Nullable String name) {
        return new Evaluation(this, name, null, responseId);
    }

    void record(Evaluation evaluation) {
        try {
            String mistake = evaluation.mistake();
            if (mistake != null) {
                refusals.warn("An evaluation was refused: " + mistake + ". It is not exported.");
                return;
            }
            boolean told = accept(new EvaluationResult(
                    evaluation.context(),
                    resource,
                    clock.epochNanos(clock.nanoTime()),
                    evaluation.attributes(),
                    evaluation.explanation(),
                    policy));
            if (!told && pipeline == null && toldOff.compareAndSet(false, true)) {
                log.info("An evaluation was recorded while events are off. Turn them on by OTEL_LOGS_EXPORTER=otlp or"
                        + " Spanflux.Builder.events; until then evaluations are only counted.");
            }
        } catch (Throwable failure) {
            failures.caught("An evaluation could not be recorded.", failure);
        }
    }

    /** Whether it was queued. */
    private boolean accept(LogRecord event) {
        if (pipeline == null || exporter == null || exporter.isUnwanted()) {
            discarded.increment();
            return false;
        }
        pipeline.accept(event);
        return true;
    }

    // ---- delivery ------------------------------------------------------------------------------------------------

    /** Exports what happened before the subscription; completes when that is settled, or after {@code timeout}. */
    public Mono<Void> flush(Duration timeout) {
        return pipeline == null ? Mono.empty() : pipeline.flush().timeout(timeout, Mono.empty());
    }

    /**
     * As {@link #flush}, then closes connections and sleeps, within {@code timeout}. Not final: the next event wakes it.
     */
    public Mono<Void> shutdown(Duration timeout) {
        return pipeline == null ? Mono.empty() : pipeline.shutdown(timeout).then();
    }

    /** As {@link #shutdown}, for good: what waits is dropped, and events that come later are only counted. */
    public Mono<Void> close(Duration timeout) {
        return pipeline == null ? Mono.empty() : pipeline.close(timeout).then();
    }

    /** Whether events are exported. */
    public boolean isOn() {
        return pipeline != null;
    }

    /** What became of every event since the start; of those that were queued. */
    public Ledger ledger() {
        return pipeline == null ? Ledger.zero() : pipeline.ledger();
    }

    /** How many events were not queued, because events are off or the destination takes none (404, 405). */
    public long discarded() {
        return discarded.sum();
    }

    /** How many evaluations were refused; see {@link Evaluation#record}. */
    public long refused() {
        return refusals.count();
    }

    @Override
    public String toString() {
        return pipeline == null
                ? "Events{off}"
                : "Events{details=" + (details == null ? "captured" : details) + ", exceptions=" + exceptions + ", "
                        + pipeline + '}';
    }

    /** Collects options; each mistake is refused with the name of the option. Not thread-safe. */
    public static final class Builder {
        private static final String LOGS_EXPORTER = "OTEL_LOGS_EXPORTER";
        private static final String EMIT_EVENT = "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT";
        private static final String EXCEPTION_SIGNAL = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN";

        /** OpenTelemetry's for logs; spans wait longer. */
        private static final Duration SCHEDULE_DELAY = Duration.ofSeconds(1);

        private Environment environment = Environment.system();
        private @Nullable LogExporter exporter;
        private boolean off;
        private Mono<Void> ready = Mono.empty();
        private @Nullable Boolean details;
        private @Nullable ExceptionSignal exceptions;
        private Consumer<RecordPipeline.Builder<LogRecord>> pipeline = pipeline -> {};

        private Builder() {}

        /** Where unset options come from. Default the environment of this process. */
        public Builder environment(Environment environment) {
            this.environment = Objects.requireNonNull(environment, "environment == null");
            return this;
        }

        /**
         * Where events are exported to. Default an {@link OtlpLogExporter}, unless {@code OTEL_LOGS_EXPORTER} is set and
         * does not list {@code otlp}.
         */
        public Builder exporter(LogExporter exporter) {
            this.exporter = Objects.requireNonNull(exporter, "exporter == null");
            this.off = false;
            return this;
        }

        /** Exports nothing, whatever the environment says: events are off. */
        public Builder withoutExporter() {
            this.exporter = null;
            this.off = true;
            return this;
        }

        /** What each batch waits for before it is exported, as prices that are being read. Default nothing. */
        public Builder exportAfter(Mono<Void> ready) {
            this.ready = Objects.requireNonNull(ready, "ready == null");
            return this;
        }

        /**
         * Whether each call of a model has an event with its details; without content where that is not captured on
         * events. Default {@code OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT}, else for those calls whose content is
         * ({@code EVENTS}, {@code SPANS_AND_EVENTS}).
         */
        public Builder details(boolean ofEachCall) {
            this.details = ofEachCall;
            return this;
        }

        /**
         * By what exceptions of calls are told. Default {@code OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN} ({@code logs},
         * {@code logs/dup}), else on spans. The exceptions of other spans stay there: no convention has an event for them.
         */
        public Builder exceptions(ExceptionSignal exceptions) {
            this.exceptions = Objects.requireNonNull(exceptions, "exceptions == null");
            return this;
        }

        /**
         * Bounds and timing of the queue. Default {@code OTEL_BLRP_*}, else those of spans, except that an event waits 1 s
         * at most for a batch to fill.
         */
        public Builder pipeline(Consumer<RecordPipeline.Builder<LogRecord>> pipeline) {
            this.pipeline = this.pipeline.andThen(Objects.requireNonNull(pipeline, "pipeline == null"));
            return this;
        }

        private @Nullable Boolean detailsOrDefault() {
            if (details != null || environment.text(EMIT_EVENT) == null) {
                return details;
            }
            return environment.flag(EMIT_EVENT);
        }

        private ExceptionSignal exceptionsOrDefault() {
            if (exceptions != null) {
                return exceptions;
            }
            ExceptionSignal signal = ExceptionSignal.SPAN_EVENTS;
            for (String mode : environment.list(EXCEPTION_SIGNAL)) {
                if (mode.equals("logs/dup")) {
                    signal = ExceptionSignal.BOTH;
                } else if (!mode.equals("logs")) {
                    environment.ignored(EXCEPTION_SIGNAL, mode, "neither logs nor logs/dup");
                } else if (signal == ExceptionSignal.SPAN_EVENTS) {
                    signal = ExceptionSignal.LOGS;
                }
            }
            return signal;
        }

        /** Whether there is a destination: set in code, or ruled out neither there nor by {@code OTEL_LOGS_EXPORTER}. */
        public boolean exports() {
            return exporter != null
                    || (!off
                            && (environment.text(LOGS_EXPORTER) == null
                                    || environment.list(LOGS_EXPORTER).contains("otlp")));
        }

        /**
         * The events; nothing is opened before the first one. Without a destination they are {@link Events#off}.
         *
         * @param resource what evaluations come from; events about spans say their span's
         * @param clock tells when something was evaluated
         * @param policy sees content before it leaves; the tracer's, {@link ContentPolicy#withEvents}
         */
        public Events build(Resource resource, Clock clock, ContentPolicy policy) {
            Objects.requireNonNull(resource, "resource == null");
            Objects.requireNonNull(clock, "clock == null");
            Objects.requireNonNull(policy, "policy == null");
            if (!exports()) {
                return off();
            }
            LogExporter destination = exporter == null
                    ? OtlpLogExporter.builder().environment(environment).build()
                    : exporter;
            RecordPipeline.Builder<LogRecord> queue =
                    RecordPipeline.builder(new Waiting(destination, ready)).scheduleDelay(SCHEDULE_DELAY);
            pipeline.accept(queue);
            return new Events(
                    destination, queue.build(), resource, clock, policy, detailsOrDefault(), exceptionsOrDefault());
        }
    }

    /** Exports when what a batch waits for is there. */
    private record Waiting(LogExporter exporter, Mono<Void> ready) implements RecordExporter<LogRecord> {
        @Override
        public Mono<ExportResult> export(List<LogRecord> batch) {
            return ready.then(Mono.defer(() -> exportNow(batch)));
        }

        private Mono<ExportResult> exportNow(List<LogRecord> batch) {
            try {
                return exporter.export(batch);
            } catch (Throwable failure) {
                // Reactor would let a LinkageError through, and the pipeline's loop would end for good.
                FatalErrors.propagate(failure);
                return Mono.error(new IllegalStateException(
                        "export threw " + failure.getClass().getName(), failure));
            }
        }

        @Override
        public void retryNow() {
            exporter.retryNow();
        }

        @Override
        public Mono<Void> close() {
            return exporter.close();
        }

        @Override
        public String toString() {
            return exporter.toString();
        }
    }
}
