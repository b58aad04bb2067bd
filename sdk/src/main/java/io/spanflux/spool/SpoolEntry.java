// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import io.spanflux.transport.Payload;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/**
 * One encoded body and where each of its spans begins and ends in it, so that any run of its spans can be sent as a body of
 * its own. No headers, no keys, no URL.
 *
 * <p>Threads: immutable.
 */
/*
 * The file, numbers big-endian:
 *
 *   4  "SFS" and the version, 1
 *   4  CRC-32C of everything after it
 *   4  how many bytes follow
 *   8  when the entry was made, milliseconds since 1970
 *   4  how many spans it holds
 *   4  how many of these have bounds: all or, where the wire format is not known, none
 *   8  for each of those: begin and end, from the start of the body
 *   2  length of the media type, and the media type in UTF-8
 *   …  the body, uncompressed
 */
public final class SpoolEntry {
    private static final int MAGIC = 'S' << 24 | 'F' << 16 | 'S' << 8 | 1;
    private static final int HEAD = 12;
    private static final int PIECE = 32 * 1024;

    private final long createdMillis;
    private final String contentType;
    private final int spans;
    private final int[] bounds;
    private final byte[] body;

    private SpoolEntry(long createdMillis, String contentType, int spans, int[] bounds, byte[] body) {
        this.createdMillis = createdMillis;
        this.contentType = contentType;
        this.spans = spans;
        this.bounds = bounds;
        this.body = body;
    }

    /**
     * An entry made now.
     *
     * @param contentType the media type
     * @param spans how many spans the body holds, at least 1
     * @param bounds begin and end of each span in the body, in ascending order, with nothing but a separator between one
     *     and the next; empty when not known
     * @param body the body, not copied
     */
    public static SpoolEntry of(String contentType, int spans, int[] bounds, byte[] body) {
        Objects.requireNonNull(contentType, "contentType == null");
        if (spans < 1) {
            throw new IllegalArgumentException("spans is not positive: " + spans);
        }
        if (!fit(spans, bounds, body.length)) {
            throw new IllegalArgumentException("bounds do not fit " + spans + " spans in " + body.length + " bytes");
        }
        return new SpoolEntry(System.currentTimeMillis(), contentType, spans, bounds.clone(), body);
    }

    private static boolean fit(int spans, int[] bounds, int length) {
        if (bounds.length == 0) {
            return true;
        }
        if (bounds.length != 2L * spans) {
            return false;
        }
        int last = 0;
        for (int bound : bounds) {
            if (bound < last || bound > length) {
                return false;
            }
            last = bound;
        }
        return true;
    }

    /** How many spans it holds. */
    public int spans() {
        return spans;
    }

    /** Whether a run of its spans can be sent without the others. */
    public boolean isSplittable() {
        return bounds.length > 0;
    }

    long createdMillis() {
        return createdMillis;
    }

    /** The spans from one position up to another as a body; as old as this entry is. */
    public Payload payload(int from, int to) {
        if (from < 0 || to > spans || from >= to) {
            throw new IllegalArgumentException("no spans from " + from + " to " + to + " of " + spans);
        }
        if (from == 0 && to == spans) {
            return new Body(List.of(new Stretch(0, body.length)));
        }
        if (!isSplittable()) {
            throw new IllegalStateException("this entry cannot be split");
        }
        return new Body(List.of(
                new Stretch(0, bounds[0]),
                new Stretch(bounds[2 * from], bounds[2 * to - 1]),
                new Stretch(bounds[bounds.length - 1], body.length)));
    }

    /** By the wall clock, which may be set back: never negative. */
    long ageMillis() {
        return Math.max(0, System.currentTimeMillis() - createdMillis);
    }

    /** Bytes of the body, from one position up to another. */
    private record Stretch(int from, int to) {}

    /** Stretches of this entry's body, one after the other. */
    private final class Body implements Payload {
        private final List<Stretch> stretches;

        Body(List<Stretch> stretches) {
            this.stretches = stretches;
        }

        @Override
        public String contentType() {
            return contentType;
        }

        @Override
        public long firstAttempt(long nowNanos) {
            return nowNanos - TimeUnit.MILLISECONDS.toNanos(ageMillis());
        }

        @Override
        public Writing begin(OutputStream out) {
            Iterator<Stretch> left = pieces().iterator();
            return () -> {
                if (!left.hasNext()) {
                    return false;
                }
                Stretch piece = left.next();
                out.write(body, piece.from, piece.to - piece.from);
                return true;
            };
        }

        private List<Stretch> pieces() {
            List<Stretch> pieces = new ArrayList<>();
            for (Stretch each : stretches) {
                for (int at = each.from; at < each.to; at += PIECE) {
                    pieces.add(new Stretch(at, Math.min(at + PIECE, each.to)));
                }
            }
            return pieces;
        }
    }

    /** How many bytes {@link #encode} makes of it. */
    long encodedLength() {
        return HEAD + 8L + 4 + 4 + 4L * bounds.length + 2 + contentType.length() * 3L + body.length;
    }

    byte[] encode() {
        byte[] type = contentType.getBytes(StandardCharsets.UTF_8);
        int length = 8 + 4 + 4 + 4 * bounds.length + 2 + type.length + body.length;
        ByteBuffer file = ByteBuffer.allocate(HEAD + length);
        file.putInt(MAGIC).putInt(0).putInt(length).putLong(createdMillis).putInt(spans);
        file.putInt(bounds.length / 2);
        for (int bound : bounds) {
            file.putInt(bound);
        }
        file.putShort((short) type.length).put(type).put(body);
        file.putInt(4, checksum(file.array()));
        return file.array();
    }

    private static int checksum(byte[] file) {
        CRC32C checksum = new CRC32C();
        checksum.update(file, 8, file.length - 8);
        return (int) checksum.getValue();
    }

    /** What {@link #encode} made, whatever the bytes are: an entry or this exception, in memory of the size of the file. */
    static SpoolEntry decode(byte[] file) throws DamagedEntryException {
        if (file.length < HEAD) {
            throw new DamagedEntryException("cut off in its head");
        }
        ByteBuffer in = ByteBuffer.wrap(file);
        if (in.getInt() != MAGIC) {
            throw new DamagedEntryException("not an entry of this version");
        }
        int checksum = in.getInt();
        if (in.getInt() != in.remaining()) {
            throw new DamagedEntryException("not as long as it says");
        }
        if (checksum != checksum(file)) {
            throw new DamagedEntryException("its checksum is wrong");
        }
        try {
            return read(in);
        } catch (BufferUnderflowException e) {
            throw new DamagedEntryException("its parts are longer than the whole");
        }
    }

    private static SpoolEntry read(ByteBuffer in) throws DamagedEntryException {
        long created = in.getLong();
        int spans = in.getInt();
        int bounded = in.getInt();
        if (spans < 1 || (bounded != 0 && bounded != spans) || bounded > in.remaining() / 8) {
            throw new DamagedEntryException("its number of spans is wrong");
        }
        int[] bounds = new int[2 * bounded];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = in.getInt();
        }
        byte[] type = new byte[Math.min(Short.toUnsignedInt(in.getShort()), in.remaining())];
        in.get(type);
        byte[] body = new byte[in.remaining()];
        in.get(body);
        if (!fit(spans, bounds, body.length)) {
            throw new DamagedEntryException("its spans are not where it says");
        }
        return new SpoolEntry(created, new String(type, StandardCharsets.UTF_8), spans, bounds, body);
    }

    @Override
    public String toString() {
        return "SpoolEntry{spans=" + spans + ", bytes=" + body.length + '}';
    }
}
