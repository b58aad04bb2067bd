// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.genai.Agent;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Workflow;
import io.spanflux.trace.Span;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.*;

/** What a record says of its session as a whole; its root is missing from a part that left before the root ended. */
final class Session {
    private static final String UNKNOWN = "unknown";

    final SessionRecord record;
    final @Nullable Span root;

    /** What becomes a span record, in the order of their starts: all, and the root unless it is but the frame. */
    final List<Span> spans;

    /** The model call that ended last, which the response is taken from. */
    final @Nullable Span answer;

    private final Span first;

    Session(SessionRecord record) {
        this.record = record;
        List<Span> ordered = record.spans().stream()
                .sorted(Comparator.comparingLong(Span::startEpochNanos))
                .toList();
        this.first = ordered.get(0);
        this.root = ordered.stream().filter(Session::isRoot).findFirst().orElse(record.cut() == null ? first : null);
        this.spans =
                ordered.stream().filter(span -> span != root || !isFrame(span)).toList();
        this.answer = spans.stream()
                .filter(span -> span.data() instanceof Generation)
                .max(Comparator.comparingLong(Span::endEpochNanos))
                .orElse(null);
    }

    /** Whether nothing of this process is above {@code span}, as far as it tells. */
    static boolean isRoot(Span span) {
        return span.parentSpanIdBits() == 0 || span.isParentRemote();
    }

    /** Whether a root says what the session is, and does nothing of its own. */
    private static boolean isFrame(Span root) {
        return root.data() == null || root.data() instanceof Agent || root.data() instanceof Workflow;
    }

    /** The ids of all records are made of the trace's and the span's, so that they are the same in each attempt and part. */
    String id() {
        return root == null || root.parentSpanIdBits() == 0 ? traceId() : id(root.traceIdHigh(), root.spanIdBits());
    }

    String traceId() {
        return id(first.traceIdHigh(), first.traceIdLow());
    }

    static String idOf(Span span) {
        return id(span.traceIdLow(), span.spanIdBits());
    }

    /** The id of the span above, null where that is the session or in none of its records. */
    @Nullable
    String parentIdOf(Span span) {
        boolean topmost = span == root
                || span.parentSpanIdBits() == 0
                || span.isParentRemote()
                || (root != null && isFrame(root) && span.parentSpanIdBits() == root.spanIdBits());
        return topmost ? null : id(span.traceIdLow(), span.parentSpanIdBits());
    }

    /** The id of the {@code number}th thing inside {@code span} that has one. */
    static String idInside(Span span, int number) {
        // SplitMix64: neighbours come out far apart, and no two alike.
        long mixed = span.spanIdBits() + (number + 1) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return id(span.traceIdLow(), mixed ^ (mixed >>> 31));
    }

    private static String id(long high, long low) {
        return new UUID(high, low).toString();
    }

    /** An agent's own name, or else that of the root; where that is missing, of what owns the spans. */
    String name() {
        if (root == null) {
            return first.owner() instanceof Agent agent ? nameOf(agent) : first.name();
        }
        return root.data() instanceof Agent agent && root.name().equals(agent.spanName()) ? nameOf(agent) : root.name();
    }

    private static String nameOf(Agent agent) {
        return String.valueOf(agent.metadata(AGENT_NAME));
    }

    long startMillis() {
        return startMillis(root == null ? first : root);
    }

    long endMillis() {
        return root != null
                ? endMillis(root)
                : record.spans().stream().mapToLong(Session::endMillis).max().orElse(startMillis());
    }

    static long startMillis(Span span) {
        return TimeUnit.NANOSECONDS.toMillis(span.startEpochNanos());
    }

    static long endMillis(Span span) {
        return TimeUnit.NANOSECONDS.toMillis(span.endEpochNanos());
    }

    /** Never negative: a span may end at a time that was given to it. */
    static long durationMillis(Span span) {
        return Math.max(0, endMillis(span) - startMillis(span));
    }

    /** What was asked for first, if the root does not know. */
    String model() {
        Object model = ofRootOrFirst(REQUEST_MODEL);
        return model == null ? UNKNOWN : model.toString();
    }

    String provider(@Nullable String fallback) {
        Object provider = root == null ? null : root.metadata(PROVIDER_NAME);
        if (provider == null) {
            provider = fallback == null ? ofRootOrFirst(PROVIDER_NAME) : fallback;
        }
        return provider == null ? UNKNOWN : provider.toString();
    }

    private @Nullable Object ofRootOrFirst(String key) {
        Object value = root == null ? null : root.metadata(key);
        for (int i = 0; i < spans.size() && value == null; i++) {
            value = spans.get(i).metadata(key);
        }
        return value;
    }
}
