// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.genai.Agent;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.SamplingRequest;
import io.spanflux.trace.SamplingResult;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Which traces are kept, and what for. Threads: the stage's loop only. */
record TailPolicy(
        boolean errors,
        long slowNanos,
        double costAbove,
        double tokensAbove,
        @Nullable Predicate<List<Span>> chosen,
        Sampler ratio) {
    static final String COST = "spanflux.cost.total";

    TailCounts.Reason reasonFor(List<Span> spans, RepeatedWarning failures) {
        if (errors && anyFailed(spans)) {
            return TailCounts.Reason.ERROR;
        }
        if (slowNanos < Long.MAX_VALUE && anySlow(spans)) {
            return TailCounts.Reason.SLOW;
        }
        if (costAbove < Double.POSITIVE_INFINITY && total(spans, TailPolicy::cost) > costAbove) {
            return TailCounts.Reason.EXPENSIVE;
        }
        if (tokensAbove < Double.POSITIVE_INFINITY && total(spans, TailPolicy::tokens) > tokensAbove) {
            return TailCounts.Reason.EXPENSIVE;
        }
        if (chosen != null && isChosen(chosen, spans, failures)) {
            return TailCounts.Reason.CHOSEN;
        }
        return isInRatio(spans.get(0)) ? TailCounts.Reason.RATIO : TailCounts.Reason.NONE;
    }

    private static boolean anyFailed(List<Span> spans) {
        for (Span span : spans) {
            if (span.status() == SpanStatus.ERROR) {
                return true;
            }
        }
        return false;
    }

    private boolean anySlow(List<Span> spans) {
        for (Span span : spans) {
            if (span.endEpochNanos() - span.startEpochNanos() > slowNanos) {
                return true;
            }
        }
        return false;
    }

    /** An agent says what it used in all: that is not added to what the calls below it say. */
    private static double total(List<Span> spans, ToDoubleFunction<Span> measure) {
        double calls = 0;
        double agent = 0;
        for (Span span : spans) {
            if (span.data() instanceof Agent) {
                agent = Math.max(agent, measure.applyAsDouble(span));
            } else {
                calls += measure.applyAsDouble(span);
            }
        }
        return Math.max(agent, calls);
    }

    private static double cost(Span span) {
        return number(span, COST);
    }

    private static double tokens(Span span) {
        return number(span, GenAiAttributes.USAGE_INPUT_TOKENS) + number(span, GenAiAttributes.USAGE_OUTPUT_TOKENS);
    }

    private static double number(Span span, String key) {
        return span.metadata(key) instanceof Number number ? number.doubleValue() : 0;
    }

    /** A predicate that throws chooses: too much is better than silence. */
    private static boolean isChosen(Predicate<List<Span>> chosen, List<Span> spans, RepeatedWarning failures) {
        try {
            return chosen.test(Collections.unmodifiableList(spans));
        } catch (Throwable e) {
            failures.caught("The predicate of a tail sampler failed; its traces are kept.", e);
            return true;
        }
    }

    /** As a head sampler would decide on the trace, so that both, and other services, keep the same ones. */
    private boolean isInRatio(Span span) {
        SamplingRequest request = new SamplingRequest(
                null, span.traceIdHigh(), span.traceIdLow(), "", span.kind(), Attributes.empty(), null, Scope.none());
        return ratio.sample(request).decision() == SamplingResult.Decision.SAMPLE;
    }
}
