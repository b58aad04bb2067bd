// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON as it passes, cut anywhere, and keeps an outline of it: each object at the root, and each that is an element of
 * an array at the root, is handed over when its last byte has come. Members that are named to be skipped are read past, but not
 * in objects whose members the application names: those are whole.
 *
 * <p>Bound: of each object some {@value #MAX_NODES} values and {@code maxBytes} of texts, after which a text has
 * {@value #MIN_TEXT} bytes left; nesting {@value #MAX_DEPTH} deep. A text that is longer is cut, a value too many is left out,
 * and what follows is read all the same. What is no JSON ends the reading until {@link #reset}. {@value #NAMES} names of up to
 * {@value #MAX_NAME} bytes are remembered, later ones in the place of earlier ones.
 *
 * <p>Threads: one at a time. Never throws on any input.
 */
final class JsonOutline {
    static final int MAX_NODES = 8192;
    static final int MAX_DEPTH = 128;

    /** What a text may have in any case: a model, an id, a reason. */
    static final int MIN_TEXT = 256;

    /** Values for members of the root and of objects in it, whatever arrays have used up: options and token counts. */
    private static final int RESERVE = 1024;

    private static final int MAX_NAME = 128;
    private static final int MAX_LITERAL = 40;

    /** Digits of a number that fit into a long whatever they are. */
    private static final int SAFE_DIGITS = 18;

    /** Names remembered, each in the place of its hash: the events of a stream have all the same ones. */
    private static final int NAMES = 64;

    private static final class Name {
        private final byte[] bytes;
        private final String text;
        private final boolean skipped;

        Name(byte[] bytes, String text, boolean skipped) {
            this.bytes = bytes;
            this.text = text;
            this.skipped = skipped;
        }
    }

    private enum State {
        VALUE,
        FIRST_VALUE,
        NAME,
        FIRST_NAME,
        COLON,
        COMMA,
        IN_NAME,
        IN_TEXT,
        IN_LITERAL,
        BROKEN
    }

    private final Set<String> skipped;
    private final Set<String> whole;
    private final int maxText;
    private final int maxBytes;
    private final Consumer<Outline> done;

    private State state = State.VALUE;
    private int depth;
    private final boolean[] inObject = new boolean[MAX_DEPTH + 1];
    // A Map, a List, or null for what is not kept.
    private final @Nullable Object[] containers = new Object[MAX_DEPTH + 1];
    private final @Nullable Name[] names = new Name[MAX_DEPTH + 1];
    private final @Nullable Name[] remembered = new Name[NAMES];

    /** The depth of the outermost object around that is whole; 0 where there is none. */
    private int wholeFrom;

    private int nodes;
    private int bytes;

    private byte[] text = new byte[64];
    private int length;
    private int limit;
    private boolean escape;
    private boolean escaped;

    private final int[] gaps = new int[RepeatedEvent.MAX_GAPS];
    private int gapCount;
    private int documents;

    /**
     * Keeps at most {@code maxText} bytes of a text and {@code maxBytes} of all, and nothing below members that are named to be
     * {@code skipped}; below members that are {@code whole}, where they are objects, no name is skipped.
     */
    JsonOutline(Set<String> skipped, Set<String> whole, int maxText, int maxBytes, Consumer<Outline> done) {
        this.skipped = skipped;
        this.whole = whole;
        this.maxText = maxText;
        this.maxBytes = maxBytes;
        this.done = done;
    }

    void accept(byte[] from, int start, int end) {
        for (int i = start; i < end; ) {
            int plain = i;
            if (state == State.IN_TEXT || state == State.IN_NAME) {
                plain = escape ? i : endOfPlain(from, i, end);
                take(from, i, plain);
            } else if (state == State.BROKEN) {
                return;
            }
            if (plain < end) {
                State before = state;
                accept(from[plain++]);
                if (state == State.IN_TEXT && before != State.IN_TEXT && limit == 0) {
                    passedOver(plain);
                }
            }
            i = plain;
        }
    }

    private void passedOver(int at) {
        if (gapCount < gaps.length) {
            gaps[gapCount] = at;
        }
        gapCount++;
    }

    /** Forgets which texts were not kept so far. */
    void watch() {
        gapCount = 0;
        documents = 0;
    }

    /**
     * What was read since {@link #watch} stands in {@code bytes}, unless {@code from} is negative. If it gave a document,
     * {@code event} learns it, or else forgets the one before.
     */
    void teach(RepeatedEvent event, byte[] bytes, int from, int to) {
        if (documents == 1 && from >= 0 && gapCount <= gaps.length) {
            event.learn(bytes, from, to, gaps, gapCount);
        } else if (documents > 0) {
            event.forget();
        }
    }

    private static int endOfPlain(byte[] text, int start, int end) {
        int i = start;
        while (i < end && text[i] != '"' && text[i] != '\\') {
            i++;
        }
        return i;
    }

    void accept(byte next) {
        switch (state) {
            case IN_TEXT, IN_NAME -> inText(next);
            case IN_LITERAL -> {
                if (next == ',' || next == ']' || next == '}' || isSpace(next)) {
                    state = State.COMMA;
                    keep(literal());
                    between(next);
                } else {
                    take(next);
                }
            }
            case BROKEN -> {}
            default -> between(next);
        }
    }

    /** Forgets what was begun: another document follows. */
    void reset() {
        state = State.VALUE;
        Arrays.fill(containers, 0, depth + 1, null);
        depth = 0;
        wholeFrom = 0;
        begin();
    }

    private void begin() {
        nodes = 0;
        bytes = 0;
    }

    private static boolean isSpace(byte next) {
        return next == ' ' || next == '\n' || next == '\r' || next == '\t';
    }

    private void between(byte next) {
        if (isSpace(next)) {
            return;
        }
        switch (next) {
            case '{' -> open(true);
            case '[' -> open(false);
            case '}' -> close(true, State.FIRST_NAME);
            case ']' -> close(false, State.FIRST_VALUE);
            case '"' -> quote();
            case ':' -> state = state == State.COLON ? State.VALUE : State.BROKEN;
            case ',' -> {
                if (state == State.COMMA && depth > 0) {
                    state = inObject[depth] ? State.NAME : State.VALUE;
                } else {
                    state = State.BROKEN;
                }
            }
            default -> {
                boolean literal = next == '-' || (next >= '0' && next <= '9') || (next >= 'a' && next <= 'z');
                if (literal && expectsValue()) {
                    state = State.IN_LITERAL;
                    startText(MAX_LITERAL);
                    take(next);
                } else {
                    state = State.BROKEN;
                }
            }
        }
    }

    private boolean expectsValue() {
        // Behind a document at the root another one may follow, as in application/x-ndjson.
        return state == State.VALUE || state == State.FIRST_VALUE || (state == State.COMMA && depth == 0);
    }

    private void open(boolean object) {
        if (!expectsValue() || depth == MAX_DEPTH) {
            state = State.BROKEN;
            return;
        }
        boolean root = isRoot();
        Object container = null;
        if (root && object) {
            begin();
            container = new LinkedHashMap<String, Object>();
        } else if (!root && isKept()) {
            container = object ? new LinkedHashMap<String, Object>() : new ArrayList<Object>();
            put(container);
            Name name = names[depth];
            if (object && wholeFrom == 0 && inObject[depth] && name != null && whole.contains(name.text)) {
                wholeFrom = depth + 1;
            }
        }
        depth++;
        inObject[depth] = object;
        containers[depth] = container;
        names[depth] = null;
        state = object ? State.FIRST_NAME : State.FIRST_VALUE;
    }

    /** Whether the next value is a document of its own. */
    private boolean isRoot() {
        return depth == 0 || (depth == 1 && !inObject[1]);
    }

    private void close(boolean object, State empty) {
        if (depth == 0 || inObject[depth] != object || (state != State.COMMA && state != empty)) {
            state = State.BROKEN;
            return;
        }
        Object container = containers[depth];
        containers[depth] = null;
        depth--;
        if (depth < wholeFrom) {
            wholeFrom = 0;
        }
        state = State.COMMA;
        if (isRoot() && container instanceof Map<?, ?> map) {
            documents++;
            done.accept(new Outline(map));
        }
    }

    // ---- texts ---------------------------------------------------------------------------------------------------

    private void quote() {
        if (state == State.NAME || state == State.FIRST_NAME) {
            state = State.IN_NAME;
            startText(containers[depth] == null ? 0 : MAX_NAME + 1);
        } else if (expectsValue()) {
            state = State.IN_TEXT;
            startText(isKept() ? Math.min(maxText, Math.max(MIN_TEXT, maxBytes - bytes)) : 0);
        } else {
            state = State.BROKEN;
        }
    }

    private void startText(int limit) {
        this.limit = limit;
        length = 0;
        escape = false;
        escaped = false;
    }

    private void take(byte next) {
        if (length < limit) {
            makeRoom(1);
            text[length++] = next;
        }
    }

    private void take(byte[] from, int start, int end) {
        int count = Math.min(end - start, limit - length);
        if (count > 0) {
            makeRoom(count);
            System.arraycopy(from, start, text, length, count);
            length += count;
        }
    }

    /** Not more than the limit lets in. */
    private void makeRoom(int count) {
        if (length + count > text.length) {
            text = Arrays.copyOf(text, Math.min(Math.max(2 * text.length, length + count), Math.max(limit, 64)));
        }
    }

    private void inText(byte next) {
        if (escape) {
            escape = false;
        } else if (next == '\\') {
            escape = true;
            escaped = true;
        } else if (next == '"') {
            boolean name = state == State.IN_NAME;
            state = name ? State.COLON : State.COMMA;
            if (name) {
                // A name that is too long is none that anyone asks for.
                names[depth] = containers[depth] == null || length > MAX_NAME ? null : name();
            } else if (isKept()) {
                keep(taken());
            }
            return;
        }
        take(next);
    }

    private Name name() {
        int hash = length;
        for (int i = 0; i < length; i++) {
            hash = 31 * hash + text[i];
        }
        int place = (hash ^ hash >>> 16) & (NAMES - 1);
        Name before = remembered[place];
        if (before != null && Arrays.equals(before.bytes, 0, before.bytes.length, text, 0, length)) {
            return before;
        }
        String decoded = decoded(text, length);
        Name name = new Name(Arrays.copyOf(text, length), decoded, skipped.contains(decoded));
        remembered[place] = name;
        return name;
    }

    private String taken() {
        bytes += length;
        if (length < text.length / 4 && text.length > 4096) {
            // One long text shall not hold its buffer for the rest of a stream.
            byte[] shorter = Arrays.copyOf(text, length);
            text = new byte[64];
            return decoded(shorter, length);
        }
        return decoded(text, length);
    }

    private String decoded(byte[] from, int count) {
        String plain = new String(from, 0, wholeCharacters(from, count), StandardCharsets.UTF_8);
        return escaped ? unescaped(plain) : plain;
    }

    /** Without the character that the limit cut in two. */
    private static int wholeCharacters(byte[] from, int count) {
        int start = count - 1;
        while (start >= 0 && count - start < 4 && (from[start] & 0xC0) == 0x80) {
            start--;
        }
        if (start < 0) {
            return count;
        }
        int lead = from[start] & 0xFF;
        int needed = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        return count - start < needed ? start : count;
    }

    private static String unescaped(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                plain.append(c);
                continue;
            }
            if (++i == text.length()) {
                break;
            }
            char kind = text.charAt(i);
            switch (kind) {
                case 'n' -> plain.append('\n');
                case 't' -> plain.append('\t');
                case 'r' -> plain.append('\r');
                case 'b' -> plain.append('\b');
                case 'f' -> plain.append('\f');
                case 'u' -> {
                    int unit = unit(text, i + 1);
                    if (unit < 0) {
                        // Cut off, or no JSON.
                        return withoutHalf(plain);
                    }
                    plain.append((char) unit);
                    i += 4;
                }
                default -> plain.append(kind);
            }
        }
        return withoutHalf(plain);
    }

    private static int unit(String text, int from) {
        if (from + 4 > text.length()) {
            return -1;
        }
        int unit = 0;
        for (int i = from; i < from + 4; i++) {
            int digit = Character.digit(text.charAt(i), 16);
            if (digit < 0) {
                return -1;
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private static String withoutHalf(StringBuilder text) {
        int last = text.length() - 1;
        if (last >= 0 && Character.isHighSurrogate(text.charAt(last))) {
            text.setLength(last);
        }
        return text.toString();
    }

    private @Nullable Object literal() {
        if (text[0] == 'n') {
            return null;
        }
        if (length <= SAFE_DIGITS) {
            long number = 0;
            int digits = 0;
            while (digits < length && text[digits] >= '0' && text[digits] <= '9') {
                number = 10 * number + text[digits++] - '0';
            }
            if (digits == length) {
                return number;
            }
        }
        String word = new String(text, 0, length, StandardCharsets.US_ASCII);
        return switch (word) {
            case "true" -> true;
            case "false" -> false;
            default -> number(word);
        };
    }

    private static @Nullable Object number(String word) {
        try {
            boolean fraction = word.indexOf('.') >= 0 || word.indexOf('e') >= 0 || word.indexOf('E') >= 0;
            if (!fraction) {
                return Long.parseLong(word);
            }
            double number = Double.parseDouble(word);
            return Double.isFinite(number) ? number : null;
        } catch (NumberFormatException e) {
            // Without a cause: it would quote content.
            return null;
        }
    }

    // ---- what is kept --------------------------------------------------------------------------------------------

    private boolean isKept() {
        Object parent = containers[depth];
        if (parent == null || nodes >= MAX_NODES + (inObject[depth] && depth <= 2 ? RESERVE : 0)) {
            return false;
        }
        Name name = names[depth];
        return !inObject[depth] || (name != null && (wholeFrom > 0 || !name.skipped));
    }

    private void keep(@Nullable Object value) {
        if (value != null && isKept()) {
            put(value);
        }
    }

    @SuppressWarnings("unchecked") // Only open() makes containers, of these types.
    private void put(Object value) {
        nodes++;
        Object parent = containers[depth];
        Name name = names[depth];
        if (parent instanceof Map<?, ?> map && name != null) {
            ((Map<String, Object>) map).put(name.text, value);
        } else if (parent instanceof List<?> list) {
            ((List<Object>) list).add(value);
        }
    }
}
