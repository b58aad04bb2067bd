// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.spool.SpoolEntry;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.PayloadSender;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Any wire format over any sender. What the server answers is final here, the sender has tried again what was worth it:
 *
 * <ul>
 *   <li>2xx: sent, less what a partial success rejects; never sent again.
 *   <li>400 and 413, which one span may have caused: the batch is split until only that span is lost, with at most
 *       2 log2(n) + 2 requests in all. When both halves of the first split are refused too, no single span is to blame,
 *       and the batch is given up.
 *   <li>what the sender tries again (429, 502, 503, 504 at least) or no answer: given up by age, {@link DropCause#TIMED_OUT}; with a spool, moved there after
 *       one attempt.
 *   <li>all else: {@link DropCause#REFUSED}.
 * </ul>
 *
 * <p>An export that is cancelled goes on where it was when the same list is handed over again: its age counts from the
 * first attempt, and parts of it that are settled are not sent again. Bound: the last cancelled batch is remembered, until
 * it or another one takes its place.
 */
public final class HttpSpanExporter implements SpanExporter {
    private final SpanEncoder encoder;
    private final PayloadSender sender;
    private final HttpExporter<Span> exporter;

    /** An exporter that encodes with {@code encoder} and sends with {@code sender}. */
    public HttpSpanExporter(SpanEncoder encoder, PayloadSender sender) {
        this(encoder, sender, null);
    }

    HttpSpanExporter(SpanEncoder encoder, PayloadSender sender, @Nullable RecordSpool<Span> spool) {
        this.encoder = Objects.requireNonNull(encoder, "encoder == null");
        this.sender = Objects.requireNonNull(sender, "sender == null");
        this.exporter = new HttpExporter<>(
                encoder instanceof OtlpJsonEncoder ? HttpExporter.Kind.SPAN : HttpExporter.Kind.FOREIGN_SPAN,
                (batch, since) -> new SpanPayload(batch, encoder, since),
                sender,
                encoder::delivered,
                spool);
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return exporter.export(batch);
    }

    /** Sends what waited in the spool, until nothing more can be done about it. */
    Mono<ExportResult> replay(SpoolEntry entry) {
        return exporter.replay(entry);
    }

    @Override
    public Mono<Void> warmUp() {
        return sender.warmUp(() -> new SpanPayload(List.of(example()), encoder, now -> now));
    }

    /** A span of no trace, with an attribute of each kind. */
    private static Span example() {
        Span span = Tracer.builder().build().span("example").start();
        span.attribute("text", "text")
                .attribute("integer", 1)
                .attribute("number", 0.5)
                .attribute("list", List.of("a"));
        span.end();
        return span;
    }

    @Override
    public void retryNow() {
        exporter.retryNow();
    }

    @Override
    public void setAside() {
        exporter.setAside();
    }

    @Override
    public ExportResult afterSpool() {
        return exporter.afterSpool();
    }

    @Override
    public @Nullable String obstacle() {
        return exporter.obstacle();
    }

    @Override
    public Mono<Void> close() {
        return exporter.close();
    }

    @Override
    public String toString() {
        return "HttpSpanExporter{" + encoder + ", " + sender + '}';
    }
}
