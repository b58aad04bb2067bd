// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.spool.SpoolEntry;
import io.spanflux.spool.SpoolWrite;
import io.spanflux.transport.Payload;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.Response;
import io.spanflux.transport.SendingWatch;
import io.spanflux.transport.UnwritableBodyException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Delivers batches of one kind of record and judges what the server answers, as {@link HttpSpanExporter} says of spans.
 *
 * <p>With a spool a body is attempted once, moves there when trying again may help, and is replayed from there.
 *
 * <p>Where nobody takes events (404, 405) the first answer is warned of, once, and nothing is sent any more.
 */
final class HttpExporter<T> {
    private static final Logger log = LoggerFactory.getLogger(HttpExporter.class);

    private final Kind kind;
    private final BiFunction<List<T>, LongUnaryOperator, Payload> payloads;
    private final PayloadSender sender;
    private final Consumer<List<T>> delivered;
    private final @Nullable RecordSpool<T> spool;
    private final RepeatedWarning losses = new RepeatedWarning(log);
    private final RepeatedWarning rejections = new RepeatedWarning(log);
    private final RepeatedWarning movedToSpool = new RepeatedWarning(log);

    /** The last batch that was cut short; a pipeline hands the same list over again before it takes another batch. */
    private final AtomicReference<@Nullable Delivery<T>> cutShort = new AtomicReference<>();

    /** Whether the server takes no records of this kind at all. */
    private volatile boolean unwanted;

    HttpExporter(Kind kind, BiFunction<List<T>, LongUnaryOperator, Payload> payloads, PayloadSender sender) {
        this(kind, payloads, sender, batch -> {}, null);
    }

    /**
     * As the other one; {@code delivered} is told of each body that arrived without a stay in the spool. With a spool,
     * {@code sender} tries as long as the spool keeps entries.
     */
    HttpExporter(
            Kind kind,
            BiFunction<List<T>, LongUnaryOperator, Payload> payloads,
            PayloadSender sender,
            Consumer<List<T>> delivered,
            @Nullable RecordSpool<T> spool) {
        this.kind = kind;
        this.payloads = payloads;
        this.delivered = delivered;
        this.sender = sender;
        this.spool = spool;
    }

    /** What is delivered. */
    enum Kind {
        SPAN("span", "rejectedSpans"),
        /** A span in a format that is not OTLP. */
        FOREIGN_SPAN("span", "rejectedSpans"),
        EVENT("event", "rejectedLogRecords");

        private final String noun;
        private final String rejectedName;

        Kind(String noun, String rejectedName) {
            this.noun = noun;
            this.rejectedName = rejectedName;
        }
    }

    boolean isUnwanted() {
        return unwanted;
    }

    Mono<ExportResult> export(List<T> batch) {
        return Mono.defer(() -> {
            if (unwanted) {
                return Mono.just(ExportResult.dropped(DropCause.REFUSED, batch.size()));
            }
            RecordSpool<T> keep = spool;
            if (keep != null) {
                keep.resume();
            }
            Delivery<T> delivery = resumed(batch);
            return deliver(delivery).doOnCancel(() -> cutShort.set(delivery));
        });
    }

    /** Sends what waited in the spool, until nothing more can be done about it. */
    Mono<ExportResult> replay(SpoolEntry entry) {
        return Mono.defer(() -> deliver(new Delivery<>(
                List.of(),
                entry.spans(),
                entry.isSplittable(),
                part -> send(entry.payload(part.from, part.to), part.size(), () -> {}, true))));
    }

    private Mono<ExportResult> deliver(Delivery<T> delivery) {
        Part all = new Part(0, delivery.size);
        return attempt(all, delivery)
                .flatMap(outcome -> outcome.mayBeOne && all.size() > 1 && delivery.splittable
                        ? splitFirst(all, outcome, delivery)
                        : Mono.just(outcome.result));
    }

    /** What is known of {@code batch} since it was cut short, or nothing. */
    @SuppressWarnings("ReferenceEquality") // The pipeline hands over the same list again, not an equal one.
    private Delivery<T> resumed(List<T> batch) {
        Delivery<T> last = cutShort.get();
        return last != null && last.batch == batch && cutShort.compareAndSet(last, null) ? last : delivery(batch);
    }

    private Delivery<T> delivery(List<T> batch) {
        RecordSpool<T> keep = spool;
        AtomicReference<@Nullable Long> firstAttempt = new AtomicReference<>();
        LongUnaryOperator since = now -> {
            Long first = firstAttempt.updateAndGet(known -> known == null ? Long.valueOf(now) : known);
            return first == null ? now : first;
        };
        if (keep == null) {
            return new Delivery<>(batch, batch.size(), true, part -> {
                List<T> records = batch.subList(part.from, part.to);
                return send(payloads.apply(records, since), part.size(), () -> delivered.accept(records), true);
            });
        }
        Map<Part, SpoolWrite> writes = new ConcurrentHashMap<>();
        return new Delivery<>(batch, batch.size(), true, part -> {
            List<T> records = batch.subList(part.from, part.to);
            SpoolWrite begun = writes.get(part);
            if (begun != null && begun.isWritten()) {
                // Cut short after it was written and before its result came.
                return Mono.just(spooled(part));
            }
            Mono<Outcome> keeping = Mono.defer(() -> {
                SpoolWrite write = keep.write(records);
                writes.put(part, write);
                return keep.written(write)
                        .flatMap(written -> written
                                ? Mono.just(spooled(part))
                                : send(
                                        payloads.apply(records, keep.patient(since)),
                                        part.size(),
                                        () -> delivered.accept(records),
                                        true));
            });
            return keep.diverts()
                    ? keeping
                    : send(payloads.apply(records, keep::once), part.size(), () -> delivered.accept(records), false)
                            .takeUntilOther(keep.setAsideSignal())
                            .doOnNext(outcome -> {
                                if (outcome.mayBeLater) {
                                    keep.attemptFailed();
                                }
                            })
                            .filter(outcome -> !outcome.mayBeLater)
                            .switchIfEmpty(keeping);
        });
    }

    /** The result of one request, whether a single record may be the reason for it, and whether later it may be another. */
    private record Outcome(ExportResult result, boolean mayBeOne, boolean mayBeLater) {
        Outcome(ExportResult result, boolean mayBeOne) {
            this(result, mayBeOne, false);
        }
    }

    private static Outcome spooled(Part part) {
        return new Outcome(ExportResult.spooled(part.size()), false);
    }

    /** The records of a batch that travel together: from one position up to another. */
    private record Part(int from, int to) {
        int size() {
            return to - from;
        }

        Part left() {
            return new Part(from, from + size() / 2);
        }

        Part right() {
            return new Part(from + size() / 2, to);
        }
    }

    /**
     * A batch on its way: which of its parts are settled, so that none is sent again, and since when. A request that is
     * cut short may still settle its part while the batch is handed over anew.
     */
    private static final class Delivery<T> {
        /** What was handed over; empty for an entry of the spool. */
        final List<T> batch;

        final int size;
        final boolean splittable;
        final Function<Part, Mono<Outcome>> request;
        private final int maxRequests;
        private final Map<Part, Outcome> settled = new ConcurrentHashMap<>();

        Delivery(List<T> batch, int size, boolean splittable, Function<Part, Mono<Outcome>> request) {
            this.batch = batch;
            this.size = size;
            this.splittable = splittable;
            this.request = request;
            int others = Math.max(1, size - 1);
            this.maxRequests = 2 * (Integer.SIZE - Integer.numberOfLeadingZeros(others)) + 2;
        }

        boolean mayAsk() {
            return settled.size() < maxRequests;
        }
    }

    private Mono<Outcome> attempt(Part part, Delivery<T> delivery) {
        Outcome known = delivery.settled.get(part);
        if (known != null) {
            return Mono.just(known);
        }
        if (!delivery.mayAsk()) {
            return Mono.just(new Outcome(ExportResult.dropped(DropCause.REFUSED, part.size()), false));
        }
        return delivery.request.apply(part).doOnNext(outcome -> delivery.settled.put(part, outcome));
    }

    /** {@code last} is whether nothing more is tried after the sender has given up. */
    private Mono<Outcome> send(Payload payload, int size, Runnable arrived, boolean last) {
        return sender.send(payload)
                .contextWrite(context -> SendingWatch.counting(context, size))
                .map(response -> judge(size, response, arrived, last))
                .onErrorResume(failure -> Mono.just(judge(size, failure, last)))
                .defaultIfEmpty(new Outcome(ExportResult.dropped(DropCause.EXPORTER_FAILED, size), false));
    }

    private Mono<ExportResult> splitFirst(Part all, Outcome whole, Delivery<T> delivery) {
        Part left = all.left();
        Part right = all.right();
        return attempt(left, delivery)
                .flatMap(ofLeft -> attempt(right, delivery).flatMap(ofRight -> {
                    if (ofLeft.mayBeOne && ofRight.mayBeOne && all.size() > 2) {
                        return Mono.just(whole.result);
                    }
                    return narrow(left, ofLeft, delivery)
                            .flatMap(resultOfLeft ->
                                    narrow(right, ofRight, delivery).map(resultOfLeft::plus));
                }));
    }

    /** Splits a refused part further until its culprit stands alone. */
    private Mono<ExportResult> narrow(Part part, Outcome outcome, Delivery<T> delivery) {
        if (!outcome.mayBeOne || part.size() == 1) {
            return Mono.just(outcome.result);
        }
        Part left = part.left();
        Part right = part.right();
        return attempt(left, delivery)
                .flatMap(ofLeft -> narrow(left, ofLeft, delivery))
                .flatMap(resultOfLeft -> attempt(right, delivery)
                        .flatMap(ofRight -> narrow(right, ofRight, delivery))
                        .map(resultOfLeft::plus));
    }

    private Outcome judge(int size, Response response, Runnable arrived, boolean last) {
        int status = response.status();
        if (response.isSuccess()) {
            arrived.run();
            PartialSuccess partial = PartialSuccess.parse(response, kind.rejectedName, size);
            if (partial.rejected() > 0) {
                rejections.warn(
                        partial.rejected(),
                        sender.target() + " took a batch and rejected " + partial.rejected() + " of its " + kind.noun
                                + "s: " + partial.message());
            } else if (!partial.message().isEmpty()) {
                rejections.warn(sender.target() + " warns: " + partial.message());
            }
            return new Outcome(new ExportResult(size - partial.rejected(), partial.rejected(), Map.of()), false);
        }
        if (kind == Kind.EVENT && (status == 404 || status == 405)) {
            stop();
            return new Outcome(ExportResult.dropped(DropCause.REFUSED, size), false);
        }
        boolean overloaded = sender.isTriedAgain(response);
        if (overloaded && !last) {
            return later(size, "status " + status + " " + response.excerpt());
        }
        boolean mayBeOne = status == 400 || status == 413;
        losses.warn(
                size,
                sender.target() + " answered " + status + " to " + size + " " + kind.noun + "(s): " + response.excerpt()
                        + " - " + remedy(status, overloaded));
        return new Outcome(ExportResult.dropped(overloaded ? DropCause.TIMED_OUT : DropCause.REFUSED, size), mayBeOne);
    }

    private Outcome judge(int size, Throwable failure, boolean last) {
        boolean unwritable = failure instanceof UnwritableBodyException;
        if (!unwritable && !last) {
            return later(size, failure.getClass().getSimpleName() + ": " + failure.getMessage());
        }
        losses.warn(
                unwritable
                        ? "A batch of " + size + " " + kind.noun + "(s) could not be encoded"
                        : "Gave up " + size + " " + kind.noun + "(s) for " + sender.target()
                                + ", which could not be reached",
                failure);
        return new Outcome(
                ExportResult.dropped(unwritable ? DropCause.UNENCODABLE : DropCause.TIMED_OUT, size), unwritable);
    }

    private Outcome later(int size, String why) {
        movedToSpool.warn(
                size,
                "Cannot deliver " + size + " " + kind.noun + "(s) to " + sender.target() + " (" + why
                        + "); they move to the spool. Is the endpoint right and reachable?");
        return new Outcome(ExportResult.dropped(DropCause.TIMED_OUT, size), false, true);
    }

    private void stop() {
        if (!unwanted) {
            unwanted = true;
            log.warn(
                    "{} takes no logs (404 or 405): events stop until the next start, spans are not concerned."
                            + " Set OTEL_LOGS_EXPORTER=none, or OTEL_EXPORTER_OTLP_LOGS_ENDPOINT to where they go.",
                    sender.target());
        }
    }

    private String remedy(int status, boolean overloaded) {
        if (overloaded) {
            return "given up after the retry time: the receiver is overloaded or down";
        }
        if (status >= 300 && status < 400) {
            return "redirects are not followed, because they would carry credentials elsewhere: configure the final URL";
        }
        return switch (status) {
            case 400 -> "the batch is split to find out whether one span is to blame";
            case 401, 403 -> "check the credentials in the exporter's headers";
            case 404, 405 ->
                kind == Kind.SPAN
                        ? "check the path of the endpoint; OTLP traces go to /v1/traces"
                        : "check the endpoint: nobody takes spans at this URL";
            case 413 -> "the batch is split; lower maxBatchBytes if this happens often";
            case 415 -> "the receiver does not take JSON; it needs a collector in between";
            default -> "not tried again, as this answer promises no other";
        };
    }

    void retryNow() {
        sender.retryNow();
    }

    @Nullable
    String obstacle() {
        return sender.obstacle();
    }

    void setAside() {
        RecordSpool<T> keep = spool;
        if (keep != null) {
            keep.setAside();
        }
    }

    ExportResult afterSpool() {
        RecordSpool<T> keep = spool;
        return keep == null ? ExportResult.sent(0) : keep.settled();
    }

    /** The spool first: what it is sending stays there. */
    Mono<Void> close() {
        RecordSpool<T> keep = spool;
        return keep == null ? sender.close() : keep.close().then(sender.close());
    }
}
