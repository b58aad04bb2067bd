// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/**
 * How much one span may hold. What exceeds a limit is dropped or cut, counted, and the span is exported all the same.
 *
 * <p>Immutable; {@link #toBuilder()} makes a changed copy. Defaults are OpenTelemetry's, except the size of a span,
 * which OpenTelemetry does not bound. Names are cut to {@value #NAME_LENGTH} code points, descriptions of a status and
 * messages of exceptions to {@value #DESCRIPTION_LENGTH}.
 */
public final class SpanLimits {
    /** Code points of a span's or an event's name, which OpenTelemetry does not bound. */
    static final int NAME_LENGTH = 1024;

    /** Code points of a status description or of an exception's message. */
    static final int DESCRIPTION_LENGTH = 4 * 1024;

    private static final SpanLimits DEFAULTS = builder().build();

    private final int attributeCount;
    private final int attributeValueLength;
    private final int contentLength;
    private final int eventCount;
    private final int linkCount;
    private final int attributeCountPerEvent;
    private final int attributeCountPerLink;
    private final int bytes;

    private SpanLimits(Builder builder) {
        this.attributeCount = builder.attributeCount;
        this.attributeValueLength = builder.attributeValueLength;
        this.contentLength = builder.contentLength;
        this.eventCount = builder.eventCount;
        this.linkCount = builder.linkCount;
        this.attributeCountPerEvent = builder.attributeCountPerEvent;
        this.attributeCountPerLink = builder.attributeCountPerLink;
        this.bytes = builder.bytes;
    }

    /**
     * 128 attributes, events and links, 128 attributes on each of these, no limit of a text, 262,144 code points of
     * content, 4 MiB in all.
     */
    public static SpanLimits defaults() {
        return DEFAULTS;
    }

    /** A builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from these limits. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.attributeCount = attributeCount;
        builder.attributeValueLength = attributeValueLength;
        builder.contentLength = contentLength;
        builder.eventCount = eventCount;
        builder.linkCount = linkCount;
        builder.attributeCountPerEvent = attributeCountPerEvent;
        builder.attributeCountPerLink = attributeCountPerLink;
        builder.bytes = bytes;
        return builder;
    }

    /** Attributes that a span keeps of those set by the application, its scope and the globals together. */
    public int attributeCount() {
        return attributeCount;
    }

    /** Code points of a text value, also inside lists and maps; {@code Integer.MAX_VALUE} for no limit. */
    public int attributeValueLength() {
        return attributeValueLength;
    }

    /** Code points of the JSON of all messages and other content of a span together. */
    public int contentLength() {
        return contentLength;
    }

    /** Events of a span. */
    public int eventCount() {
        return eventCount;
    }

    /** Links of a span. */
    public int linkCount() {
        return linkCount;
    }

    /** Attributes of an event. */
    public int attributeCountPerEvent() {
        return attributeCountPerEvent;
    }

    /** Attributes of a link. */
    public int attributeCountPerLink() {
        return attributeCountPerLink;
    }

    /**
     * Estimated bytes of a span; beyond it the longest texts are cut, then what is left of the heaviest and the latest is
     * dropped, so that no span is too large to be sent.
     */
    public int bytes() {
        return bytes;
    }

    @Override
    public String toString() {
        return "SpanLimits{attributeCount=" + attributeCount
                + ", attributeValueLength=" + attributeValueLength
                + ", contentLength=" + contentLength
                + ", eventCount=" + eventCount
                + ", linkCount=" + linkCount
                + ", attributeCountPerEvent=" + attributeCountPerEvent
                + ", attributeCountPerLink=" + attributeCountPerLink
                + ", bytes=" + bytes + '}';
    }

    /** Collects limits. Not thread-safe. */
    public static final class Builder {
        private int attributeCount = 128;
        private int attributeValueLength = Integer.MAX_VALUE;
        private int contentLength = 256 * 1024;
        private int eventCount = 128;
        private int linkCount = 128;
        private int attributeCountPerEvent = 128;
        private int attributeCountPerLink = 128;
        private int bytes = 4 * 1024 * 1024;

        private Builder() {}

        /** Attributes of a span, 0 to 10,000. Default 128. */
        public Builder attributeCount(int attributeCount) {
            this.attributeCount = checked("attributeCount", attributeCount, 0, 10_000);
            return this;
        }

        /** Code points of a text value, 0 or more. Default no limit. */
        public Builder attributeValueLength(int attributeValueLength) {
            this.attributeValueLength = checked("attributeValueLength", attributeValueLength, 0, Integer.MAX_VALUE);
            return this;
        }

        /**
         * Code points of the JSON of all messages and other content of a span together, 0 to 16 Mi. Default 262,144: more
         * than most models' whole context, and a batch of 4 MiB still holds sixteen such spans. Texts beyond it are cut
         * inside the JSON, the longest first, marked {@code "truncated": true} and counted; the JSON stays valid.
         */
        public Builder contentLength(int contentLength) {
            this.contentLength = checked("contentLength", contentLength, 0, 16 * 1024 * 1024);
            return this;
        }

        /** Events of a span, 0 to 10,000. Default 128. */
        public Builder eventCount(int eventCount) {
            this.eventCount = checked("eventCount", eventCount, 0, 10_000);
            return this;
        }

        /** Links of a span, 0 to 10,000. Default 128. */
        public Builder linkCount(int linkCount) {
            this.linkCount = checked("linkCount", linkCount, 0, 10_000);
            return this;
        }

        /** Attributes of an event, 0 to 10,000. Default 128. */
        public Builder attributeCountPerEvent(int attributeCountPerEvent) {
            this.attributeCountPerEvent = checked("attributeCountPerEvent", attributeCountPerEvent, 0, 10_000);
            return this;
        }

        /** Attributes of a link, 0 to 10,000. Default 128. */
        public Builder attributeCountPerLink(int attributeCountPerLink) {
            this.attributeCountPerLink = checked("attributeCountPerLink", attributeCountPerLink, 0, 10_000);
            return this;
        }

        /** Estimated bytes of a span, 16 KiB to 64 MiB. Default 4 MiB. */
        public Builder bytes(int bytes) {
            this.bytes = checked("bytes", bytes, 16 * 1024, 64 * 1024 * 1024);
            return this;
        }

        private static int checked(String name, int value, int minimum, int maximum) {
            if (value < minimum || value > maximum) {
                throw new IllegalArgumentException(
                        name + " is not between " + minimum + " and " + maximum + ": " + value);
            }
            return value;
        }

        /** The limits. */
        public SpanLimits build() {
            return new SpanLimits(this);
        }
    }
}
