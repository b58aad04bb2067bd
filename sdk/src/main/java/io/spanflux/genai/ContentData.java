// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.SpanData;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
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

    /** What leaves instead of what was kept, as the first export thread that asked decided. */
    private volatile @Nullable Leaving leaving;

    /** Parts of a stream that were dropped and that no mark of another tells of. */
    private int cut;

    private record Offer(
            String attribute,
            Supplier<? extends @Nullable Object> content,
            @Nullable Offer before) {}

    private record Piece(String attribute, Object value) {}

    private record Messages(List<Message> messages) {}

    private record Parts(List<Message.Part> parts) {}

    private record Tools(List<ToolDefinition> tools) {}

    private record Leaving(List<Piece> pieces, int lost) {}

    private static final VarHandle LEAVING;

    static {
        try {
            LEAVING = MethodHandles.lookup().findVarHandle(ContentData.class, "leaving", Leaving.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

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

    /** Where the content of this call leaves, as it is decided so far. */
    public ContentCapture contentCapture() {
        return capture();
    }

    /** Whether there is an event about such a call, which may carry its content. */
    boolean hasEvent() {
        return false;
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
                    List<Message> copy = copyOrNull(messages.get());
                    return copy == null ? null : new Messages(copy);
                });
    }

    /** Parts of no message under {@code attribute}, over what was there. */
    final S putParts(String attribute, @Nullable Supplier<? extends @Nullable List<Message.Part>> parts) {
        return parts == null
                ? self()
                : putContent(attribute, () -> {
                    List<Message.Part> copy = copyOrNull(parts.get());
                    return copy == null ? null : new Parts(copy);
                });
    }

    /** Definitions of tools under {@code attribute}, over what was there. */
    final S putTools(String attribute, @Nullable Supplier<? extends @Nullable List<ToolDefinition>> tools) {
        return tools == null
                ? self()
                : putContent(attribute, () -> {
                    List<ToolDefinition> copy = copyOrNull(tools.get());
                    return copy == null ? null : new Tools(copy);
                });
    }

    /** An unmodifiable copy without nulls, which a provider's client may well hand over. */
    static <T> @Nullable List<T> copyOrNull(@Nullable List<? extends @Nullable T> list) {
        if (list == null) {
            return null;
        }
        List<T> copy = new ArrayList<>(list.size());
        for (T item : list) {
            if (item != null) {
                copy.add(item);
            }
        }
        return List.copyOf(copy);
    }

    /** Says that {@code parts} of the content were dropped before they were kept. */
    final void contentCut(int parts) {
        cut += parts;
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
        if (capture().onSpans()) {
            forEachContent(to, ContentAttributes::handTo);
        }
    }

    /** The content in structured form, for events that carry it; nothing that no policy for events has seen. */
    final void forEachEventContent(AttributeConsumer to) {
        if (capture().onEvents() && policy.hasEvents()) {
            forEachContent(to, ContentAttributes::handStructuredTo);
        }
    }

    private void forEachContent(AttributeConsumer to, BiConsumer<ContentAttributes, AttributeConsumer> hand) {
        if (kept.isEmpty()) {
            return;
        }
        Leaving content = leaving();
        ContentAttributes attributes = new ContentAttributes();
        for (Piece piece : content.pieces) {
            if (piece.value instanceof Messages messages) {
                attributes.messages(piece.attribute, messages.messages);
            } else if (piece.value instanceof Parts parts) {
                attributes.parts(piece.attribute, parts.parts);
            } else if (piece.value instanceof Tools tools) {
                attributes.tools(piece.attribute, tools.tools);
            } else {
                attributes.value(piece.attribute, piece.value);
            }
        }
        hand.accept(attributes, to);
        to.truncated(cut);
        if (content.lost > 0) {
            to.accept(GenAiAttributes.CONTENT_LOST, content.lost);
        }
    }

    /**
     * What leaves: decided once, by the first export thread that asks after the end; where two ask at the same time, both
     * decide and the first to be done holds, so that nobody waits and no upload begins twice.
     */
    private Leaving leaving() {
        Leaving known = leaving;
        if (known != null) {
            return known;
        }
        List<MediaUploads.Reservation> uploads = new ArrayList<>(0);
        Leaving mine = decideLeaving(uploads);
        if (!frozen) {
            uploads.forEach(MediaUploads.Reservation::cancel);
            return mine;
        }
        if (LEAVING.compareAndSet(this, null, mine)) {
            uploads.forEach(MediaUploads.Reservation::start);
            return mine;
        }
        uploads.forEach(MediaUploads.Reservation::cancel);
        return leaving();
    }

    private Leaving decideLeaving(List<MediaUploads.Reservation> uploads) {
        List<Piece> pieces = new ArrayList<>(kept.size());
        int lost = 0;
        for (Piece piece : kept) {
            Object value = piece.value;
            if (value instanceof Messages messages) {
                List<Message> left = new ArrayList<>(messages.messages.size());
                for (Message message : messages.messages) {
                    List<Message.Part> parts = new ArrayList<>(message.parts().size());
                    lost += redact(message.parts(), parts, uploads);
                    left.add(message.withParts(parts));
                }
                pieces.add(new Piece(piece.attribute, new Messages(left)));
            } else if (value instanceof Parts parts) {
                List<Message.Part> left = new ArrayList<>(parts.parts.size());
                lost += redact(parts.parts, left, uploads);
                pieces.add(new Piece(piece.attribute, new Parts(left)));
            } else if (value instanceof Tools tools) {
                lost += redact(
                        () -> policy.redact(piece.attribute, tools.tools),
                        left -> pieces.add(new Piece(piece.attribute, toolsOr(left))));
            } else {
                lost += redact(
                        () -> policy.redact(piece.attribute, value),
                        left -> pieces.add(new Piece(piece.attribute, left)));
            }
        }
        return new Leaving(pieces, lost);
    }

    /** A redactor may answer with other definitions, or with anything else. */
    private static Object toolsOr(Object left) {
        if (left instanceof List<?> list && list.stream().allMatch(ToolDefinition.class::isInstance)) {
            return new Tools(list.stream().map(ToolDefinition.class::cast).toList());
        }
        return left;
    }

    /** Passes on what the policy leaves of each part; returns on how many it failed. */
    private int redact(List<Message.Part> parts, List<Message.Part> to, List<MediaUploads.Reservation> uploads) {
        int lost = 0;
        for (Message.Part part : parts) {
            // Media last: what the redactor takes out is not uploaded, and before the end nothing is.
            lost += redact(() -> policy.redact(part), left -> to.add(frozen ? policy.uploaded(left, uploads) : left));
        }
        return lost;
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
            bytes += 64;
            if (piece.value instanceof Messages messages) {
                bytes += ContentSize.ofMessages(messages.messages);
            } else if (piece.value instanceof Parts parts) {
                bytes += ContentSize.ofParts(parts.parts);
            } else if (piece.value instanceof Tools tools) {
                bytes += ContentSize.ofTools(tools.tools);
            } else {
                bytes += ContentSize.of(piece.value);
            }
        }
        return (int) Math.min(bytes, Integer.MAX_VALUE / 2);
    }

    /** {@link #metadata} of a key that a type cannot look up. */
    final @Nullable Object searched(String key) {
        return SpanData.super.metadata(key);
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
