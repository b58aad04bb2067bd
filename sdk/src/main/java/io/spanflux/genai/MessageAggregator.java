// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rebuilds messages from the pieces of a stream: one message a choice; in it the text, the reasoning and the tool calls in
 * the order in which they began. Pieces of the same kind that follow one another are one part; pieces of a tool call are
 * found by its index, whatever lies between them.
 *
 * <p>Bound: {@value #MAX_CHARS} characters and {@value #MAX_PARTS} parts over all choices. What comes after that is
 * dropped; the part that it would have belonged to is marked as truncated.
 *
 * <p>Threads: as {@link GenAiData}.
 */
final class MessageAggregator {
    static final int MAX_CHARS = 1 << 20;
    static final int MAX_PARTS = 1024;

    private final List<Choice> choices = new ArrayList<>(1);
    private int chars;
    private int parts;
    private boolean lost;

    private enum Kind {
        TEXT,
        REASONING,
        TOOL_CALL
    }

    private static final class Choice {
        final int index;
        final List<Piece> pieces = new ArrayList<>(2);

        Choice(int index) {
            this.index = index;
        }
    }

    private static final class Piece {
        final Kind kind;
        final int index;
        final StringBuilder text = new StringBuilder();

        @Nullable
        String id;

        @Nullable
        String name;

        boolean truncated;

        Piece(Kind kind, int index) {
            this.kind = kind;
            this.index = index;
        }
    }

    void text(int choice, @Nullable CharSequence delta) {
        append(choice, Kind.TEXT, delta);
    }

    void reasoning(int choice, @Nullable CharSequence delta) {
        append(choice, Kind.REASONING, delta);
    }

    private void append(int index, Kind kind, @Nullable CharSequence delta) {
        if (delta == null || delta.length() == 0) {
            // The first chunk of many a stream says only who speaks.
            return;
        }
        Piece piece = latest(choice(index));
        if (piece == null || piece.kind != kind) {
            piece = begin(index, new Piece(kind, 0));
        }
        if (piece != null) {
            take(piece, delta);
        }
    }

    /**
     * A piece of the tool call with this index. The id may come with the first piece only; another id at the same index
     * is another call, as providers without indices send them. A name that comes again, or comes longer, replaces what
     * there is; any other is the rest of it.
     */
    void toolCall(
            int choiceIndex,
            int index,
            @Nullable String id,
            @Nullable String name,
            @Nullable CharSequence argumentsDelta) {
        Piece call = latestCall(choice(choiceIndex), index);
        String known = id == null || id.isEmpty() ? null : id;
        if (call == null || (known != null && call.id != null && !known.equals(call.id))) {
            call = begin(choiceIndex, new Piece(Kind.TOOL_CALL, index));
            if (call == null) {
                return;
            }
        }
        if (known != null && call.id == null) {
            call.id = taken(call, known);
        }
        if (name != null && !name.isEmpty()) {
            String before = call.name;
            if (before == null) {
                call.name = taken(call, name);
            } else if (name.startsWith(before)) {
                call.name = before + taken(call, name.substring(before.length()));
            } else {
                call.name = before + taken(call, name);
            }
        }
        if (argumentsDelta != null) {
            take(call, argumentsDelta);
        }
    }

    private static @Nullable Piece latest(@Nullable Choice choice) {
        return choice == null ? null : choice.pieces.get(choice.pieces.size() - 1);
    }

    private static @Nullable Piece latestCall(@Nullable Choice choice, int index) {
        if (choice != null) {
            for (int i = choice.pieces.size() - 1; i >= 0; i--) {
                Piece piece = choice.pieces.get(i);
                if (piece.kind == Kind.TOOL_CALL && piece.index == index) {
                    return piece;
                }
            }
        }
        return null;
    }

    private @Nullable Choice choice(int index) {
        for (Choice choice : choices) {
            if (choice.index == index) {
                return choice;
            }
        }
        return null;
    }

    private @Nullable Piece begin(int choiceIndex, Piece piece) {
        if (parts == MAX_PARTS || chars == MAX_CHARS) {
            lost = true;
            return null;
        }
        parts++;
        Choice choice = choice(choiceIndex);
        if (choice == null) {
            choice = new Choice(choiceIndex);
            choices.add(choice);
        }
        choice.pieces.add(piece);
        return piece;
    }

    private void take(Piece piece, CharSequence delta) {
        int taken = Math.min(delta.length(), MAX_CHARS - chars);
        piece.text.append(delta, 0, taken);
        chars += taken;
        if (taken < delta.length()) {
            piece.truncated = true;
            // The bound may have split a surrogate pair; half of one is no text.
            int last = piece.text.length() - 1;
            if (last >= 0 && Character.isHighSurrogate(piece.text.charAt(last))) {
                piece.text.setLength(last);
            }
        }
    }

    private String taken(Piece piece, String text) {
        int taken = Math.min(text.length(), MAX_CHARS - chars);
        chars += taken;
        piece.truncated |= taken < text.length();
        return text.substring(0, taken);
    }

    /** Whether a part could not begin, which no mark of another part tells. */
    boolean hasLost() {
        return lost;
    }

    long estimatedBytes() {
        return 2L * chars + 160L * parts;
    }

    /** What arrived, in the order of the choices; {@code finishReasons} are in that order, too. */
    List<Message> messages(@Nullable List<String> finishReasons) {
        List<Choice> ordered = new ArrayList<>(choices);
        ordered.sort(Comparator.comparingInt(choice -> choice.index));
        List<Message> messages = new ArrayList<>(ordered.size());
        for (Choice choice : ordered) {
            List<Part> said = new ArrayList<>(choice.pieces.size());
            for (Piece piece : choice.pieces) {
                said.add(part(piece));
            }
            String reason = finishReasons != null && choice.index >= 0 && choice.index < finishReasons.size()
                    ? finishReasons.get(choice.index)
                    : null;
            messages.add(new Message("assistant", said, reason));
        }
        return messages;
    }

    private static Part part(Piece piece) {
        String text = piece.text.toString();
        if (piece.kind == Kind.TEXT) {
            return new Part.Text(text, piece.truncated);
        } else if (piece.kind == Kind.REASONING) {
            return new Part.Reasoning(text, piece.truncated);
        }
        String arguments = text.isEmpty() ? null : text;
        if (piece.name != null) {
            return new Part.ToolCall(piece.id, piece.name, arguments, piece.truncated);
        }
        // A tool call must have a name; cut off before it came, this is none.
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        if (piece.id != null) {
            fields.put("id", piece.id);
        }
        if (arguments != null) {
            fields.put("arguments", arguments);
        }
        fields.put("truncated", true);
        return new Part.Generic("incomplete_tool_call", fields);
    }
}
