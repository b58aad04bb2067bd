// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.genai.BilledData;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.genai.GenAiData;
import io.spanflux.genai.Generation;
import io.spanflux.genai.InnerCall;
import io.spanflux.genai.Usage;
import io.spanflux.reactor.ChunkTimes;
import io.spanflux.trace.Clock;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The generation, or the embeddings, that a call is: a span of its own, or the one around the call, which then is told what is
 * seen, neither ended nor timed, and keeps its own content; there may be other calls inside it, with whose tokens this one's add up.
 *
 * <p>Threads: {@link #tell} one at a time, cancellation and the end at any time. An end that comes while something is told is left to
 * that thread, so that nobody writes to what is being read.
 */
final class CallSpan {
    private static final int OPEN = 0;
    private static final int BUSY = 1;
    private static final int ENDING = 2;
    private static final int ENDED = 3;
    private static final int MAX_CHOICES = 128;

    private final Span span;
    private final GenAiData data;
    private final boolean own;
    private final @Nullable InnerCall inner;
    private final boolean capturesContent;
    private final RepeatedWarning failures;
    private final AtomicInteger phase = new AtomicInteger();
    private final AtomicReference<@Nullable End> end = new AtomicReference<>();
    private final ChunkTimes times;
    private final List<@Nullable String> reasons = new ArrayList<>(1);
    private volatile @Nullable Runnable late;
    private volatile boolean reading;
    private @Nullable AutoCloseable resource;
    private int status;
    private @Nullable String errorType;
    private boolean stream;
    private boolean complete;

    private record End(boolean cancelled, @Nullable Throwable failure) {}

    private CallSpan(Span span, GenAiData data, boolean own, Clock clock, RepeatedWarning failures) {
        this.span = span;
        this.data = data;
        this.own = own;
        this.inner = own || !(data instanceof BilledData billed) ? null : billed.innerCall();
        this.capturesContent = own
                && (data instanceof Generation generation
                        ? generation.capturesContent()
                        : ((Embeddings) data).capturesContent());
        this.failures = failures;
        this.times = new ChunkTimes(clock, true);
    }

    /** A span of the call's own, which ends with it. */
    static CallSpan own(Span span, GenAiData data, Clock clock, RepeatedWarning failures) {
        return new CallSpan(span, data, true, clock, failures);
    }

    /** The span around the call. */
    static CallSpan around(Span span, GenAiData data, Clock clock, RepeatedWarning failures) {
        CallSpan call = new CallSpan(span, data, false, clock, failures);
        if (call.inner == null) {
            failures.warn(
                    "A span has more than " + BilledData.MAX_INNER_CALLS + " calls of models inside; the tokens of"
                            + " further ones are not counted. Trace steps of it one by one.");
        }
        return call;
    }

    Span span() {
        return span;
    }

    // ---- what is seen: inside tell()
    // ----------------------------------------------------------------------------------------

    /** For an API that generates. */
    Generation generation() {
        return (Generation) data;
    }

    /** For an API that does not. */
    Embeddings embeddings() {
        return (Embeddings) data;
    }

    boolean isGeneration() {
        return data instanceof Generation;
    }

    /** Whether messages are to be told, too. */
    boolean capturesContent() {
        return capturesContent;
    }

    /** The model as requested; a span around the call keeps what it was told. */
    void model(@Nullable String model) {
        if (inner != null) {
            inner.requestModel(model);
        }
        if (model == null || (!own && data.metadata(GenAiAttributes.REQUEST_MODEL) != null)) {
            return;
        } else if (data instanceof Generation generation) {
            generation.model(model);
        } else {
            embeddings().model(model);
        }
        span.rename(data.spanName());
    }

    /** Who answered; null changes nothing. */
    void answeredBy(@Nullable String model, @Nullable String serviceTier) {
        if (data instanceof Generation generation) {
            generation.responseModel(model).serviceTier(serviceTier);
        } else {
            embeddings().responseModel(model);
        }
        if (inner != null) {
            inner.responseModel(model).serviceTier(serviceTier);
        }
    }

    /** What the call has taken so far, all in all. */
    void usage(Usage usage) {
        if (inner != null) {
            inner.usage(usage);
        } else if (own && data instanceof Generation generation) {
            generation.usage(usage);
        } else if (own) {
            embeddings().inputTokens(usage.inputTokens());
        }
    }

    /** A choice is there and, unless {@code reason} is null, why it ended. */
    void choice(int index, @Nullable String reason) {
        while (reasons.size() <= index && reasons.size() < MAX_CHOICES) {
            reasons.add(null);
        }
        if (reason != null && index < reasons.size()) {
            reasons.set(index, reason);
        }
    }

    void streams() {
        if (data instanceof Generation generation) {
            stream = true;
            generation.stream(true);
        }
    }

    /** An event of the stream has come. */
    void chunk() {
        if (own && data instanceof Generation generation && !isRefused()) {
            times.chunk(generation);
        }
    }

    /** The provider says that all has been said: who leaves now cancels nothing. */
    void complete() {
        complete = true;
    }

    /** The provider says that it failed; {@code type} is taken only if it is an identifier. */
    void failed(@Nullable String type) {
        errorType = isIdentifier(type) ? type : "_OTHER";
    }

    private static boolean isIdentifier(@Nullable String type) {
        return type != null
                && !type.isEmpty()
                && type.length() <= 64
                && type.chars().allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "._-".indexOf(c) >= 0));
    }

    // ---- signals -------------------------------------------------------------------------------------------------

    /** What the server answered. */
    void answered(int status) {
        this.status = status;
    }

    /** Whether it was an error. */
    boolean isRefused() {
        return status >= 400;
    }

    /** The body of the answer is read from now on, and its end is the call's; {@code resource} is closed with it. */
    void reading(@Nullable AutoCloseable resource) {
        this.resource = resource;
        reading = true;
    }

    boolean isReading() {
        return reading;
    }

    /** Lets {@code what} describe the generation; false where it has ended, or another thread is at it. */
    boolean tell(Runnable what) {
        if (!phase.compareAndSet(OPEN, BUSY)) {
            return false;
        }
        try {
            what.run();
        } catch (Throwable e) {
            caught(e);
        } finally {
            if (!phase.compareAndSet(BUSY, OPEN)) {
                phase.set(ENDED);
                finish();
            }
        }
        return true;
    }

    /** As {@link #tell}, but at the end where it cannot be now. */
    void tellAtLast(Runnable what) {
        if (!tell(what)) {
            late = what;
        }
    }

    /** Something of ours failed, and the call shall not notice. */
    void caught(Throwable failure) {
        failures.caught("A call of a model could not be described in full; the call goes on.", failure);
    }

    void completed() {
        end(new End(false, null));
    }

    void failed(Throwable failure) {
        end(new End(false, failure));
    }

    void cancelled() {
        end(new End(true, null));
    }

    private void end(End how) {
        if (!end.compareAndSet(null, how)) {
            return;
        }
        while (true) {
            if (phase.compareAndSet(OPEN, ENDED)) {
                finish();
                return;
            } else if (phase.compareAndSet(BUSY, ENDING) || phase.get() >= ENDING) {
                return;
            }
        }
    }

    private void finish() {
        End how = end.get();
        try {
            Runnable rest = late;
            if (rest != null) {
                rest.run();
            }
            if (resource != null) {
                resource.close();
            }
            if (how != null) {
                describe(how);
            }
        } catch (Throwable e) {
            caught(e);
        } finally {
            if (own) {
                span.end();
            }
        }
    }

    private void describe(End how) {
        boolean cancelled = how.cancelled && !complete;
        boolean broken = cancelled || how.failure != null || errorType != null;
        if (data instanceof Generation generation) {
            generation.finishReasons(finishReasons(broken || stream));
            if (own && stream) {
                times.describe(span, generation);
            }
            if (own && broken && (cancelled || reading) && !isRefused()) {
                generation.cutOff();
            }
        }
        if (!own) {
            return;
        }
        if (cancelled) {
            span.attribute(GenAiAttributes.CANCELLED, true);
        }
        if (how.failure != null) {
            span.error(how.failure);
        } else if (isRefused()) {
            span.status(SpanStatus.ERROR)
                    .attribute(GenAiAttributes.ERROR_TYPE, Integer.toString(status))
                    .attribute("http.response.status_code", status);
        } else if (errorType != null) {
            span.status(SpanStatus.ERROR).attribute(GenAiAttributes.ERROR_TYPE, errorType);
        }
    }

    /** In the order of the choices; {@code error} where one was to be expected. */
    private @Nullable List<String> finishReasons(boolean expected) {
        if (reasons.stream().allMatch(reason -> reason == null) && (!own || !expected)) {
            return null;
        }
        return reasons.stream().map(reason -> reason == null ? "error" : reason).toList();
    }
}
