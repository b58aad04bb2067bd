// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import io.spanflux.diagnostics.RepeatedWarning;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * A folder in which bodies wait that could not be sent: for this process to send them later in the order in which they
 * were written, or for the next one that is given the same folder and destination. Give it to one exporter:
 *
 * <pre>{@code
 * OtlpExporter.builder().spool(Spool.builder(Path.of("/var/lib/support-bot/spans")).maxBytes(1L << 30).build())
 * }</pre>
 *
 * <p>An entry counts as written when it is whole and has been forced to the disk, its name too; a crash at any moment
 * leaves those before it as they are. An entry is deleted after the destination's answer: who dies in between, or while an
 * answer is on its way, leaves it to be sent again. So each span in the spool arrives at least once.
 *
 * <p>Files are readable and writable for their owner only. They hold what the spans hold, content too where it is
 * captured, unencrypted; never headers, keys or URLs.
 *
 * <p>Bounds, for one process: {@link Builder#maxBytes} on disk and {@link Builder#maxAge}; beyond these the oldest leave
 * and are counted. In memory: the names of the entries, one entry that is being written and one that is being sent. A disk
 * that is full, read-only or slow fails the write with a warning, and the spans stay where they were, in memory.
 *
 * <p>Several processes may share a folder: each has a folder of its own in it, and takes over those of dead ones when it
 * opens the spool and when it has sent everything. That needs a file system whose locks work.
 *
 * <p>Threads: all work with files is done on {@code Schedulers.boundedElastic()}, one task at a time.
 */
public final class Spool {
    private static final Logger log = LoggerFactory.getLogger(Spool.class);
    private static final int BLOCK = 4096;
    private static final long MAX_ENTRY_BYTES = 64L * 1024 * 1024;

    private final Path folder;
    private final long maxBytes;
    private final Duration maxAge;
    private final long maxEntryBytes;
    private final SerialTasks tasks = new SerialTasks();
    private final AtomicBoolean taken = new AtomicBoolean();
    private final RepeatedWarning diskFailures = new RepeatedWarning(log);
    private final RepeatedWarning writeFailures = new RepeatedWarning(log);
    private final RepeatedWarning losses = new RepeatedWarning(log);

    private volatile @Nullable Destination destination;
    private volatile boolean open;
    private volatile SpoolCounts counts = new SpoolCounts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    // What follows belongs to the tasks.

    private @Nullable SpoolFolder own;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final Map<SpoolFolder, Integer> entriesOf = new HashMap<>();

    /** Of this process and left behind by a close: what is in them was counted here before. */
    private final Set<Path> leftBehind = new HashSet<>();

    private @Nullable Waiting sending;
    private @Nullable Disposable delivery;
    private long nextNumber;
    private long bytes;
    private long spans;
    private long written;
    private long takenOver;
    private long settled;
    private long evicted;
    private long expired;
    private long damaged;
    private long failedWrites;

    private Spool(Builder builder) {
        this.folder = builder.folder;
        this.maxBytes = builder.maxBytes;
        this.maxAge = builder.maxAge;
        // So that the one that is being sent and the one that is being written always fit.
        this.maxEntryBytes = Math.min(MAX_ENTRY_BYTES, maxBytes / 2);
    }

    /** A spool in {@code folder}, which is made when it is first needed. */
    public static Builder builder(Path folder) {
        return new Builder(folder);
    }

    /** Who sends what waits here, and where the files for it lie. */
    private record Destination(Path root, SpoolReplay replay) {}

    /** An entry in the queue. */
    private record Waiting(SpoolFolder.Item item, boolean own) {
        long bytes() {
            return (item.bytes() + BLOCK - 1) / BLOCK * BLOCK;
        }
    }

    /**
     * Makes this the spool of one exporter, and looks for what earlier processes left for the same destination. What was
     * meant for another one, which must not see it, is left alone.
     *
     * @throws IllegalArgumentException when this spool has an exporter already
     */
    public void attach(String target, SpoolReplay replay) {
        Objects.requireNonNull(replay, "replay == null");
        if (!taken.compareAndSet(false, true)) {
            throw new IllegalArgumentException("spool belongs to another exporter already: " + this);
        }
        String hash =
                UUID.nameUUIDFromBytes(target.getBytes(StandardCharsets.UTF_8)).toString();
        destination = new Destination(folder.resolve(hash.substring(0, 13)), replay);
        resume();
    }

    /** After a {@link #close}, or before the first use: looks for what waits, and sends it. */
    public void resume() {
        if (!open) {
            tasks.submit(this::openAndReplay);
        }
    }

    /** Whether anything waits: what comes later waits behind it. */
    public boolean isWaiting() {
        return counts.waitingEntries() > 0;
    }

    /** How long entries are kept. */
    public Duration maxAge() {
        return maxAge;
    }

    /** What it holds and has done. */
    public SpoolCounts counts() {
        return counts;
    }

    /** A write of the entries that {@code encode} makes, on a thread that may block. */
    public SpoolWrite write(Callable<List<SpoolEntry>> encode) {
        return new SpoolWrite(this, tasks, encode);
    }

    /**
     * Stops sending and lets go of the files; what waits is for who comes next, this process too. Completes when that is
     * done; writing and {@link #resume} open everything anew.
     */
    public Mono<Void> close() {
        return Mono.create(sink -> {
            if (!tasks.submit(() -> {
                closeFiles();
                sink.success();
            })) {
                sink.success();
            }
        });
    }

    // ---- tasks ---------------------------------------------------------------------------------------------------

    private void openAndReplay() {
        try {
            open();
        } catch (IOException | RuntimeException e) {
            refused("Cannot look into the spool " + folder, e);
        }
        replayNext();
        publish();
    }

    /** Takes over what the dead left, in front of what is here, which is younger. */
    private void open() throws IOException {
        Destination known = destination;
        if (known == null) {
            return;
        }
        open = true;
        List<Waiting> found = new ArrayList<>();
        for (SpoolFolder dead : SpoolFolder.takeOver(known.root)) {
            boolean ours = leftBehind.remove(dead.path());
            List<SpoolFolder.Item> items = dead.items();
            if (items.isEmpty()) {
                dead.release();
                continue;
            }
            for (SpoolFolder.Item item : items) {
                found.add(new Waiting(item, ours));
                takenOver += item.spans();
            }
        }
        for (int i = found.size() - 1; i >= 0; i--) {
            waiting.addFirst(found.get(i));
            added(found.get(i));
        }
        makeRoom(0);
    }

    private void added(Waiting entry) {
        bytes += entry.bytes();
        spans += entry.item.spans();
        entriesOf.merge(entry.item.folder(), 1, Integer::sum);
    }

    void perform(SpoolWrite write) {
        Callable<List<SpoolEntry>> encode = write.wanted();
        if (encode == null) {
            write.giveUp();
            return;
        }
        List<Waiting> done = new ArrayList<>();
        try {
            if (!open) {
                open();
            }
            for (SpoolEntry entry : encode.call()) {
                done.add(store(entry));
            }
            if (write.commit()) {
                for (Waiting each : done) {
                    waiting.addLast(each);
                    written += each.item.spans();
                    added(each);
                }
                done.clear();
            }
        } catch (Exception e) {
            failedWrites++;
            writeFailures.warn(
                    "Cannot write to the spool " + folder + "; the spans stay in memory, and are tried for as long as"
                            + " without one. Is the disk full or read-only? " + told(e));
        } finally {
            done.forEach(this::delete);
        }
        publish();
        write.giveUp();
        replayNext();
        publish();
    }

    private Waiting store(SpoolEntry entry) throws IOException {
        if (entry.encodedLength() > maxEntryBytes) {
            throw new IOException(
                    "an entry of " + entry.encodedLength() + " bytes is too large: at most " + maxEntryBytes);
        }
        byte[] file = entry.encode();
        makeRoom(file.length + BLOCK);
        SpoolFolder mine = own;
        if (mine == null) {
            Destination known = Objects.requireNonNull(destination, "no exporter has this spool");
            mine = SpoolFolder.make(known.root);
            own = mine;
        }
        return new Waiting(mine.write(nextNumber++, entry.spans(), file), true);
    }

    private void makeRoom(long needed) throws IOException {
        while (bytes + needed > maxBytes) {
            Waiting oldest = waiting.pollFirst();
            if (oldest == null) {
                throw new IOException("no room is left besides the entry that is being sent");
            }
            evicted += oldest.item.spans();
            lost(oldest, SpoolReplay.Loss.FULL, "is full (maxBytes=" + maxBytes + ")");
        }
    }

    private void lost(Waiting entry, SpoolReplay.Loss loss, String why) {
        lost(entry, loss, why, true);
    }

    private void lost(Waiting entry, SpoolReplay.Loss loss, String why, boolean forGood) {
        int count = entry.item.spans();
        losses.warn(count, "The spool " + folder + ' ' + why + ": " + count + " span(s) are lost");
        remove(entry, forGood);
        Destination known = destination;
        if (known != null) {
            known.replay.lost(loss, count, entry.own);
        }
    }

    private void remove(Waiting entry, boolean delete) {
        bytes -= entry.bytes();
        spans -= entry.item.spans();
        if (delete) {
            delete(entry);
        }
        SpoolFolder of = entry.item.folder();
        Integer left = entriesOf.merge(of, -1, Integer::sum);
        if (left != null && left <= 0) {
            entriesOf.remove(of);
            if (of != own) {
                release(of);
            }
        }
    }

    private void delete(Waiting entry) {
        try {
            entry.item.folder().delete(entry.item);
        } catch (IOException | RuntimeException e) {
            refused("Cannot delete from the spool " + folder + "; its entries will be sent again after a restart", e);
        }
    }

    private void release(SpoolFolder of) {
        try {
            of.release();
        } catch (IOException | RuntimeException e) {
            refused("Cannot let go of the spool " + folder, e);
        }
    }

    private void refused(String what, Exception e) {
        diskFailures.warn(what + ' ' + told(e));
    }

    /** The message of an I/O failure may name a path, nothing else; an encoder's may hold anything. */
    private static String told(Exception e) {
        return '(' + e.getClass().getSimpleName() + (e instanceof IOException ? ": " + e.getMessage() : "") + ')';
    }

    /** Sends the oldest entry that can be read and is not too old. */
    private void replayNext() {
        Destination known = destination;
        while (known != null && open && sending == null) {
            Waiting oldest = waiting.pollFirst();
            if (oldest == null) {
                return;
            }
            SpoolEntry entry = read(oldest);
            if (entry != null && entry.ageMillis() > maxAge.toMillis()) {
                expired += entry.spans();
                lost(oldest, SpoolReplay.Loss.EXPIRED, "keeps entries for " + maxAge);
            } else if (entry != null) {
                send(oldest, entry, known.replay);
            }
        }
    }

    private @Nullable SpoolEntry read(Waiting entry) {
        try {
            return entry.item.folder().read(entry.item, maxEntryBytes);
        } catch (DamagedEntryException e) {
            damaged += entry.item.spans();
            lost(entry, SpoolReplay.Loss.DAMAGED, "has a damaged entry " + told(e), true);
        } catch (IOException | RuntimeException e) {
            // The disk may let the next process read it.
            damaged += entry.item.spans();
            lost(entry, SpoolReplay.Loss.DAMAGED, "has an entry that cannot be read " + told(e), false);
        }
        return null;
    }

    private void send(Waiting oldest, SpoolEntry entry, SpoolReplay replay) {
        sending = oldest;
        publish();
        delivery = replay.deliver(entry, oldest.own)
                .switchIfEmpty(Mono.error(() -> new IllegalStateException("no result")))
                .subscribe(
                        counted -> tasks.submit(() -> delivered(oldest, counted, null)),
                        failure -> tasks.submit(() -> delivered(oldest, () -> {}, failure)));
    }

    private void delivered(Waiting entry, Runnable counted, @Nullable Throwable failure) {
        if (!entry.equals(sending)) {
            return;
        }
        sending = null;
        if (failure == null) {
            settled += entry.item.spans();
            remove(entry, true);
            counted.run();
        } else {
            damaged += entry.item.spans();
            lost(
                    entry,
                    SpoolReplay.Loss.DAMAGED,
                    "has an entry that cannot be sent (" + failure.getClass().getName() + ")");
        }
        if (waiting.isEmpty()) {
            openAndReplay();
        } else {
            replayNext();
        }
        publish();
    }

    private void closeFiles() {
        open = false;
        Disposable current = delivery;
        if (current != null) {
            current.dispose();
        }
        Waiting interrupted = sending;
        sending = null;
        if (interrupted != null) {
            waiting.addFirst(interrupted);
        }
        for (Waiting each : waiting) {
            if (each.own) {
                leftBehind.add(each.item.folder().path());
            }
        }
        waiting.clear();
        entriesOf.keySet().forEach(each -> {
            if (each != own) {
                release(each);
            }
        });
        entriesOf.clear();
        SpoolFolder mine = own;
        own = null;
        if (mine != null) {
            release(mine);
        }
        bytes = 0;
        spans = 0;
        publish();
    }

    private void publish() {
        counts = new SpoolCounts(
                waiting.size() + (sending == null ? 0 : 1),
                bytes,
                spans,
                written,
                takenOver,
                settled,
                evicted,
                expired,
                damaged,
                failedWrites);
    }

    @Override
    public String toString() {
        return "Spool{" + folder + ", maxBytes=" + maxBytes + ", maxAge=" + maxAge + '}';
    }

    /** Collects the bounds of a spool; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private final Path folder;
        private long maxBytes = 256L * 1024 * 1024;
        private Duration maxAge = Duration.ofDays(1);

        private Builder(Path folder) {
            this.folder = Objects.requireNonNull(folder, "folder == null");
        }

        /**
         * What all entries may take on disk, each in blocks of 4 KiB; beyond it the oldest are dropped. One entry may take
         * half of it, at most 64 MiB. Default 256 MiB; at least 1 MiB.
         */
        public Builder maxBytes(long maxBytes) {
            if (maxBytes < 1 << 20) {
                throw new IllegalArgumentException("maxBytes is less than 1 MiB: " + maxBytes);
            }
            this.maxBytes = maxBytes;
            return this;
        }

        /** How long an entry waits at most, by the wall clock, before it is dropped. Default 1 day; 1 second to 10 years. */
        public Builder maxAge(Duration maxAge) {
            if (maxAge.compareTo(Duration.ofSeconds(1)) < 0 || maxAge.compareTo(Duration.ofDays(3650)) > 0) {
                throw new IllegalArgumentException("maxAge is not between 1 second and 10 years: " + maxAge);
            }
            this.maxAge = maxAge;
            return this;
        }

        /** The spool; nothing is touched yet. */
        public Spool build() {
            return new Spool(this);
        }
    }
}
