// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.SpanData;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What all GenAI types have in common: they freeze when their span ends, and they hold content only where that is asked
 * for.
 *
 * <p>Content that is offered before its span starts waits as its supplier: only then is it known whether the span is
 * recorded and what the policy says. Content that is kept stays as the application gave it until it is exported: redaction
 * and JSON are work for the export thread.
 */
abstract class ContentData<S extends ContentData<S>> implements SpanData {
    // Not volatile: a write that races with the end is late by definition, and whether it is seen does not matter.
    private boolean frozen;

    /** Null until the call or the policy decides. */
    private @Nullable ContentCapture capture;

    private boolean decidedByCall;
    private ContentPolicy policy = ContentPolicy.NONE;
    private @Nullable Offer offers;
    private List<Piece> kept = List.of();

    // Replaces kept when it is first rendered. Racing readers compute the same.
    private volatile @Nullable Redacted redacted;

    private record Offer(
            String attribute,
            Supplier<? extends @Nullable Object> content,
            @Nullable Offer before) {}

    private record Piece(String attribute, Object value) {}

    private record Messages(List<Message> messages) {}

    private record Redacted(List<Piece> pieces, int lost) {}

    @SuppressWarnings("unchecked") // Each type extends this with itself.
    final S self() {
        return (S) this;
    }

    /** Whether what is said now still counts. */
    final boolean isFrozen() {
        return frozen;
    }

    // ---- whether content is kept ---------------------------------------------------------------------------------

    /** Whether the content of this call is kept, on spans, whatever scope and SDK say. Default what they say. */
    public S captureContent(boolean onSpans) {
        return captureContent(onSpans ? ContentCapture.SPANS : ContentCapture.NONE);
    }

    /** Where the content of this call leaves, whatever scope and SDK say. Default what they say; null changes nothing. */
    public S captureContent(@Nullable ContentCapture where) {
        if (!frozen && where != null) {
            decidedByCall = true;
            decide(where);
        }
        return self();
    }

    /** Whether content given now is kept; false before the span starts, unless this call has decided for itself. */
    public boolean capturesContent() {
        return !frozen && capture().isOn();
    }

    final ContentCapture capture() {
        return capture == null ? ContentCapture.NONE : capture;
    }

    /** The span has started. */
    final void begin(ContentPolicy policy, ContentCapture where) {
        this.policy = policy;
        if (!frozen && !decidedByCall) {
            decide(where);
        }
    }

    private void decide(ContentCapture where) {
        capture = where;
        Offer last = offers;
        offers = null;
        if (where.isOn()) {
            keep(last);
        }
    }

    /** In the order in which they were made. */
    private void keep(@Nullable Offer offer) {
        if (offer != null) {
            keep(offer.before);
            keep(offer.attribute, offer.content);
        }
    }

    // ---- content -------------------------------------------------------------------------------------------------

    /** Content under {@code attribute}, over what was there; an exception of the supplier is the caller's. */
    final S putContent(String attribute, @Nullable Supplier<? extends @Nullable Object> content) {
        if (frozen || content == null) {
            return self();
        }
        if (capture == null) {
            offers = new Offer(attribute, content, offers);
        } else if (capture.isOn()) {
            keep(attribute, content);
        }
        return self();
    }

    /** Messages under {@code attribute}, over what was there. */
    final S putMessages(String attribute, @Nullable Supplier<? extends @Nullable List<Message>> messages) {
        return messages == null
                ? self()
                : putContent(attribute, () -> {
                    List<Message> copy = Generation.copyOrNull(messages.get());
                    return copy == null ? null : new Messages(copy);
                });
    }

    /** Whether there is content under {@code attribute}. */
    final boolean isKept(String attribute) {
        return kept.stream().anyMatch(piece -> piece.attribute.equals(attribute));
    }

    private void keep(String attribute, Supplier<? extends @Nullable Object> content) {
        Object value = content.get();
        if (value != null) {
            List<Piece> pieces = new ArrayList<>(kept.size() + 1);
            for (Piece piece : kept) {
                if (!piece.attribute.equals(attribute)) {
                    pieces.add(piece);
                }
            }
            pieces.add(new Piece(attribute, value));
            kept = pieces;
        }
    }

    /** The content, for spans that carry it. */
    final void forEachContent(AttributeConsumer to) {
        if (!capture().onSpans() || kept.isEmpty()) {
            return;
        }
        Redacted leaving = redacted();
        for (Piece piece : leaving.pieces) {
            String json = piece.value instanceof Messages messages
                    ? MessageJson.of(messages.messages)
                    : MessageJson.ofAny(piece.value);
            to.accept(piece.attribute, json);
        }
        if (leaving.lost > 0) {
            to.accept(GenAiAttributes.CONTENT_LOST, leaving.lost);
        }
    }

    private Redacted redacted() {
        Redacted done = redacted;
        if (done == null) {
            List<Piece> pieces = new ArrayList<>(kept.size());
            int lost = 0;
            for (Piece piece : kept) {
                Object value = piece.value;
                if (value instanceof Messages messages) {
                    List<Message> left = new ArrayList<>(messages.messages.size());
                    for (Message message : messages.messages) {
                        List<Message.Part> parts =
                                new ArrayList<>(message.parts().size());
                        for (Message.Part part : message.parts()) {
                            lost += redact(() -> policy.redact(part), parts::add);
                        }
                        left.add(new Message(message.role(), parts, message.finishReason()));
                    }
                    pieces.add(new Piece(piece.attribute, new Messages(left)));
                } else {
                    lost += redact(
                            () -> policy.redact(piece.attribute, value),
                            left -> pieces.add(new Piece(piece.attribute, left)));
                }
            }
            done = new Redacted(pieces, lost);
            redacted = done;
        }
        return done;
    }

    /** Passes on what the redactor leaves; returns 1 if it failed. */
    private <T> int redact(Supplier<@Nullable T> redactor, Consumer<T> to) {
        try {
            T left = redactor.get();
            if (left != null) {
                to.accept(left);
            }
            return 0;
        } catch (Throwable e) {
            policy.failed(e);
            return 1;
        }
    }

    final int contentBytes() {
        long bytes = 0;
        for (Piece piece : kept) {
            if (piece.value instanceof Messages messages) {
                for (Message message : messages.messages) {
                    for (Message.Part part : message.parts()) {
                        bytes += 48 + MessageJson.estimatedBytes(part);
                    }
                }
            } else {
                bytes += 64 + MessageJson.estimatedBytes(piece.value);
            }
        }
        return (int) Math.min(bytes, Integer.MAX_VALUE / 2);
    }

    @Override
    public void end() {
        frozen = true;
        offers = null;
    }

    /** The name of the span; never content. */
    @Override
    public String toString() {
        return getClass().getSimpleName() + '{' + spanName() + '}';
    }
}
