// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The files of one process: a folder of its own with a lock that the system takes away when the process dies, so that
 * another one may take the folder over. One file an entry, under another name until it is whole.
 *
 * <p>Threads: one at a time, one that may block.
 */
/*
 * Who may touch a folder holds the lock of its file "lock". Two processes therefore never write, send or delete the same
 * entry. A folder that is being made may lose its lock to one who looks for dead ones; its maker sees that and makes
 * another, the taker finds it empty and deletes it.
 *
 * Posix locks have a trap: closing any descriptor of a locked file gives the lock away, whoever closes it in the process.
 * So no lock file of this JVM is ever opened twice: HELD knows those of this class loader, and the name of a folder tells
 * those of another one (the start and the number of the process are ours, the token is not).
 */
final class SpoolFolder {
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
    private static final String TOKEN = UUID.randomUUID().toString().substring(0, 8);
    private static final Pattern ENTRY = Pattern.compile("(\\d{16})-(\\d{1,9})\\.entry");
    private static final String UNFINISHED = ".unfinished";
    private static final String LOCK = "lock";
    private static final int MAX_MAKE = 5;

    private final Path path;
    private final FileChannel lock;

    private SpoolFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /** A file that holds a whole entry, as far as its name tells. */
    record Item(SpoolFolder folder, String name, int spans, long bytes) {}

    /** This process: two of the same number, one after the other, differ in when they began. */
    private static String process() {
        ProcessHandle self = ProcessHandle.current();
        long start = self.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return String.format(Locale.ROOT, "%013d-%d-", start, self.pid());
    }

    /** A new folder below {@code root}, and locked. */
    static SpoolFolder make(Path root) throws IOException {
        Files.createDirectories(root, mode(root, "rwx------"));
        for (int i = 0; i < MAX_MAKE; i++) {
            Path path = root.resolve(process()
                            + TOKEN
                            + '-'
                            + UUID.randomUUID().toString().substring(0, 8))
                    .toAbsolutePath();
            Files.createDirectory(path, mode(root, "rwx------"));
            try {
                FileChannel.open(
                                path.resolve(LOCK),
                                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                                mode(root, "rw-------"))
                        .close();
                SpoolFolder folder = lock(path);
                if (folder != null) {
                    return folder;
                }
            } catch (NoSuchFileException e) {
                // Another process took it for a dead one, found it empty, and deleted it.
            }
        }
        throw new IOException("no folder could be made and kept");
    }

    /** The folders below {@code root} whose processes are dead, the oldest first; they are ours from now on. */
    static List<SpoolFolder> takeOver(Path root) throws IOException {
        List<Path> paths = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(root)) {
            all.forEach(paths::add);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        Collections.sort(paths);
        List<SpoolFolder> taken = new ArrayList<>();
        for (Path each : paths) {
            Path path = each.toAbsolutePath();
            String name = path.getFileName().toString();
            boolean ofOtherLoader = name.startsWith(process()) && !name.startsWith(process() + TOKEN);
            if (!ofOtherLoader && Files.isRegularFile(path.resolve(LOCK), LinkOption.NOFOLLOW_LINKS)) {
                try {
                    SpoolFolder folder = lock(path);
                    if (folder != null) {
                        taken.add(folder);
                    }
                } catch (IOException e) {
                    // Deleted meanwhile, or another user's: then it is not ours to send.
                }
            }
        }
        return taken;
    }

    /** Null when the folder belongs to someone who is alive. */
    private static @Nullable SpoolFolder lock(Path path) throws IOException {
        if (!HELD.add(path)) {
            return null;
        }
        boolean held = false;
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path.resolve(LOCK), StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            // Whoever let go of it just now may have deleted it.
            held = channel.tryLock() != null && Files.exists(path.resolve(LOCK));
            return held ? new SpoolFolder(path, channel) : null;
        } catch (OverlappingFileLockException e) {
            return null;
        } finally {
            if (!held) {
                if (channel != null) {
                    channel.close();
                }
                HELD.remove(path);
            }
        }
    }

    private static FileAttribute<?>[] mode(Path near, String permissions) {
        FileSystem system = near.getFileSystem();
        return system.supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    Path path() {
        return path;
    }

    /** What waits here, in the order in which it was written. Whatever else lies here is left alone. */
    List<Item> items() throws IOException {
        List<Item> items = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                Matcher entry = ENTRY.matcher(name);
                if (entry.matches()) {
                    items.add(new Item(this, name, Integer.parseInt(entry.group(2)), sizeOf(file)));
                } else if (name.endsWith(UNFINISHED)) {
                    // Its write never returned.
                    Files.deleteIfExists(file);
                }
            }
        }
        items.sort((left, right) -> left.name().compareTo(right.name()));
        return items;
    }

    private static long sizeOf(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Writes an entry; it is on the disk, and found by whoever looks here, when this returns. */
    Item write(long number, int spans, byte[] bytes) throws IOException {
        String name = String.format(Locale.ROOT, "%016d-%d.entry", number, spans);
        Path unfinished = path.resolve(name + UNFINISHED);
        boolean whole = false;
        try {
            try (FileChannel file = FileChannel.open(
                    unfinished,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    mode(path, "rw-------"))) {
                ByteBuffer left = ByteBuffer.wrap(bytes);
                while (left.hasRemaining()) {
                    file.write(left);
                }
                file.force(true);
            }
            Files.move(unfinished, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            whole = true;
        } finally {
            if (!whole) {
                Files.deleteIfExists(unfinished);
            }
        }
        forceNames();
        return new Item(this, name, spans, bytes.length);
    }

    /** The new name as well; some systems cannot open a folder, and write it by themselves. */
    private void forceNames() {
        try (FileChannel names = FileChannel.open(path, StandardOpenOption.READ)) {
            names.force(true);
        } catch (IOException e) {
            // Only a loss of power in the next seconds would show the difference.
        }
    }

    SpoolEntry read(Item item, long maxBytes) throws IOException {
        Path file = path.resolve(item.name());
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new DamagedEntryException("not a file, or no more");
        }
        if (Files.size(file) > maxBytes) {
            throw new DamagedEntryException("longer than an entry may be");
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            SpoolEntry entry = SpoolEntry.decode(in.readNBytes((int) maxBytes));
            if (entry.spans() != item.spans()) {
                throw new DamagedEntryException("not the entry that its name promises");
            }
            return entry;
        }
    }

    void delete(Item item) throws IOException {
        Files.deleteIfExists(path.resolve(item.name()));
    }

    /** Lets go; an empty folder disappears. */
    void release() throws IOException {
        try {
            boolean empty = items().isEmpty();
            lock.close();
            if (empty) {
                Files.deleteIfExists(path.resolve(LOCK));
                Files.deleteIfExists(path);
            }
        } catch (DirectoryNotEmptyException e) {
            // Someone else's files.
        } finally {
            lock.close();
            HELD.remove(path);
        }
    }
}
