// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.diagnostics.RepeatedWarning;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of lines that is renamed when it is full and begun anew. A full file gets its number once: whoever reads it along
 * sees one rename, not a file for each that is kept.
 *
 * <p>Threads: one at a time, that may block. {@link #deleted} any.
 */
final class RotatingFile {
    private static final Logger log = LoggerFactory.getLogger(RotatingFile.class);

    private final Path path;
    private final Path folder;
    private final long maxSize;
    private final int maxFiles;
    private final String stem;
    private final String extension;

    /** Full files by their number. */
    private final TreeMap<Long, Path> full = new TreeMap<>();

    private final RepeatedWarning failures = new RepeatedWarning(log);
    private @Nullable FileChannel channel;
    private @Nullable Object key;
    private final LongAdder deleted = new LongAdder();

    /** {@code path} is absolute. */
    RotatingFile(Path path, long maxSize, int maxFiles) {
        this.path = path;
        this.folder = Objects.requireNonNull(path.getParent(), "path has no folder");
        this.maxSize = maxSize;
        this.maxFiles = maxFiles;
        String name =
                Objects.requireNonNull(path.getFileName(), "path names no file").toString();
        int dot = name.lastIndexOf('.');
        this.stem = dot > 0 ? name.substring(0, dot) : name;
        this.extension = dot > 0 ? name.substring(dot) : "";
    }

    long deleted() {
        return deleted.sum();
    }

    /** Appends one line whole, or nothing of it. */
    void append(byte[] line) throws IOException {
        FileChannel out = opened();
        long size = out.size();
        if (size > 0 && size + line.length > maxSize) {
            rotate();
            out = opened();
            size = out.size();
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(line);
            for (long at = size; bytes.hasRemaining(); ) {
                at += out.write(bytes, at);
            }
        } catch (IOException e) {
            takeBack(out, size, e);
            throw e;
        }
    }

    private void takeBack(FileChannel out, long size, IOException cause) {
        try {
            out.truncate(size);
        } catch (IOException e) {
            // What is there of the line is ended when the file is opened again.
            cause.addSuppressed(e);
        }
        close();
    }

    /** The file, opened anew where someone else has moved or deleted it: what is written to such a file nobody finds. */
    private FileChannel opened() throws IOException {
        FileChannel open = channel;
        if (open != null && isStillThere()) {
            return open;
        }
        close();
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder, onlyOwner("rwx------"));
        }
        findFull();
        open = FileChannel.open(
                path,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS),
                onlyOwner("rw-------"));
        channel = open;
        key = attributes().fileKey();
        endLine(open);
        return open;
    }

    private boolean isStillThere() throws IOException {
        try {
            return Objects.equals(key, attributes().fileKey());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private BasicFileAttributes attributes() throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    /** A process that died inside a line must not spoil the next one. */
    private static void endLine(FileChannel open) throws IOException {
        long size = open.size();
        ByteBuffer last = ByteBuffer.allocate(1);
        if (size > 0 && open.read(last, size - 1) == 1 && last.get(0) != '\n') {
            open.write(ByteBuffer.wrap(new byte[] {'\n'}), size);
        }
    }

    private void findFull() throws IOException {
        full.clear();
        Pattern numbered = Pattern.compile(Pattern.quote(stem) + "-(\\d{6,18})" + Pattern.quote(extension));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Matcher name = numbered.matcher(String.valueOf(file.getFileName()));
                if (name.matches()) {
                    full.put(Long.parseLong(name.group(1)), file);
                }
            }
        }
    }

    private void rotate() throws IOException {
        long number = full.isEmpty() ? 1 : full.lastKey() + 1;
        Path renamed = folder.resolve(stem + String.format(Locale.ROOT, "-%06d", number) + extension);
        close();
        Files.move(path, renamed, StandardCopyOption.ATOMIC_MOVE);
        full.put(number, renamed);
        while (full.size() > maxFiles - 1) {
            delete(full.pollFirstEntry().getValue());
        }
    }

    private void delete(Path oldest) {
        try {
            if (Files.deleteIfExists(oldest)) {
                deleted.increment();
            }
        } catch (IOException e) {
            failures.warn("A full file could not be deleted and stays beyond the bound: " + oldest, e);
        }
    }

    void close() {
        FileChannel open = channel;
        channel = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                failures.warn("A file could not be closed: " + path, e);
            }
        }
    }

    private FileAttribute<?>[] onlyOwner(String permissions) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    @Override
    public String toString() {
        return path + ", maxFileSize=" + maxSize + ", maxFiles=" + maxFiles;
    }
}
