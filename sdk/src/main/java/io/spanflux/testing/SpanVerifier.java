// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.testing;

import io.spanflux.trace.Span;
import io.spanflux.trace.SpanEvent;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Says what spans must be, in the manner of Reactor's {@code StepVerifier}: expectations first, {@link #verify()} last.
 *
 * <pre>{@code
 * SpanVerifier.create(spans.spans())
 *         .expectSpan("invoke_agent support").isRoot()
 *         .expectSpan("chat gpt-4o-mini").isChildOf("invoke_agent support").hasAttribute("gen_ai.usage.input_tokens", 12L)
 *         .expectSpan("chat gpt-4o-mini").isChildOf("invoke_agent support").hasStatus(SpanStatus.ERROR)
 *         .expectNoMoreSpans()
 *         .verify();
 * }</pre>
 *
 * <p>Each {@link #expectSpan} means one span; of several with a name the one that ended first, then the next. Their order
 * among other names does not matter. A failure shows all spans as a tree.
 */
public final class SpanVerifier {
    private final List<Span> spans;
    private final List<Span> left;
    private final List<String> failures = new ArrayList<>();
    private @Nullable Span current;

    /** The span that was last expected is not there, which has been said; what is expected of it is not said again. */
    private boolean missing;

    private SpanVerifier(List<Span> spans) {
        this.spans = List.copyOf(spans);
        this.left = new ArrayList<>(spans);
    }

    /** Begins with these spans, in the order in which they ended. */
    public static SpanVerifier create(List<Span> spans) {
        return new SpanVerifier(spans);
    }

    /** There is one more span with this name; what follows is about it. */
    public SpanVerifier expectSpan(String name) {
        current = null;
        for (Span span : left) {
            if (span.name().equals(name)) {
                current = span;
                break;
            }
        }
        missing = current == null;
        if (current == null) {
            failures.add("no (further) span named \"" + name + '"');
        } else {
            left.remove(current);
        }
        return this;
    }

    /** No span is left over. */
    public SpanVerifier expectNoMoreSpans() {
        current = null;
        missing = false;
        for (Span span : left) {
            failures.add("unexpected span \"" + span.name() + '"');
        }
        return this;
    }

    /** There are this many spans in all. */
    public SpanVerifier expectSpanCount(int count) {
        if (spans.size() != count) {
            failures.add("expected " + count + " span(s), there are " + spans.size());
        }
        return this;
    }

    /** It begins a trace. */
    public SpanVerifier isRoot() {
        return check("is not a root", span -> span.parentSpanIdBits() == 0);
    }

    /** A span with this name is its parent, in the same trace. */
    public SpanVerifier isChildOf(String parentName) {
        return check("is not a child of \"" + parentName + '"', span -> {
            Span parent = parentOf(span);
            return parent != null && parent.name().equals(parentName);
        });
    }

    private @Nullable Span parentOf(Span span) {
        for (Span candidate : spans) {
            if (candidate.spanIdBits() == span.parentSpanIdBits()
                    && candidate.traceIdHigh() == span.traceIdHigh()
                    && candidate.traceIdLow() == span.traceIdLow()) {
                return candidate;
            }
        }
        return null;
    }

    /** It has this kind. */
    public SpanVerifier hasKind(SpanKind kind) {
        return check("is not " + kind, span -> span.kind() == kind);
    }

    /** It has this status. */
    public SpanVerifier hasStatus(SpanStatus status) {
        return check("does not have status " + status, span -> span.status() == status);
    }

    /** It is exported with this attribute; whole numbers are {@code Long}. */
    public SpanVerifier hasAttribute(String key, Object value) {
        return check(
                "does not have " + key + '=' + value,
                span -> Objects.equals(
                        span.attributes().get(key), value instanceof Integer number ? number.longValue() : value));
    }

    /** It is exported with an attribute of this name. */
    public SpanVerifier hasAttribute(String key) {
        return check("does not have " + key, span -> span.attributes().contains(key));
    }

    /** It is exported without an attribute of this name. */
    public SpanVerifier hasNoAttribute(String key) {
        return check("has " + key, span -> !span.attributes().contains(key));
    }

    /** It has an event with this name. */
    public SpanVerifier hasEvent(String name) {
        return check("has no event " + name, span -> {
            for (SpanEvent event : span.events()) {
                if (event.name().equals(name)) {
                    return true;
                }
            }
            return false;
        });
    }

    /** It is what {@code predicate} says; {@code description} completes "span x ..." when it is not. */
    public SpanVerifier matches(String description, Predicate<Span> predicate) {
        return check(description, predicate);
    }

    private SpanVerifier check(String complaint, Predicate<Span> predicate) {
        Span span = current;
        if (span == null) {
            if (!missing) {
                failures.add("no expectSpan(..) before an expectation of a span, which would say: " + complaint);
            }
        } else if (!predicate.test(span)) {
            failures.add("span \"" + span.name() + "\" " + complaint);
        }
        return this;
    }

    /** Throws an {@link AssertionError} that names each expectation that was not met, and shows the spans. */
    public void verify() {
        if (!failures.isEmpty()) {
            throw new AssertionError(String.join("\n", failures) + "\nSpans:\n" + tree());
        }
    }

    private String tree() {
        StringBuilder text = new StringBuilder();
        List<Span> ordered = new ArrayList<>(spans);
        ordered.sort(Comparator.comparingLong(Span::startEpochNanos));
        for (Span span : ordered) {
            if (parentOf(span) == null) {
                append(text, span, ordered, 1);
            }
        }
        return text.toString();
    }

    private void append(StringBuilder text, Span span, List<Span> ordered, int depth) {
        text.append("  ".repeat(depth))
                .append(span.name())
                .append(' ')
                .append(span.kind())
                .append(' ')
                .append(span.status())
                .append(' ')
                .append(span.attributes().asMap())
                .append('\n');
        for (Span child : ordered) {
            if (child != span && parentOf(child) == span) {
                append(text, child, ordered, depth + 1);
            }
        }
    }
}
