// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.events;

import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.SpanContext;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What somebody or something thinks of a call, an agent's run or any other span: an evaluator's score, a user's thumb.
 * The span may have ended long ago, in another process, or not have been sampled.
 *
 * <pre>{@code
 * spanflux.events().evaluation(span.context(), "relevance").score(0.9).label("pass").record();
 * spanflux.events().evaluation(responseId, "user_feedback").label("thumbs_down").explanation(comment).record();
 * }</pre>
 *
 * <p>Nothing leaves before {@link #record}. No method throws. Not thread-safe.
 *
 * <p>Bounds: name, label and response id are cut to {@value #MAX_NAME} characters, the explanation to
 * {@value #MAX_EXPLANATION}.
 */
public final class Evaluation {
    static final int MAX_NAME = 1024;
    static final int MAX_EXPLANATION = 16 * 1024;

    private final Events events;
    private final @Nullable String name;
    private final @Nullable SpanContext context;
    private @Nullable String responseId;
    private @Nullable Double score;
    private @Nullable String label;
    private @Nullable String explanation;
    private @Nullable String errorType;

    Evaluation(Events events, @Nullable String name, @Nullable SpanContext context, @Nullable String responseId) {
        this.events = events;
        this.name = name;
        this.context = context;
        this.responseId = responseId;
    }

    /** The score, in whatever range the evaluator has. What is not finite is refused by {@link #record}. */
    public Evaluation score(double score) {
        this.score = score;
        return this;
    }

    /** What the score means, one of few: {@code pass}, {@code fail}, {@code thumbs_up}. Null says nothing. */
    public Evaluation label(@Nullable String label) {
        this.label = label;
        return this;
    }

    /**
     * Why, in words: of an evaluator, or of the user. Null says nothing. It leaves whether content is captured or not,
     * because it was written to be told; it may quote content, and so passes the redactor.
     */
    public Evaluation explanation(@Nullable String explanation) {
        this.explanation = explanation;
        return this;
    }

    /** The provider's id of the response, beside the span. Null changes nothing. */
    public Evaluation responseId(@Nullable String responseId) {
        this.responseId = responseId == null ? this.responseId : responseId;
        return this;
    }

    /** The evaluation itself failed: {@code error.type} is the class of the exception. Null says nothing. */
    public Evaluation failed(@Nullable Throwable failure) {
        if (failure != null) {
            this.errorType = failure instanceof TimeoutException
                    ? "timeout"
                    : failure.getClass().getName();
        }
        return this;
    }

    /**
     * Queues the event {@code gen_ai.evaluation.result}, on any thread, without waiting. Refused, warned of and counted by
     * {@link Events#refused} is what has a score that is not finite, has no name, concerns neither a valid span nor a
     * response id, or says nothing.
     */
    public void record() {
        events.record(this);
    }

    /** Why this cannot be recorded; null when it can. Never content. */
    @Nullable
    String mistake() {
        if (isMissing(name)) {
            return "it has no name";
        }
        if ((context == null || !context.isValid()) && isMissing(responseId)) {
            return "it concerns neither a span nor a response id";
        }
        if (score != null && !Double.isFinite(score)) {
            return "its score is not a finite number";
        }
        if (score == null && isMissing(label) && isMissing(explanation) && errorType == null) {
            return "it has no score, label, explanation or failure";
        }
        return null;
    }

    private static boolean isMissing(@Nullable String text) {
        return text == null || text.isBlank();
    }

    @Nullable
    SpanContext context() {
        return context != null && context.isValid() ? context : null;
    }

    @Nullable
    String explanation() {
        return isMissing(explanation) ? null : cut(explanation, MAX_EXPLANATION);
    }

    /** All but the explanation. */
    Attributes attributes() {
        int cuts = cuts(name, MAX_NAME) + cuts(label, MAX_NAME) + cuts(explanation, MAX_EXPLANATION);
        return Attributes.empty()
                .with(GenAiAttributes.EVALUATION_NAME, cut(name, MAX_NAME))
                .with(GenAiAttributes.EVALUATION_SCORE_VALUE, score)
                .with(GenAiAttributes.EVALUATION_SCORE_LABEL, isMissing(label) ? null : cut(label, MAX_NAME))
                .with(GenAiAttributes.RESPONSE_ID, isMissing(responseId) ? null : cut(responseId, MAX_NAME))
                .with(GenAiAttributes.ERROR_TYPE, errorType)
                .with("spanflux.truncated_values", cuts == 0 ? null : cuts);
    }

    private static int cuts(@Nullable String text, int max) {
        return text != null && text.length() > max ? 1 : 0;
    }

    /** The first {@code max} chars, one less where that would split a surrogate pair. */
    private static @Nullable String cut(@Nullable String text, int max) {
        if (text == null || text.length() <= max) {
            return text;
        }
        return text.substring(0, Character.isHighSurrogate(text.charAt(max - 1)) ? max - 1 : max);
    }

    /** What it is about; never what it says. */
    @Override
    public String toString() {
        return "Evaluation{name=" + cut(name, MAX_NAME) + '}';
    }
}
