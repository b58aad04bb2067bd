// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.trace.Span;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.Response;
import io.spanflux.transport.UnwritableBodyException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Any wire format over any sender. What the server answers is final here, the sender has tried again what was worth it:
 *
 * <ul>
 *   <li>2xx: sent, less what a partial success rejects; never sent again.
 *   <li>400 and 413, which one span may have caused: the batch is split until only that span is lost, with at most
 *       2 log2(n) + 2 requests in all. When both halves of the first split are refused too, no single span is to blame,
 *       and the batch is given up.
 *   <li>429, 502, 503, 504 or no answer: given up by age, {@link DropCause#TIMED_OUT}.
 *   <li>all else: {@link DropCause#REFUSED}.
 * </ul>
 *
 * <p>An export that is cancelled goes on where it was when the same list is handed over again: its age counts from the
 * first attempt, and parts of it that are settled are not sent again. Bound: the last cancelled batch is remembered, until
 * it or another one takes its place.
 */
public final class HttpSpanExporter implements SpanExporter {
    private static final Logger log = LoggerFactory.getLogger(HttpSpanExporter.class);

    private final SpanEncoder encoder;
    private final PayloadSender sender;
    private final RepeatedWarning losses = new RepeatedWarning(log);
    private final RepeatedWarning rejections = new RepeatedWarning(log);

    /** The last batch that was cut short; a pipeline hands the same list over again before it takes another batch. */
    private final AtomicReference<@Nullable Delivery> cutShort = new AtomicReference<>();

    /** An exporter that encodes with {@code encoder} and sends with {@code sender}. */
    public HttpSpanExporter(SpanEncoder encoder, PayloadSender sender) {
        this.encoder = Objects.requireNonNull(encoder, "encoder == null");
        this.sender = Objects.requireNonNull(sender, "sender == null");
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return Mono.defer(() -> {
            Delivery delivery = resumed(batch);
            Part all = new Part(0, batch.size());
            return attempt(all, delivery)
                    .flatMap(outcome -> outcome.mayBeOneSpan && all.size() > 1
                            ? splitFirst(all, outcome, delivery)
                            : Mono.just(outcome.result))
                    .doOnCancel(() -> cutShort.set(delivery));
        });
    }

    /** What is known of {@code batch} since it was cut short, or nothing. */
    @SuppressWarnings("ReferenceEquality") // The pipeline hands over the same list again, not an equal one.
    private Delivery resumed(List<Span> batch) {
        Delivery last = cutShort.get();
        return last != null && last.batch == batch && cutShort.compareAndSet(last, null) ? last : new Delivery(batch);
    }

    /** The result of one request, and whether a single span may be the reason for it. */
    private record Outcome(ExportResult result, boolean mayBeOneSpan) {}

    /** The spans of a batch that travel together: from one position up to another. */
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
    private static final class Delivery {
        final List<Span> batch;
        private final int maxRequests;
        private final Map<Part, Outcome> settled = new ConcurrentHashMap<>();
        private final AtomicReference<@Nullable Long> firstAttempt = new AtomicReference<>();

        Delivery(List<Span> batch) {
            this.batch = batch;
            int spans = Math.max(1, batch.size() - 1);
            this.maxRequests = 2 * (Integer.SIZE - Integer.numberOfLeadingZeros(spans)) + 2;
        }

        List<Span> spans(Part part) {
            return batch.subList(part.from, part.to);
        }

        boolean mayAsk() {
            return settled.size() < maxRequests;
        }

        long firstAttempt(long nowNanos) {
            Long first = firstAttempt.updateAndGet(known -> known == null ? Long.valueOf(nowNanos) : known);
            return first == null ? nowNanos : first;
        }
    }

    private Mono<Outcome> attempt(Part part, Delivery delivery) {
        Outcome known = delivery.settled.get(part);
        if (known != null) {
            return Mono.just(known);
        }
        if (!delivery.mayAsk()) {
            return Mono.just(new Outcome(ExportResult.dropped(DropCause.REFUSED, part.size()), false));
        }
        List<Span> spans = delivery.spans(part);
        return sender.send(new SpanPayload(spans, encoder, delivery::firstAttempt))
                .map(response -> judge(spans, response))
                .onErrorResume(failure -> Mono.just(judge(spans, failure)))
                .defaultIfEmpty(new Outcome(ExportResult.dropped(DropCause.EXPORTER_FAILED, part.size()), false))
                .doOnNext(outcome -> delivery.settled.put(part, outcome));
    }

    private Mono<ExportResult> splitFirst(Part all, Outcome whole, Delivery delivery) {
        Part left = all.left();
        Part right = all.right();
        return attempt(left, delivery)
                .flatMap(ofLeft -> attempt(right, delivery).flatMap(ofRight -> {
                    if (ofLeft.mayBeOneSpan && ofRight.mayBeOneSpan && all.size() > 2) {
                        return Mono.just(whole.result);
                    }
                    return narrow(left, ofLeft, delivery)
                            .flatMap(resultOfLeft ->
                                    narrow(right, ofRight, delivery).map(resultOfLeft::plus));
                }));
    }

    /** Splits a refused part further until its culprit stands alone. */
    private Mono<ExportResult> narrow(Part part, Outcome outcome, Delivery delivery) {
        if (!outcome.mayBeOneSpan || part.size() == 1) {
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

    private Outcome judge(List<Span> batch, Response response) {
        int status = response.status();
        if (response.isSuccess()) {
            PartialSuccess partial = PartialSuccess.parse(response, batch.size());
            if (partial.rejected() > 0) {
                rejections.warn(
                        partial.rejected(),
                        sender.target() + " took a batch and rejected " + partial.rejected() + " of its spans: "
                                + partial.message());
            } else if (!partial.message().isEmpty()) {
                rejections.warn(sender.target() + " warns: " + partial.message());
            }
            return new Outcome(
                    new ExportResult(batch.size() - partial.rejected(), partial.rejected(), Map.of()), false);
        }
        boolean overloaded = status == 429 || status == 502 || status == 503 || status == 504;
        boolean mayBeOneSpan = status == 400 || status == 413;
        losses.warn(
                batch.size(),
                sender.target() + " answered " + status + " to " + batch.size() + " span(s): " + response.excerpt()
                        + " - " + remedy(status));
        return new Outcome(
                ExportResult.dropped(overloaded ? DropCause.TIMED_OUT : DropCause.REFUSED, batch.size()), mayBeOneSpan);
    }

    private Outcome judge(List<Span> batch, Throwable failure) {
        boolean unwritable = failure instanceof UnwritableBodyException;
        losses.warn(
                unwritable
                        ? "A batch of " + batch.size() + " span(s) could not be encoded"
                        : "Gave up " + batch.size() + " span(s) for " + sender.target()
                                + ", which could not be reached",
                failure);
        return new Outcome(
                ExportResult.dropped(unwritable ? DropCause.UNENCODABLE : DropCause.TIMED_OUT, batch.size()),
                unwritable);
    }

    private static String remedy(int status) {
        if (status >= 300 && status < 400) {
            return "redirects are not followed, because they would carry credentials elsewhere: configure the final URL";
        }
        return switch (status) {
            case 400 -> "the batch is split to find out whether one span is to blame";
            case 401, 403 -> "check the credentials in the exporter's headers";
            case 404, 405 -> "check the path of the endpoint; OTLP traces go to /v1/traces";
            case 413 -> "the batch is split; lower maxBatchBytes if this happens often";
            case 415 -> "the receiver does not take JSON; it needs a collector in between";
            case 429, 502, 503, 504 -> "given up after the retry time: the receiver is overloaded or down";
            default -> "not tried again, as this status promises no other answer";
        };
    }

    @Override
    public void retryNow() {
        sender.retryNow();
    }

    @Override
    public Mono<Void> close() {
        return sender.close();
    }

    @Override
    public String toString() {
        return "HttpSpanExporter{" + encoder + ", " + sender + '}';
    }
}
