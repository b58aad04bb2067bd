// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of content: whether it is kept, and what may see it before it leaves. Tells each span that starts, so it is
 * to be the first handler of a tracer; {@code Spanflux} sees to that.
 *
 * <p>A call's own {@code captureContent} wins over its scope's, and that over this policy's. A redactor holds for all.
 *
 * <p>Content on events is kept only where events are exported, {@link #withEvents}, and for calls that have one: then of
 * spans that are sampled out as well. Content of such a span that was meant for the span itself is not kept.
 *
 * <p>Threads: immutable.
 */
public final class ContentPolicy implements SpanHandler {
    private static final Logger log = LoggerFactory.getLogger(ContentPolicy.class);

    /** Without a policy: nothing is captured unless a call says so, and nothing is redacted. */
    static final ContentPolicy NONE = builder().build();

    private final ContentCapture capture;
    private final @Nullable ContentRedactor redactor;
    private final @Nullable MediaUploads media;
    private final boolean events;
    private final RepeatedWarning failures = new RepeatedWarning(log);

    private ContentPolicy(Builder builder, boolean events) {
        this.events = events;
        this.capture = builder.capture;
        this.redactor = builder.redactor;
        this.media = builder.media;
    }

    /** A builder with the defaults that its methods state. */
    public static Builder builder() {
        return new Builder();
    }

    /** The same where events are exported: content that is to leave on them is kept. */
    public ContentPolicy withEvents() {
        return new ContentPolicy(toBuilder(), true);
    }

    private Builder toBuilder() {
        Builder builder = new Builder();
        builder.capture = capture;
        builder.redactor = redactor;
        builder.media = media;
        return builder;
    }

    boolean hasEvents() {
        return events;
    }

    /** Whether content may leave on events, which sampling does not concern. */
    @Override
    public boolean seesSampledOut() {
        return events;
    }

    @Override
    public void onStart(Span span) {
        if (span.data() instanceof ContentData<?> data) {
            ContentCapture ofScope = span.scope().contentCapture();
            ContentCapture where = ofScope == null ? capture : ofScope;
            boolean onSpan = where.onSpans() && (span.isSampled() || !events);
            boolean onEvent = where.onEvents() && events && data.hasEvent();
            data.begin(this, ContentCapture.of(onSpan, onEvent));
        }
    }

    /** What is captured where neither a scope nor a call says otherwise. */
    public ContentCapture capture() {
        return capture;
    }

    /** How many pieces of content did not leave because the redactor failed on them. */
    public long redactionFailures() {
        return failures.count();
    }

    /** {@code part}, or what the redactor makes of it; null when it may not leave. */
    Message.@Nullable Part redact(Message.Part part) {
        return redactor == null ? part : redactor.redact(part);
    }

    /** {@code value}, or what the redactor makes of it; null when it may not leave. */
    @Nullable
    Object redact(String attribute, Object value) {
        return redactor == null ? value : redactor.redact(attribute, value);
    }

    /** {@code part}, or where it is uploaded to. */
    Message.Part uploaded(Message.Part part, List<MediaUploads.Reservation> reserved) {
        return media == null ? part : media.replace(part, reserved);
    }

    /**
     * {@code text}, or what the redactor makes of it, for what the application says in an event of its own; null when it
     * may not leave or the redactor failed, which is counted.
     */
    public @Nullable Object redactedText(String attribute, String text) {
        try {
            return redact(attribute, text);
        } catch (Throwable e) {
            failed(e);
            return null;
        }
    }

    void failed(Throwable failure) {
        failures.caught("A ContentRedactor failed; what it was asked about does not leave.", failure);
    }

    @Override
    public String toString() {
        return "ContentPolicy{capture=" + capture + ", redactor=" + (redactor == null ? "none" : "set")
                + (media == null ? "" : ", media=" + media) + '}';
    }

    /** Collects options. Not thread-safe. */
    public static final class Builder {
        private ContentCapture capture = ContentCapture.NONE;
        private @Nullable ContentRedactor redactor;
        private @Nullable MediaUploads media;

        private Builder() {}

        /** Where content leaves. Default nowhere. */
        public Builder capture(ContentCapture capture) {
            this.capture = Objects.requireNonNull(capture, "capture == null");
            return this;
        }

        /** Sees all content before it leaves. Default none, so content leaves as it is. */
        public Builder redactor(ContentRedactor redactor) {
            this.redactor = Objects.requireNonNull(redactor, "redactor == null");
            return this;
        }

        /** Where large media goes, after the redactor saw it. Default nowhere: its span has its size and type. */
        public Builder media(MediaUploads media) {
            this.media = Objects.requireNonNull(media, "media == null");
            return this;
        }

        /** The policy. */
        public ContentPolicy build() {
            return new ContentPolicy(this, false);
        }
    }
}
