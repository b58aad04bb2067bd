// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.diagnostics.FatalErrors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.TokenStreamContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.JsonRecyclerPools;
import tools.jackson.databind.json.JsonMapper;

/**
 * One value of the application's (the arguments of a tool, what it answered) as JSON of a length. Whatever the value is,
 * the outcome is one valid JSON value: a text that holds a JSON object or array becomes that; what is too long has its
 * texts shortened until it fits, or else becomes the beginning of its JSON, as a text; what Jackson cannot write, or
 * nests deeper than {@value #MAX_DEPTH}, becomes the name of its class, because its text might be anything.
 *
 * <p>Bound: never holds more than the length asked for, however large or endless the value is.
 */
final class ValueJson {
    /** Deeper values are not written; what attributes allow, too. A map that contains itself ends here. */
    static final int MAX_DEPTH = 64;

    /** Texts inside a value are not cut below this; from there on the structure is what makes it long. */
    private static final int MIN_TEXT = 16;

    /** Far above every limit, and far enough from an overflow. */
    static final int MAX_LENGTH = 1 << 29;

    static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .disable(JsonWriteFeature.ESCAPE_FORWARD_SLASHES)
                    .streamWriteConstraints(StreamWriteConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    // Jackson's other pool is bound to threads.
                    .recyclerPool(JsonRecyclerPools.newBoundedPool(8))
                    .build())
            .build();

    private ValueJson() {}

    /** JSON of a value, how many code points it has, and whether it says less than the value does. */
    record Fitted(String json, int length, boolean cut) {}

    /** {@code value} as JSON of at most {@code max} code points, which is 2 or more; null when that means cutting it. */
    static @Nullable Fitted whole(Object value, int max) {
        Writing writing = write(value, max, max);
        return writing.out.isFull() ? null : writing.fitted(false);
    }

    /** {@code value} as JSON of at most {@code max} code points, which is 2 or more. */
    static Fitted fit(Object value, int max) {
        for (int textLength = max; ; textLength /= 2) {
            Writing writing = write(value, textLength, max);
            if (!writing.out.isFull()) {
                return writing.fitted(false);
            }
            if (writing.isText) {
                return quoted((String) value, max).fitted(false);
            }
            if (textLength <= MIN_TEXT) {
                return quoted(writing.out.text(), max).fitted(true);
            }
        }
    }

    /** The value of an attribute: as {@link #fit}, except that a text is not put into quotes and stays as it is if it fits. */
    static ContentJson.Rendered attribute(Object value, int limit) {
        int max = Math.min(limit, MAX_LENGTH);
        if (value instanceof String text) {
            int length = text.codePointCount(0, Math.min(text.length(), 2 * max + 1));
            if (length <= max) {
                return new ContentJson.Rendered(text, length, 0);
            }
            Writing json = writeText(text, max, max);
            if (json.isText) {
                String kept = text.substring(0, text.offsetByCodePoints(0, max));
                return new ContentJson.Rendered(kept, max, 1);
            }
        }
        if (max < 2) {
            return new ContentJson.Rendered(null, 0, 1);
        }
        Fitted fitted = fit(value, max);
        return new ContentJson.Rendered(fitted.json(), fitted.length(), fitted.cut() ? 1 : 0);
    }

    /** {@code text} as a JSON text, cut to {@code max} code points. */
    private static Writing quoted(String text, int max) {
        Writing writing = new Writing(max - 2, max);
        writing.json.writeString(text);
        writing.json.close();
        return writing;
    }

    private static Writing write(Object value, int textLength, int max) {
        if (value instanceof String text) {
            return writeText(text, textLength, max);
        }
        Writing writing = new Writing(textLength, max);
        if (writing.succeeds(() -> MAPPER.writeValue(writing.json, value)) || writing.out.isFull()) {
            return writing;
        }
        return quoted("[" + value.getClass().getName() + " cannot be written as JSON]", max);
    }

    private static Writing writeText(String text, int textLength, int max) {
        if (looksLikeJson(text)) {
            Writing writing = new Writing(textLength, max);
            if (writing.succeeds(() -> copy(text, writing.json)) || writing.out.isFull()) {
                return writing;
            }
        }
        Writing writing = new Writing(max, max);
        writing.isText = true;
        writing.succeeds(() -> writing.json.writeString(text));
        return writing;
    }

    /** Whether {@code text} may hold an object or an array; other JSON is better left the text that it is. */
    private static boolean looksLikeJson(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
                return c == '{' || c == '[';
            }
        }
        return false;
    }

    private static void copy(String text, JsonGenerator json) {
        try (JsonParser parser = MAPPER.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isNumeric()) {
                    // As it stands there: a number may be more exact than a double.
                    json.writeNumber(parser.getString());
                } else {
                    json.copyCurrentEvent(parser);
                }
            }
        }
    }

    /** One try. */
    private static final class Writing {
        final BoundedWriter out;
        final TextCutter json;
        boolean isText;

        Writing(int textLength, int max) {
            this.out = new BoundedWriter(max);
            this.json = new TextCutter(MAPPER.createGenerator(out), textLength);
        }

        /** Whether {@code writer} wrote one whole value. */
        boolean succeeds(Runnable writer) {
            try (JsonGenerator closing = json) {
                writer.run();
                TokenStreamContext context = json.streamWriteContext();
                return context.inRoot() && context.getEntryCount() == 1;
            } catch (StackOverflowError e) {
                // A serializer of the application's that calls itself; the stack is whole again.
                return false;
            } catch (Throwable e) {
                FatalErrors.propagate(e);
                return false;
            }
        }

        Fitted fitted(boolean cut) {
            return new Fitted(out.text(), out.length(), cut || json.hasCut());
        }
    }
}
