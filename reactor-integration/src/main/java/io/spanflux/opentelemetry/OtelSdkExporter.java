// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.opentelemetry;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.spanflux.export.DropCause;
import io.spanflux.export.ExportResult;
import io.spanflux.export.SpanExporter;
import io.spanflux.trace.Span;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Delivers through an exporter of OpenTelemetry's SDK that the application has already: whatever it speaks (gRPC, Zipkin, a
 * vendor's own), spans of ours leave by it too, with ids, names and attributes as by OTLP. Queue, batches and ledger stay ours.
 *
 * <pre>{@code
 * Spanflux.builder().exporter(OtelSdkExporter.of(otlpGrpcSpanExporter))
 * }</pre>
 *
 * <p>The exporter is the application's: closing this flushes it and leaves it open. What it fails on is dropped and counted, since
 * trying again is its own business; so is a batch that it says nothing of within 30 s.
 *
 * <p>Threads: the exporter is called on {@code Schedulers.boundedElastic()}, since some block.
 */
public final class OtelSdkExporter implements SpanExporter {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final io.opentelemetry.sdk.trace.export.SpanExporter exporter;
    private volatile @Nullable String obstacle;

    private OtelSdkExporter(io.opentelemetry.sdk.trace.export.SpanExporter exporter) {
        this.exporter = exporter;
    }

    /** Delivers through {@code exporter}. */
    public static OtelSdkExporter of(io.opentelemetry.sdk.trace.export.SpanExporter exporter) {
        return new OtelSdkExporter(Objects.requireNonNull(exporter, "exporter == null"));
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return done(() -> exporter.export(views(batch)))
                .thenReturn(ExportResult.sent(batch.size()))
                .doOnSuccess(sent -> obstacle = null)
                .onErrorResume(e -> {
                    // The class only: a message may quote what was sent.
                    obstacle = e.getClass().getName();
                    DropCause cause = e instanceof TimeoutException ? DropCause.TIMED_OUT : DropCause.EXPORTER_FAILED;
                    return Mono.just(ExportResult.dropped(cause, batch.size()));
                });
    }

    private static List<SpanData> views(List<Span> batch) {
        List<SpanData> views = new ArrayList<>(batch.size());
        for (Span span : batch) {
            views.add(new OtelSpanData(span));
        }
        return views;
    }

    private static Mono<Void> done(Supplier<CompletableResultCode> work) {
        return Mono.<Void>create(sink -> {
                    CompletableResultCode result = work.get();
                    result.whenComplete(() -> {
                        Throwable failure = result.getFailureThrowable();
                        if (result.isSuccess()) {
                            sink.success();
                        } else {
                            sink.error(failure == null ? new RefusedException() : failure);
                        }
                    });
                })
                .subscribeOn(Schedulers.boundedElastic())
                .timeout(TIMEOUT);
    }

    /** Says no more than that: it has no reason to tell. */
    private static final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        RefusedException() {
            super(null, null, false, false);
        }
    }

    @Override
    public @Nullable String obstacle() {
        return obstacle;
    }

    @Override
    public Mono<Void> close() {
        return done(exporter::flush).onErrorComplete();
    }

    @Override
    public String toString() {
        return "OtelSdkExporter{" + exporter.getClass().getName() + '}';
    }
}
