// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.genai.Message.Part;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Runs the uploads of a {@link MediaUploader}: blobs of more than 16 KiB become references in their spans.
 *
 * <p>Threads: uploads run on four daemon threads of their own, where they may block; a slow store delays neither a traced
 * call nor an export, and takes no thread of the application.
 *
 * <p>Bound: {@link Builder#maxPending} uploads and {@link Builder#maxPendingBytes}. What comes when they are reached is
 * not uploaded: its span has size and type of it, {@link #refused} counts it, a warning tells. Nothing is tried again;
 * an uploader that wants that says so in its {@code Mono}.
 */
public final class MediaUploads {
    private static final Logger log = LoggerFactory.getLogger(MediaUploads.class);
    private static final int THREADS = 4;

    private final MediaUploader uploader;
    private final int maxPending;
    private final long maxPendingBytes;
    private final Duration timeout;
    private final Scheduler scheduler;
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final Set<Reservation> running = ConcurrentHashMap.newKeySet();
    private final LongAdder uploaded = new LongAdder();
    private final RepeatedWarning refusals = new RepeatedWarning(log);
    private final RepeatedWarning failures = new RepeatedWarning(log);
    private volatile boolean closed;

    private MediaUploads(Builder builder) {
        this.uploader = builder.uploader;
        this.maxPending = builder.maxPending;
        this.maxPendingBytes = builder.maxPendingBytes;
        this.timeout = builder.timeout;
        this.scheduler = Schedulers.newBoundedElastic(THREADS, maxPending, "spanflux-media", 60, true);
    }

    /** Uploads through {@code uploader} with the defaults that the builder states. */
    public static MediaUploads create(MediaUploader uploader) {
        return builder(uploader).build();
    }

    /** A builder. */
    public static Builder builder(MediaUploader uploader) {
        return new Builder(Objects.requireNonNull(uploader, "uploader == null"));
    }

    /**
     * What stands for {@code part} in its span: a reference if it is a large blob that will be uploaded, else the part
     * itself. Reservations go into {@code reserved}, each to be started or cancelled.
     */
    Part replace(Part part, List<Reservation> reserved) {
        if (!(part instanceof Part.Blob blob) || blob.size() <= Part.Blob.MAX_INLINE) {
            return part;
        }
        if (!acquire(blob.size())) {
            refusals.warn("Media was not uploaded and is missing in its span: " + describeBound());
            return part;
        }
        try {
            MediaUploader.Upload upload = uploader.upload(blob);
            if (upload != null) {
                reserved.add(new Reservation(upload.transfer(), blob.size()));
                return new Part.Uri(
                        blob.modality(), blob.mimeType(), upload.uri().toString());
            }
        } catch (Throwable e) {
            release(blob.size());
            failures.caught("A MediaUploader failed; the media is missing in its span.", e);
            return part;
        }
        release(blob.size());
        return part;
    }

    private String describeBound() {
        return closed
                ? "MediaUploads is closed."
                : "as many uploads run as may (maxPending=" + maxPending + ", maxPendingBytes=" + maxPendingBytes
                        + "). Raise these, or make the store faster.";
    }

    private boolean acquire(int size) {
        if (closed) {
            return false;
        }
        if (pending.incrementAndGet() <= maxPending) {
            if (pendingBytes.addAndGet(size) <= maxPendingBytes) {
                return true;
            }
            pendingBytes.addAndGet(-size);
        }
        pending.decrementAndGet();
        return false;
    }

    private void release(int size) {
        pendingBytes.addAndGet(-size);
        pending.decrementAndGet();
    }

    /** An upload that has its place among those that may run. */
    final class Reservation {
        private final int size;
        private final Mono<Void> done;

        private Reservation(Mono<?> transfer, int size) {
            this.size = size;
            this.done = transfer.then()
                    .subscribeOn(scheduler)
                    .timeout(timeout)
                    .doOnSuccess(nothing -> uploaded.increment())
                    .onErrorResume(e -> {
                        failures.warn("An upload of media failed; its span points to nothing.", e);
                        return Mono.empty();
                    })
                    // Before the end is passed on, and before nobody finds it running: who waits finds the place free.
                    .doOnTerminate(() -> {
                        release(size);
                        running.remove(this);
                    })
                    .cache();
        }

        /** Begins the upload. */
        void start() {
            running.add(this);
            done.subscribe();
        }

        /** Gives the place back. */
        void cancel() {
            release(size);
        }
    }

    /** Completes when the uploads that are running now have ended, for good or not. Never fails. */
    public Mono<Void> flush() {
        return Mono.defer(() ->
                Mono.when(running.stream().map(reservation -> reservation.done).toList()));
    }

    /** Refuses what comes from now on and stops the threads; what is still running fails. {@link #flush} first. */
    public void close() {
        closed = true;
        scheduler.dispose();
    }

    /** Uploads that have not ended. */
    public int pending() {
        return pending.get();
    }

    /** Bytes of uploads that have not ended. */
    public long pendingBytes() {
        return pendingBytes.get();
    }

    /** Uploads that succeeded. */
    public long uploaded() {
        return uploaded.sum();
    }

    /** Blobs that were not uploaded because of a bound, or because this is closed. */
    public long refused() {
        return refusals.count();
    }

    /** Uploads that failed, and calls of the uploader that did. */
    public long failed() {
        return failures.count();
    }

    @Override
    public String toString() {
        return "MediaUploads{maxPending=" + maxPending + ", maxPendingBytes=" + maxPendingBytes + ", timeout=" + timeout
                + '}';
    }

    /** Collects options. Not thread-safe. */
    public static final class Builder {
        private final MediaUploader uploader;
        private int maxPending = 64;
        private long maxPendingBytes = 64L * 1024 * 1024;
        private Duration timeout = Duration.ofMinutes(1);

        private Builder(MediaUploader uploader) {
            this.uploader = uploader;
        }

        /** Uploads that may wait or run at a time, 1 to 10,000. Default 64. */
        public Builder maxPending(int maxPending) {
            if (maxPending < 1 || maxPending > 10_000) {
                throw new IllegalArgumentException("maxPending is not between 1 and 10000: " + maxPending);
            }
            this.maxPending = maxPending;
            return this;
        }

        /** Bytes of these uploads together; must be positive. Default 64 MiB. */
        public Builder maxPendingBytes(long maxPendingBytes) {
            if (maxPendingBytes < 1) {
                throw new IllegalArgumentException("maxPendingBytes is not positive: " + maxPendingBytes);
            }
            this.maxPendingBytes = maxPendingBytes;
            return this;
        }

        /** How long an upload may take, waiting included, before it counts as failed. Default one minute; positive. */
        public Builder timeout(Duration timeout) {
            Objects.requireNonNull(timeout, "timeout == null");
            if (timeout.isNegative() || timeout.isZero()) {
                throw new IllegalArgumentException("timeout is not positive: " + timeout);
            }
            this.timeout = timeout;
            return this;
        }

        /** The uploads. */
        public MediaUploads build() {
            return new MediaUploads(this);
        }
    }
}
