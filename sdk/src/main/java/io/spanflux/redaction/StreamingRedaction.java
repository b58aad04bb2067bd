// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import io.spanflux.diagnostics.FatalErrors;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * One text that comes in chunks: what is given out is redacted, and joined it is what {@link SecretRedactor#redact}
 * answers for the chunks joined, wherever they were cut. At most {@value #WINDOW} characters, and two where pairs of
 * surrogates are cut, are held back; {@link #finish()} gives them out.
 *
 * <p>Should redacting fail, everything not yet given out is lost, {@value Markers#FAILED} takes its place, and
 * {@link SecretRedactor#failures()} counts it.
 *
 * <p>Not thread-safe: one signal at a time, as a Reactor subscriber gets them.
 */
public final class StreamingRedaction {
    /*
     * How whole text and stream come to the same. Whether a secret begins at a position is decided once, and only when the
     * WINDOW characters from it on are there or the text is over; a detector sees these, LOOK_BEHIND characters before
     * them, and nothing else: no earlier decision, no other detector, no border of a chunk. The whole text goes the same
     * way in one chunk. What is redacted is the union of all that was found, so that a secret inside or across another one
     * is covered too.
     *
     * A secret that reaches the end of its window is taken to go on through everything that can be part of a value; this
     * covers tokens of any length with bounded memory.
     *
     * Indices: "raw" ones count the text's characters from its start; "view" ones those of the folded view, without
     * invisible characters, of what is held.
     */
    static final int WINDOW = 512;
    static final int LOOK_BEHIND = 64;

    /** How much is taken in at once, so that a large text is not held a second time. */
    private static final int SLICE = 8 * 1024;

    private final List<SecretRedactor.Rule> rules;
    private final Runnable onFailure;
    private final Window window = new Window();
    private StringBuilder out = new StringBuilder();

    private final StringBuilder raw = new StringBuilder();
    private int rawBase;
    private int folded;

    private char[] view = new char[64];
    private int[] at = new int[64];
    private int viewLength;
    private int next;
    private int behind;
    private int ahead;

    /** Everything before was given out or left out. */
    private int settled;

    /** What lies before is left out; its marker was given out. */
    private int redactedTo;

    private boolean openEnd;

    /** What was found behind a keyword and begins later. */
    private int laterFrom = -1;

    private int laterTo;
    private boolean laterOpenEnd;
    private String laterMarker = "";

    private boolean changed;
    private boolean closed;
    private boolean finished;

    StreamingRedaction(List<SecretRedactor.Rule> rules, Runnable onFailure) {
        this.rules = rules;
        this.onFailure = onFailure;
    }

    /** Takes the next chunk and gives out what is safe by now, often nothing. Fails when the stream is finished. */
    public String accept(CharSequence chunk) {
        Objects.requireNonNull(chunk, "chunk == null");
        if (finished) {
            throw new IllegalStateException("chunk after finish()");
        }
        try {
            for (int from = 0; from < chunk.length() && !closed; from += SLICE) {
                raw.append(chunk, from, Math.min(chunk.length(), from + SLICE));
                fold(false);
                scan(false);
                forget();
            }
        } catch (Throwable e) {
            fail(e);
        }
        return takeOut();
    }

    /** Ends the text and gives out the rest. Empty when the stream is finished already. */
    public String finish() {
        if (!finished) {
            finished = true;
            try {
                if (!closed) {
                    fold(true);
                    scan(true);
                }
            } catch (Throwable e) {
                fail(e);
            }
        }
        return takeOut();
    }

    /** Whether anything was left out so far. */
    boolean isChanged() {
        return changed;
    }

    /** Characters that detectors have read so far. */
    long steps() {
        return window.steps();
    }

    /** Characters that are held back. */
    int held() {
        return closed ? 0 : rawBase + raw.length() - settled;
    }

    private String takeOut() {
        String taken = out.toString();
        out = new StringBuilder();
        return taken;
    }

    /** What was thrown goes nowhere: its message may hold the text. */
    private void fail(Throwable failure) {
        FatalErrors.propagate(failure);
        closed = true;
        changed = true;
        raw.setLength(0);
        out.append(Markers.FAILED);
        onFailure.run();
    }

    private void fold(boolean atEnd) {
        int end = rawBase + raw.length();
        while (folded < end) {
            char c = raw.charAt(folded - rawBase);
            if (Character.isHighSurrogate(c)) {
                if (folded + 1 == end && !atEnd) {
                    return;
                }
                foldSupplementary(c, end);
                continue;
            }
            char seen = Chars.folded(c);
            if (seen != Chars.INVISIBLE || c == 0) {
                see(seen, folded);
            }
            folded++;
        }
    }

    private void foldSupplementary(char high, int end) {
        char low = folded + 1 < end ? raw.charAt(folded + 1 - rawBase) : 0;
        if (!Character.isLowSurrogate(low)) {
            see(high, folded++);
            return;
        }
        int codePoint = Character.toCodePoint(high, low);
        int type = Character.getType(codePoint);
        if (type == Character.DECIMAL_DIGIT_NUMBER) {
            see((char) ('0' + Character.digit(codePoint, 10)), folded);
        } else if (type != Character.FORMAT && !(codePoint >= 0xE0100 && codePoint <= 0xE01EF)) {
            see(high, folded);
            see(low, folded + 1);
        }
        folded += 2;
    }

    private void see(char c, int position) {
        if (viewLength == view.length) {
            view = Arrays.copyOf(view, 2 * viewLength);
            at = Arrays.copyOf(at, 2 * viewLength);
        }
        view[viewLength] = c;
        at[viewLength++] = position;
    }

    /** Decides each position whose window is there. */
    private void scan(boolean atEnd) {
        while (next < viewLength && !closed) {
            int position = at[next];
            boolean full = folded - position >= WINDOW;
            if (!full && !atEnd) {
                return;
            }
            settle(position);
            if (closed) {
                return;
            }
            goOn(position);
            look(position, full);
            begin(position);
            next++;
        }
        if (!closed && next == viewLength) {
            settle(folded);
        }
    }

    private void goOn(int position) {
        if (openEnd && position >= redactedTo) {
            openEnd = Chars.isValue(view[next]);
            if (openEnd) {
                redactedTo = endOf(next);
            }
        }
    }

    private void look(int position, boolean full) {
        boolean insidePair = next > 0
                && Character.isLowSurrogate(view[next])
                && Character.isHighSurrogate(view[next - 1])
                && at[next - 1] + 1 == position;
        if (insidePair) {
            return;
        }
        while (at[behind] < position - LOOK_BEHIND) {
            behind++;
        }
        ahead = Math.max(ahead, next);
        while (ahead < viewLength && at[ahead] < position + WINDOW) {
            ahead++;
        }
        window.move(view, behind, next, ahead, full, position);
        int longest = 0;
        for (SecretRedactor.Rule rule : rules) {
            int length = rule.detector().lengthAt(window);
            int from = window.takeSecretFrom();
            if (length <= from) {
                continue;
            }
            int last = next + length - 1;
            if (Character.isHighSurrogate(view[last])
                    && last + 1 < viewLength
                    && Character.isLowSurrogate(view[last + 1])) {
                last++;
            }
            found(at[next + from], endOf(last), full && last + 1 >= ahead, length > longest, rule.marker());
            longest = Math.max(longest, length);
        }
    }

    private void found(int from, int to, boolean open, boolean longest, String marker) {
        if (laterFrom < 0 || longest) {
            laterMarker = marker;
        }
        laterOpenEnd = (open && to >= laterTo) || (laterOpenEnd && laterTo >= to);
        laterFrom = laterFrom < 0 ? from : Math.min(laterFrom, from);
        laterTo = Math.max(laterTo, to);
    }

    /** Begins to leave out what was found to begin here, unless that is being done. */
    private void begin(int position) {
        if (laterFrom < 0 || laterFrom > position) {
            return;
        }
        if (position >= redactedTo) {
            redactedTo = position;
            out.append(laterMarker);
            changed = true;
        }
        if (laterTo >= redactedTo) {
            openEnd = laterOpenEnd || (openEnd && laterTo == redactedTo);
            redactedTo = laterTo;
        }
        laterFrom = -1;
        laterTo = 0;
        laterOpenEnd = false;
    }

    private int endOf(int index) {
        int position = at[index];
        boolean pairSeenAsOne =
                Character.isHighSurrogate(raw.charAt(position - rawBase)) && !Character.isHighSurrogate(view[index]);
        return position + (pairSeenAsOne ? 2 : 1);
    }

    /** Gives out what lies before {@code to} and is not redacted, but no half of a pair. */
    private void settle(int to) {
        int end = Math.min(to, SecretRedactor.MAX_LENGTH);
        if (end > settled && end < rawBase + raw.length() && isInsidePair(end - rawBase)) {
            end--;
        }
        int from = Math.max(settled, Math.min(redactedTo, end));
        out.append(raw, from - rawBase, Math.max(from, end) - rawBase);
        settled = end;
        if (to > SecretRedactor.MAX_LENGTH) {
            closed = true;
            changed = true;
            out.append(Markers.TOO_LONG);
        }
    }

    private boolean isInsidePair(int index) {
        return Character.isLowSurrogate(raw.charAt(index)) && Character.isHighSurrogate(raw.charAt(index - 1));
    }

    /** Lets go of what no detector will see again. */
    private void forget() {
        if (closed) {
            raw.setLength(0);
            return;
        }
        int keep = Math.min(settled, (next < viewLength ? at[next] : folded) - LOOK_BEHIND);
        if (keep - rawBase < WINDOW) {
            return;
        }
        int drop = 0;
        while (drop < next && at[drop] < keep) {
            drop++;
        }
        System.arraycopy(view, drop, view, 0, viewLength - drop);
        System.arraycopy(at, drop, at, 0, viewLength - drop);
        viewLength -= drop;
        next -= drop;
        behind = Math.max(0, behind - drop);
        ahead = Math.max(0, ahead - drop);
        raw.delete(0, keep - rawBase);
        rawBase = keep;
    }
}
