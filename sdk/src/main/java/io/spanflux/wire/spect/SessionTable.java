// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.export.SpanGrouping;
import io.spanflux.trace.LocalTrace;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanHandler;
import io.spanflux.trace.Tracer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Holds the ended spans of each session until no span of it is open any more, then passes them on as one
 * {@link SessionRecord}. A span that is still open {@link SessionBounds#AFTER_ROOT} after the root ended is waited for no
 * longer.
 *
 * <p>Bounds: {@link SessionBounds}. What hits one leaves early and marked, the oldest session first; no span is ever
 * dropped here. Of sessions that left early as many are remembered as may be held, so that their later parts are numbered;
 * those that left longest ago are forgotten.
 *
 * <p>Threads: any. Spans are put together by the thread that finds nobody else at it, a map lookup and an append each; the
 * others leave theirs in a lock-free queue, of {@value #MAX_WAITING} at most, beyond which a span leaves alone.
 */
final class SessionTable implements SpanGrouping {
    private static final Logger log = LoggerFactory.getLogger(SessionTable.class);

    private static final int MAX_WAITING = 1 << 16;
    private static final long TICK_MILLIS = 1_000;

    private final SessionBounds bounds;
    private final Scheduler scheduler;
    private final Map<SpectCut, LongAdder> cuts;

    /** Makes the spans that stand for records. Nobody else knows it. */
    private final Tracer recorder;

    private final Queue<Runnable> news = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong accepted = new AtomicLong();
    private volatile boolean closed;

    // What follows belongs to whoever drains the news.
    private final Map<Key, Open> sessions = new LinkedHashMap<>();
    private final Map<Key, Left> leftEarly = new LinkedHashMap<>();
    private long bytes;
    private boolean ticking;

    private final RepeatedWarning tooMuch = new RepeatedWarning(log);
    private final RepeatedWarning failures = new RepeatedWarning(log);

    SessionTable(SessionBounds bounds, Scheduler scheduler, Map<SpectCut, LongAdder> cuts, Consumer<Span> pipeline) {
        this.bounds = bounds;
        this.scheduler = scheduler;
        this.cuts = cuts;
        this.recorder = Tracer.builder()
                .handler(new SpanHandler() {
                    @Override
                    public void onEnd(Span span) {
                        pipeline.accept(span);
                    }
                })
                .build();
    }

    /** What a tracer starts below one local root; where that is not sampled, what it starts in one trace. */
    private record Key(long high, long low, LocalTrace trace) {
        static Key of(Span span) {
            return new Key(span.traceIdHigh(), span.traceIdLow(), span.localTrace());
        }
    }

    /** What has left of a session that is not over. */
    private record Left(int spans, int parts) {
        static final Left NOTHING = new Left(0, 0);
    }

    /** A session that is held. */
    private static final class Open {
        final List<Span> spans = new ArrayList<>();
        final Left before;
        long dueNanos;
        long bytes;

        Open(Left before, long dueNanos) {
            this.before = before;
            this.dueNanos = dueNanos;
        }

        int ended() {
            return before.spans + spans.size();
        }
    }

    @Override
    public void accept(Span span) {
        if (closed) {
            leaveAlone(span, SpectCut.CLOSED);
        } else if (waiting.get() >= MAX_WAITING) {
            leaveAlone(span, SpectCut.OVERRUN);
        } else {
            tell(() -> add(span));
        }
    }

    private void leaveAlone(Span span, SpectCut cut) {
        accepted.incrementAndGet();
        passOn(new SessionRecord(List.of(span), cut, 1));
    }

    @Override
    public Mono<Void> flush() {
        return Mono.create(sink -> tell(() -> {
            while (!sessions.isEmpty()) {
                cutOldest(SpectCut.FLUSH);
            }
            sink.success();
        }));
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public long accepted() {
        return accepted.get();
    }

    private void tell(Runnable event) {
        news.add(event);
        if (waiting.getAndIncrement() == 0) {
            do {
                Runnable next = Objects.requireNonNull(news.poll());
                try {
                    next.run();
                } catch (Throwable e) {
                    failures.caught("A session of Spect could not be put together.", e);
                }
            } while (waiting.decrementAndGet() != 0);
        }
    }

    private void add(Span span) {
        Key key = Key.of(span);
        Open session = sessions.get(key);
        if (session == null) {
            Left before = leftEarly.remove(key);
            accepted.incrementAndGet();
            session = new Open(
                    before == null ? Left.NOTHING : before,
                    now() + bounds.time().toNanos());
            sessions.put(key, session);
            tick();
        }
        session.spans.add(span);
        session.bytes += span.estimatedBytes();
        bytes += span.estimatedBytes();
        if (span.localTrace().isWholeWith(session.ended())) {
            sessions.remove(key);
            leave(session, null);
            return;
        }
        if (Session.isRoot(span)) {
            session.dueNanos = Math.min(session.dueNanos, now() + SessionBounds.AFTER_ROOT.toNanos());
        }
        keepBounds(key, session);
    }

    private void keepBounds(Key key, Open session) {
        if (session.bytes >= bounds.sessionBytes() || session.spans.size() >= SessionBounds.SESSION_SPANS) {
            sessions.remove(key);
            cut(key, session, SpectCut.SESSION_FULL);
        }
        while (bytes > bounds.bytes()) {
            cutOldest(SpectCut.BYTES_FULL);
        }
        while (sessions.size() > bounds.sessions()) {
            cutOldest(SpectCut.SESSIONS_FULL);
        }
    }

    private void cutOldest(SpectCut why) {
        Iterator<Map.Entry<Key, Open>> all = sessions.entrySet().iterator();
        Map.Entry<Key, Open> oldest = all.next();
        all.remove();
        cut(oldest.getKey(), oldest.getValue(), why);
    }

    private void cut(Key key, Open session, SpectCut why) {
        leftEarly.put(key, new Left(session.ended(), session.before.parts + 1));
        if (leftEarly.size() > bounds.sessions()) {
            Iterator<Key> longestAgo = leftEarly.keySet().iterator();
            longestAgo.next();
            longestAgo.remove();
        }
        if (why == SpectCut.BYTES_FULL || why == SpectCut.SESSIONS_FULL) {
            tooMuch.warn("Sent a session of Spect in parts, because too much is held (maxSessions=" + bounds.sessions()
                    + ", maxBytes=" + bounds.bytes() + "). Raise these, or end sessions that are over.");
        }
        leave(session, why);
    }

    private void leave(Open session, @Nullable SpectCut cut) {
        bytes -= session.bytes;
        passOn(new SessionRecord(session.spans, cut, session.before.parts + 1));
    }

    private void passOn(SessionRecord session) {
        if (session.cut() != null) {
            Objects.requireNonNull(cuts.get(session.cut())).increment();
        }
        recorder.span(session).start().end();
    }

    private long now() {
        return scheduler.now(TimeUnit.NANOSECONDS);
    }

    /** Looks for sessions that are due every second while any is held. */
    private void tick() {
        if (!ticking && !sessions.isEmpty()) {
            try {
                scheduler.schedule(() -> tell(this::cutOverdue), TICK_MILLIS, TimeUnit.MILLISECONDS);
                ticking = true;
            } catch (RejectedExecutionException e) {
                failures.warn("The scheduler of a Spect exporter was disposed; sessions end or wait for a flush.", e);
            }
        }
    }

    private void cutOverdue() {
        ticking = false;
        long now = now();
        List<Key> due = new ArrayList<>();
        sessions.forEach((key, session) -> {
            if (session.dueNanos - now <= 0) {
                due.add(key);
            }
        });
        for (Key key : due) {
            cut(key, Objects.requireNonNull(sessions.remove(key)), SpectCut.TIME);
        }
        tick();
    }

    static Map<SpectCut, LongAdder> noCuts() {
        Map<SpectCut, LongAdder> cuts = new ConcurrentHashMap<>();
        for (SpectCut cut : SpectCut.values()) {
            cuts.put(cut, new LongAdder());
        }
        return cuts;
    }

    @Override
    public String toString() {
        return "SessionTable{" + bounds + '}';
    }
}
