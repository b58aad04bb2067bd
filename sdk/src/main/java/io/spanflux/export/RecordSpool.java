// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.spool.Spool;
import io.spanflux.spool.SpoolEntry;
import io.spanflux.spool.SpoolReplay;
import io.spanflux.spool.SpoolWrite;
import io.spanflux.transport.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * An exporter's spool: decides when records go there, and keeps the numbers of what became of them.
 *
 * <p>Threads: any; records are encoded for the spool on a thread that may block.
 */
final class RecordSpool<T> implements SpoolReplay {
    /** A disk that takes longer has failed, as far as a batch is concerned. */
    private static final Duration MAX_WRITE_TIME = Duration.ofSeconds(10);

    /** Makes entries of records. */
    interface Encoder<T> {
        /** Entries that hold all of these records, in their order. */
        List<SpoolEntry> entries(List<T> records) throws IOException;
    }

    private final Spool spool;
    private final Encoder<T> encoder;
    private final RetryPolicy policy;
    private final AtomicReference<ExportResult> settled = new AtomicReference<>(ExportResult.sent(0));
    private final Set<MonoSink<Void>> underWay = ConcurrentHashMap.newKeySet();
    private volatile boolean aside;
    private volatile boolean failed;
    private volatile @Nullable Function<SpoolEntry, Mono<ExportResult>> replay;

    RecordSpool(Spool spool, Encoder<T> encoder, RetryPolicy policy) {
        this.spool = spool;
        this.encoder = encoder;
        this.policy = policy;
    }

    /** Begins: what waits is sent by {@code replay}. */
    void attach(String target, Function<SpoolEntry, Mono<ExportResult>> replay) {
        this.replay = replay;
        spool.attach(target, this);
    }

    void resume() {
        spool.resume();
    }

    // ---- what comes ----------------------------------------------------------------------------------------------

    /** Whether spans go to the spool without an attempt: those before them wait there, or time is short. */
    boolean diverts() {
        return aside || spool.isWaiting();
    }

    /** The first attempt of a body that the sender is to try once: so long ago that it is too old now. */
    long once(long nowNanos) {
        return nowNanos - 2 * spool.maxAge().toNanos();
    }

    /** Since when the sender tries what the disk has refused, so that it gives up at the age of the policy. */
    LongUnaryOperator patient(LongUnaryOperator since) {
        long older = spool.maxAge().minus(policy.maxAge()).toNanos();
        return now -> since.applyAsLong(now) - older;
    }

    /** An attempt was in vain: the next one waits. */
    void attemptFailed() {
        failed = true;
    }

    SpoolWrite write(List<T> records) {
        return spool.write(() -> encoder.entries(records));
    }

    /** Whether the disk took it, in time. */
    Mono<Boolean> written(SpoolWrite write) {
        return write.run().timeout(MAX_WRITE_TIME, Mono.fromSupplier(write::isWritten));
    }

    // ---- what waits ----------------------------------------------------------------------------------------------

    @Override
    public Mono<Runnable> deliver(SpoolEntry entry, boolean own) {
        Function<SpoolEntry, Mono<ExportResult>> known = replay;
        if (known == null) {
            return Mono.empty();
        }
        // What came here because an attempt had failed is not attempted again at once.
        Duration pause = failed ? policy.initialBackoff() : Duration.ZERO;
        failed = false;
        return Mono.delay(pause).then(Mono.defer(() -> known.apply(entry))).map(result -> () -> {
            aside = false;
            count(result, own);
        });
    }

    @Override
    public void lost(Loss loss, int spans, boolean own) {
        DropCause cause = switch (loss) {
            case FULL -> DropCause.SPOOL_FULL;
            case EXPIRED -> DropCause.TIMED_OUT;
            case DAMAGED -> DropCause.SPOOL_DAMAGED;
        };
        count(ExportResult.dropped(cause, spans), own);
    }

    /** What an earlier process accepted is not in the ledger of this one. */
    private void count(ExportResult result, boolean own) {
        if (own) {
            settled.accumulateAndGet(result, ExportResult::plus);
        }
    }

    ExportResult settled() {
        return settled.get();
    }

    // ---- the end -------------------------------------------------------------------------------------------------

    /** From now on spans go to the spool, those of attempts under way too; they may arrive twice then. */
    void setAside() {
        aside = true;
        underWay.forEach(MonoSink::success);
    }

    /** Completes when {@link #setAside} is called, or has been. */
    Mono<Void> setAsideSignal() {
        return Mono.create(sink -> {
            underWay.add(sink);
            sink.onDispose(() -> underWay.remove(sink));
            if (aside) {
                sink.success();
            }
        });
    }

    Mono<Void> close() {
        return spool.close().doOnTerminate(() -> aside = false);
    }

    @Override
    public String toString() {
        return spool.toString();
    }
}
