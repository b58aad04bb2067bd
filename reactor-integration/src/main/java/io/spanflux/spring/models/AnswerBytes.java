// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import io.spanflux.diagnostics.RepeatedWarning;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;

/**
 * Reads an answer as it passes: JSON, or server-sent events of it, also packed by gzip where the HTTP client leaves that to the
 * application.
 *
 * <p>Threads: {@link #see} one at a time; {@link #close} is called by {@link CallSpan}, never at the same time.
 */
final class AnswerBytes implements AutoCloseable {
    /** Of one text, where content is captured. */
    static final int MAX_TEXT = 256 << 10;

    /** Of all texts of a document, where content is captured. */
    static final int MAX_BYTES = 1 << 20;

    private static final int PIECE = 8192;

    private static final Set<String> NEVER = Set.of(
            "object",
            "created",
            "obfuscation",
            "logprobs",
            "logprobsResult",
            "data",
            "b64_json",
            "partial_image_b64",
            "encrypted_content",
            "signature",
            "instructions",
            "tools",
            "metadata");

    /** Arguments of tools, whose names are the application's: Gemini's, and Anthropic's. */
    private static final Set<String> WHOLE = Set.of("args", "input");

    private static final Set<String> WITHOUT_CONTENT = Set.of(
            "object",
            "created",
            "obfuscation",
            "logprobs",
            "logprobsResult",
            "content",
            "parts",
            "text",
            "reasoning",
            "reasoning_content",
            "summary",
            "thinking",
            "arguments",
            "partial_json",
            "input",
            "result",
            "instructions",
            "tools",
            "metadata",
            "data",
            "b64_json",
            "partial_image_b64",
            "encrypted_content",
            "signature");

    /** Embeddings, which are large, as OpenAI and Gemini name them. */
    private static final Set<String> VECTORS = Set.of("data", "embedding", "embeddings");

    /** What is done with the bytes, as many at once as there are. */
    interface ByteSink {
        void accept(byte[] bytes, int from, int to);
    }

    private final CallSpan call;
    private final RepeatedWarning unreadable;
    private final JsonOutline outline;
    private final @Nullable ByteSink sink;
    private final @Nullable GzipReader gzip;
    private boolean seen;
    private boolean given;
    private boolean stopped;

    private AnswerBytes(
            CallSpan call, ModelApi api, RepeatedWarning unreadable, boolean events, boolean json, String encoding) {
        this.call = call;
        this.unreadable = unreadable;
        boolean content = call.capturesContent();
        this.outline = new JsonOutline(
                !call.isGeneration() ? VECTORS : content ? NEVER : WITHOUT_CONTENT,
                content && call.isGeneration() ? WHOLE : Set.of(),
                content ? MAX_TEXT : JsonOutline.MIN_TEXT,
                content ? MAX_BYTES : JsonOutline.MIN_TEXT,
                answer -> {
                    chunk();
                    api.answer(answer, call);
                });
        boolean packed = encoding.equals("gzip") || encoding.equals("x-gzip");
        boolean readable = packed || encoding.isEmpty() || encoding.equals("identity");
        if (!readable || !(events || json)) {
            this.sink = null;
        } else if (events) {
            call.streams();
            // Without content an event that says the same again says nothing new, but that it came.
            this.sink = new SseReader(outline, call::complete, content ? null : this::chunk)::accept;
        } else {
            this.sink = outline::accept;
        }
        this.gzip = packed && sink != null ? new GzipReader(PIECE, this::unpacked) : null;
    }

    private void chunk() {
        given = true;
        call.chunk();
    }

    static AnswerBytes of(HttpHeaders headers, ModelApi api, CallSpan call, RepeatedWarning unreadable) {
        String type = lowerCase(headers.getFirst(HttpHeaders.CONTENT_TYPE));
        return new AnswerBytes(
                call,
                api,
                unreadable,
                type.startsWith("text/event-stream"),
                type.isEmpty() || type.contains("json"),
                lowerCase(headers.getFirst(HttpHeaders.CONTENT_ENCODING)));
    }

    private static String lowerCase(@Nullable String value) {
        return value == null ? "" : value.strip().toLowerCase(Locale.ROOT);
    }

    static void forEach(DataBuffer buffer, ByteSink sink) {
        try (DataBuffer.ByteBufferIterator pieces = buffer.readableByteBuffers()) {
            while (pieces.hasNext()) {
                ByteBuffer piece = pieces.next();
                // Copied, which is cheaper than to ask a buffer for each byte. Its position is nobody else's.
                byte[] copy = new byte[Math.min(piece.remaining(), PIECE)];
                while (piece.hasRemaining()) {
                    int length = Math.min(piece.remaining(), copy.length);
                    piece.get(copy, 0, length);
                    sink.accept(copy, 0, length);
                }
            }
        }
    }

    void see(DataBuffer buffer) {
        seen = true;
        ByteSink to = sink;
        if (to != null && !stopped && !call.tell(() -> read(buffer, to))) {
            // Ended, or a request that is still being written is looked at: with a gap, the rest makes no sense.
            stopped = true;
        }
    }

    private void read(DataBuffer buffer, ByteSink to) {
        GzipReader packed = gzip;
        if (packed == null) {
            forEach(buffer, to);
            return;
        }
        try (DataBuffer.ByteBufferIterator pieces = buffer.readableByteBuffers()) {
            while (pieces.hasNext()) {
                packed.accept(pieces.next());
            }
        }
    }

    private void unpacked(byte[] bytes, int length) {
        ByteSink to = sink;
        if (to != null) {
            to.accept(bytes, 0, length);
        }
    }

    /** The body has ended as it should. */
    void over() {
        if (seen && !given && !call.isRefused()) {
            unreadable.warn("The answer of a model's API could not be read; its span says what the request said.");
        }
    }

    @Override
    public void close() {
        if (gzip != null) {
            gzip.close();
        }
    }
}
