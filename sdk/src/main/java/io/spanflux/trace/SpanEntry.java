// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import org.jspecify.annotations.Nullable;

/**
 * One thing said about a span, on top of those said before it: a span is a stack of these, and its only mutable word is
 * the top. Entries never change once they are pushed, so the stack below an {@link End} is the span for good.
 */
abstract sealed class SpanEntry {
    // Written by the pushing thread before the compare-and-set that publishes the entry, never after it.
    @Nullable
    SpanEntry below;

    int depth;
    int bytes;

    /** The estimated bytes of this entry alone. */
    abstract int ownBytes();

    /** Puts this entry on top of {@code top}; not yet visible to anyone. */
    void stackOn(SpanEntry top) {
        below = top;
        depth = top.depth + 1;
        bytes = AttributeValue.saturated((long) top.bytes + ownBytes());
    }

    /** One that has nothing to say but its value; spans consist of these, 32 bytes each. */
    static sealed class Attribute extends SpanEntry {
        final String key;
        final Object value;

        Attribute(String key, Object value) {
            this.key = key;
            this.value = value;
        }

        static Attribute of(String key, Object value, boolean truncated, boolean invalid) {
            return truncated || invalid
                    ? new FaultyAttribute(key, value, truncated, invalid)
                    : new Attribute(key, value);
        }

        @Override
        int ownBytes() {
            return AttributeValue.saturated(48L + 2L * key.length() + AttributeValue.estimatedBytes(value));
        }
    }

    static final class FaultyAttribute extends Attribute {
        final boolean truncated;
        final boolean invalid;

        FaultyAttribute(String key, Object value, boolean truncated, boolean invalid) {
            super(key, value);
            this.truncated = truncated;
            this.invalid = invalid;
        }
    }

    static final class Event extends SpanEntry {
        final SpanEvent event;

        Event(SpanEvent event) {
            this.event = event;
        }

        @Override
        int ownBytes() {
            return event.estimatedBytes();
        }
    }

    static final class Link extends SpanEntry {
        final SpanLink link;

        Link(SpanLink link) {
            this.link = link;
        }

        @Override
        int ownBytes() {
            return bytesOf(link);
        }

        static int bytesOf(SpanLink link) {
            return AttributeValue.saturated(160L + link.attributes().estimatedBytes());
        }
    }

    static final class Status extends SpanEntry {
        final SpanStatus status;
        final @Nullable String description;

        Status(SpanStatus status, @Nullable String description) {
            this.status = status;
            this.description = description;
        }

        @Override
        int ownBytes() {
            return description == null ? 32 : 32 + 2 * description.length();
        }
    }

    static final class Name extends SpanEntry {
        final String name;

        Name(String name) {
            this.name = name;
        }

        @Override
        int ownBytes() {
            return 32 + 2 * name.length();
        }
    }

    /** What could not be kept. */
    static final class Loss extends SpanEntry {
        /** No loss: what every span's stack stands on, so that nobody needs a null check. */
        static final Loss NONE = new Loss(0, 0, 0, 0, 0);

        final int attributes;
        final int events;
        final int links;
        final int truncated;
        final int invalid;

        Loss(int attributes, int events, int links, int truncated, int invalid) {
            this.attributes = attributes;
            this.events = events;
            this.links = links;
            this.truncated = truncated;
            this.invalid = invalid;
        }

        /** Values that were cut before they were kept. */
        static Loss ofTruncatedValues(int count) {
            return new Loss(0, 0, 0, count, 0);
        }

        /** A value that has no form in which it could be exported. */
        static Loss ofInvalidAttribute() {
            return new Loss(1, 0, 0, 0, 1);
        }

        @Override
        int ownBytes() {
            return 40;
        }
    }

    /** The span outlived its lifetime; said in attributes that no limit takes away. */
    static final class Expiry extends SpanEntry {
        @Override
        int ownBytes() {
            return 192;
        }
    }

    /** The span was open when its trace ended; said in an attribute that no limit takes away. */
    static final class Unfinished extends SpanEntry {
        @Override
        int ownBytes() {
            return 96;
        }
    }

    /** The end: whatever is pushed after it is refused. */
    static final class End extends SpanEntry {
        final long epochNanos;

        End(long epochNanos) {
            this.epochNanos = epochNanos;
        }

        @Override
        int ownBytes() {
            return 32;
        }
    }
}
