// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.diagnostics.FatalErrors;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.encode.AttributeDialect;
import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.trace.Span;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Schedulers;

/**
 * Appends spans to a file as OTLP JSON lines, which OpenTelemetry's collector reads back with its {@code otlpjsonfile}
 * receiver: one {@code {"resourceSpans":[..]}} a line, of {@value #MAX_LINE} bytes at most, so that a receiver with default
 * settings takes it; only a single span may be longer.
 *
 * <pre>{@code
 * OtlpFileExporter.builder(Path.of("/var/log/bot/traces.jsonl")).build()    // receiver: include: [/var/log/bot/traces*.jsonl]
 * }</pre>
 *
 * <p>Bound: {@link Builder#maxFiles} files of {@link Builder#maxFileSize} bytes. A file that is full is renamed to
 * {@code traces-000001.jsonl} and so on, at once and never again; the oldest beyond the bound is deleted and counted. What
 * cannot be written, because the disk is full or the folder is gone, is given up and counted as
 * {@link DropCause#UNWRITABLE}; the next batch tries anew.
 *
 * <p>Files are readable by their owner only, where the file system has permissions; an existing one keeps its own. One
 * process a file. Lines survive the end of the process; whether they survive that of the machine is the operating system's
 * matter.
 *
 * <p>Threads: any. All files are touched on {@code Schedulers.boundedElastic()} alone, by one thread at a time. Cancelling an
 * export does not interrupt a write that has begun.
 */
public final class OtlpFileExporter implements SpanExporter {
    private static final Logger log = LoggerFactory.getLogger(OtlpFileExporter.class);

    /** A little less than 1 MiB, at which the receiver cuts a line in two by default. */
    static final int MAX_LINE = 1_000_000;

    private final SpanEncoder encoder;
    private final RotatingFile file;
    private final RepeatedWarning failures = new RepeatedWarning(log);

    private final Queue<Job<?>> jobs = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();

    private OtlpFileExporter(Builder builder) {
        this.encoder = new OtlpJsonEncoder(builder.dialect);
        this.file = new RotatingFile(builder.path, builder.maxFileSize, builder.maxFiles);
    }

    /** A builder of an exporter to {@code path}, whose folder is made where it is missing. */
    public static Builder builder(Path path) {
        return new Builder(path);
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return onFileThread(() -> write(batch));
    }

    /** Closes the file; the next export opens it again. */
    @Override
    public Mono<Void> close() {
        return onFileThread(() -> {
            file.close();
            return null;
        });
    }

    /** How many full files were deleted to make room for newer ones. */
    public long deletedFiles() {
        return file.deleted();
    }

    private ExportResult write(List<Span> batch) throws IOException {
        byte[] line = line(batch);
        if (line.length > MAX_LINE && batch.size() > 1) {
            int half = batch.size() / 2;
            return write(batch.subList(0, half)).plus(write(batch.subList(half, batch.size())));
        }
        try {
            file.append(line);
            return ExportResult.sent(batch.size());
        } catch (IOException e) {
            failures.warn(
                    batch.size() + " spans could not be written to " + file + " and are lost; is the disk full, or the"
                            + " folder not writable?",
                    e);
            return ExportResult.dropped(DropCause.UNWRITABLE, batch.size());
        }
    }

    private byte[] line(List<Span> spans) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        SpanEncoder.Encoding encoding = encoder.begin(bytes);
        for (Span span : spans) {
            encoding.write(span);
        }
        encoding.end();
        bytes.write('\n');
        return bytes.toByteArray();
    }

    // ---- one thread at a time ------------------------------------------------------------------------------------

    private static final class Job<T> {
        private final Callable<@Nullable T> work;
        private final MonoSink<T> sink;
        private volatile boolean cancelled;

        Job(Callable<@Nullable T> work, MonoSink<T> sink) {
            this.work = work;
            this.sink = sink;
            sink.onCancel(() -> cancelled = true);
        }

        void run() {
            if (cancelled) {
                return;
            }
            try {
                sink.success(work.call());
            } catch (Throwable e) {
                FatalErrors.propagate(e);
                sink.error(e);
            }
        }
    }

    /** Not {@code subscribeOn}: cancelling that interrupts the thread, and an interrupt closes the file inside a line. */
    private <T> Mono<T> onFileThread(Callable<@Nullable T> work) {
        return Mono.create(sink -> {
            jobs.add(new Job<>(work, sink));
            if (waiting.getAndIncrement() == 0) {
                schedule();
            }
        });
    }

    private void schedule() {
        try {
            Schedulers.boundedElastic().schedule(this::runJobs);
        } catch (RejectedExecutionException e) {
            do {
                Job<?> job = jobs.poll();
                if (job != null) {
                    job.sink.error(e);
                }
            } while (waiting.decrementAndGet() > 0);
        }
    }

    private void runJobs() {
        do {
            Job<?> job = jobs.poll();
            if (job != null) {
                job.run();
            }
        } while (waiting.decrementAndGet() > 0);
    }

    @Override
    public String toString() {
        return "OtlpFileExporter{" + file + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder {
        private final Path path;
        private long maxFileSize = 64L << 20;
        private int maxFiles = 8;
        private AttributeDialect dialect = AttributeDialect.genAi();

        private Builder(Path path) {
            Objects.requireNonNull(path, "path == null");
            if (path.getFileName() == null || path.toString().isBlank()) {
                throw new IllegalArgumentException("path names no file: '" + path + "'");
            }
            this.path = path.toAbsolutePath();
        }

        /** Bytes after which a file is full; only one line may exceed it. Default 64 MiB; at least 1 KiB. */
        public Builder maxFileSize(long maxFileSize) {
            if (maxFileSize < 1024) {
                throw new IllegalArgumentException("maxFileSize is less than 1024: " + maxFileSize);
            }
            this.maxFileSize = maxFileSize;
            return this;
        }

        /** Files that are kept, with the one that is written. Default 8; 1 to 100,000. */
        public Builder maxFiles(int maxFiles) {
            if (maxFiles < 1 || maxFiles > 100_000) {
                throw new IllegalArgumentException("maxFiles is not between 1 and 100000: " + maxFiles);
            }
            this.maxFiles = maxFiles;
            return this;
        }

        /** In which words attributes leave. Default {@link AttributeDialect#genAi()}, the conventions' current form. */
        public Builder dialect(AttributeDialect dialect) {
            this.dialect = Objects.requireNonNull(dialect, "dialect == null");
            return this;
        }

        /** The exporter; no file is touched yet. */
        public OtlpFileExporter build() {
            return new OtlpFileExporter(this);
        }
    }
}
