// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A body of so many equal pieces, which may fail at one of them. */
final class TextPayload implements Payload {
    final AtomicInteger begun = new AtomicInteger();

    /** What each attempt was written to. */
    final Queue<OutputStream> streams = new ConcurrentLinkedQueue<>();

    private final String piece;
    private final int pieces;
    private final int failAt;
    private Long firstAttempt;

    private TextPayload(String piece, int pieces, int failAt) {
        this.piece = piece;
        this.pieces = pieces;
        this.failAt = failAt;
    }

    static TextPayload of(String text) {
        return new TextPayload(text, 1, -1);
    }

    static TextPayload repeated(String piece, int pieces) {
        return new TextPayload(piece, pieces, -1);
    }

    TextPayload failingAt(int number) {
        return new TextPayload(piece, pieces, number);
    }

    String text() {
        return piece.repeat(pieces);
    }

    @Override
    public String contentType() {
        return "application/json";
    }

    @Override
    public long firstAttempt(long nowNanos) {
        firstAttempt = firstAttempt == null ? nowNanos : firstAttempt;
        return firstAttempt;
    }

    @Override
    public Writing begin(OutputStream out) {
        begun.incrementAndGet();
        streams.add(out);
        int[] written = {0};
        return () -> {
            if (written[0] == failAt) {
                throw new IllegalStateException("cannot be written");
            }
            if (written[0] == pieces) {
                return false;
            }
            write(out);
            written[0]++;
            return true;
        };
    }

    private void write(OutputStream out) throws IOException {
        out.write(piece.getBytes(StandardCharsets.UTF_8));
    }
}
