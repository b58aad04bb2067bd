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
 */
public final class HttpSpanExporter implements SpanExporter {
    private static final Logger log = LoggerFactory.getLogger(HttpSpanExporter.class);

    private final SpanEncoder encoder;
    private final PayloadSender sender;
    private final RepeatedWarning losses = new RepeatedWarning(log);
    private final RepeatedWarning rejections = new RepeatedWarning(log);

    /** An exporter that encodes with {@code encoder} and sends with {@code sender}. */
    public HttpSpanExporter(SpanEncoder encoder, PayloadSender sender) {
        this.encoder = Objects.requireNonNull(encoder, "encoder == null");
        this.sender = Objects.requireNonNull(sender, "sender == null");
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return Mono.defer(() -> {
            RequestBudget budget = new RequestBudget(batch.size());
            return attempt(batch, budget)
                    .flatMap(outcome -> outcome.mayBeOneSpan && batch.size() > 1
                            ? splitFirst(batch, outcome, budget)
                            : Mono.just(outcome.result));
        });
    }

    /** The result of one request, and whether a single span may be the reason for it. */
    private record Outcome(ExportResult result, boolean mayBeOneSpan) {}

    /** Requests that may still be made for a batch. One thread at a time. */
    private static final class RequestBudget {
        private int left;

        RequestBudget(int spans) {
            this.left = 2 * (Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, spans - 1))) + 2;
        }

        boolean take() {
            return left-- > 0;
        }
    }

    private Mono<Outcome> attempt(List<Span> batch, RequestBudget budget) {
        if (!budget.take()) {
            return Mono.just(new Outcome(ExportResult.dropped(DropCause.REFUSED, batch.size()), false));
        }
        return sender.send(new SpanPayload(batch, encoder))
                .map(response -> judge(batch, response))
                .onErrorResume(failure -> Mono.just(judge(batch, failure)))
                .defaultIfEmpty(new Outcome(ExportResult.dropped(DropCause.EXPORTER_FAILED, batch.size()), false));
    }

    private Mono<ExportResult> splitFirst(List<Span> batch, Outcome whole, RequestBudget budget) {
        List<Span> left = batch.subList(0, batch.size() / 2);
        List<Span> right = batch.subList(batch.size() / 2, batch.size());
        return attempt(left, budget)
                .flatMap(ofLeft -> attempt(right, budget).flatMap(ofRight -> {
                    if (ofLeft.mayBeOneSpan && ofRight.mayBeOneSpan && batch.size() > 2) {
                        return Mono.just(whole.result);
                    }
                    return narrow(left, ofLeft, budget)
                            .flatMap(resultOfLeft ->
                                    narrow(right, ofRight, budget).map(resultOfLeft::plus));
                }));
    }

    /** Splits a refused part further until its culprit stands alone. */
    private Mono<ExportResult> narrow(List<Span> part, Outcome outcome, RequestBudget budget) {
        if (!outcome.mayBeOneSpan || part.size() == 1) {
            return Mono.just(outcome.result);
        }
        List<Span> left = part.subList(0, part.size() / 2);
        List<Span> right = part.subList(part.size() / 2, part.size());
        return attempt(left, budget)
                .flatMap(ofLeft -> narrow(left, ofLeft, budget))
                .flatMap(resultOfLeft -> attempt(right, budget)
                        .flatMap(ofRight -> narrow(right, ofRight, budget))
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
