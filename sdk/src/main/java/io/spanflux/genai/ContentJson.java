// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/**
 * Writes a list of messages, of parts or of tools as a JSON array that is no longer than it may be, and valid whatever
 * the limit is. What varies in length (a text, a value, the bytes of a blob) is written in shares:
 *
 * <ol>
 *   <li>Everything fits: it is written as it is, in one pass.
 *   <li>Else what is longer than a share is cut to it, the share being the largest with which everything fits: so the
 *       longest are cut first, and to the same length. Their parts are marked {@code "truncated": true}.
 *   <li>Where not even the roles and the types of parts fit, items are left out, the oldest first: the newest tell what
 *       the call was about. Of a single item that is too long the last parts go.
 * </ol>
 *
 * <p>Lengths are code points, because that is what {@code SpanLimits} counts.
 */
final class ContentJson {
    /** Longer names, ids and roles are cut: they are no content. */
    static final int MAX_NAME = 1024;

    private static final String MARK = ",\"truncated\":true";

    /** What is longer takes at least this: an empty text and its mark. */
    private static final int MIN_SHARE = 2 + MARK.length();

    private final BoundedWriter out;
    private final JsonGenerator json;
    private final int share;
    private final boolean whole;
    private final @Nullable Lengths measured;
    private boolean cut;
    private int cuts;

    /** The JSON, null when not even an empty array fits; its length; and how many parts or items say less than they did. */
    record Rendered(@Nullable String text, int length, int cuts) {}

    private ContentJson(int limit, int share, boolean whole, @Nullable Lengths measured) {
        this.out = new BoundedWriter(limit);
        this.json = ValueJson.MAPPER.createGenerator(out);
        this.share = share;
        this.whole = whole;
        this.measured = measured;
    }

    /** What {@link #array} needs to know of items of one kind. */
    record Kind<T>(BiConsumer<T, ContentJson> writer, Function<T, @Nullable T> half) {}

    /** {@code items} as a JSON array of at most {@code limit} code points. */
    static <T> Rendered array(List<? extends T> items, Kind<T> kind, int limit) {
        int max = Math.min(limit, ValueJson.MAX_LENGTH);
        if (max < 2) {
            return new Rendered(null, 0, 1);
        }
        Rendered all = write(items, kind, max, max, true);
        if (all != null) {
            return all;
        }
        Kept<T> kept = Kept.of(items, kind, max);
        for (int share = kept.share(max); share >= MIN_SHARE; share /= 2) {
            // The first share fits, unless a value of the application's has changed since it was measured.
            Rendered fitted = write(kept.items, kind, max, share, false);
            if (fitted != null) {
                return new Rendered(fitted.text(), fitted.length(), fitted.cuts() + kept.leftOut);
            }
        }
        return new Rendered("[]", 2, items.size());
    }

    private static <T> @Nullable Rendered write(
            List<? extends T> items, Kind<T> kind, int limit, int share, boolean whole) {
        ContentJson content = new ContentJson(limit, share, whole, null);
        try {
            try (JsonGenerator json = content.json) {
                json.writeStartArray();
                for (T item : items) {
                    kind.writer().accept(item, content);
                }
                json.writeEndArray();
            }
        } catch (TooLong | JacksonException e) {
            // The writer is full; nothing else can fail, values are written apart.
            return null;
        }
        return new Rendered(content.out.text(), content.out.length(), content.cuts);
    }

    // ---- what writers of items call ------------------------------------------------------------------------------

    void begin() {
        json.writeStartObject();
    }

    void begin(String name) {
        json.writeName(name);
        json.writeStartObject();
    }

    /** The parts of a message; what was cut of the message itself is counted before they come. */
    void beginArray(String name) {
        countCut();
        json.writeArrayPropertyStart(name);
    }

    void endArray() {
        json.writeEndArray();
    }

    void end() {
        json.writeEndObject();
    }

    /** Ends a message, whose parts have marks of their own. */
    void endUnmarked() {
        countCut();
        json.writeEndObject();
    }

    private void countCut() {
        cuts += cut ? 1 : 0;
        cut = false;
    }

    /** Ends what began with the last {@link #begin()}, marked if something of it was cut, here or before. */
    void end(boolean truncated) {
        if (cut || truncated) {
            json.writeBooleanProperty("truncated", true);
            cuts++;
        }
        cut = false;
        json.writeEndObject();
    }

    /** A type, an id, a role: never cut to make room. Nothing when null. */
    void name(String name, @Nullable String value) {
        if (value != null) {
            json.writeStringProperty(name, shortName(value));
        }
    }

    private String shortName(String value) {
        String kept = JsonText.cut(value, MAX_NAME);
        cut |= kept.length() < value.length();
        return JsonText.clean(kept);
    }

    void number(String name, long value) {
        json.writeNumberProperty(name, value);
    }

    /** A text that may be cut. Nothing when null. */
    void text(String name, @Nullable String text) {
        if (text == null) {
            return;
        }
        json.writeName(name);
        if (measured != null) {
            measured.add(2 + JsonText.length(text, measured.limit));
            json.writeNumber(0);
            return;
        }
        int length = 2 + JsonText.length(text, share);
        if (length <= share) {
            json.writeString(JsonText.clean(text));
        } else {
            json.writeString(JsonText.clean(JsonText.cut(text, roomFor(length) - 2)));
            cut = true;
        }
    }

    /** A text that is the JSON of {@code value}, which may be cut. */
    void jsonText(String name, Object value) {
        if (value instanceof String text) {
            text(name, text);
            return;
        }
        int limit = measured == null ? share : measured.limit;
        ValueJson.Fitted fitted = ValueJson.whole(value, limit);
        if (fitted == null) {
            fitted = ValueJson.fit(value, measured == null ? roomFor(share + 1) : limit);
        }
        cut |= fitted.cut();
        text(name, fitted.json());
    }

    /** A text that is worth nothing in part: whole, or empty and marked. */
    void wholeText(String name, String text) {
        json.writeName(name);
        if (measured != null) {
            measured.add(2 + text.length());
            json.writeNumber(0);
            return;
        }
        boolean fits = roomFor(2 + text.length()) >= 2 + text.length();
        cut |= !fits;
        json.writeString(fits ? text : "");
    }

    /** Any value, which may be cut and then be a text. A null is written as such. */
    void value(String name, @Nullable Object value) {
        json.writeName(shortName(name));
        if (value == null) {
            json.writeNull();
        } else if (measured != null) {
            measure(value, measured);
        } else {
            json.writeRawValue(fitted(value).json());
        }
    }

    /** As {@link #value}, for what must be an object; left out where it is none or would be none when it is cut. */
    void object(String name, @Nullable Object value) {
        if (value == null) {
            return;
        }
        if (measured != null) {
            json.writeName(name);
            measure(value, measured);
            return;
        }
        String object = fitted(value).json();
        if (object.startsWith("{")) {
            json.writeName(name);
            json.writeRawValue(object);
        } else {
            cut = true;
        }
    }

    private void measure(Object value, Lengths lengths) {
        ValueJson.Fitted fitted = ValueJson.whole(value, lengths.limit);
        lengths.add(fitted == null ? lengths.limit + 1 : fitted.length());
        json.writeNumber(0);
    }

    private ValueJson.Fitted fitted(Object value) {
        ValueJson.Fitted fitted = ValueJson.whole(value, share);
        if (fitted == null) {
            fitted = ValueJson.fit(value, roomFor(share + 1));
        }
        cut |= fitted.cut();
        return fitted;
    }

    /** What may be written of something of this length: all, or a share that leaves room for its mark. */
    private int roomFor(int length) {
        if (length <= share) {
            return length;
        }
        if (whole) {
            throw new TooLong();
        }
        return share - MARK.length();
    }

    // ---- what fits -----------------------------------------------------------------------------------------------

    /** What is kept of items that are too long for their array, and what its parts measure. */
    private static final class Kept<T> {
        final List<T> items = new ArrayList<>();
        final Lengths lengths;
        long shells = 2;
        int leftOut;

        private Kept(int limit) {
            this.lengths = new Lengths(limit);
        }

        static <T> Kept<T> of(List<? extends T> items, Kind<T> kind, int limit) {
            Kept<T> kept = new Kept<>(limit);
            int at = items.size() - 1;
            long minimum = 2;
            for (; at >= 0; at--) {
                T item = items.get(at);
                Lengths own = new Lengths(limit);
                int shell = measure(item, kind, own);
                // One item that does not fit alone is halved until it does.
                while (kept.items.isEmpty() && 2 + shell + own.minimum() > limit) {
                    T half = kind.half().apply(item);
                    if (half == null) {
                        break;
                    }
                    item = half;
                    kept.leftOut++;
                    own = new Lengths(limit);
                    shell = measure(item, kind, own);
                }
                minimum += 1 + shell + own.minimum();
                // The last one has no comma.
                if (minimum - 1 > limit) {
                    break;
                }
                kept.items.add(item);
                kept.shells += 1 + shell;
                kept.lengths.addAll(own);
            }
            kept.leftOut += at + 1;
            Collections.reverse(kept.items);
            return kept;
        }

        private static <T> int measure(T item, Kind<T> kind, Lengths lengths) {
            ContentJson content = new ContentJson(ValueJson.MAX_LENGTH, 0, false, lengths);
            try (JsonGenerator json = content.json) {
                kind.writer().accept(item, content);
            }
            return content.out.length() - lengths.count;
        }

        int share(int limit) {
            // The last item has no comma.
            return lengths.share(limit - Math.max(2, shells - 1));
        }
    }

    /** The lengths of what varies. */
    static final class Lengths {
        final int limit;
        private int[] lengths = new int[16];
        private int count;

        Lengths(int limit) {
            this.limit = limit;
        }

        void add(int length) {
            if (count == lengths.length) {
                lengths = Arrays.copyOf(lengths, 2 * count);
            }
            lengths[count++] = length;
        }

        void addAll(Lengths others) {
            for (int i = 0; i < others.count; i++) {
                add(others.lengths[i]);
            }
        }

        long minimum() {
            long sum = 0;
            for (int i = 0; i < count; i++) {
                sum += Math.min(lengths[i], MIN_SHARE);
            }
            return sum;
        }

        /** The largest share with which all fit into {@code room}, where each takes no more than its share. */
        int share(long room) {
            int[] ascending = Arrays.copyOf(lengths, count);
            Arrays.sort(ascending);
            long left = room;
            for (int i = 0; i < count; i++) {
                long share = left / (count - i);
                if (share < ascending[i]) {
                    return (int) Math.max(share, 0);
                }
                left -= ascending[i];
            }
            return ValueJson.MAX_LENGTH;
        }
    }

    /** Ends the attempt to write everything as it is. */
    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLong() {
            super(null, null, false, false);
        }
    }
}
